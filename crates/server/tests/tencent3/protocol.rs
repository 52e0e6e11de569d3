//! The rules of the protocol, one deviation a line: what is changed of a good request, and what it is told.

use std::fmt::Write;

use http::{HeaderValue, Method};
use muster_kit::sign::client::Request;
use muster_kit::sign::tencent_v1::Algorithm;

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
    ("a form of more than 1 MiB", || {
        let value = "x".repeat(1024 * 1024);
        form(
            Method::POST,
            Algorithm::HmacSha256,
            &[("Filters.0.Name", &value)],
        )
    }),
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
