//! Vectors of Kingsoft's signatures, made by its SDKs with a frozen clock, and what must be refused.

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::aws4::{self, Aws4Error};
use super::keys::SigningKeys;
use super::ksyun;
use crate::http::Head;

const SECRET: &[u8] = b"ExampleSecretAccessKey00000000000000000000==";
const SCOPE: &str = "AKLTExampleKeyId000001/20201218/cn-beijing-6/kec/aws4_request";
/// 2020-12-18T03:50:24Z.
const NOW: i64 = 1_608_263_424;
const QUERY: &str =
    "Action=DescribeScalingGroup&ScalingGroupId.0=424250140171509760&Version=2016-03-04";
const BODY: &str = "Action=CreateScheduledTask&ReadjustExpectSize=1&ReadjustMaxSize=3&ReadjustMinSize=1&ScalingGroupId=447085419831828480&ScalingScheduledTaskName=test20201218&StartTime=2020-12-18+11%3A50%3A24&Version=2016-03-04";

fn head(method: Method, query: &str, headers: &[(&str, &str)]) -> Head {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    Head {
        method,
        path: "/".into(),
        raw_query: query.into(),
        headers,
    }
}

fn authorization(names: &str, mac: &str) -> String {
    format!("AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders={names}, Signature={mac}")
}

fn get(authorization: &str) -> Head {
    head(
        Method::GET,
        QUERY,
        &[
            ("Host", "kec.cn-beijing-6.api.ksyun.com"),
            ("Accept", "application/json"),
            ("X-Amz-Date", "20201218T035024Z"),
            ("Authorization", authorization),
        ],
    )
}

fn good_get() -> Head {
    get(&authorization(
        "accept;host;x-amz-date",
        "fa2aaede1ef33c602d9d18a3d6cdc1b486ea800a400bcf871d018c48cdf6749b",
    ))
}

fn verify(head: &Head, body: &str, now: i64) -> Result<(), Aws4Error> {
    aws4::signature(head)?.verify(head, body.as_bytes(), SECRET, None, now)
}

#[test]
fn a_get_signed_in_its_header() {
    let head = good_get();
    assert_eq!(verify(&head, "", NOW), Ok(()));
    assert_eq!(verify(&head, "", NOW + 900), Ok(()));
    let keys = SigningKeys::new(2);
    let signature = aws4::signature(&head).unwrap();
    for _ in 0..2 {
        assert_eq!(
            signature.verify(&head, b"", SECRET, Some(&keys), NOW),
            Ok(())
        );
        assert_eq!(keys.len(), 1);
    }
    let wrong = signature.verify(&head, b"", b"another", Some(&keys), NOW);
    assert_eq!(wrong, Err(Aws4Error::BadSignature));
}

#[test]
fn a_form_signed_in_its_header() {
    let mac = "316858c0c0d7fc332a4399eaf930b4eb99107ac64780ef4ba929ce76784fb582";
    let mut head = head(
        Method::POST,
        "",
        &[
            ("Host", "kec.cn-beijing-6.api.ksyun.com"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("X-Amz-Date", "20201218T035024Z"),
            (
                "Authorization",
                &authorization("content-type;host;x-amz-date", mac),
            ),
        ],
    );
    assert_eq!(verify(&head, BODY, NOW), Ok(()));
    let changed = BODY.replace("MaxSize=3", "MaxSize=4");
    assert_eq!(verify(&head, &changed, NOW), Err(Aws4Error::BadSignature));
    // What a client says of its body is not believed.
    head.headers.insert(
        "x-amz-content-sha256",
        HeaderValue::from_static("UNSIGNED-PAYLOAD"),
    );
    assert_eq!(verify(&head, BODY, NOW), Err(Aws4Error::BadSignature));
}

#[test]
fn a_get_signed_in_its_query() {
    let signed = format!(
        "{QUERY}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date=20201218T035024Z\
         &X-Amz-Expires=3600&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=39c7ea760655bd41afcd278ab5547fd799ff5555159884e2c4e8c824cb77c44c",
        SCOPE.replace('/', "%2F")
    );
    let hosts = [("Host", "kec.cn-beijing-6.api.ksyun.com")];
    let good = head(Method::GET, &signed, &hosts);
    assert_eq!(verify(&good, "", NOW), Ok(()));
    assert_eq!(verify(&good, "", NOW + 3600), Ok(()));
    let late = verify(&good, "", NOW + 3601);
    assert_eq!(late, Err(Aws4Error::Expired("20201218T035024Z".into())));
    assert!(verify(&good, "", NOW - 901).is_err());
    for name in [
        "Algorithm",
        "Credential",
        "Date",
        "SignedHeaders",
        "Signature",
    ] {
        let without: Vec<&str> = signed
            .split('&')
            .filter(|pair| !pair.starts_with(&format!("X-Amz-{name}=")))
            .collect();
        let head = head(Method::GET, &without.join("&"), &hosts);
        let error = verify(&head, "", NOW).unwrap_err();
        assert!(matches!(error, Aws4Error::MissingParameter(_)), "{error:?}");
    }
}

#[test]
fn what_is_wrong_is_told_apart() {
    let mac = "0".repeat(64);
    let names = "host;x-amz-date";
    let is = |authorization: &str| verify(&get(authorization), "", NOW).unwrap_err();
    let scoped = |scope: &str| {
        let header =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={mac}");
        is(&header)
    };
    assert_eq!(
        is("TC3-HMAC-SHA256 x=y"),
        Aws4Error::Algorithm("TC3-HMAC-SHA256".into())
    );
    assert_eq!(is("AWS4-HMAC-SHA256 nonsense"), Aws4Error::Format);
    assert_eq!(
        is("AWS4-HMAC-SHA256 Credential=a,Credential=b"),
        Aws4Error::Format
    );
    assert_eq!(is("AWS4-HMAC-SHA256"), Aws4Error::MissingPart("Credential"));
    assert_eq!(
        is(&format!(
            "AWS4-HMAC-SHA256 Credential={SCOPE}, Signature={mac}"
        )),
        Aws4Error::MissingPart("SignedHeaders")
    );
    assert_eq!(
        is(&format!(
            "AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders={names}"
        )),
        Aws4Error::MissingPart("Signature")
    );
    assert_eq!(scoped("a/b/c"), Aws4Error::Credential("a/b/c".into()));
    assert_eq!(
        scoped("a/20201218/r/kec/tc3_request"),
        Aws4Error::Terminator("tc3_request".into())
    );
    assert_eq!(
        scoped("a/20201219/r/kec/aws4_request"),
        Aws4Error::DateMismatch
    );
    assert_eq!(
        is(&authorization("x-amz-date", &mac)),
        Aws4Error::HostNotSigned
    );
    assert_eq!(
        is(&authorization("host;x-other", &mac)),
        Aws4Error::AbsentHeader("x-other".into())
    );
    assert_eq!(is(&authorization(names, &mac)), Aws4Error::BadSignature);
    assert_eq!(is(&authorization(names, "zz")), Aws4Error::BadSignature);
    let mut head = good_get();
    let expired = verify(&head, "", NOW + 901);
    assert_eq!(expired, Err(Aws4Error::Expired("20201218T035024Z".into())));
    head.headers
        .insert("x-amz-date", HeaderValue::from_static("2020-12-18"));
    assert_eq!(
        verify(&head, "", NOW),
        Err(Aws4Error::Date("2020-12-18".into()))
    );
    head.headers.remove("x-amz-date");
    assert_eq!(verify(&head, "", NOW), Err(Aws4Error::NoDate));
    head.headers.remove("authorization");
    assert_eq!(verify(&head, "", NOW), Err(Aws4Error::Unsigned));
}

#[test]
fn a_date_header_stands_in_for_the_other() {
    let secs = |text: &str| {
        let mac = "0".repeat(64);
        let head = head(
            Method::GET,
            QUERY,
            &[
                ("Host", "h"),
                ("Date", text),
                ("Authorization", &authorization("host", &mac)),
            ],
        );
        verify(&head, "", NOW)
    };
    // The time is read: only the signature is not right.
    assert_eq!(
        secs("Fri, 18 Dec 2020 03:50:24 GMT"),
        Err(Aws4Error::BadSignature)
    );
    assert_eq!(secs("20201218T035024Z"), Err(Aws4Error::BadSignature));
    assert_eq!(secs("today"), Err(Aws4Error::Date("today".into())));
}

const NODE: [(&str, &str); 20] = [
    ("Boolean", "true"),
    ("Accesskey", "AKKKKKK"),
    ("Service", "iam"),
    ("Action", "CreateUser"),
    ("Version", "2015-11-01"),
    ("Timestamp", "2021-08-12T02:47:36Z"),
    ("SignatureVersion", "1"),
    ("SignatureMethod", "HMAC-SHA256"),
    ("UserName", "Ttest"),
    ("RealName", "周四测试"),
    ("Email", "zsce@aa.com"),
    ("Remark", "~ce shi*%#|+"),
    ("Array[0]", "1"),
    ("Array[1]", "2"),
    ("Array[2]", "3"),
    ("SimpleFilter.1", "1"),
    ("SimpleFilter.2", "2"),
    ("DeepFilter.1.a", "1"),
    ("DeepFilter.1.b", "2"),
    ("DeepFilter.2.a", "2"),
];

#[test]
fn the_simplified_signature_of_the_node_sdk() {
    let mac = "f99dc36bc6cd84dbb3148a402df6fc1ad9891a26dca42315b831551f5ae92620";
    let mut pairs: Vec<(&str, &str)> = NODE.to_vec();
    pairs.extend([("DeepFilter.2.b", "3"), ("Signature", mac)]);
    let at = 1_628_736_456;
    assert_eq!(ksyun::verify(&pairs, b"SKKKKK==", at), Ok(()));
    assert_eq!(
        ksyun::sign(b"SKKKKK==", &ksyun::text(pairs.iter().copied())),
        mac
    );
    assert_eq!(
        ksyun::verify(&pairs, b"other", at),
        Err(Aws4Error::BadSignature)
    );
    assert!(matches!(
        ksyun::verify(&pairs, b"SKKKKK==", at + 901),
        Err(Aws4Error::Expired(_))
    ));
    for (name, value, error) in [
        ("Signature", "", Aws4Error::MissingParameter("Signature")),
        ("Timestamp", "", Aws4Error::MissingParameter("Timestamp")),
        ("Service", "", Aws4Error::MissingParameter("Service")),
        (
            "SignatureVersion",
            "",
            Aws4Error::MissingParameter("SignatureVersion"),
        ),
        (
            "SignatureMethod",
            "HMAC-SHA1",
            Aws4Error::Algorithm("HMAC-SHA1".into()),
        ),
        (
            "SignatureVersion",
            "2",
            Aws4Error::Algorithm("HMAC-SHA256 2".into()),
        ),
        ("Timestamp", "today", Aws4Error::Date("today".into())),
        ("Remark", "other", Aws4Error::BadSignature),
        ("Signature", "zz", Aws4Error::BadSignature),
    ] {
        let changed: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(key, old)| (*key, if *key == name { value } else { *old }))
            .collect();
        assert_eq!(
            ksyun::verify(&changed, b"SKKKKK==", at),
            Err(error),
            "{name}={value}"
        );
    }
}

#[test]
fn the_simplified_signature_of_the_documentation() {
    let pairs = [
        ("Accesskey", "AKLTExampleKeyId000001"),
        ("Service", "kec"),
        ("Action", "DescribeScalingGroup"),
        ("Version", "2016-03-04"),
        ("Timestamp", "2020-12-18T03:50:24Z"),
        ("SignatureVersion", "1.0"),
        ("SignatureMethod", "HMAC-SHA256"),
        ("Region", "cn-beijing-6"),
        ("ScalingGroupId.0", "424250140171509760"),
        ("ScalingGroupName", "测试 a*b~c"),
    ];
    let text = ksyun::text(pairs.into_iter());
    assert!(text.ends_with("&Timestamp=2020-12-18T03%3A50%3A24Z&Version=2016-03-04"));
    assert!(text.contains("ScalingGroupName=%E6%B5%8B%E8%AF%95%20a%2Ab~c"));
    let mac = "f2b190f55de5ae823807d1c04767352ece9c57a5f2f8a8b93f28415a56556827";
    assert_eq!(ksyun::sign(SECRET, &text), mac);
}
