//! Signature vectors from the published documentation, and what must be refused.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::client::{Client, Request};
use super::keys::SigningKeys;
use super::tencent_v1::{API_3, API_2017, Algorithm};
use super::{SignError, tc3, tencent_v1};
use crate::http::{Head, Pairs};
use crate::node::Limits;

const NOW: i64 = 1_795_314_807;

fn head(method: Method, raw_query: &str, headers: &[(&str, &str)]) -> Head {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_str(value).expect("a value"))
        })
        .collect();
    Head {
        method,
        path: "/".into(),
        raw_query: raw_query.into(),
        headers,
    }
}

fn client<'a>(host: &'a str, service: &'a str) -> Client<'a> {
    Client {
        secret_id: "AKIDstub",
        secret_key: "stub-secret",
        host,
        service,
        version: "2018-04-19",
        region: Some("ap-guangzhou"),
    }
}

fn verify(request: &Request, secret: &str, now_secs: i64) -> Result<(), SignError> {
    tc3::authorization(&request.head)?.verify(
        &request.head,
        &request.body,
        secret.as_bytes(),
        None,
        now_secs,
    )
}

fn set(request: &mut Request, name: &'static str, value: &str) {
    request
        .head
        .headers
        .insert(name, HeaderValue::from_str(value).expect("a value"));
}

const STARS: &str = "********************************";

#[test]
fn the_documented_tc3_request_verifies() {
    let authorization = "TC3-HMAC-SHA256 Credential=AKID********************************/2019-02-25/cvm/tc3_request, \
                         SignedHeaders=content-type;host, \
                         Signature=a7b8551448762bd123d6f79e81815e31a92013640a6cef36a08ad4b292a4d2f2";
    let head = head(
        Method::POST,
        "",
        &[
            ("Host", "cvm.tencentcloudapi.com"),
            ("Content-Type", "application/json; charset=utf-8"),
            ("X-TC-Timestamp", "1551113065"),
            ("Authorization", authorization),
        ],
    );
    let body = br#"{"Limit": 1, "Filters": [{"Values": ["unnamed"], "Name": "instance-name"}]}"#;
    let request = Request {
        head,
        body: Bytes::from_static(body),
    };
    assert_eq!(verify(&request, STARS, 1_551_113_065), Ok(()));
    assert_eq!(
        verify(&request, "another", 1_551_113_065),
        Err(SignError::BadSignature)
    );
    let parsed = tc3::authorization(&request.head).expect("well formed");
    assert_eq!((parsed.date, parsed.service), ("2019-02-25", "cvm"));
    assert!(!format!("{parsed:?}").contains("a7b855"));
}

#[test]
fn the_documented_v1_request_verifies() {
    let query = "Action=DescribeInstances&InstanceIds.0=ins-09dx96dg&Limit=20&Nonce=11886&Offset=0\
                 &Region=ap-guangzhou&SecretId=AKID********************************&Timestamp=1465185768\
                 &Version=2017-03-12&Signature=7RAM2xfNMO9EiVTNmPg06MRnCvQ%3D";
    let head = head(Method::GET, query, &[("Host", "cvm.tencentcloudapi.com")]);
    let pairs = Pairs::read(&head, b"", &Limits::default()).expect("small");
    assert_eq!(
        tencent_v1::secret_id(&pairs),
        Ok("AKID********************************")
    );
    assert_eq!(
        tencent_v1::verify(&head, &pairs, STARS.as_bytes(), &API_3, 1_465_185_768),
        Ok(())
    );
    let late = tencent_v1::verify(&head, &pairs, STARS.as_bytes(), &API_3, 1_465_185_768 + 301);
    assert_eq!(late, Err(SignError::Expired));
    let wrong = tencent_v1::verify(&head, &pairs, b"another", &API_3, 1_465_185_768);
    assert_eq!(wrong, Err(SignError::BadSignature));
}

/// Signatures that another implementation made: names in plain ASCII order (`InstanceIds.12` before `InstanceIds.2`), and
/// a method that is not exactly `HmacSHA256` is SHA-1.
#[test]
fn names_are_sorted_as_text_and_the_method_is_matched_exactly() {
    for (method, signature) in [
        ("HmacSHA256", "KjiQflHD15QwHGz8SNzJkGywhjxCiXJZUSp3q8tO9cw="),
        ("hmacsha256", "ZvxvhExfKqyJ0jkXJ2i1go1CW4Y="),
    ] {
        let ids = (0..13).map(|n| (format!("InstanceIds.{n}"), format!("ins-{n:08}")));
        let mut params: Vec<(String, String)> = ids.collect();
        for (name, value) in [
            ("Action", "SetInstancesProtection"),
            ("AutoScalingGroupId", "asg-1a2b3c4d"),
            ("Nonce", "11886"),
            ("ProtectedFromScaleIn", "True"),
            ("Region", "ap-guangzhou"),
            ("SecretId", "AKIDstub"),
            ("SignatureMethod", method),
            ("Timestamp", "1795314807"),
            ("Version", "2018-04-19"),
            ("Signature", signature),
        ] {
            params.push((name.to_owned(), value.to_owned()));
        }
        let head = head(Method::POST, "", &[("Host", "h:1")]);
        let verified = tencent_v1::verify(
            &head,
            &params.into_iter().collect(),
            b"stub-secret",
            &API_3,
            NOW,
        );
        assert_eq!(verified, Ok(()), "{method}");
    }
}

#[test]
fn a_body_may_be_left_unsigned_if_it_says_so() {
    // What is signed is the word itself, so that a body that was signed cannot be passed off as one that was not.
    let mut request = client("h:1", "as").post_json("DescribeThings", NOW, "UNSIGNED-PAYLOAD");
    request.body = "{}".into();
    assert_eq!(
        verify(&request, "stub-secret", NOW),
        Err(SignError::BadSignature)
    );
    set(&mut request, "x-tc-content-sha256", "UNSIGNED-PAYLOAD");
    assert_eq!(verify(&request, "stub-secret", NOW), Ok(()));
    set(&mut request, "x-tc-content-sha256", "unsigned");
    assert_eq!(
        verify(&request, "stub-secret", NOW),
        Err(SignError::BadSignature)
    );
}

#[test]
fn the_host_may_be_signed_as_the_clients_do() {
    let cases = [
        ("127.0.0.1:8700", "127.0.0.1:8700", true),
        ("127.0.0.1:8700", "127.0.0.1", true),
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700", true),
        ("http://127.0.0.1:8700", "127.0.0.1:8700", true),
        ("https://127.0.0.1:8700", "127.0.0.1", true),
        ("[::1]:8700", "[::1]", true),
        ("AS.example:8700", "as.example:8700", true),
        ("127.0.0.1:8700", "127.0.0.2:8700", false),
        ("127.0.0.1:8700", "127.0.0.1:8701", false),
        ("[::1]", "[:", false),
        ("as.example", "", false),
    ];
    for (sent, signed, accepted) in cases {
        let expected = if accepted {
            Ok(())
        } else {
            Err(SignError::BadSignature)
        };
        for service in ["as", "127"] {
            let mut request = client(signed, service).post_json("DescribeAccountLimits", NOW, "{}");
            set(&mut request, "host", sent);
            assert_eq!(
                verify(&request, "stub-secret", NOW),
                expected,
                "{sent} signed as {signed}"
            );
        }
        if sent.to_ascii_lowercase() != sent {
            continue; // the older signature takes hosts as sent
        }
        for algorithm in [Algorithm::HmacSha1, Algorithm::HmacSha256] {
            for method in [Method::GET, Method::POST] {
                let params = [
                    ("Filters.0.Name", "my group"),
                    ("Filters.0.Values.0", "b&c+d%é"),
                ];
                let mut request =
                    client(signed, "").form(method, algorithm, "DescribeThings", NOW, &params);
                set(&mut request, "host", sent);
                let pairs =
                    Pairs::read(&request.head, &request.body, &Limits::default()).expect("small");
                let verified =
                    tencent_v1::verify(&request.head, &pairs, b"stub-secret", &API_3, NOW);
                assert_eq!(verified, expected, "{sent} signed as {signed}");
            }
        }
    }
}

#[test]
fn what_is_signed_cannot_be_changed() {
    let good = client("h:1", "as").post_json("DescribeAccountLimits", NOW, "{}");
    assert_eq!(verify(&good, "stub-secret", NOW), Ok(()));
    let changed = |change: &dyn Fn(&mut Request)| {
        let mut request = good.clone();
        change(&mut request);
        verify(&request, "stub-secret", NOW)
    };
    assert_eq!(
        changed(&|r| r.body = "{} ".into()),
        Err(SignError::BadSignature)
    );
    assert_eq!(
        changed(&|r| r.head.raw_query = "a".into()),
        Err(SignError::BadSignature)
    );
    assert_eq!(
        changed(&|r| r.head.method = Method::PUT),
        Err(SignError::BadSignature)
    );
    assert_eq!(
        changed(&|r| set(r, "content-type", "text/plain")),
        Err(SignError::BadSignature)
    );
    assert_eq!(
        changed(&|r| set(r, "x-tc-content-sha256", "UNSIGNED-PAYLOAD")),
        Err(SignError::BadSignature)
    );
    assert_eq!(
        changed(&|r| set(r, "x-tc-timestamp", &(NOW + 1).to_string())),
        Err(SignError::BadSignature)
    );
    assert_eq!(
        changed(&|r| set(r, "x-tc-timestamp", "+1795314807")),
        Err(SignError::MissingInput("X-TC-Timestamp"))
    );
    assert_eq!(
        changed(&|r| drop(r.head.headers.remove("content-type"))),
        Err(SignError::AbsentSignedHeader)
    );
    assert_eq!(
        changed(&|r| drop(r.head.headers.remove("authorization"))),
        Err(SignError::Unsigned)
    );
    assert_eq!(
        changed(&|r| set(r, "authorization", "SKIP")),
        Err(SignError::Unsigned)
    );
}

#[test]
fn time_and_date_must_agree() {
    let request = client("h", "as").post_json("DescribeAccountLimits", NOW, "{}");
    for (skew, expected) in [
        (0, Ok(())),
        (300, Ok(())),
        (-300, Ok(())),
        (301, Err(SignError::Expired)),
        (-301, Err(SignError::Expired)),
    ] {
        assert_eq!(verify(&request, "stub-secret", NOW + skew), expected);
    }
    assert_eq!(
        verify(&request, "stub-secret", i64::MIN),
        Err(SignError::Expired)
    );
    let mut yesterday = request;
    let value = yesterday
        .head
        .header("authorization")
        .expect("signed")
        .replace("2026-11-22", "2026-11-21");
    set(&mut yesterday, "authorization", &value);
    assert_eq!(
        verify(&yesterday, "stub-secret", NOW),
        Err(SignError::DateMismatch)
    );
}

#[test]
fn the_raw_query_and_an_empty_body_are_signed_for_get() {
    let query = "Filters.0.Name=auto-scaling-group-name&Filters.0.Values.0=my+group&Filters.0.Values.1=b%26c&Limit=5";
    let mut request = client("h:1", "as").get("DescribeAutoScalingGroups", NOW, query);
    assert_eq!(verify(&request, "stub-secret", NOW), Ok(()));
    request.head.raw_query = query.replace('+', "%20");
    assert_eq!(
        verify(&request, "stub-secret", NOW),
        Err(SignError::BadSignature)
    );
}

#[test]
fn authorization_headers_are_parsed_closely() {
    let signature = "0".repeat(64);
    let whole = |credential: &str, signed: &str, signature: &str| {
        let value = format!(
            "TC3-HMAC-SHA256 Credential={credential},SignedHeaders={signed}, Signature={signature}"
        );
        tc3::parse(&value).map(|_| ())
    };
    let credential = "id/2026-11-22/as/tc3_request";
    assert_eq!(whole(credential, "content-type;host", &signature), Ok(()));
    assert_eq!(
        whole(credential, "host;Content-Type;x-tc-action", &signature),
        Ok(())
    );
    assert_eq!(
        whole(credential, "content-type", &signature),
        Err(SignError::MissingSignedHeader("host"))
    );
    assert_eq!(
        whole(credential, "", &signature),
        Err(SignError::MissingSignedHeader("content-type"))
    );
    let many = format!("content-type;host{}", ";a".repeat(40));
    for (credential, signed, signature) in [
        (credential, "content-type;host", "00"),
        (credential, "content-type;host", &"g".repeat(64)),
        (credential, &many, &signature),
        (
            "id/2026-11-22/as/aws4_request",
            "content-type;host",
            &signature,
        ),
        ("id/2026-11-22/as", "content-type;host", &signature),
        (
            "/2026-11-22/as/tc3_request",
            "content-type;host",
            &signature,
        ),
        (
            "id/2026-11-22/as/tc3_request/x",
            "content-type;host",
            &signature,
        ),
        ("id", "content-type;host", &signature),
    ] {
        assert!(
            matches!(
                whole(credential, signed, signature),
                Err(SignError::Malformed(_))
            ),
            "{credential}"
        );
    }
    for value in [
        "",
        "TC3-HMAC-SHA256",
        "TC3-HMAC-SHA256Credential=",
        "Bearer x",
        "TC3-HMAC-SHA256 ,,,",
    ] {
        assert!(
            matches!(tc3::parse(value), Err(SignError::Malformed(_))),
            "{value}"
        );
    }
}

#[test]
fn kept_keys_do_not_outlive_their_secret() {
    let keys = SigningKeys::new(2);
    let check = |request: &Request, secret: &str| {
        let authorization = tc3::authorization(&request.head).expect("well formed");
        authorization.verify(
            &request.head,
            &request.body,
            secret.as_bytes(),
            Some(&keys),
            NOW,
        )
    };
    let request = client("h", "as").post_json("A", NOW, "{}");
    assert_eq!(check(&request, "wrong"), Err(SignError::BadSignature));
    assert!(keys.is_empty(), "a refused signature keeps nothing");
    assert_eq!(check(&request, "stub-secret"), Ok(()));
    assert_eq!(check(&request, "stub-secret"), Ok(()));
    assert_eq!(keys.len(), 1);
    assert_eq!(check(&request, "wrong"), Err(SignError::BadSignature));
    let rotated = Client {
        secret_key: "new",
        ..client("h", "as")
    }
    .post_json("A", NOW, "{}");
    assert_eq!(check(&rotated, "new"), Ok(()));
    assert_eq!(check(&request, "new"), Err(SignError::BadSignature));
    for service in ["a", "b", "c", "d"] {
        assert_eq!(
            check(
                &client("h", service).post_json("A", NOW, "{}"),
                "stub-secret"
            ),
            Ok(())
        );
        assert!(keys.len() <= 2);
    }
}

/// The vector of the documentation of 2017, and two computed ones: SHA-256, and a POST with UTF-8 and JSON.
#[test]
fn the_api_of_2017_is_signed_as_documented() {
    const SECRET: &[u8] = b"Gu5t9xGARNpq86cd98joQYCN3Cozk1qA";
    let common = [
        ("Nonce", "11886"),
        ("Region", "gz"),
        ("SecretId", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"),
        ("Timestamp", "1465185768"),
    ];
    let request = |method: Method, host: &str, own: &[(&str, &str)]| {
        let pairs: Pairs = common.iter().chain(own).copied().collect();
        let mut headers = http::HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        let head = Head {
            method,
            path: "/v2/index.php".to_owned(),
            raw_query: String::new(),
            headers,
        };
        (head, pairs)
    };
    let verify = |(head, pairs): &(Head, Pairs), now| {
        tencent_v1::verify(head, pairs, SECRET, &API_2017, now)
    };
    let get = |host, signature| {
        let own = [
            ("instanceIds.0", "ins-09dx96dg"),
            ("Signature", signature),
            ("limit", "20"),
            ("offset", "0"),
            ("Action", "DescribeInstances"),
        ];
        request(Method::GET, host, &own)
    };
    const NOW_2016: i64 = 1_465_185_768;
    let good = get("cvm.api.qcloud.com", "NSI3UqqD99b/UJb4tbG/xZpRW64=");
    for skew in [-7200, 0, 7200] {
        assert_eq!(verify(&good, NOW_2016 + skew), Ok(()));
    }
    for skew in [-7201, 7201] {
        assert_eq!(verify(&good, NOW_2016 + skew), Err(SignError::Expired));
    }
    // Behind a port it is the same host; another one is not.
    let port = get("cvm.api.qcloud.com:8080", "NSI3UqqD99b/UJb4tbG/xZpRW64=");
    assert_eq!(verify(&port, NOW_2016), Ok(()));
    let other = get("cvm.example.com", "NSI3UqqD99b/UJb4tbG/xZpRW64=");
    assert_eq!(verify(&other, NOW_2016), Err(SignError::BadSignature));

    // The official host may be signed whatever the header says.
    let post = request(
        Method::POST,
        "127.0.0.1:9000",
        &[
            ("Action", "CreateScalingPolicy"),
            ("SignatureMethod", "HmacSHA256"),
            ("Signature", "A9sVYvoSqJKluCqBf8D7WWedDYJgZfDnWSmfnbQJf/c="),
            ("adjustmentType", "TotalCapacity"),
            ("adjustmentValue", "1"),
            ("cooldown", "300"),
            (
                "metric",
                r#"{"dimensionName":"cpu_usage","comparisonOperator":"Greater","threshold":50}"#,
            ),
            ("notifyIds.0", "1832"),
            ("scalingGroupId", "asg-d4hmoms6"),
            ("scalingPolicyName", "策略"),
        ],
    );
    assert_eq!(verify(&post, NOW_2016), Ok(()));
}

#[test]
fn in_2017_names_have_dots_and_files_are_not_signed() {
    let signer = client("127.0.0.1:9000", "");
    let pairs = [
        ("Action", "DescribeScalingGroup"),
        ("Timestamp", "1465185768"),
        ("SecretId", "AKID"),
        ("scaling_groupIds_0", "asg-1"),
        ("file", "@name"),
    ];
    for (method, unsigned_file) in [(Method::GET, false), (Method::POST, true)] {
        let request = signer.form_2017(method, &pairs);
        let sent = Pairs::read(&request.head, &request.body, &Limits::default()).unwrap();
        let verify = |pairs: &Pairs| {
            tencent_v1::verify(
                &request.head,
                pairs,
                b"stub-secret",
                &API_2017,
                1_465_185_768,
            )
        };
        assert_eq!(verify(&sent), Ok(()));
        let changed = |from: &str, name: &str, value: &str| -> Pairs {
            let sent = sent.iter();
            sent.map(|(old, was)| {
                if old == from {
                    (name.to_owned(), value.to_owned())
                } else {
                    (old.to_owned(), was.to_owned())
                }
            })
            .collect()
        };
        let dotted = changed("scaling_groupIds_0", "scaling.groupIds.0", "asg-1");
        assert_eq!(
            verify(&dotted),
            Ok(()),
            "the text that is signed is the same"
        );
        let other = changed("file", "file", "@other");
        assert_eq!(verify(&other).is_ok(), unsigned_file);
        let other = changed("Action", "Action", "DeleteScalingGroup");
        assert_eq!(verify(&other), Err(SignError::BadSignature));
    }
}
