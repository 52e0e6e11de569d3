//! Ids of policies: short numbers that are given once, beside the long ones of their keys.

use muster_model::PolicyId;
use serde_json::{Value, json};

use super::service::Service;

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

const METRIC: &str = r#"{"dimensionName":"cpu_usage","comparisonOperator":"Greater","threshold":50,"function":"avg"}"#;

async fn group(service: &Service) -> String {
    let made = service
        .ok(&[
            ("Action", "CreateScalingConfiguration"),
            ("ScalingConfigurationName", "c"),
            ("ImageId", "img-1"),
            ("InstanceType.1", "N3.2B"),
        ])
        .await;
    let config = text(&made["ScalingConfigurationId"]);
    let made = service
        .ok(&[
            ("Action", "CreateScalingGroup"),
            ("ScalingGroupName", "g"),
            ("ScalingConfigurationId", &config),
            ("MinSize", "0"),
            ("MaxSize", "3"),
            ("DesiredCapacity", "0"),
            ("RemovePolicy", "RemoveOldestInstance"),
            ("SubnetId.1", "subnet-aaaaaaaa"),
            ("SecurityGroupId.1", "sg-12345678"),
        ])
        .await;
    text(&made["ReturnSet"]["ScalingGroupId"])
}

async fn policy(service: &Service, group: &str, name: &str) -> String {
    let made = service
        .ok(&[
            ("Action", "CreateScalingPolicy"),
            ("ScalingGroupId", group),
            ("ScalingPolicyName", name),
            ("Metric", METRIC),
            ("AdjustmentType", "QuantityChangeInCapacity"),
            ("AdjustmentValue", "1"),
            ("CoolDown", "60"),
        ])
        .await;
    let id = text(&made["ReturnSet"]["ScalingPolicyId"]);
    // As a number it is the same, whole also in clients that have no other numbers than floating point.
    assert_eq!(made["ScalingPolicyId"].to_string(), id);
    assert_eq!(made["ScalingPolicyId"].as_f64().unwrap().to_string(), id);
    assert_eq!(id.len(), 8, "{id}");
    id
}

async fn names(service: &Service, group: &str, ids: &[&str]) -> Vec<(String, String)> {
    let keys: Vec<String> = (1..=ids.len())
        .map(|number| format!("ScalingPolicyId.{number}"))
        .collect();
    let mut params = vec![
        ("Action", "DescribeScalingPolicy"),
        ("ScalingGroupId", group),
    ];
    params.extend(keys.iter().map(String::as_str).zip(ids.iter().copied()));
    let shown = service.ok(&params).await;
    let shown = shown["ScalingPolicySet"].as_array().unwrap().iter();
    shown
        .map(|one| {
            (
                text(&one["ScalingPolicyId"]),
                text(&one["ScalingPolicyName"]),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_policy_has_a_short_id_of_its_own_and_answers_to_the_long_one() {
    let service = &Service::start().await;
    let group = &group(service).await;
    let one = policy(service, group, "one").await;
    let other = policy(service, group, "other").await;
    let named = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    let both = [named(&one, "one"), named(&other, "other")];
    assert_eq!(names(service, group, &[]).await, both);
    assert_eq!(names(service, group, &[&other]).await, both[1..]);
    // The other door has the key; its long number names the policy as it always did.
    let theirs = service.tencent("DescribeScalingPolicies", json!({})).await;
    let theirs = theirs["ScalingPolicySet"].as_array().unwrap();
    let theirs = theirs.iter().find(|one| one["ScalingPolicyName"] == "one");
    let long = text(&theirs.unwrap()["AutoScalingPolicyId"]);
    let long = PolicyId::parse(&long).unwrap().decimal();
    assert_eq!(long.len(), 18);
    assert_eq!(names(service, group, &[&long]).await, both[..1]);
    for (id, name) in [(&one, "renamed"), (&long, "one")] {
        let modified = service
            .ok(&[
                ("Action", "ModifyScalingPolicy"),
                ("ScalingGroupId", group),
                ("ScalingPolicyId", id),
                ("ScalingPolicyName", name),
            ])
            .await;
        assert_eq!(modified["ReturnSet"]["ScalingPolicyId"], one.as_str());
        assert_eq!(names(service, group, &[&one]).await, [named(&one, name)]);
    }
    // What another door makes has one too, and none is given twice.
    let asg = service
        .tencent("DescribeAutoScalingGroups", json!({}))
        .await;
    let asg = asg["AutoScalingGroupSet"][0]["AutoScalingGroupId"].clone();
    let made = json!({
        "AutoScalingGroupId": asg, "ScalingPolicyName": "theirs", "ScalingPolicyType": "SIMPLE",
        "AdjustmentType": "CHANGE_IN_CAPACITY", "AdjustmentValue": 1,
        "MetricAlarm": {
            "ComparisonOperator": "GREATER_THAN", "MetricName": "CPU_UTILIZATION", "Threshold": 50, "Period": 60,
            "ContinuousTime": 1, "Statistic": "AVERAGE",
        },
    });
    service.tencent("CreateScalingPolicy", made).await;
    let all = names(service, group, &[]).await;
    assert_eq!((all.len(), all[2].0.len()), (3, 8));
    let mut given: Vec<String> = all.into_iter().map(|(id, _)| id).collect();
    for id in [&one, &long] {
        let params = [
            ("Action", "DeleteScalingPolicy"),
            ("ScalingGroupId", group.as_str()),
            ("ScalingPolicyId", id.as_str()),
        ];
        let deleted = service.call(&params).await;
        let is_first = id == &one;
        assert_eq!(deleted.status, if is_first { 200 } else { 404 }, "{id}");
        assert!(is_first || deleted.error().1.contains(id.as_str()));
    }
    given.push(policy(service, group, "again").await);
    given.sort();
    given.dedup();
    assert_eq!(given.len(), 4, "{given:?}");
}
