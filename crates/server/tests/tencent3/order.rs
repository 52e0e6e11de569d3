//! Of several things that are wrong with a request, which one it is told: the first in the order of rule P9.

use http::{HeaderValue, Method};
use muster_kit::sign::client::{Client, Request};

use super::service::{SECRET_ID, Service, answer, client};

const CLOCK_SECS: i64 = 1_795_500_000;
const ACTION: &str = "DeleteLaunchConfiguration";

/// What can be wrong, stage by stage: how a request gets it, and what it is told.
struct Wrong {
    size: bool,
    signature: bool,
    version: bool,
    action: bool,
    region: bool,
    body: &'static str,
}

const FINE: Wrong = Wrong {
    size: false,
    signature: false,
    version: false,
    action: false,
    region: false,
    body: "{}",
};

fn request(wrong: &Wrong) -> Request {
    let client = Client {
        region: Some(if wrong.region {
            "nowhere"
        } else {
            "ap-beijing"
        }),
        version: if wrong.version {
            "2017-03-12"
        } else {
            "2018-04-19"
        },
        ..client(SECRET_ID)
    };
    let action = if wrong.action { "DoNothing" } else { ACTION };
    let mut body = wrong.body.to_owned();
    if wrong.size {
        body.push_str(&" ".repeat(10 * 1024 * 1024));
    }
    let mut request = client.post_json(action, CLOCK_SECS, body);
    if wrong.signature {
        let other = client.post_json(action, CLOCK_SECS, "{\"another\": 1}");
        request.head = other.head;
    }
    request
}

/// One call more than the rate allows, so that the next one is above it as well.
async fn use_up(service: &Service) {
    loop {
        let code = ask(service, &FINE).await;
        if code == "RequestLimitExceeded" {
            return;
        }
    }
}

async fn ask(service: &Service, wrong: &Wrong) -> String {
    let Request { head, body } = request(wrong);
    let response = answer(&service.handle(head, body).await);
    response["Error"]["Code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_first_thing_that_is_wrong_is_told() {
    let service = Service::start(CLOCK_SECS, false).await;
    let ill = r#"{"LaunchConfigurationId": "asc-?"}"#;
    // Each row has everything wrong that the rows above it are told, but mended one by one.
    let rows = [
        (
            "RequestSizeLimitExceeded",
            Wrong {
                size: true,
                signature: true,
                version: true,
                action: true,
                region: true,
                body: "[",
            },
        ),
        (
            "AuthFailure.SignatureFailure",
            Wrong {
                signature: true,
                version: true,
                action: true,
                region: true,
                body: "[",
                ..FINE
            },
        ),
        (
            "NoSuchVersion",
            Wrong {
                version: true,
                action: true,
                region: true,
                body: "[",
                ..FINE
            },
        ),
        (
            "InvalidAction",
            Wrong {
                action: true,
                region: true,
                body: "[",
                ..FINE
            },
        ),
        (
            "UnsupportedRegion",
            Wrong {
                region: true,
                body: "[",
                ..FINE
            },
        ),
        ("InvalidParameter", Wrong { body: "[", ..FINE }),
        (
            "InvalidParameterValue.InvalidLaunchConfigurationId",
            Wrong { body: ill, ..FINE },
        ),
    ];
    for (code, wrong) in &rows {
        assert_eq!(ask(&service, wrong).await, *code);
    }
    // The method comes before the signature as well.
    let Request { mut head, body } = request(&Wrong {
        signature: true,
        ..FINE
    });
    head.method = Method::DELETE;
    let response = answer(&service.handle(head, body).await);
    assert_eq!(response["Error"]["Code"], "UnsupportedProtocol");
    // And an unknown key before a token that does not count.
    let Request { mut head, body } = client("AKIDunknown").post_json(ACTION, CLOCK_SECS, "{}");
    head.headers
        .insert("x-tc-token", HeaderValue::from_static("sts"));
    let response = answer(&service.handle(head, body).await);
    assert_eq!(
        response["Error"]["Code"], "AuthFailure.SecretIdNotFound",
        "{response}"
    );
}

#[tokio::test]
async fn the_rate_comes_after_the_region_and_before_the_parameters() {
    let service = Service::start(CLOCK_SECS, true).await;
    use_up(&service).await;
    let region = Wrong {
        region: true,
        body: "[",
        ..FINE
    };
    assert_eq!(ask(&service, &region).await, "UnsupportedRegion");
    // Time goes on while this runs: of two calls at once at most one is within the rate again.
    let ill = Wrong { body: "[", ..FINE };
    let codes = [ask(&service, &ill).await, ask(&service, &ill).await];
    assert!(
        codes.iter().any(|code| code == "RequestLimitExceeded"),
        "{codes:?}"
    );
}

/// Each call is wrong in the way that it is told, and in at least one way that comes later.
#[tokio::test]
async fn form_comes_before_existence_and_that_before_state_and_quota() {
    let service = Service::start(CLOCK_SECS, false).await;
    let config = |name: &str| {
        format!(
            r#"{{"LaunchConfigurationName": "{name}", "ImageId": "img-8toqc6s3", "InstanceType": "S5.SMALL1"}}"#
        )
    };
    let make = "CreateLaunchConfiguration";
    let made = service.call(make, config("c-1")).await;
    let id = made["LaunchConfigurationId"].as_str().unwrap().to_owned();
    for number in 2..=50 {
        let made = service.call(make, config(&format!("c-{number}"))).await;
        assert!(made.get("Error").is_none(), "{made}");
    }
    let group = |name: &str, config: &str, max: u32| {
        format!(
            r#"{{"AutoScalingGroupName": "{name}", "LaunchConfigurationId": "{config}", "MinSize": 0, "MaxSize": {max},
                "VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"]}}"#
        )
    };
    let made = service
        .call("CreateAutoScalingGroup", group("g", &id, 1))
        .await;
    let asg = made["AutoScalingGroupId"].as_str().unwrap().to_owned();
    let disabled = format!(r#"{{"AutoScalingGroupId": "{asg}"}}"#);
    service.call("DisableAutoScalingGroup", disabled).await;
    let rows = [
        // A parameter that is missing, unknown or of the wrong type, before an id of the wrong form.
        (
            "ScaleOutInstances",
            r#"{"AutoScalingGroupId": "x"}"#.to_owned(),
            "MissingParameter",
        ),
        (
            "ScaleOutInstances",
            r#"{"AutoScalingGroupId": "x", "ScaleOutNumber": "two"}"#.to_owned(),
            "InvalidParameter",
        ),
        (
            "ScaleOutInstances",
            r#"{"AutoScalingGroupId": "x", "ScaleOutNumber": 1, "More": 1}"#.to_owned(),
            "UnknownParameter",
        ),
        // That before what does not exist.
        (
            "AttachInstances",
            r#"{"AutoScalingGroupId": "asg-absent01", "InstanceIds": ["x"]}"#.to_owned(),
            "InvalidParameterValue.InvalidInstanceId",
        ),
        (
            "ModifyDesiredCapacity",
            r#"{"AutoScalingGroupId": "asg-absent01", "DesiredCapacity": 3000}"#.to_owned(),
            "InvalidParameterValue.Range",
        ),
        // What does not exist before what is in the wrong state or does not fit.
        (
            "CreateAutoScalingGroup",
            group("g", "asc-absent01", 1),
            "InvalidParameterValue.LaunchConfigurationNotFound",
        ),
        (
            "SetInstancesProtection",
            format!(
                r#"{{"AutoScalingGroupId": "{asg}", "InstanceIds": ["ins-absent01"], "ProtectedFromScaleIn": true}}"#
            ),
            "ResourceNotFound.InstancesNotInAutoScalingGroup",
        ),
        (
            "ModifyDesiredCapacity",
            format!(r#"{{"AutoScalingGroupId": "{asg}", "DesiredCapacity": 2}}"#),
            "InvalidParameterValue.Size",
        ),
        (
            "ModifyDesiredCapacity",
            format!(r#"{{"AutoScalingGroupId": "{asg}", "DesiredCapacity": 1}}"#),
            "ResourceUnavailable.AutoScalingGroupDisabled",
        ),
        // And the quota last.
        (
            make,
            config("c-1"),
            "InvalidParameterValue.LaunchConfigurationNameDuplicated",
        ),
        (
            make,
            config("c-51"),
            "LimitExceeded.LaunchConfigurationQuotaNotEnough",
        ),
    ];
    for (action, body, code) in rows {
        let response = service.call(action, body.clone()).await;
        assert_eq!(
            response["Error"]["Code"], code,
            "{action} {body}: {response}"
        );
    }
}
