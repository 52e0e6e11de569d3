//! Every request that the documentation shows is accepted and answered in the shape that it shows: with live ids and a
//! time that is not past. What an answer lacks, or has as another type, is listed in the golden file.

use std::fmt::Write;

use muster_kit::node::form;
use muster_sim::SimCompute;
use serde_json::Value;

use super::service::Service;

/// What the requests name.
#[derive(Default)]
struct Live {
    group: String,
    config: String,
    instance: String,
    policy: String,
    notification: String,
}

impl Live {
    /// The value in place of that of an example.
    fn value(&self, name: &str, old: &str) -> String {
        let new = match name.split('.').next().unwrap_or_default() {
            "ScalingGroupId" => &self.group,
            "ScalingConfigurationId" => &self.config,
            "ScalingInstanceId" => &self.instance,
            "ScalingPolicyId" => &self.policy,
            "ScalingNotificationId" => &self.notification,
            "StartTime" => return "2099-12-18 11:50:24".to_owned(),
            _ => old,
        };
        new.to_owned()
    }
}

/// A request of the documentation as pairs.
fn pairs(url: &str) -> Vec<(String, String)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    form::pairs(query.trim_end_matches('>').as_bytes())
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
        // No answer is shown.
        (Value::Null, _) => {}
        (Value::Object(wanted), Value::Object(members)) => {
            for (name, value) in wanted.iter().filter(|(name, _)| *name != "RequestId") {
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
            lines.push(format!(
                "  {path} is a {}, not a {}",
                kind(got),
                kind(wanted)
            ));
        }
        _ => {}
    }
}

/// The examples in an order in which each has something to do.
const ORDER: [&str; 21] = [
    "CreateScalingConfiguration",
    "ModifyScalingConfiguration",
    "DescribeScalingConfiguration",
    "CreateScalingGroup",
    "DisableScalingGroup",
    "EnableScalingGroup",
    "AttachInstance",
    "DescribeScalingInstance",
    "SetKvmProtectedDetach",
    "DescribeScalingActivity",
    "DescribeScalingGroup",
    "CreateScalingPolicy",
    "ModifyScalingPolicy",
    "DescribeScalingPolicy",
    "CreateScheduledTask",
    "DescribeScheduledTask",
    "ModifyScalingNotification",
    "DetachInstance",
    "ModifyScalingLoadBalancers",
    "ModifyScalingGroup",
    "DeleteScalingGroup",
];

async fn before(action: &str, live: &mut Live, service: &Service, sim: &SimCompute) {
    match action {
        "AttachInstance" => {
            let made = serde_json::json!({ "subnet": "1e3a9b8b-0833-4b29-9d3f-4a4188350591" });
            let machine = sim
                .make_foreign(&serde_json::from_value(made).unwrap())
                .unwrap();
            live.instance = machine.id.uuid();
        }
        "ModifyScalingNotification" => {
            let made = service
                .ok(&[
                    ("Action", "CreateScalingNotification"),
                    ("ScalingGroupId", &live.group),
                    ("NotificationType.1", "3"),
                ])
                .await;
            live.notification = text(&made["ScalingNotificationId"]);
        }
        _ => {}
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn after(action: &str, live: &mut Live, answer: &Value) {
    match action {
        "CreateScalingConfiguration" => live.config = text(&answer["ScalingConfigurationId"]),
        "CreateScalingGroup" => live.group = text(&answer["ReturnSet"]["ScalingGroupId"]),
        "CreateScalingPolicy" => live.policy = text(&answer["ReturnSet"]["ScalingPolicyId"]),
        _ => {}
    }
}

#[tokio::test]
async fn every_example_is_answered_in_its_shape() {
    let facts = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../dialects/ksyun/facts.json"
    );
    let facts: Value = serde_json::from_slice(&std::fs::read(facts).unwrap()).unwrap();
    let actions = facts["actions"].as_object().unwrap();
    let service = Service::start().await;
    let (mut live, mut golden, mut seen) = (Live::default(), String::new(), 0);
    let last = ["DeleteScalingConfiguration"];
    for action in ORDER.iter().chain(&last) {
        before(action, &mut live, &service, &service.sim).await;
        for example in actions[*action]["examples"].as_array().unwrap() {
            let pairs = pairs(example[0].as_str().unwrap());
            let given: Vec<(String, String)> = pairs
                .iter()
                .map(|(name, value)| (name.clone(), live.value(name, value)))
                .collect();
            let given: Vec<(&str, &str)> = given
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            let answer = service.ok(&given).await;
            service.runtime.settle().await;
            let mut lines = Vec::new();
            compare("", &example[1], &answer, &mut lines);
            if !lines.is_empty() {
                writeln!(golden, "{action}:\n{}", lines.join("\n")).unwrap();
            }
            after(action, &mut live, &answer);
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
