//! The common errors: each with its code, status and message, or why it does not arise.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderValue, Method};
use muster_kit::http::{Head, Unserved};
use muster_ksyun::Switches;
use serde_json::Value;

use super::service::{KEY, READ_ONLY, Service, head, signed};

const SCOPE: &str = "AKIDtest/20261124/cn-beijing-6/kec/aws4_request";
const DATE: &str = "20261124T020000Z";
const QUERY: &str = "Action=DescribeScalingGroup&Version=2016-03-04";

/// A GET with such a header, which says that JSON is wanted.
fn with(authorization: Option<&str>, date: Option<&str>) -> Head {
    let mut headers = vec![("host", "127.0.0.1:8700"), ("accept", "application/json")];
    headers.extend(authorization.map(|value| ("authorization", value)));
    headers.extend(date.map(|value| ("x-amz-date", value)));
    head(Method::GET, QUERY, &headers)
}

fn aws4(credential: &str, names: &str) -> String {
    let mac = "0".repeat(64);
    format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={mac}")
}

/// Everything that is wrong with a signature, and the message.
fn signatures() -> Vec<(Head, String)> {
    let scoped = |credential: &str| with(Some(&aws4(credential, "host;x-amz-date")), Some(DATE));
    let raw = |text: &str| with(Some(text), Some(DATE));
    let m = |text: &str| text.to_owned();
    let mut no_host = with(None, None);
    no_host.headers.remove("host");
    let without = |part: &str| {
        let parts = [
            format!("Credential={SCOPE}"),
            "SignedHeaders=host".to_owned(),
            format!("Signature={}", "0".repeat(64)),
        ];
        let left: Vec<String> = parts
            .into_iter()
            .filter(|p| !p.starts_with(&format!("{part}=")))
            .collect();
        format!("AWS4-HMAC-SHA256 {}", left.join(", "))
    };
    let (credential, names, mac) = (
        without("Credential"),
        without("SignedHeaders"),
        without("Signature"),
    );
    let no_date = aws4(SCOPE, "host");
    let mut query = with(None, None);
    query.raw_query = format!("{QUERY}&X-Amz-Algorithm=AWS4-HMAC-SHA256");
    vec![
        (no_host, m("Request is missing 'Host' header.")),
        (
            with(None, None),
            m("Request is missing Authentication Token."),
        ),
        (
            with(Some(&aws4(SCOPE, "host;x-other")), Some(DATE)),
            m("x-other not in Http Header."),
        ),
        (
            with(Some(&aws4(SCOPE, "x-amz-date")), Some(DATE)),
            m("'Host' must be a 'SignedHeader' in the Authorization."),
        ),
        (
            scoped("AKIDtest/20261124/cn-beijing-6/kec/tc3_request"),
            m(
                "Credential should be scoped with a valid terminator: 'aws4_request', not: tc3_request.",
            ),
        ),
        (
            scoped("AKIDtest/20261124/nowhere/kec/aws4_request"),
            m("Credential should be scoped to a valid region, not: nowhere."),
        ),
        (
            scoped("AKIDtest/20261124/cn-beijing-6/eip/aws4_request"),
            m("Credential should be scoped to correct service: kec."),
        ),
        (
            scoped(SCOPE),
            m("The request signature we calculated does not match the signature you provided."),
        ),
        (
            with(Some(&aws4(SCOPE, "host")), Some("20261123T020000Z")),
            m("Signature expired:20261123T020000Z."),
        ),
        (
            scoped("AKIDtest/20261123/cn-beijing-6/kec/aws4_request"),
            m(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.",
            ),
        ),
        (
            scoped("AKIDnobody/20261124/cn-beijing-6/kec/aws4_request"),
            m("The security token included in the request is invalid."),
        ),
        (
            with(Some(&aws4(SCOPE, "host")), Some("2026-11-24")),
            m(
                "Date must be in ISO-8601 'basic format'. Got '2026-11-24'. See http://en.wikipedia.org/wiki/ISO_8601 .",
            ),
        ),
        (
            query,
            m(
                "KSC query-string parameters must include X-Amz-Credential. Re-examine the query-string parameters.",
            ),
        ),
        (raw("HMAC x"), m("Unsupported ksc 'algorithm': HMAC.")),
        (
            raw(&credential),
            format!(
                "Authorization header requires 'Credential' parameter. Authorization={credential}."
            ),
        ),
        (
            scoped("AKIDtest/kec"),
            m(
                "Credential must have exactly 5 slash-delimited elements, e.g. accesskeyid/date/region/service/aws4_request, got: AKIDtest/kec.",
            ),
        ),
        (
            raw("AWS4-HMAC-SHA256 nonsense"),
            m("Authorization header format error."),
        ),
        (
            with(Some(&no_date), None),
            format!(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header, Authorization={no_date}"
            ),
        ),
        (
            raw(&mac),
            format!("Authorization header requires 'Signature' parameter. Authorization={mac}"),
        ),
        (
            raw(&names),
            format!(
                "Authorization header requires 'SignedHeaders' parameter. Authorization={names}"
            ),
        ),
    ]
}

/// Common errors that do not arise here, and why.
const ABSENT: [(&str, &str); 3] = [
    (
        "Exception %s",
        "an exception has no text of its own: the other messages of the code say it",
    ),
    (
        "Auth Service is unavailable because of an unknown error, exception or failure",
        "there is no service apart for it",
    ),
    (
        "Request was rejected because it referenced an 'Inner Api' that does not have an internal service",
        "every action has one",
    ),
];

/// Whether a message is one of a pattern with `%s` in it.
fn fits(pattern: &str, message: &str) -> bool {
    let mut rest = message;
    for (at, part) in pattern.split("%s").enumerate() {
        match rest.find(part) {
            Some(found) if at > 0 || found == 0 => rest = &rest[found + part.len()..],
            _ => return false,
        }
    }
    true
}

#[tokio::test]
async fn every_common_error_arises_with_its_status_and_words() {
    let facts = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../dialects/ksyun/facts.json"
    );
    let facts: Value = serde_json::from_slice(&std::fs::read(facts).unwrap()).unwrap();
    let mut documented: Vec<(String, String, u16)> =
        serde_json::from_value(facts["common_errors"].clone()).unwrap();
    documented.retain(|(_, message, _)| ABSENT.iter().all(|(absent, _)| absent != message));
    let mut left: BTreeSet<usize> = (0..documented.len()).collect();
    let service = Service::start().await;
    let mut said = Vec::new();
    for (head, message) in signatures() {
        let reply = service.handle(head, Bytes::new()).await;
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        let error = &body["Error"];
        assert_eq!(error["Message"], message.as_str());
        assert_eq!(error["Type"], "Sender");
        said.push((reply.status.as_u16(), reply.code, message));
    }
    let group = ("ScalingGroupId", "424250140171509760");
    for (key, params) in [
        (
            READ_ONLY,
            vec![
                ("Action", "CreateScalingConfiguration"),
                ("ScalingConfigurationName", "x"),
                ("ImageId", "IMG-1"),
                ("InstanceType", "N3.1A"),
            ],
        ),
        (
            KEY,
            vec![("Action", "DescribeScalingGroup"), ("DryRun", "true")],
        ),
        (KEY, vec![("Action", "Nonsense")]),
        (
            KEY,
            vec![("Action", "DescribeScalingGroup"), ("Marker", "x")],
        ),
        (KEY, vec![("Action", "DescribeScalingInstance")]),
        (
            KEY,
            vec![
                ("Action", "DescribeScalingInstance"),
                group,
                ("ScalingInstanceId.99999999", "x"),
            ],
        ),
    ] {
        let answer = service.call_as(key, &params).await;
        let (code, message) = answer.error();
        said.push((answer.status, code, message));
    }
    // The front refuses other methods only by handing them over.
    let (mut head, body) = signed(Method::POST, KEY, &[("Action", "DescribeScalingGroup")]);
    head.method = Method::PUT;
    head.raw_query = "Version=2016-03-04&Format=json".to_owned();
    head.headers
        .insert("accept", HeaderValue::from_static("application/json"));
    let reply = service.handle(head, body).await;
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    said.push((
        reply.status.as_u16(),
        reply.code,
        body["Error"]["Message"].as_str().unwrap().to_owned(),
    ));
    let switches = Switches {
        calls_per_sec: 1,
        ..Switches::default()
    };
    let limited = Service::with(switches, true).await;
    limited.ok(&[("Action", "DescribeScalingGroup")]).await;
    let answer = limited.call(&[("Action", "DescribeScalingGroup")]).await;
    said.push((answer.status, answer.error().0, answer.error().1));
    for why in [Unserved::TooSlow, Unserved::Failed] {
        let reply = service.unserved(&why);
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        let message = text
            .split("<Message>")
            .nth(1)
            .and_then(|t| t.split("</").next())
            .unwrap();
        assert!(text.contains("<Type>Receiver</Type>"), "{text}");
        said.push((
            reply.status.as_u16(),
            reply.code,
            message.replace("&apos;", "'"),
        ));
    }
    for (status, code, message) in said {
        let found = documented.iter().position(|(c, pattern, s)| {
            *c == code && *s == status && fits(pattern.trim_end_matches('.'), &message)
        });
        let found = found.unwrap_or_else(|| panic!("{status} {code} {message} is not documented"));
        left.remove(&found);
    }
    let left: Vec<_> = left.into_iter().map(|at| &documented[at]).collect();
    assert!(left.is_empty(), "did not arise: {left:?}");
}

#[tokio::test]
async fn xml_is_the_default_and_json_on_request() {
    let service = Service::start().await;
    for method in [Method::GET, Method::POST] {
        let (mut head, body) = signed(
            method,
            KEY,
            &[("Action", "DescribeScalingGroup"), ("Format", "")],
        );
        let reply = service.handle(head.clone(), body.clone()).await;
        assert_eq!(reply.content_type, "text/xml; charset=utf-8");
        assert_eq!(
            std::str::from_utf8(&reply.body).unwrap(),
            "<DescribeScalingGroupResponse><ResponseMetadata><RequestId>11111111-2222-4333-8444-555555555555</RequestId>\
             </ResponseMetadata><ScalingGroupCount>0</ScalingGroupCount><ScalingGroupSet></ScalingGroupSet>\
             </DescribeScalingGroupResponse>"
        );
        head.headers
            .insert("accept", HeaderValue::from_static("application/json"));
        let reply = service.handle(head, body).await;
        assert_eq!(reply.content_type, "application/json");
        assert_eq!(
            std::str::from_utf8(&reply.body).unwrap(),
            r#"{"RequestId":"11111111-2222-4333-8444-555555555555","ScalingGroupCount":0,"ScalingGroupSet":[]}"#
        );
    }
    let (head, body) = signed(
        Method::GET,
        "AKIDnobody",
        &[("Action", "DescribeScalingGroup"), ("Format", "")],
    );
    let reply = service.handle(head, body).await;
    assert_eq!(
        std::str::from_utf8(&reply.body).unwrap(),
        "<ErrorResponse><RequestId>11111111-2222-4333-8444-555555555555</RequestId><Error><Type>Sender</Type>\
         <Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message>\
         </Error></ErrorResponse>"
    );
}

#[tokio::test]
async fn action_and_version_of_a_form_may_stand_in_the_query_and_nothing_else() {
    let service = Service::start().await;
    let (mut head, body) = signed(
        Method::POST,
        KEY,
        &[("Action", "DescribeScalingGroup"), ("MaxResults", "5")],
    );
    head.raw_query =
        "Action=DeleteScalingGroup&Version=2016-03-04&MaxResults=1&Format=xml".to_owned();
    let reply = service.handle(head, body).await;
    assert_eq!(
        (reply.status.as_u16(), reply.action),
        (200, "DescribeScalingGroup")
    );
}

#[tokio::test]
async fn the_switches_do_what_they_say() {
    let create = |max: bool| {
        let mut params = vec![
            ("Action", "CreateScalingGroup"),
            ("ScalingGroupName", "g"),
            ("MinSize", "0"),
            ("DesiredCapacity", "3"),
            ("RemovePolicy", "RemoveOldestInstance"),
            ("SubnetId.0", "s-1"),
            ("SecurityGroupId", "sg-1"),
            ("SdkVersion", "SDK_PYTHON_1.5.8.114"),
        ];
        params.extend(max.then_some(("MaxSize", "60")));
        params
    };
    let config = [
        ("Action", "CreateScalingConfiguration"),
        ("ScalingConfigurationName", "x"),
        ("ImageId", "IMG-1"),
        ("InstanceType", "N3.1A"),
    ];
    for (switches, max, wanted) in [
        (Switches::default(), false, Err("MissingParameter")),
        (Switches::default(), true, Err("InvalidParameterValue")),
        (
            Switches {
                lenient_max_size: true,
                ..Switches::default()
            },
            false,
            Ok(3),
        ),
        (
            Switches {
                most_instances: 60,
                ..Switches::default()
            },
            true,
            Ok(60),
        ),
    ] {
        let service = Service::with(
            Switches {
                bare_task_id: true,
                ..switches
            },
            false,
        )
        .await;
        let made = service.ok(&config).await;
        let made = made["ScalingConfigurationId"].as_str().unwrap();
        let mut params = create(max);
        params.push(("ScalingConfigurationId", made));
        let answer = service.call(&params).await;
        let Ok(most) = wanted else {
            assert_eq!(Err(answer.error().0.as_str()), wanted);
            continue;
        };
        let group = answer.body["ReturnSet"]["ScalingGroupId"].as_str().unwrap();
        let shown = service
            .ok(&[
                ("Action", "DescribeScalingGroup"),
                ("ScalingGroupId", group),
            ])
            .await;
        assert_eq!(shown["ScalingGroupSet"][0]["MaxSize"], most);
        let task = [
            ("Action", "CreateScheduledTask"),
            ("ScalingGroupId", group),
            ("ScalingScheduledTaskName", "t"),
            ("ReadjustMaxSize", "3"),
            ("ReadjustMinSize", "1"),
            ("ReadjustExpectSize", "1"),
            ("StartTime", "2099-12-18 11:50:24"),
        ];
        assert!(service.ok(&task).await["ReturnSet"].is_u64());
    }
}

#[tokio::test]
async fn a_policy_sets_a_group_to_ten_at_most_unless_the_operator_allows_more() {
    for (most, wanted) in [(10, [true, false]), (20, [true, true])] {
        let switches = Switches {
            most_total_capacity: most,
            ..Switches::default()
        };
        let service = Service::with(switches, false).await;
        let made = service
            .ok(&[
                ("Action", "CreateScalingConfiguration"),
                ("ScalingConfigurationName", "x"),
                ("ImageId", "IMG-1"),
                ("InstanceType", "N3.1A"),
            ])
            .await;
        let made = service
            .ok(&[
                ("Action", "CreateScalingGroup"),
                ("ScalingGroupName", "g"),
                ("MinSize", "0"),
                ("DesiredCapacity", "0"),
                ("MaxSize", "20"),
                ("RemovePolicy", "RemoveOldestInstance"),
                ("SubnetId.0", "s-1"),
                ("SecurityGroupId", "sg-1"),
                (
                    "ScalingConfigurationId",
                    made["ScalingConfigurationId"].as_str().unwrap(),
                ),
            ])
            .await;
        let group = made["ReturnSet"]["ScalingGroupId"].as_str().unwrap();
        let metric = r#"{"dimensionName":"cpu_usage","comparisonOperator":"Greater","threshold":50,"function":"avg"}"#;
        for (value, good) in ["10", "11"].into_iter().zip(wanted) {
            let answer = service
                .call(&[
                    ("Action", "CreateScalingPolicy"),
                    ("ScalingGroupId", group),
                    ("ScalingPolicyName", "p"),
                    ("Metric", metric),
                    ("AdjustmentType", "TotalCapacity"),
                    ("AdjustmentValue", value),
                    ("CoolDown", "60"),
                ])
                .await;
            match good {
                true => assert_eq!(answer.status, 200, "{value}: {:?}", answer.body),
                false => assert_eq!(answer.error().0, "InvalidParameterValue"),
            }
        }
    }
}

#[tokio::test]
async fn terraforms_pages_begin_at_one() {
    let service = Service::start().await;
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        service
            .ok(&[
                ("Action", "CreateScalingConfiguration"),
                ("ScalingConfigurationName", name),
                ("ImageId", "IMG-1"),
                ("InstanceType", "N3.1A"),
            ])
            .await;
    }
    for (agent, marker, names) in [
        ("curl/8", "1", "bcdef"),
        ("ksc-sdk-go/0.1.42", "1", "abcde"),
        ("ksc-sdk-go/0.1.42", "6", "fg"),
        ("ksc-sdk-go/0.1.42", "5", "fg"),
    ] {
        let params = [
            ("Action", "DescribeScalingConfiguration"),
            ("Marker", marker),
            ("MaxResults", "5"),
        ];
        let (mut head, body) = signed(Method::POST, KEY, &params);
        head.headers
            .insert("user-agent", HeaderValue::from_static(agent));
        let reply = service.handle(head, body).await;
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body["ScalingConfigurationCount"], 7);
        let set = body["ScalingConfigurationSet"].as_array().unwrap();
        let shown: String = set
            .iter()
            .map(|one| one["ScalingConfigurationName"].as_str().unwrap())
            .collect();
        assert_eq!(shown, names, "{agent} {marker}");
    }
}
