//! Every parameter of the actions against what the description
//! says it may be: what is out of range, too long, too many, of the wrong type, no word of the list, missing or unknown is
//! refused with a code of the action, by the parameter's name, and changes nothing.

use serde_json::{Map, Value, json};

use super::facts::Facts;
use super::reached::ACTIONS;
use super::service::Service;
use super::spec::{Parameter, Spec};

const CLOCK_SECS: i64 = 1_795_500_000;

/// A value that a parameter may not have, and the name that the answer has to say.
struct Bad {
    value: Value,
    named: String,
    why: &'static str,
}

fn bad(parameter: &Parameter, value: Value, why: &'static str) -> Bad {
    Bad {
        value,
        named: parameter.name.clone(),
        why,
    }
}

/// Everything that a parameter may not be.
fn bad_values(spec: &Spec, parameter: &Parameter, tag_of: &str) -> Vec<Bad> {
    let rules = &parameter.rules;
    let mut all = Vec::new();
    // Of what only an SDK has, the description does not say what it may be.
    if parameter.kind == "Array of Any" || parameter.rules["output_only"] == true {
        return all;
    }
    let text = |length: i64| json!("n".repeat(usize::try_from(length).unwrap()));
    if let Some(element) = parameter.kind.strip_prefix("Array of ") {
        all.push(bad(parameter, json!("text"), "no list"));
        let element = Parameter {
            kind: element.to_owned(),
            ..parameter.clone()
        };
        let good = match spec.values(&element, tag_of)[0].clone() {
            Value::Array(items) => items[0].clone(),
            other => other,
        };
        if let Some(most) = rules["max_items"].as_u64() {
            let many = vec![good; usize::try_from(most).unwrap() + 1];
            all.push(bad(parameter, json!(many), "too many"));
        }
        let inner = bad_values(spec, &element, tag_of);
        all.extend(inner.into_iter().map(|bad| Bad {
            value: json!([bad.value]),
            ..bad
        }));
        return all;
    }
    if let Some(most) = rules["max"].as_i64() {
        all.push(bad(parameter, json!(most + 1), "above the maximum"));
    }
    if let Some(least) = rules["min"].as_i64() {
        all.push(bad(parameter, json!(least - 1), "below the minimum"));
    }
    if rules["enum"].is_array() {
        let word = match parameter.kind.as_str() {
            "Integer" => json!(13),
            _ => json!("NONSENSE"),
        };
        all.push(bad(parameter, word, "no word of the list"));
    }
    if let Some(most) = rules["max_bytes"]
        .as_i64()
        .filter(|_| rules["encoding"].is_null())
    {
        all.push(bad(parameter, text(most + 1), "too long"));
    }
    // Where SDKs allow a little more, so do we.
    if let Some(most) = rules["max_len"].as_i64() {
        all.push(bad(parameter, text(most + 3), "too long"));
    }
    if let Some(most) = rules["max_chars"].as_i64() {
        all.push(bad(parameter, text(most + 1), "too long"));
    }
    if rules["format"] == "cron5" {
        all.push(bad(parameter, json!("61 * * * *"), "no cron text"));
    }
    if let Some(least) = rules["min_len"].as_i64() {
        all.push(bad(parameter, text(least - 1), "too short"));
    }
    if rules["format"]
        .as_str()
        .is_some_and(|format| format.ends_with("-xxxxxxxx"))
    {
        all.push(bad(parameter, json!("nonsense"), "no id"));
    }
    match parameter.kind.as_str() {
        "Integer" => all.push(bad(parameter, json!("many"), "no number")),
        "Boolean" => all.push(bad(parameter, json!("perhaps"), "no truth")),
        "String" => all.push(bad(parameter, json!({ "a": 1 }), "no text")),
        "Timestamp ISO8601" => all.push(bad(parameter, json!("yesterday"), "no time")),
        _ if spec.structure(parameter).is_some() => {
            all.extend(bad_structures(spec, parameter, tag_of));
        }
        _ => {}
    }
    all
}

/// A structure with one member wrong, missing or unknown.
fn bad_structures(spec: &Spec, parameter: &Parameter, tag_of: &str) -> Vec<Bad> {
    let element = Parameter {
        kind: spec.structure(parameter).unwrap().to_owned(),
        ..parameter.clone()
    };
    let Value::Object(good) = spec.values(&element, tag_of)[0].clone() else {
        panic!("{} is no structure", parameter.name);
    };
    let mut all = vec![bad(parameter, json!("text"), "no structure")];
    let mut unknown = good.clone();
    unknown.insert("Nonsense".to_owned(), json!(1));
    all.push(Bad {
        value: Value::Object(unknown),
        named: "Nonsense".to_owned(),
        why: "not known",
    });
    for member in spec.members(&element.kind) {
        if member.rules["required"] == true {
            let mut without = good.clone();
            without.remove(&member.name);
            all.push(bad(&member, Value::Object(without), "missing"));
        }
        for inner in bad_values(spec, &member, tag_of) {
            let mut with = good.clone();
            with.insert(member.name.clone(), inner.value);
            all.push(Bad {
                value: Value::Object(with),
                ..inner
            });
        }
    }
    all
}

/// A configuration, a group of three that uses it and has a part of each kind, another one with a refresh; and a request
/// of each action that would be fine.
struct World {
    service: Service,
    config: Value,
    group: Value,
    instance: Value,
    hook: Value,
    schedule: Value,
    refreshed: Value,
    refresh: Value,
    /// By what makes them: `ScalingPolicyType=..` and `TargetType=..`.
    kinds: Vec<(&'static str, Value)>,
}

impl World {
    async fn make() -> World {
        let service = Service::start(CLOCK_SECS, false).await;
        let call = |action: &'static str, body: Value| {
            let service = &service;
            async move {
                let response = service.call(action, body.to_string()).await;
                assert!(response.get("Error").is_none(), "{action}: {response}");
                response
            }
        };
        let config = json!({
            "LaunchConfigurationName": "there", "ImageId": "img-1a2b3c4d", "InstanceType": "S5.SMALL1"
        });
        let config = call("CreateLaunchConfiguration", config).await;
        let config = config["LaunchConfigurationId"].clone();
        let of = |name: &str| {
            json!({
                "AutoScalingGroupName": name, "LaunchConfigurationId": config, "MinSize": 0, "MaxSize": 9,
                "DesiredCapacity": 3, "VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"]
            })
        };
        let group = call("CreateAutoScalingGroup", of("there")).await["AutoScalingGroupId"].clone();
        let refreshed = call("CreateAutoScalingGroup", of("refreshed")).await;
        let refreshed = refreshed["AutoScalingGroupId"].clone();
        service.runtime.settle().await;
        let members =
            json!({ "Filters": [{ "Name": "auto-scaling-group-id", "Values": [group] }] });
        let found = call("DescribeAutoScalingInstances", members).await;
        let instance = found["AutoScalingInstanceSet"][0]["InstanceId"].clone();
        let settings = json!({ "RollingUpdateSettings": { "BatchNumber": 3, "BatchPause": "FIRST_BATCH_PAUSE" } });
        let start = json!({ "AutoScalingGroupId": refreshed, "RefreshSettings": settings });
        let refresh = call("StartInstanceRefresh", start).await["RefreshActivityId"].clone();
        service.runtime.settle().await;
        let hook = json!({
            "AutoScalingGroupId": group, "LifecycleHookName": "there", "LifecycleTransition": "INSTANCE_LAUNCHING"
        });
        let hook = call("CreateLifecycleHook", hook).await["LifecycleHookId"].clone();
        let schedule = json!({
            "AutoScalingGroupId": group, "ScheduledActionName": "there", "MinSize": 0, "DesiredCapacity": 1, "MaxSize": 2,
            "StartTime": "2035-01-01T00:00:00+08:00"
        });
        let schedule = call("CreateScheduledAction", schedule).await["ScheduledActionId"].clone();
        let mut kinds = Vec::new();
        for (kind, mut policy) in [
            ("ScalingPolicyType=SIMPLE", simple()),
            ("ScalingPolicyType=TARGET_TRACKING", tracking()),
        ] {
            policy.insert("AutoScalingGroupId".to_owned(), group.clone());
            policy.insert("ScalingPolicyName".to_owned(), json!(kind[18..]));
            let made = call("CreateScalingPolicy", Value::Object(policy)).await;
            kinds.push((kind, made["AutoScalingPolicyId"].clone()));
        }
        for (kind, member, name) in [
            (
                "TargetType=USER_GROUP",
                "NotificationUserGroupIds",
                json!(["1"]),
            ),
            ("TargetType=TDMQ_CMQ_QUEUE", "QueueName", json!("q")),
            ("TargetType=TDMQ_CMQ_TOPIC", "TopicName", json!("t")),
        ] {
            let notification = json!({
                "AutoScalingGroupId": group, "NotificationTypes": ["SCALE_OUT_FAILED"], "TargetType": kind[11..], member: name
            });
            let made = call("CreateNotificationConfiguration", notification).await;
            kinds.push((kind, made["AutoScalingNotificationId"].clone()));
        }
        World {
            service,
            config,
            group,
            instance,
            hook,
            schedule,
            refreshed,
            refresh,
            kinds,
        }
    }

    /// The policy or the notification of such a kind.
    fn of_kind(&self, kind: &str) -> Value {
        let found = self.kinds.iter().find(|(of, _)| *of == kind);
        found.unwrap().1.clone()
    }

    /// What has to be given.
    fn base(&self, spec: &Spec, action: &str) -> Map<String, Value> {
        let mut body = Map::new();
        let of_refresh = spec
            .input(action)
            .iter()
            .any(|p| p.name.ends_with("RefreshActivityId"));
        for needed in spec.input(action).iter().filter(|p| p.is_required()) {
            let value = match needed.name.as_str() {
                "LaunchConfigurationId" => self.config.clone(),
                "AutoScalingGroupId" if of_refresh => self.refreshed.clone(),
                "AutoScalingGroupId" => self.group.clone(),
                "AutoScalingGroupIds" => json!([self.group]),
                "InstanceIds" => json!([self.instance]),
                "InstanceId" => self.instance.clone(),
                "LifecycleHookId" => self.hook.clone(),
                "ScheduledActionId" => self.schedule.clone(),
                "AutoScalingPolicyId" => self.of_kind("ScalingPolicyType=SIMPLE"),
                "AutoScalingNotificationId" => self.of_kind("TargetType=USER_GROUP"),
                "RefreshActivityId" | "OriginRefreshActivityId" => self.refresh.clone(),
                "ScaleOutNumber" | "ScaleInNumber" => json!(1),
                _ => spec.values(needed, tag_of(action))[0].clone(),
            };
            body.insert(needed.name.clone(), value);
        }
        match action {
            "CreateLaunchConfiguration" => {
                body.insert("ImageId".to_owned(), json!("img-1a2b3c4d"));
                body.insert("InstanceType".to_owned(), json!("S5.SMALL1"));
            }
            "CreateAutoScalingGroup" => {
                body.insert("SubnetIds".to_owned(), json!(["subnet-1a2b3c4d"]));
            }
            "CreateScalingPolicy" => body.extend(simple()),
            "CreateNotificationConfiguration" => {
                body.insert("NotificationUserGroupIds".to_owned(), json!(["1"]));
            }
            _ => {}
        }
        body
    }

    async fn everything(&self) -> String {
        let mut all = String::new();
        for action in [
            "DescribeLaunchConfigurations",
            "DescribeAutoScalingGroups",
            "DescribeAutoScalingInstances",
            "DescribeAutoScalingActivities",
            "DescribeLifecycleHooks",
            "DescribeScalingPolicies",
            "DescribeScheduledActions",
            "DescribeNotificationConfigurations",
            "DescribeRefreshActivities",
        ] {
            let response = self.service.call(action, "{}".to_owned()).await;
            all.push_str(&response.to_string());
        }
        all
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other}"),
    }
}

fn simple() -> Map<String, Value> {
    object(json!({
        "AdjustmentType": "CHANGE_IN_CAPACITY", "AdjustmentValue": 1,
        "MetricAlarm": {
            "ComparisonOperator": "GREATER_THAN", "MetricName": "CPU_UTILIZATION", "Threshold": 50, "Period": 60,
            "ContinuousTime": 5
        }
    }))
}

fn tracking() -> Map<String, Value> {
    object(json!({
        "ScalingPolicyType": "TARGET_TRACKING", "PredefinedMetricType": "ASG_AVG_CPU_UTILIZATION", "TargetValue": 60
    }))
}

fn tag_of(action: &str) -> &'static str {
    match action.contains("LaunchConfiguration") {
        true => "launch-configuration",
        false => "auto-scaling-group",
    }
}

/// What else a parameter is given with, so that it is itself that is wrong.
fn alone(
    world: &World,
    spec: &Spec,
    action: &str,
    parameter: &Parameter,
    body: &mut Map<String, Value>,
) {
    let input = spec.input(action);
    for other in parameter.names("exactly_one_of") {
        body.remove(other);
    }
    if let Some((other, word)) = parameter
        .condition()
        .filter(|(other, _)| !other.contains(' '))
    {
        let kind = format!("{other}={word}");
        match action {
            "ModifyScalingPolicy" => {
                body.insert("AutoScalingPolicyId".to_owned(), world.of_kind(&kind));
            }
            "ModifyNotificationConfiguration" => {
                body.insert("AutoScalingNotificationId".to_owned(), world.of_kind(&kind));
            }
            _ => {
                body.insert(other.to_owned(), json!(word));
            }
        }
        match &*kind {
            "ScalingPolicyType=TARGET_TRACKING" if action == "CreateScalingPolicy" => {
                body.extend(tracking());
            }
            "TargetType=TDMQ_CMQ_QUEUE" | "TargetType=TDMQ_CMQ_TOPIC" => {
                body.remove("NotificationUserGroupIds");
            }
            _ => {}
        }
    }
    for rule in ["requires", "requires_together"] {
        for name in parameter.names(rule) {
            let other = input.iter().find(|other| other.name == name).unwrap();
            let value = spec.values(other, tag_of(action))[0].clone();
            body.insert(name.to_owned(), value);
        }
    }
}

/// A roll-back takes no surge.
fn without_surge(body: &mut Map<String, Value>) {
    let settings = body.get_mut("RefreshSettings");
    let rolling = settings.and_then(|settings| settings.get_mut("RollingUpdateSettings"));
    if let Some(rolling) = rolling.and_then(Value::as_object_mut) {
        rolling.remove("MaxSurge");
    }
}

#[tokio::test]
async fn what_a_parameter_may_not_be_is_refused_by_its_name() {
    let Some(spec) = Spec::read() else { return };
    let facts = Facts::read();
    let common = facts.common_errors();
    let world = World::make().await;
    let before = world.everything().await;
    let mut wrong = Vec::new();
    let mut count = 0;
    for action in ACTIONS {
        let documented = facts.errors(action);
        for parameter in spec.input(action) {
            let mut cases = bad_values(&spec, &parameter, tag_of(action));
            if parameter.is_required() {
                cases.push(bad(&parameter, Value::Null, "missing"));
            }
            for case in cases {
                let mut body = world.base(&spec, action);
                alone(&world, &spec, action, &parameter, &mut body);
                body.insert(parameter.name.clone(), case.value);
                if action == "RollbackInstanceRefresh" && case.named != "MaxSurge" {
                    without_surge(&mut body);
                }
                let body = Value::Object(body).to_string();
                let response = world.service.call(action, body.clone()).await;
                count += 1;
                let error = &response["Error"];
                let place = format!("{action} {} ({}: {})", parameter.name, case.named, case.why);
                let Some(code) = error["Code"].as_str() else {
                    wrong.push(format!("{place} is accepted: {body:.300}"));
                    continue;
                };
                if !documented.contains(&code) && !common.contains(&code) {
                    wrong.push(format!("{place} is not documented: {code}"));
                }
                let message = error["Message"].as_str().unwrap();
                if !message.contains(&case.named) {
                    wrong.push(format!("{place} is not named: {code}: {message:.200}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(world.everything().await, before, "something has changed");
}

#[tokio::test]
async fn what_excludes_each_other_is_refused_together() {
    let Some(spec) = Spec::read() else { return };
    let world = World::make().await;
    let before = world.everything().await;
    let mut pairs = 0;
    for action in ACTIONS {
        let input = spec.input(action);
        for parameter in &input {
            let others =
                ["mutually_exclusive_with", "exactly_one_of"].map(|rule| parameter.names(rule));
            for other in others
                .concat()
                .into_iter()
                .filter(|other| *other != parameter.name)
            {
                let other = input.iter().find(|p| p.name == other).unwrap();
                let mut body = world.base(&spec, action);
                for given in [parameter, other] {
                    let value = match given.name.as_str() {
                        "LaunchConfigurationIds" => json!([world.config]),
                        "AutoScalingGroupIds" => json!([world.group]),
                        "InstanceIds" => json!([world.instance]),
                        "ActivityIds" => json!(["asa-absent01"]),
                        "Filters" => {
                            json!([{ "Name": spec.filters(action)[0], "Values": ["asg-absent01"] }])
                        }
                        _ => spec.values(given, tag_of(action))[0].clone(),
                    };
                    body.insert(given.name.clone(), value);
                }
                let response = world
                    .service
                    .call(action, Value::Object(body).to_string())
                    .await;
                let code = response["Error"]["Code"].as_str().unwrap_or("answered");
                let expected = match action {
                    "CreateLaunchConfiguration" => "InvalidParameter.Conflict",
                    "CreateAutoScalingGroup" => "InvalidParameter.InScenario",
                    "DescribeLaunchConfigurations" | "DescribeNotificationConfigurations" => {
                        "InvalidParameterConflict"
                    }
                    // It lists no code of its own for that.
                    "ModifyLifecycleHook" => "InvalidParameter",
                    _ => "InvalidParameter.Conflict",
                };
                assert_eq!(code, expected, "{action} {} {}", parameter.name, other.name);
                pairs += 1;
            }
        }
    }
    assert!(pairs >= 14, "{pairs} pairs");
    assert_eq!(world.everything().await, before, "something has changed");
}
