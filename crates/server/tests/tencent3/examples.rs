//! The requests that the documentation shows: each is understood. What they name does not exist here, and that is what
//! they may be told.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::facts::Facts;
use super::reached::ACTIONS;
use super::service::Service;

const CLOCK_SECS: i64 = 1_795_500_000;

#[tokio::test]
async fn every_documented_request_is_understood() {
    let facts = Facts::read();
    let service = Service::start(CLOCK_SECS, false).await;
    let mut golden = String::new();
    for (action, examples) in facts.examples() {
        for (number, example) in examples.iter().enumerate() {
            let response = service.call(&action, example.to_string()).await;
            let said = match response["Error"]["Code"].as_str() {
                None => "answered".to_owned(),
                Some(code) => {
                    let fits =
                        facts.errors(&action).contains(&code) || code == "UnsupportedOperation";
                    assert!(fits, "{action} {example}: {response}");
                    code.to_owned()
                }
            };
            if response.get("Error").is_none() {
                assert_eq!(
                    facts.misshapen(&action, &response),
                    Vec::<String>::new(),
                    "{action}"
                );
            }
            writeln!(golden, "{action} {}: {said}", number + 1).unwrap();
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("examples", golden);
    });
}

/// What the requests of the documentation name.
struct Things {
    service: Service,
    real: BTreeMap<&'static str, Vec<Value>>,
}

impl Things {
    /// A configuration that nobody uses, and a group with three instances and two foreign machines beside it.
    async fn make() -> Things {
        let service = Service::start(CLOCK_SECS, false).await;
        let mut real = BTreeMap::new();
        let config = |name: &str| json!({ "LaunchConfigurationName": name, "ImageId": "img-8toqc6s3", "InstanceType": "S5.SMALL1" });
        let made = accepted(&service, "CreateLaunchConfiguration", &config("used")).await;
        let group = json!({
            "AutoScalingGroupName": "there", "LaunchConfigurationId": made["LaunchConfigurationId"], "MinSize": 0,
            "MaxSize": 20, "DesiredCapacity": 3, "VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"]
        });
        let group = accepted(&service, "CreateAutoScalingGroup", &group).await;
        let made = accepted(&service, "CreateLaunchConfiguration", &config("free")).await;
        real.insert("asc-", vec![made["LaunchConfigurationId"].clone()]);
        real.insert("asg-", vec![group["AutoScalingGroupId"].clone()]);
        service.runtime.settle().await;
        let found = accepted(&service, "DescribeAutoScalingInstances", &json!({})).await;
        let members = found["AutoScalingInstanceSet"].as_array().unwrap().iter();
        real.insert("ins-", members.map(|i| i["InstanceId"].clone()).collect());
        let found = accepted(&service, "DescribeAutoScalingActivities", &json!({})).await;
        let activities = found["ActivitySet"].as_array().unwrap().iter();
        real.insert(
            "asa-",
            activities.map(|a| a["ActivityId"].clone()).collect(),
        );
        Things { service, real }
    }

    /// Machines that can be attached take the place of the members.
    fn with_foreign(&mut self) {
        let foreign = |_| {
            let spec = muster_sim::ForeignSpec {
                vpc: "vpc-1a2b3c4d".to_owned(),
                ..muster_sim::ForeignSpec::default()
            };
            json!(self.service.sim.make_foreign(&spec).unwrap().id.to_string())
        };
        self.real.insert("ins-", (0..3).map(foreign).collect());
    }

    /// The request with what exists instead of what the documentation names.
    fn real(&self, value: &Value, seen: &mut Vec<String>) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), self.real(value, seen)))
                .collect(),
            Value::Array(items) => items.iter().map(|item| self.real(item, seen)).collect(),
            Value::String(text) => {
                let known = self
                    .real
                    .iter()
                    .find(|(prefix, _)| text.starts_with(**prefix));
                let Some((prefix, things)) = known else {
                    return value.clone();
                };
                if !seen.contains(text) {
                    seen.push(text.clone());
                }
                let of_kind = seen.iter().filter(|text| text.starts_with(prefix));
                let at = of_kind.take_while(|other| *other != text).count();
                things[at % things.len()].clone()
            }
            other => other.clone(),
        }
    }
}

async fn accepted(service: &Service, action: &str, body: &Value) -> Value {
    let response = service.call(action, body.to_string()).await;
    assert!(
        response.get("Error").is_none(),
        "{action} {body}: {response}"
    );
    response
}

/// What is done before a request can be accepted: calls, each with its body, in which `$KIND` is the thing of that kind.
/// `settle` waits; `slow` makes reinstalling take its time.
fn before(action: &str) -> &'static [(&'static str, &'static str)] {
    const BOUND: (&str, &str) = (
        "AttachLoadBalancers",
        r#"{"AutoScalingGroupId": "$asg-", "ForwardLoadBalancers": [{"LoadBalancerId": "lb-23aejgcv",
            "ListenerId": "lbl-ncw704sn", "LocationId": "loc-l3hmaev9", "Region": "ap-guangzhou",
            "TargetAttributes": [{"Port": 8080, "Weight": 10}]}]}"#,
    );
    const SETTLE: (&str, &str) = ("settle", "");
    const HOOK: (&str, &str) = (
        "CreateLifecycleHook",
        r#"{"AutoScalingGroupId": "$asg-", "LifecycleHookName": "h", "LifecycleTransition": "INSTANCE_LAUNCHING"}"#,
    );
    const REFRESH: (&str, &str) = (
        "StartInstanceRefresh",
        r#"{"AutoScalingGroupId": "$asg-", "RefreshSettings": {"RollingUpdateSettings": {"BatchNumber": 3,
            "BatchPause": "BATCH_INTERVAL_PAUSE"}}}"#,
    );
    match action {
        "DeleteAutoScalingGroup" => &[
            (
                "ModifyDesiredCapacity",
                r#"{"AutoScalingGroupId": "$asg-", "DesiredCapacity": 0}"#,
            ),
            SETTLE,
        ],
        "DetachLoadBalancers" => &[
            (
                "AttachLoadBalancers",
                r#"{"AutoScalingGroupId": "$asg-", "LoadBalancerIds": ["lb-crhgatrf"]}"#,
            ),
            SETTLE,
            BOUND,
            SETTLE,
        ],
        "ModifyLoadBalancers" => &[
            (
                "AttachLoadBalancers",
                r#"{"AutoScalingGroupId": "$asg-", "LoadBalancerIds": ["lb-1a2b3c4d"]}"#,
            ),
            SETTLE,
        ],
        "ModifyLoadBalancerTargetAttributes" => &[BOUND, SETTLE],
        "StartAutoScalingInstances" => &[
            (
                "StopAutoScalingInstances",
                r#"{"AutoScalingGroupId": "$asg-", "InstanceIds": "$$ins-"}"#,
            ),
            SETTLE,
        ],
        "ExitStandby" => &[
            (
                "EnterStandby",
                r#"{"AutoScalingGroupId": "$asg-", "InstanceIds": "$$ins-"}"#,
            ),
            SETTLE,
        ],
        "DescribeLifecycleHooks"
        | "ModifyLifecycleHook"
        | "UpgradeLifecycleHook"
        | "DeleteLifecycleHook" => &[HOOK],
        "CompleteLifecycleAction" => &[
            HOOK,
            (
                "ScaleOutInstances",
                r#"{"AutoScalingGroupId": "$asg-", "ScaleOutNumber": 1}"#,
            ),
            SETTLE,
            ("held", ""),
        ],
        "DescribeScalingPolicies"
        | "ModifyScalingPolicy"
        | "ExecuteScalingPolicy"
        | "DeleteScalingPolicy" => &[(
            "CreateScalingPolicy",
            r#"{"AutoScalingGroupId": "$asg-", "ScalingPolicyName": "p", "AdjustmentType": "CHANGE_IN_CAPACITY",
                "AdjustmentValue": 1, "MetricAlarm": {"ComparisonOperator": "GREATER_THAN", "MetricName": "CPU_UTILIZATION",
                "Threshold": 50, "Period": 60, "ContinuousTime": 5}}"#,
        )],
        "DescribeScheduledActions" | "ModifyScheduledAction" | "DeleteScheduledAction" => &[(
            "CreateScheduledAction",
            r#"{"AutoScalingGroupId": "$asg-", "ScheduledActionName": "s", "MaxSize": 5, "MinSize": 1,
                "DesiredCapacity": 2, "StartTime": "2037-01-01T00:00:00+08:00"}"#,
        )],
        "DescribeNotificationConfigurations"
        | "ModifyNotificationConfiguration"
        | "DeleteNotificationConfiguration" => &[(
            "CreateNotificationConfiguration",
            r#"{"AutoScalingGroupId": "$asg-", "NotificationTypes": ["SCALE_OUT_FAILED"],
                "NotificationUserGroupIds": ["7"]}"#,
        )],
        "StopInstanceRefresh" => &[("slow", ""), REFRESH],
        "ResumeInstanceRefresh" | "CancelInstanceRefresh" | "DescribeRefreshActivities" => {
            &[REFRESH, SETTLE]
        }
        "RollbackInstanceRefresh" => &[
            (
                "StartInstanceRefresh",
                r#"{"AutoScalingGroupId": "$asg-", "RefreshSettings": {"RollingUpdateSettings": {"BatchNumber": 1}}}"#,
            ),
            SETTLE,
        ],
        _ => &[],
    }
}

impl Things {
    /// Does what comes before, and keeps what it makes.
    async fn prepare(&mut self, action: &str) {
        for (step, body) in before(action) {
            match *step {
                "settle" => self.service.runtime.settle().await,
                "slow" => {
                    let rule =
                        r#"{"rules": [{"op": "reset", "effect": "slow", "latency_secs": 30}]}"#;
                    self.service
                        .sim
                        .set_faults(serde_json::from_str(rule).unwrap());
                }
                "held" => self.keep_held().await,
                call => self.make_one(call, body).await,
            }
        }
    }

    async fn make_one(&mut self, call: &str, body: &str) {
        let mut body = body.to_owned();
        for (prefix, things) in &self.real {
            let all = Value::from(things[..2.min(things.len())].to_vec()).to_string();
            body = body.replace(&format!("\"$${prefix}\""), &all);
            body = body.replace(&format!("${prefix}"), things[0].as_str().unwrap());
        }
        let body: Value = serde_json::from_str(&body).unwrap();
        let made = accepted(&self.service, call, &body).await;
        for (member, prefix) in [
            ("LifecycleHookId", "ash-"),
            ("AutoScalingPolicyId", "asp-"),
            ("ScheduledActionId", "asst-"),
            ("AutoScalingNotificationId", "asn-"),
            ("RefreshActivityId", "asr-"),
        ] {
            if made[member].is_string() {
                self.real.insert(prefix, vec![made[member].clone()]);
            }
        }
    }

    /// The instance that the hook holds takes the place of the members, and its token that of the documented one.
    async fn keep_held(&mut self) {
        let told = self.service.store.events(0, 10).await.unwrap();
        let body = &told.last().unwrap().event.body;
        self.real.insert("ins-", vec![body["InstanceId"].clone()]);
        let token = vec![body["LifecycleActionToken"].clone()];
        self.real.insert("4d910016-", token);
    }
}

/// The same request some years later: the moments of the documentation are past.
fn later(example: &Value) -> Value {
    let text = example.to_string();
    let text = text.replace("\"2018-", "\"2038-");
    serde_json::from_str(&text.replace("\"2019-", "\"2039-")).unwrap()
}

/// On things that exist, every request that the documentation shows is accepted, and answered in the documented shape.
#[tokio::test]
async fn every_documented_request_is_accepted_when_what_it_names_exists() {
    let facts = Facts::read();
    let mut count = 0;
    for (action, examples) in facts.examples() {
        for example in examples {
            let mut things = Things::make().await;
            if action == "AttachInstances" {
                things.with_foreign();
            }
            things.prepare(&action).await;
            let body = things.real(&later(&example), &mut Vec::new());
            let response = accepted(&things.service, &action, &body).await;
            assert_eq!(
                facts.misshapen(&action, &response),
                Vec::<String>::new(),
                "{action}"
            );
            count += 1;
        }
    }
    assert!(count >= ACTIONS.len(), "{count} requests");
}
