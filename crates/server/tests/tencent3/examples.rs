//! The requests that the documentation shows: each is understood. What they name does not exist here, and that is what
//! they may be told.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::facts::Facts;
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

    /// What an example needs besides: the parts that it names, and everything in the state that it asks for.
    async fn prepare(&mut self, action: &str, example: &str) {
        let group = self.real["asg-"][0].clone();
        match action {
            "AttachInstances" | "CreateAutoScalingGroupFromInstance" => self.with_foreign(),
            "DeleteAutoScalingGroup" => {
                let empty = json!({ "AutoScalingGroupId": group, "DesiredCapacity": 0 });
                self.settled("ModifyDesiredCapacity", &empty).await;
            }
            "StartAutoScalingInstances" | "ExitStandby" => {
                let before = match action {
                    "ExitStandby" => "EnterStandby",
                    _ => "StopAutoScalingInstances",
                };
                let all = json!({ "AutoScalingGroupId": group, "InstanceIds": self.real["ins-"] });
                self.settled(before, &all).await;
            }
            "DetachLoadBalancers"
            | "ModifyLoadBalancers"
            | "ModifyLoadBalancerTargetAttributes" => {
                self.bind(&group, example).await;
            }
            _ => {}
        }
        for (prefix, made) in [
            ("ash-", Things::hook(&group)),
            ("asp-", policy(&group, example)),
            ("asst-", schedule(&group)),
            ("asn-", notification(&group)),
            ("asr-", refresh(&group, action)),
        ] {
            if !example.contains(&format!("\"{prefix}")) {
                continue;
            }
            let (create, id, body) = made;
            let made = accepted(&self.service, create, &body).await[id].clone();
            self.real.insert(prefix, vec![made]);
        }
        if action == "CompleteLifecycleAction" {
            self.hold(&group).await;
        }
        if action != "StopInstanceRefresh" {
            self.service.runtime.settle().await;
        }
    }

    async fn settled(&self, action: &str, body: &Value) {
        accepted(&self.service, action, body).await;
        self.service.runtime.settle().await;
    }

    /// Other balancers than those of the example, or those that it changes.
    async fn bind(&self, group: &Value, example: &str) {
        let classic = json!({ "AutoScalingGroupId": group, "LoadBalancerIds": ["lb-crhgatrf", "lb-1a2b3c4d"] });
        let forward = json!({
            "AutoScalingGroupId": group,
            "ForwardLoadBalancers": [{
                "LoadBalancerId": "lb-23aejgcv", "ListenerId": "lbl-ncw704sn", "LocationId": "loc-l3hmaev9",
                "TargetAttributes": [{ "Port": 80, "Weight": 10 }]
            }]
        });
        let body = match example.contains("lbl-") {
            true => forward,
            false => classic,
        };
        self.settled("AttachLoadBalancers", &body).await;
    }

    fn hook(group: &Value) -> Made {
        let body = json!({
            "AutoScalingGroupId": group, "LifecycleHookName": "there", "LifecycleTransition": "INSTANCE_LAUNCHING",
            "NotificationTarget": { "TargetType": "TDMQ_CMQ_QUEUE", "QueueName": "q" }
        });
        ("CreateLifecycleHook", "LifecycleHookId", body)
    }

    /// An instance waits at the hook, and somebody was told its token.
    async fn hold(&mut self, group: &Value) {
        let out = json!({ "AutoScalingGroupId": group, "ScaleOutNumber": 1 });
        self.settled("ScaleOutInstances", &out).await;
        let saved = self.service.store.events(0, 100).await.unwrap();
        let body = saved
            .iter()
            .map(|one| serde_json::to_value(&one.event.body).unwrap())
            .find(|body| body.get("LifecycleActionToken").is_some())
            .unwrap();
        self.real.insert("ins-", vec![body["InstanceId"].clone()]);
        self.real
            .insert("4d910016-", vec![body["LifecycleActionToken"].clone()]);
    }

    /// Machines that can be attached take the place of the members.
    fn with_foreign(&mut self) {
        let foreign = |_| {
            let spec = muster_sim::ForeignSpec {
                vpc: "vpc-1a2b3c4d".to_owned(),
                subnet: "subnet-1a2b3c4d".to_owned(),
                instance_type: "S5.SMALL1".to_owned(),
                image: "img-8toqc6s3".to_owned(),
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

/// Action, name of the id in its answer, and body of what makes a part.
type Made = (&'static str, &'static str, Value);

fn policy(group: &Value, example: &str) -> Made {
    let mut body = json!({ "AutoScalingGroupId": group, "ScalingPolicyName": "there" });
    let kind = match example.contains("PredefinedMetricType") {
        true => json!({
            "ScalingPolicyType": "TARGET_TRACKING", "PredefinedMetricType": "ASG_AVG_LAN_TRAFFIC_IN", "TargetValue": 5
        }),
        false => json!({
            "AdjustmentType": "EXACT_CAPACITY", "AdjustmentValue": 5,
            "MetricAlarm": {
                "ComparisonOperator": "GREATER_THAN", "MetricName": "MEM_UTILIZATION", "Threshold": 5, "Period": 60,
                "ContinuousTime": 5
            }
        }),
    };
    let members = body.as_object_mut().unwrap();
    members.extend(kind.as_object().unwrap().clone());
    ("CreateScalingPolicy", "AutoScalingPolicyId", body)
}

fn schedule(group: &Value) -> Made {
    let body = json!({
        "AutoScalingGroupId": group, "ScheduledActionName": "there", "MinSize": 1, "DesiredCapacity": 1, "MaxSize": 2,
        "StartTime": "2034-01-01T00:00:00+08:00"
    });
    ("CreateScheduledAction", "ScheduledActionId", body)
}

fn notification(group: &Value) -> Made {
    let body = json!({
        "AutoScalingGroupId": group, "NotificationTypes": ["SCALE_OUT_FAILED"], "NotificationUserGroupIds": ["1"]
    });
    (
        "CreateNotificationConfiguration",
        "AutoScalingNotificationId",
        body,
    )
}

/// A refresh that runs, stands after its first batch, or is over.
fn refresh(group: &Value, action: &str) -> Made {
    let rolling = match action {
        "RollbackInstanceRefresh" => json!({ "BatchNumber": 1 }),
        _ => json!({ "BatchNumber": 3, "BatchPause": "FIRST_BATCH_PAUSE" }),
    };
    let body = json!({ "AutoScalingGroupId": group, "RefreshSettings": { "RollingUpdateSettings": rolling } });
    ("StartInstanceRefresh", "RefreshActivityId", body)
}

async fn accepted(service: &Service, action: &str, body: &Value) -> Value {
    let response = service.call(action, body.to_string()).await;
    assert!(
        response.get("Error").is_none(),
        "{action} {body}: {response}"
    );
    response
}

/// On things that exist, every request that the documentation shows is accepted, and answered in the documented shape.
#[tokio::test]
async fn every_documented_request_is_accepted_when_what_it_names_exists() {
    let facts = Facts::read();
    let mut count = 0;
    for (action, examples) in facts.examples() {
        for example in examples {
            let mut things = Things::make().await;
            // The times of the examples are over.
            let text = example.to_string();
            let text = text
                .replace("\"2018-", "\"2035-")
                .replace("\"2019-", "\"2036-");
            let example: Value = match action.ends_with("ScheduledAction") {
                true => serde_json::from_str(&text).unwrap(),
                false => example,
            };
            things.prepare(&action, &text).await;
            let body = things.real(&example, &mut Vec::new());
            let response = accepted(&things.service, &action, &body).await;
            assert_eq!(
                facts.misshapen(&action, &response),
                Vec::<String>::new(),
                "{action}"
            );
            count += 1;
        }
    }
    assert!(count >= 58, "{count} requests");
}
