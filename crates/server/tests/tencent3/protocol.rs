//! The rules of the protocol, one deviation a line: what is changed of a good request, and what it is told.

use std::fmt::Write;

use http::{HeaderValue, Method};
use muster_kit::sign::client::{Client, Request};
use muster_kit::sign::tencent_v1::Algorithm;

use super::facts::Facts;
use super::service::{READ_ONLY_ID, SECRET_ID, Service, answer, client};

const CLOCK_SECS: i64 = 1_795_500_000;
const ACTION: &str = "DescribeAutoScalingGroups";

type Case = (&'static str, fn() -> Request);

fn post(action: &str, body: &str) -> Request {
    client(SECRET_ID).post_json(action, CLOCK_SECS, body.to_owned())
}

fn at(skew_secs: i64) -> Request {
    client(SECRET_ID).post_json(ACTION, CLOCK_SECS + skew_secs, "{}")
}

fn with_header(name: &'static str, value: &str) -> Request {
    let mut request = post(ACTION, "{}");
    request
        .head
        .headers
        .insert(name, HeaderValue::from_str(value).unwrap());
    request
}

fn without_header(name: &str) -> Request {
    let mut request = post(ACTION, "{}");
    request.head.headers.remove(name);
    request
}

fn form(method: Method, algorithm: Algorithm, params: &[(&str, &str)]) -> Request {
    client(SECRET_ID).form(method, algorithm, ACTION, CLOCK_SECS, params)
}

/// A form of this many bytes. The length of the signature varies with what is signed: some of these limits fit.
fn form_of(bytes: usize) -> Request {
    // No value may be that long by itself.
    let fifth = "x".repeat(bytes / 5);
    let with = |limit: u32, rest: &str| {
        let params = [
            ("Filters.0.Name", "auto-scaling-group-name"),
            ("Filters.0.Values.0", &fifth),
            ("Filters.0.Values.1", &fifth),
            ("Filters.0.Values.2", &fifth),
            ("Filters.0.Values.3", &fifth),
            ("Filters.0.Values.4", rest),
            ("Limit", &limit.to_string()),
        ];
        form(Method::POST, Algorithm::HmacSha256, &params)
    };
    let value = "x".repeat(bytes - with(10, "").body.len());
    let mut all = (10..100).map(|limit| with(limit, &value));
    all.find(|request| request.body.len() == bytes).unwrap()
}

/// A query of this many bytes.
fn filter_query(bytes: usize) -> String {
    let start = "Filters.0.Name=auto-scaling-group-name&Filters.0.Values.0=";
    format!("{start}{}", "x".repeat(bytes - start.len()))
}

const CASES: &[Case] = &[
    ("as it should be", || post(ACTION, "{}")),
    ("an empty body", || post(ACTION, "")),
    ("a query of 32 KiB", || {
        client(SECRET_ID).get(ACTION, CLOCK_SECS, &filter_query(32 * 1024))
    }),
    ("a query of 32 KiB and one byte", || {
        client(SECRET_ID).get(ACTION, CLOCK_SECS, &filter_query(32 * 1024 + 1))
    }),
    ("a body of 10 MiB", || {
        post(ACTION, &format!("{{}}{}", " ".repeat(10 * 1024 * 1024 - 2)))
    }),
    ("a body of 10 MiB and one byte", || {
        post(ACTION, &format!("{{}}{}", " ".repeat(10 * 1024 * 1024 - 1)))
    }),
    ("a form of 1 MiB", || form_of(1024 * 1024)),
    ("a form of 1 MiB and one byte", || form_of(1024 * 1024 + 1)),
    ("PUT", || {
        let mut request = post(ACTION, "{}");
        request.head.method = Method::PUT;
        request
    }),
    ("multipart", || {
        with_header("content-type", "multipart/form-data; boundary=x")
    }),
    ("v1 GET, HmacSHA1", || {
        form(Method::GET, Algorithm::HmacSha1, &[("Limit", "5")])
    }),
    ("v1 GET, HmacSHA256", || {
        form(Method::GET, Algorithm::HmacSha256, &[("Limit", "5")])
    }),
    ("v1 POST, HmacSHA1", || {
        form(Method::POST, Algorithm::HmacSha1, &[("Limit", "5")])
    }),
    ("v1 POST, HmacSHA256", || {
        form(
            Method::POST,
            Algorithm::HmacSha256,
            &[
                ("Filters.0.Name", "tag-key"),
                ("Filters.0.Values.0", "a b&c=d+e"),
            ],
        )
    }),
    ("v1 POST with its parameters in the query", || {
        let mut request = form(Method::POST, Algorithm::HmacSha1, &[("Limit", "5")]);
        request.head.raw_query = String::from_utf8(request.body.to_vec()).unwrap();
        request.body = "{\"Limit\": 101}".into();
        let json = HeaderValue::from_static("application/json");
        request.head.headers.insert("content-type", json);
        request
    }),
    ("v1 with another action in a header", || {
        let mut request = form(Method::GET, Algorithm::HmacSha1, &[("Limit", "5")]);
        for (name, value) in [
            ("x-tc-action", "DeleteAutoScalingGroup"),
            ("x-tc-version", "2017-03-12"),
            ("x-tc-region", "nowhere"),
            ("x-tc-token", "sts"),
        ] {
            let value = HeaderValue::from_static(value);
            request.head.headers.insert(name, value);
        }
        request
    }),
    ("v1 with a token", || {
        let token = [("Token", "sts")];
        form(Method::GET, Algorithm::HmacSha1, &token)
    }),
    ("v1 without a nonce", || {
        let mut request = form(Method::GET, Algorithm::HmacSha1, &[]);
        request.head.raw_query = request.head.raw_query.replace("Nonce=", "Once=");
        request
    }),
    ("v1 with a nonce that is no number", || {
        let mut request = form(Method::GET, Algorithm::HmacSha1, &[]);
        request.head.raw_query = request.head.raw_query.replace("Nonce=", "Nonce=x");
        request
    }),
    ("v1 of an unknown key", || {
        client("AKIDunknown").form(Method::GET, Algorithm::HmacSha1, ACTION, CLOCK_SECS, &[])
    }),
    ("v1, 301 seconds late", || {
        let late = CLOCK_SECS - 301;
        client(SECRET_ID).form(Method::GET, Algorithm::HmacSha1, ACTION, late, &[])
    }),
    ("TC3 with a form", || {
        with_header("content-type", "application/x-www-form-urlencoded")
    }),
    ("TC3 GET", || {
        let query = "Filters.0.Name=tag-key&Filters.0.Values.0=a+b%26c&Limit=5";
        client(SECRET_ID).get(ACTION, CLOCK_SECS, query)
    }),
    ("TC3 GET with a body, which does not count", || Request {
        body: "{\"Limit\": 101}".into(),
        ..client(SECRET_ID).get(ACTION, CLOCK_SECS, "Limit=5")
    }),
    ("SKIP", || with_header("authorization", "SKIP")),
    ("a body that is not signed, and says so", || {
        let mut request = post(ACTION, "UNSIGNED-PAYLOAD");
        let word = HeaderValue::from_static("UNSIGNED-PAYLOAD");
        request.head.headers.insert("x-tc-content-sha256", word);
        request.body = "{\"Limit\": 5}".into();
        request
    }),
    ("a signed body that says it is not", || {
        with_header("x-tc-content-sha256", "UNSIGNED-PAYLOAD")
    }),
    ("the credential of another day", || {
        let mut request = post(ACTION, "{}");
        let value = request.head.header("authorization").unwrap();
        let value = value.replace("/2026-11-24/", "/2026-11-23/");
        let value = HeaderValue::from_str(&value).unwrap();
        request.head.headers.insert("authorization", value);
        request
    }),
    ("v1 with a changed value", || {
        let mut request = form(Method::GET, Algorithm::HmacSha1, &[("Limit", "5")]);
        request.head.raw_query = request.head.raw_query.replace("Limit=5", "Limit=6");
        request
    }),
    ("299 seconds late", || at(-299)),
    ("301 seconds late", || at(-301)),
    ("299 seconds early", || at(299)),
    ("301 seconds early", || at(301)),
    ("no authorization", || without_header("authorization")),
    ("a garbled authorization", || {
        with_header("authorization", "TC3-HMAC-SHA256 nonsense")
    }),
    ("an unknown key", || {
        client("AKIDunknown").post_json(ACTION, CLOCK_SECS, "{}")
    }),
    ("a changed body", || Request {
        body: "{\"Limit\":1}".into(),
        ..post(ACTION, "{}")
    }),
    ("a token", || with_header("x-tc-token", "sts")),
    ("no timestamp", || without_header("x-tc-timestamp")),
    ("no action", || without_header("x-tc-action")),
    ("an unknown action", || post("DescribeEverything", "{}")),
    ("an action in other letters", || {
        post("describeAutoScalingGroups", "{}")
    }),
    ("no version", || without_header("x-tc-version")),
    ("another version", || {
        with_header("x-tc-version", "2017-03-12")
    }),
    ("no region", || without_header("x-tc-region")),
    ("an unknown region", || {
        with_header("x-tc-region", "nowhere")
    }),
    ("a region of odd letters", || {
        with_header("x-tc-region", "ap guangzhou/../x")
    }),
    ("an unknown parameter", || {
        post(ACTION, r#"{"Colour": "red"}"#)
    }),
    ("an unknown member", || {
        post(
            ACTION,
            r#"{"Filters": [{"Name": "tag-key", "Values": ["a"], "Sort": 1}]}"#,
        )
    }),
    ("a parameter in other letters", || {
        post(ACTION, r#"{"limit": 5}"#)
    }),
    ("a missing parameter", || {
        post("DeleteAutoScalingGroup", "{}")
    }),
    ("a null for an optional one", || {
        post(ACTION, r#"{"Limit": null}"#)
    }),
    ("a number as text", || post(ACTION, r#"{"Limit": "5"}"#)),
    ("a number as text with blanks", || {
        post(ACTION, r#"{"Limit": " 5 "}"#)
    }),
    ("a truth as text", || {
        let body =
            r#"{"AutoScalingGroupIds": ["asg-absent01"], "ExcludeCancelledActivity": "TRUE"}"#;
        post("DescribeAutoScalingGroupLastActivities", body)
    }),
    ("a truth as nonsense", || {
        let body =
            r#"{"AutoScalingGroupIds": ["asg-absent01"], "ExcludeCancelledActivity": "yes"}"#;
        post("DescribeAutoScalingGroupLastActivities", body)
    }),
    ("a word with a leading blank", || {
        let body = r#"{"AutoScalingGroupId": "asg-absent01", "RetryPolicy": " NO_RETRY"}"#;
        post("ModifyAutoScalingGroup", body)
    }),
    ("a word in other letters", || {
        let body = r#"{"AutoScalingGroupId": "asg-absent01", "RetryPolicy": "no_retry"}"#;
        post("ModifyAutoScalingGroup", body)
    }),
    ("text as a number", || {
        post(
            ACTION,
            r#"{"Filters": [{"Name": "tag-key", "Values": [240]}]}"#,
        )
    }),
    ("a number as nonsense", || {
        post(ACTION, r#"{"Limit": "five"}"#)
    }),
    ("a number that is none", || {
        post(ACTION, r#"{"Limit": 1.5}"#)
    }),
    ("a list that is none", || {
        post(ACTION, r#"{"AutoScalingGroupIds": "asg-absent01"}"#)
    }),
    ("a structure that is none", || {
        post(ACTION, r#"{"Filters": ["x"]}"#)
    }),
    ("no JSON", || post(ACTION, "Limit=5")),
    ("JSON that is no structure", || post(ACTION, "[1]")),
    ("JSON that ends too early", || {
        post(ACTION, r#"{"Limit": 5"#)
    }),
    ("a name twice", || {
        post(ACTION, r#"{"Limit": 5, "Limit": 6}"#)
    }),
    ("JSON that is too deep", || {
        post(
            ACTION,
            &format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200)),
        )
    }),
    ("text that is no UTF-8", || {
        let body: &[u8] = b"{\"Limit\": \"\xff\"}";
        client(SECRET_ID).post_json(ACTION, CLOCK_SECS, body)
    }),
    ("a read-only key that looks", || {
        client(READ_ONLY_ID).post_json(ACTION, CLOCK_SECS, "{}")
    }),
    ("a read-only key that writes", || {
        let body = r#"{"AutoScalingGroupId": "asg-absent01"}"#;
        client(READ_ONLY_ID).post_json("DeleteAutoScalingGroup", CLOCK_SECS, body)
    }),
];

#[tokio::test]
async fn every_deviation_has_its_answer() {
    let service = Service::start(CLOCK_SECS, false).await;
    let mut golden = String::new();
    for (name, make) in CASES {
        let Request { head, body } = make();
        let response = answer(&service.handle(head, body).await);
        match response.get("Error") {
            None => writeln!(golden, "{name}: answered").unwrap(),
            Some(error) => {
                let (code, message) = (
                    error["Code"].as_str().unwrap(),
                    error["Message"].as_str().unwrap(),
                );
                assert!(message.len() < 400, "{name}: {message}");
                writeln!(golden, "{name}: {code}\n    {message}").unwrap();
            }
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("protocol", golden);
    });
}

#[tokio::test]
async fn every_documented_region_is_served() {
    let service = Service::start(CLOCK_SECS, false).await;
    let regions = Facts::read().regions();
    assert_eq!(regions.len(), 18);
    for region in &regions {
        let client = Client {
            region: Some(region),
            ..client(SECRET_ID)
        };
        let Request { head, body } = client.post_json(ACTION, CLOCK_SECS, "{}");
        let response = answer(&service.handle(head, body).await);
        assert_eq!(response["TotalCount"], 0, "{region}: {response}");
    }
}

#[tokio::test]
async fn calls_above_the_rate_are_refused_and_others_are_not() {
    let service = Service::start(CLOCK_SECS, true).await;
    let mut refused = 0;
    for _ in 0..200 {
        let response = service
            .call("DescribeLaunchConfigurations", "{}".to_owned())
            .await;
        match response["Error"]["Code"].as_str() {
            None => {}
            Some(code) => {
                assert_eq!(code, "RequestLimitExceeded");
                refused += 1;
            }
        }
    }
    assert!(
        (1..=180).contains(&refused),
        "{refused} of 200 calls at once, with 20 a second allowed"
    );
    let other = service
        .call("DescribeAutoScalingActivities", "{}".to_owned())
        .await;
    assert!(
        other.get("Error").is_none(),
        "each action has a rate of its own: {other}"
    );
}

#[tokio::test]
async fn the_trace_id_comes_back() {
    let service = Service::start(CLOCK_SECS, false).await;
    let Request { head, body } = with_header("x-tc-traceid", "abc");
    let reply = service.handle(head, body).await;
    assert_eq!(reply.headers.len(), 1);
    assert_eq!(
        (reply.headers[0].0.as_str(), reply.headers[0].1.as_bytes()),
        ("x-tc-traceid", b"abc".as_slice())
    );
}
