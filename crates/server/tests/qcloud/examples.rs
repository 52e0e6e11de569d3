//! Every request that the documentation shows is accepted and answered in the shape that it shows: with live ids and a time
//! that is not past. Three of them cannot be, by the documentation itself: they get the code that it has for that. What an
//! answer lacks, or has as another type, is listed in the golden file.

use std::fmt::Write;

use muster_engine::Settings;
use muster_kit::node::form;
use muster_qcloud::Switches;
use serde_json::Value;

use super::service::Service;

/// What the requests name.
#[derive(Default)]
struct Live {
    config: String,
    group: String,
    instances: Vec<String>,
    policy: String,
    task: String,
    hook: String,
    notification: String,
}

impl Live {
    /// The value in place of that of an example.
    fn value(&self, name: &str, old: &str) -> String {
        let (name, at) = name.split_once('.').unwrap_or((name, "0"));
        let new = match name {
            "scalingConfigurationId" => &self.config,
            "scalingGroupId" | "scalingGroupIds" => &self.group,
            "instanceIds" | "scalingInstanceId" => &self.instances[at.parse::<usize>().unwrap()],
            "scalingPolicyId" => &self.policy,
            "scalingScheduledTaskId" | "scalingScheduleTaskId" => &self.task,
            "lifeCycleHookId" => &self.hook,
            "notificationIds" => &self.notification,
            "loadBalancerIds" => "lb-12345678",
            "startTime" => "2099-03-16 12:00:00",
            _ => old,
        };
        new.to_owned()
    }
}

/// A request of the documentation as pairs.
fn pairs(url: &str) -> Vec<(String, String)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    form::pairs(query.as_bytes())
        .filter(|(name, _)| !name.is_empty() && !name.starts_with('<'))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// What of `wanted` is not in `got`, or is of another type.
fn compare(path: &str, wanted: &Value, got: &Value, lines: &mut Vec<String>) {
    match (wanted, got) {
        (Value::Object(wanted), Value::Object(members)) => {
            for (name, value) in wanted {
                let path = format!("{path}.{name}");
                match members.get(name) {
                    None => lines.push(format!("  {path} is not there")),
                    Some(got) => compare(&path, value, got, lines),
                }
            }
        }
        (Value::Array(wanted), Value::Array(items)) => {
            if let (Some(wanted), Some(got)) = (wanted.first(), items.first()) {
                compare(&format!("{path}.0"), wanted, got, lines);
            }
        }
        (wanted, got) if kind(wanted) != kind(got) => {
            let (got, wanted) = (kind(got), kind(wanted));
            lines.push(format!("  {path} is a {got}, not a {wanted}"));
        }
        _ => {}
    }
}

/// The examples in an order in which each has something to do.
const ORDER: [&str; 31] = [
    "CreateScalingConfiguration",
    "CreateScalingGroup",
    "DescribeScalingConfiguration",
    "ModifyScalingGroup",
    "DescribeScalingGroup",
    "AttachInstance",
    "DescribeScalingInstance",
    "SetCvmProtectedDetach",
    "DescribeScalingActivity",
    "DetachInstance",
    "CreateScalingPolicy",
    "DescribeScalingPolicy",
    "ModifyScalingPolicy",
    "DeleteScalingPolicy",
    "CreateScheduledTask",
    "DescribeScheduledTask",
    "ModifyScheduledTask",
    "DeleteScheduledTask",
    "CreateLifecycleHook",
    "ModifyLifecycleHook",
    "DescribeLifecycleHook",
    "AttachLifecycleHookId",
    "RecordLifecycleHookTimeout",
    "CompleteLifecycleHookAction",
    "DetachLifecycleHookId",
    "DeleteLifecycleHook",
    "CreateScalingNotification",
    "ModifyScalingNotification",
    "DeleteScalingNotification",
    "DeleteScalingGroup",
    "DeleteScalingConfiguration",
];

/// Examples that the documentation itself does not allow: what they are refused with, and what they lack.
fn incomplete(action: &str) -> Option<(&'static str, &'static str, &'static str)> {
    match action {
        "CreateScheduledTask" => Some((
            "InvalidParameter.EndtimeAndRecurrence",
            "endTime",
            "2099-12-31 00:00:00",
        )),
        "DeleteLifecycleHook" => Some((
            "InvalidParameter.LifeCycleHookIdError",
            "lifeCycleHookId",
            "",
        )),
        "ModifyScalingNotification" => Some(("InvalidParameter.NotifyId", "notificationId", "")),
        _ => None,
    }
}

async fn resize(service: &Service, live: &Live, sizes: [&str; 3]) {
    let [min, max, desired] = sizes;
    let params = [
        ("scalingGroupId", live.group.as_str()),
        ("minSize", min),
        ("maxSize", max),
        ("desiredCapacity", desired),
        ("removePolicy", "RemoveOldestInstance"),
    ];
    let answer = service.call("ModifyScalingGroup", &params).await;
    assert_eq!(answer["code"], 0, "{answer}");
    service.runtime.settle().await;
}

async fn members(service: &Service, live: &Live) -> Vec<(String, String)> {
    let params = [("scalingGroupId", live.group.as_str())];
    let found = service.call("DescribeScalingInstance", &params).await;
    let set = found["data"]["scalingInstancesSet"]
        .as_array()
        .unwrap()
        .clone();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    set.iter()
        .map(|one| (text(one, "instanceId"), text(one, "lifeCycleState")))
        .collect()
}

async fn before(action: &str, live: &mut Live, service: &Service) {
    match action {
        "AttachInstance" => {
            let made = serde_json::json!({ "instance_type": "S2.SMALL2" });
            let made = serde_json::from_value(made).unwrap();
            live.instances = (0..2)
                .map(|_| service.sim.make_foreign(&made).unwrap().id.to_string())
                .collect();
        }
        // An instance that waits.
        "RecordLifecycleHookTimeout" | "CompleteLifecycleHookAction" => {
            let size = members(service, live).await.len() + 1;
            if action == "RecordLifecycleHookTimeout" {
                resize(service, live, ["0", "20", &size.to_string()]).await;
            }
            let found = members(service, live).await;
            let held = found.iter().find(|(_, state)| state == "Preheating");
            live.instances = vec![held.unwrap().0.clone()];
        }
        // In place of the one that was let go another one waits: it has its time.
        "DeleteLifecycleHook" => {
            service.runtime.advance(1000).await;
            service.runtime.settle().await;
        }
        "DeleteScalingGroup" => {
            let all = members(service, live).await;
            resize(service, live, ["0", "20", "0"]).await;
            assert!(members(service, live).await.is_empty(), "{all:?}");
        }
        _ => {}
    }
}

fn after(action: &str, live: &mut Live, data: &Value) {
    let one = |name: &str| data[name][0].as_str().unwrap().to_owned();
    match action {
        "CreateScalingConfiguration" => live.config = one("scalingConfigurationIdSet"),
        "CreateScalingGroup" => live.group = one("scalingGroupIdSet"),
        "CreateScalingPolicy" => live.policy = one("scalingPolicyIdSet"),
        "CreateScheduledTask" => live.task = one("scalingScheduleTaskId"),
        "CreateLifecycleHook" => live.hook = one("lifeCycleHookId"),
        "CreateScalingNotification" => {
            live.notification = data["notificationId"].as_str().unwrap().to_owned();
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_example_is_answered_in_its_shape() {
    let facts = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../dialects/qcloud/facts.json"
    );
    let facts: Value = serde_json::from_slice(&std::fs::read(facts).unwrap()).unwrap();
    let actions = facts["actions"].as_object().unwrap();
    let service = Service::start(Switches::default(), Settings::default()).await;
    let (mut live, mut golden, mut seen) = (Live::default(), String::new(), 0);
    for action in ORDER {
        before(action, &mut live, &service).await;
        for example in actions[action]["examples"].as_array().unwrap() {
            let given: Vec<(String, String)> = pairs(example[0].as_str().unwrap())
                .into_iter()
                .map(|(name, value)| (name.clone(), live.value(&name, &value)))
                .collect();
            let mut given: Vec<(&str, &str)> = given
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            if let Some((code, name, value)) = incomplete(action) {
                let answer = service.call(action, &given).await;
                assert_eq!(answer["codeDesc"], code, "{action}");
                given.push((
                    name,
                    match name {
                        "lifeCycleHookId" => &live.hook,
                        "notificationId" => &live.notification,
                        _ => value,
                    },
                ));
            }
            let answer = service.call(action, &given).await;
            assert_eq!(answer["code"], 0, "{action} {given:?}: {answer}");
            service.runtime.settle().await;
            let mut lines = Vec::new();
            compare("", &example[1], &answer, &mut lines);
            assert_eq!(
                example[1].get("data").is_some(),
                answer.get("data").is_some(),
                "{action}: {answer}"
            );
            if !lines.is_empty() {
                writeln!(golden, "{action}:\n{}", lines.join("\n")).unwrap();
            }
            after(action, &mut live, &answer["data"]);
            seen += 1;
        }
    }
    let all = actions
        .values()
        .map(|one| one["examples"].as_array().unwrap().len());
    assert_eq!(seen, all.sum::<usize>(), "an example is not in the order");
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("shapes", golden);
    });
}
