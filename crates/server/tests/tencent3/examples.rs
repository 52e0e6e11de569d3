//! The requests that the documentation shows: each is understood. What they name does not exist here, and that is what
//! they may be told.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::facts::Facts;
use super::reached::FOUNDATION;
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

/// On things that exist, every request that the documentation shows is accepted, and answered in the documented shape.
#[tokio::test]
async fn every_documented_request_is_accepted_when_what_it_names_exists() {
    let facts = Facts::read();
    let mut count = 0;
    for (action, examples) in facts.examples() {
        if !FOUNDATION.contains(&action.as_str()) {
            continue;
        }
        for example in examples {
            let mut things = Things::make().await;
            if action == "AttachInstances" {
                things.with_foreign();
            }
            if action == "DeleteAutoScalingGroup" {
                let empty =
                    json!({ "AutoScalingGroupId": things.real["asg-"][0], "DesiredCapacity": 0 });
                accepted(&things.service, "ModifyDesiredCapacity", &empty).await;
                things.service.runtime.settle().await;
            }
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
    assert!(count >= FOUNDATION.len(), "{count} requests");
}
