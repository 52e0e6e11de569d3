//! Every parameter of hooks, scheduled actions, policies, notifications, refreshes and balancers: given, it is kept and
//! shown; left out, its documented default is shown; and each filter finds what it names. Driven by the description of
//! the API.

use serde_json::{Map, Value, json};

use super::echo::{call, check_default, holds, make_config, object};
use super::service::Service;
use super::spec::{Parameter, Spec};

const CLOCK_SECS: i64 = 1_795_500_000;
const NONE: &str = "no tags";

/// How a kind of part is made, changed and shown.
struct Part {
    create: &'static str,
    changes: &'static [&'static str],
    describe: &'static str,
    ids: &'static str,
    set: &'static str,
    id: &'static str,
}

const HOOK: Part = Part {
    create: "CreateLifecycleHook",
    changes: &["ModifyLifecycleHook", "UpgradeLifecycleHook"],
    describe: "DescribeLifecycleHooks",
    ids: "LifecycleHookIds",
    set: "LifecycleHookSet",
    id: "LifecycleHookId",
};

const SCHEDULE: Part = Part {
    create: "CreateScheduledAction",
    changes: &["ModifyScheduledAction"],
    describe: "DescribeScheduledActions",
    ids: "ScheduledActionIds",
    set: "ScheduledActionSet",
    id: "ScheduledActionId",
};

const POLICY: Part = Part {
    create: "CreateScalingPolicy",
    changes: &["ModifyScalingPolicy"],
    describe: "DescribeScalingPolicies",
    ids: "AutoScalingPolicyIds",
    set: "ScalingPolicySet",
    id: "AutoScalingPolicyId",
};

const NOTIFICATION: Part = Part {
    create: "CreateNotificationConfiguration",
    changes: &["ModifyNotificationConfiguration"],
    describe: "DescribeNotificationConfigurations",
    ids: "AutoScalingNotificationIds",
    set: "AutoScalingNotificationSet",
    id: "AutoScalingNotificationId",
};

const REFRESH: Part = Part {
    create: "StartInstanceRefresh",
    changes: &[],
    describe: "DescribeRefreshActivities",
    ids: "RefreshActivityIds",
    set: "RefreshActivitySet",
    id: "RefreshActivityId",
};

/// A group of three, and a service for it.
async fn group() -> (Service, Value) {
    let service = Service::start(CLOCK_SECS, false).await;
    let group = one_more(&service, "least").await;
    (service, group)
}

async fn one_more(service: &Service, name: &str) -> Value {
    let mut body = object(json!({
        "AutoScalingGroupName": name, "MinSize": 0, "MaxSize": 9, "DesiredCapacity": 3, "VpcId": "vpc-1a2b3c4d",
        "SubnetIds": ["subnet-1a2b3c4d"]
    }));
    let config = make_config(service, name).await;
    body.insert("LaunchConfigurationId".to_owned(), json!(config));
    let made = call(service, "CreateAutoScalingGroup", &body).await;
    service.runtime.settle().await;
    made["AutoScalingGroupId"].clone()
}

/// The least that makes such a part, with values that no test gives. Of policies and notifications there are kinds:
/// `condition` tells which.
fn least(part: &Part, group: &Value, condition: Option<(&str, &str)>) -> Map<String, Value> {
    let mut body = match part.create {
        "CreateLifecycleHook" => object(json!({
            "LifecycleHookName": "least", "LifecycleTransition": "INSTANCE_TERMINATING", "DefaultResult": "ABANDON",
            "HeartbeatTimeout": 60
        })),
        "CreateScheduledAction" => object(json!({
            "ScheduledActionName": "least", "MinSize": 1, "DesiredCapacity": 2, "MaxSize": 5,
            "StartTime": "2035-01-01T00:00:00+08:00"
        })),
        "CreateScalingPolicy" if condition == Some(("ScalingPolicyType", "TARGET_TRACKING")) => {
            object(json!({
                "ScalingPolicyName": "least", "ScalingPolicyType": "TARGET_TRACKING",
                "PredefinedMetricType": "ASG_AVG_CPU_UTILIZATION", "TargetValue": 60
            }))
        }
        "CreateScalingPolicy" => object(json!({
            "ScalingPolicyName": "least", "AdjustmentType": "CHANGE_IN_CAPACITY", "AdjustmentValue": 1,
            "MetricAlarm": {
                "ComparisonOperator": "GREATER_THAN", "MetricName": "CPU_UTILIZATION", "Threshold": 50, "Period": 300,
                "ContinuousTime": 5
            }
        })),
        "CreateNotificationConfiguration" => {
            let kind = condition.map_or("USER_GROUP", |(_, kind)| kind);
            let mut body = object(json!({
                "NotificationTypes": ["REPLACE_UNHEALTHY_INSTANCE_FAILED", "SCALE_IN_FAILED"], "TargetType": kind
            }));
            let (member, name) = match kind {
                "USER_GROUP" => ("NotificationUserGroupIds", json!(["1"])),
                queue if queue.ends_with("QUEUE") => ("QueueName", json!("least")),
                _ => ("TopicName", json!("least")),
            };
            body.insert(member.to_owned(), name);
            body
        }
        _ => {
            object(json!({ "RefreshSettings": { "RollingUpdateSettings": { "BatchNumber": 1 } } }))
        }
    };
    body.insert("AutoScalingGroupId".to_owned(), group.clone());
    body
}

async fn shown(service: &Service, part: &Part, id: &Value) -> Value {
    let body = object(json!({ part.ids: [id] }));
    let found = call(service, part.describe, &body).await;
    assert_eq!(found["TotalCount"], 1, "{found}");
    found[part.set][0].clone()
}

/// Parameters that say which one is meant, or on which group.
fn names_it(part: &Part, parameter: &Parameter) -> bool {
    parameter.name == part.id || parameter.name == "AutoScalingGroupId"
}

/// What of the least goes with a parameter: a kind that the value itself says, or that it is valid for.
fn kind_for<'p>(parameter: &'p Parameter, value: &'p Value) -> Option<(&'p str, &'p str)> {
    match parameter.name.as_str() {
        kind @ ("ScalingPolicyType" | "TargetType") => value.as_str().map(|word| (kind, word)),
        _ => parameter.condition(),
    }
}

/// One parameter with one value, where a part is made or changed: it is shown. Whether it was shown before.
async fn one(spec: &Spec, part: &Part, action: &str, parameter: &Parameter, value: &Value) -> bool {
    let (service, group) = group().await;
    let kind = kind_for(parameter, value).filter(|(other, _)| !other.contains(' '));
    let least = least(part, &group, kind);
    let (mut id, mut was_so) = (Value::Null, false);
    let mut body = least.clone();
    if action != part.create {
        id = call(&service, part.create, &least).await[part.id].clone();
        body = object(json!({ part.id: id }));
        for needed in spec.input(action).iter().filter(|p| p.is_required()) {
            if !names_it(part, needed) {
                body.insert(needed.name.clone(), least[&needed.name].clone());
            }
        }
        let before = shown(&service, part, &id).await;
        let before = before.get(&parameter.name);
        was_so = before.is_some_and(|before| holds(before, value));
    }
    for name in parameter.names("requires_together") {
        let input = spec.input(action);
        let other = input.iter().find(|other| other.name == name).unwrap();
        body.insert(name.to_owned(), spec.values(other, NONE)[0].clone());
    }
    body.insert(parameter.name.clone(), value.clone());
    let answer = call(&service, action, &body).await;
    if action == part.create {
        id = answer[part.id].clone();
    }
    let shown = shown(&service, part, &id).await;
    let found = shown.get(&parameter.name);
    assert!(
        found.is_some_and(|found| holds(found, value)),
        "{action} {}: shown {found:?} instead of {value}",
        parameter.name
    );
    was_so
}

async fn every_parameter_of(part: &Part) {
    let Some(spec) = Spec::read() else { return };
    for action in [part.create].iter().chain(part.changes) {
        let mut count = 0;
        for parameter in spec.input(action).iter().filter(|p| !names_it(part, p)) {
            let mut changed = false;
            for value in spec.values(parameter, NONE) {
                changed |= !one(&spec, part, action, parameter, &value).await;
                count += 1;
            }
            assert!(changed, "{action} {}: no other value", parameter.name);
        }
        assert!(count >= 3, "{action}: {count} values");
    }
}

#[tokio::test]
async fn a_hook_shows_what_it_was_given() {
    every_parameter_of(&HOOK).await;
}

#[tokio::test]
async fn a_scheduled_action_shows_what_it_was_given() {
    every_parameter_of(&SCHEDULE).await;
}

#[tokio::test]
async fn a_policy_shows_what_it_was_given() {
    every_parameter_of(&POLICY).await;
}

#[tokio::test]
async fn a_notification_shows_what_it_was_given() {
    every_parameter_of(&NOTIFICATION).await;
}

#[tokio::test]
async fn a_refresh_shows_what_it_was_given() {
    every_parameter_of(&REFRESH).await;
}

/// What is left out has its documented default. What belongs to another kind is null.
#[tokio::test]
async fn what_is_left_out_of_a_part_shows_its_documented_default() {
    let Some(spec) = Spec::read() else { return };
    let kinds = [None, Some(("ScalingPolicyType", "TARGET_TRACKING"))];
    for part in [&HOOK, &SCHEDULE, &POLICY, &NOTIFICATION, &REFRESH] {
        for kind in kinds
            .iter()
            .filter(|kind| kind.is_none() || part.create == POLICY.create)
        {
            let (service, group) = group().await;
            let mut body = least(part, &group, *kind);
            let input = spec.input(part.create);
            for parameter in input.iter().filter(|p| p.default().is_some()) {
                if parameter.name != "ScalingPolicyType" {
                    body.remove(&parameter.name);
                }
            }
            let made = call(&service, part.create, &body).await;
            let shown = shown(&service, part, &made[part.id]).await;
            for parameter in &input {
                let other_kind = parameter.condition().is_some_and(|(name, word)| {
                    name == "ScalingPolicyType" && word != kind.map_or("SIMPLE", |(_, word)| word)
                });
                let path = format!("{} {}", part.create, parameter.name);
                match other_kind {
                    true => assert_eq!(shown[&parameter.name], Value::Null, "{path}"),
                    false if body.contains_key(&parameter.name) => {}
                    false => check_default(parameter, shown.get(&parameter.name), &path),
                }
                let structure = spec.structure(parameter);
                for member in structure.map(|s| spec.members(s)).unwrap_or_default() {
                    let found = &shown[&parameter.name];
                    if found.is_object() && body[&parameter.name].get(&member.name).is_none() {
                        let path = format!("{path}.{}", member.name);
                        check_default(&member, found.get(&member.name), &path);
                    }
                }
            }
        }
    }
}

async fn of_group(service: &Service, group: &Value) -> Value {
    let body = object(json!({ "AutoScalingGroupIds": [group] }));
    let found = call(service, "DescribeAutoScalingGroups", &body).await;
    found["AutoScalingGroupSet"][0].clone()
}

/// The balancers of a group are shown by the group.
#[tokio::test]
async fn a_group_shows_the_balancers_it_was_given() {
    let Some(spec) = Spec::read() else { return };
    for action in [
        "AttachLoadBalancers",
        "ModifyLoadBalancers",
        "ModifyLoadBalancerTargetAttributes",
    ] {
        for parameter in spec.input(action) {
            let set = match parameter.name.as_str() {
                "LoadBalancerIds" => "LoadBalancerIdSet",
                "ForwardLoadBalancers" => "ForwardLoadBalancerSet",
                _ => continue,
            };
            for value in spec.values(&parameter, NONE) {
                let (service, group) = group().await;
                let mut body = object(json!({ "AutoScalingGroupId": group }));
                if action == "ModifyLoadBalancerTargetAttributes" {
                    // The same places with another port.
                    let mut old = value.clone();
                    old[0]["TargetAttributes"] = json!([{ "Port": 99, "Weight": 1 }]);
                    body.insert(parameter.name.clone(), old);
                    call(&service, "AttachLoadBalancers", &body).await;
                    service.runtime.settle().await;
                }
                body.insert(parameter.name.clone(), value.clone());
                call(&service, action, &body).await;
                service.runtime.settle().await;
                let shown = of_group(&service, &group).await;
                assert!(
                    holds(&shown[set], &value),
                    "{action}: {} for {value}",
                    shown[set]
                );

                // And off again: by the same ids, or by the places.
                let detach = match set {
                    "LoadBalancerIdSet" => body.clone(),
                    _ => {
                        let mut place = object(value[0].clone());
                        place.retain(|name, _| {
                            !matches!(name.as_str(), "TargetAttributes" | "Region")
                        });
                        object(json!({
                            "AutoScalingGroupId": group, "ForwardLoadBalancerIdentifications": [place]
                        }))
                    }
                };
                call(&service, "DetachLoadBalancers", &detach).await;
                service.runtime.settle().await;
                let shown = of_group(&service, &group).await;
                assert_eq!(shown[set], json!([]), "{action}");
            }
        }
    }
}

/// Two groups with a part of each kind: what each filter finds of the first, and of neither.
#[tokio::test]
async fn every_filter_of_parts_finds_what_it_names_and_nothing_else() {
    let Some(spec) = Spec::read() else { return };
    let service = Service::start(CLOCK_SECS, false).await;
    let groups = [
        one_more(&service, "one").await,
        one_more(&service, "two").await,
    ];
    let tracking = Some(("ScalingPolicyType", "TARGET_TRACKING"));
    for part in [&HOOK, &SCHEDULE, &POLICY, &NOTIFICATION, &REFRESH] {
        let mut ids = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            let kind = tracking.filter(|_| at == 0 && part.create == POLICY.create);
            let mut body = least(part, group, kind);
            for (name, value) in &mut body {
                if name.ends_with("Name") {
                    *value = json!(["first-one", "other-two"][at]);
                }
            }
            ids.push(call(&service, part.create, &body).await[part.id].clone());
            service.runtime.settle().await;
        }
        if part.create == REFRESH.create {
            let back = json!({
                "AutoScalingGroupId": groups[0], "OriginRefreshActivityId": ids[0],
                "RefreshSettings": { "RollingUpdateSettings": { "BatchNumber": 1, "BatchPause": "FIRST_BATCH_PAUSE" } }
            });
            let made = call(&service, "RollbackInstanceRefresh", &object(back)).await;
            ids[0] = made[part.id].clone();
        }
        for name in spec.filters(part.describe) {
            let (wanted, absent, expected) = match name.as_str() {
                "auto-scaling-group-id" if part.create == REFRESH.create => {
                    (groups[0].clone(), json!("asg-absent01"), 2)
                }
                "auto-scaling-group-id" => (groups[0].clone(), json!("asg-absent01"), 1),
                "scaling-policy-type" => (json!("TARGET_TRACKING"), json!("STEP"), 1),
                "refresh-activity-status-code" => (json!("RUNNING"), json!("FAILED"), 1),
                "refresh-activity-type" => (json!("ROLLBACK"), json!("NONSENSE"), 1),
                id if id.ends_with("-id") => {
                    let absent = ids[0].as_str().unwrap();
                    let (prefix, _) = absent.split_once('-').unwrap();
                    (ids[0].clone(), json!(format!("{prefix}-absent01")), 1)
                }
                name if name.ends_with("-name") => (json!("first-one"), json!("first"), 1),
                unknown => panic!("{}: {unknown} has no row here", part.describe),
            };
            let ask =
                |values: Value| object(json!({ "Filters": [{ "Name": name, "Values": values }] }));
            for values in [json!([wanted]), json!([absent, wanted])] {
                let found = call(&service, part.describe, &ask(values)).await;
                assert_eq!(found["TotalCount"], expected, "{name}: {found}");
                assert_eq!(found[part.set][0][part.id], ids[0], "{name}: {found}");
            }
            let found = call(&service, part.describe, &ask(json!([absent]))).await;
            assert_eq!(found["TotalCount"], 0, "{name}: {found}");
        }
    }
}
