//! Every parameter of launch configurations and groups: given, it is kept and shown; left out, its documented default is
//! shown. Driven by the description of the API.

use muster_model::{ConfigFilter, ConfigSpec, GroupFilter, GroupSpec, Login, Page};
use muster_ports::{Api, Caller};
use serde_json::{Map, Value, json};

use super::service::Service;
use super::spec::{Parameter, Spec};

const CLOCK_SECS: i64 = 1_795_500_000;
const ALL: Page = Page {
    offset: 0,
    limit: 100,
};

/// How a kind of resource is made, changed and shown.
struct Kind {
    describe: &'static str,
    ids: &'static str,
    set: &'static str,
    id: &'static str,
    tag_of: &'static str,
}

const CONFIG: Kind = Kind {
    describe: "DescribeLaunchConfigurations",
    ids: "LaunchConfigurationIds",
    set: "LaunchConfigurationSet",
    id: "LaunchConfigurationId",
    tag_of: "launch-configuration",
};

const GROUP: Kind = Kind {
    describe: "DescribeAutoScalingGroups",
    ids: "AutoScalingGroupIds",
    set: "AutoScalingGroupSet",
    id: "AutoScalingGroupId",
    tag_of: "auto-scaling-group",
};

/// What an answer calls a parameter; `None` when no answer shows it.
fn shown_as(parameter: &str) -> Option<&str> {
    Some(match parameter {
        "InstanceTypesCheckPolicy" => "LastOperationInstanceTypesCheckPolicy",
        "LoadBalancerIds" => "LoadBalancerIdSet",
        "ForwardLoadBalancers" => "ForwardLoadBalancerSet",
        "SubnetIds" => "SubnetIdSet",
        "Zones" => "ZoneSet",
        "TerminationPolicies" => "TerminationPolicySet",
        "Metadata" | "ZonesCheckPolicy" => return None,
        same => same,
    })
}

pub(crate) async fn call(service: &Service, action: &str, body: &Map<String, Value>) -> Value {
    let body = Value::Object(body.clone()).to_string();
    let response = service.call(action, body.clone()).await;
    assert!(
        response.get("Error").is_none(),
        "{action} {body}: {response}"
    );
    response
}

async fn shown(service: &Service, kind: &Kind, id: &str) -> Value {
    let body = json!({ kind.ids: [id] }).to_string();
    let response = service.call(kind.describe, body).await;
    assert_eq!(response["TotalCount"], 1, "{response}");
    response[kind.set][0].clone()
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other}"),
    }
}

fn least_config() -> Map<String, Value> {
    object(json!({
        "LaunchConfigurationName": "least", "ImageId": "img-1a2b3c4d", "InstanceType": "S5.SMALL1"
    }))
}

pub(crate) async fn make_config(service: &Service, name: &str) -> String {
    let mut body = least_config();
    body.insert("LaunchConfigurationName".to_owned(), json!(name));
    let made = call(service, "CreateLaunchConfiguration", &body).await;
    made["LaunchConfigurationId"].as_str().unwrap().to_owned()
}

async fn least_group(service: &Service) -> Map<String, Value> {
    let config = make_config(service, "least").await;
    object(json!({
        "AutoScalingGroupName": "least", "LaunchConfigurationId": config, "MinSize": 0, "MaxSize": 5,
        "VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"]
    }))
}

/// The model's own view of what no answer shows: the parameter's value, as it was given.
fn kept_config(parameter: &str, spec: &ConfigSpec) -> Option<Value> {
    match (parameter, &spec.login) {
        ("Metadata", _) => {
            let items = spec.metadata.iter();
            let items: Vec<_> = items
                .map(|tag| json!({ "Key": tag.key, "Value": tag.value }))
                .collect();
            Some(json!({ "Items": items }))
        }
        // The seal of these tests says how long a secret is.
        ("LoginSettings", Some(Login::Password { sealed })) if sealed == "sealed(10)" => {
            Some(json!({ "Password": "Secret-123" }))
        }
        ("LoginSettings", Some(Login::KeepImage)) => Some(json!({ "KeepImageLogin": true })),
        ("LoginSettings", None) => Some(json!({ "KeepImageLogin": false })),
        _ => None,
    }
}

fn kept_group(parameter: &str, spec: &GroupSpec) -> Option<Value> {
    (parameter == "ZonesCheckPolicy").then(|| match spec.zones_check {
        muster_model::ZonesCheck::Any => json!("ANY"),
        muster_model::ZonesCheck::All => json!("ALL"),
    })
}

async fn kept(service: &Service, kind: &Kind, parameter: &str) -> Option<Value> {
    let caller: Caller = service.caller();
    if kind.set == CONFIG.set {
        let names: [ConfigFilter; 0] = [];
        let found = service.runtime.configs(&caller, &names, ALL).await.unwrap();
        return kept_config(parameter, &found.items.last().unwrap().config.spec);
    }
    let names: [GroupFilter; 0] = [];
    let found = service.runtime.groups(&caller, &names, ALL).await.unwrap();
    kept_group(parameter, &found.items.last().unwrap().group.spec)
}

/// Whether everything in `sent` is in `found`.
pub(crate) fn holds(found: &Value, sent: &Value) -> bool {
    match (found, sent) {
        (Value::Object(found), Value::Object(sent)) => sent
            .iter()
            .all(|(name, value)| found.get(name).is_some_and(|found| holds(found, value))),
        (Value::Array(found), Value::Array(sent)) => {
            found.len() == sent.len() && found.iter().zip(sent).all(|(f, s)| holds(f, s))
        }
        (found, sent) => found == sent,
    }
}

/// What has to be given, or left out, together with a parameter.
fn with(
    spec: &Spec,
    input: &[Parameter],
    parameter: &Parameter,
    value: &Value,
    tag_of: &str,
    body: &mut Map<String, Value>,
) {
    for other in parameter.names("exactly_one_of") {
        body.remove(other);
    }
    let give = |body: &mut Map<String, Value>, name: &str| {
        let other = input.iter().find(|other| other.name == name).unwrap();
        body.insert(name.to_owned(), spec.values(other, tag_of)[0].clone());
    };
    for name in parameter.names("requires") {
        give(body, name);
    }
    if let Some((other, word)) = parameter
        .condition()
        .filter(|(other, _)| !other.contains(' '))
    {
        body.insert(other.to_owned(), json!(word));
    }
    for other in input {
        let wanted = value.as_str().map(|word| (parameter.name.as_str(), word));
        if other.rules.get("required_when").is_some() && other.condition() == wanted {
            give(body, &other.name);
        }
    }
    if parameter.name == "MinSize" {
        body.insert("DesiredCapacity".to_owned(), json!(3));
    }
    body.insert(parameter.name.clone(), value.clone());
}

/// Parameters that say which one is meant, or that are not kept at all.
fn is_plain(action: &str, parameter: &Parameter) -> bool {
    let names_it = matches!(
        (action, parameter.name.as_str()),
        (
            "ModifyLaunchConfigurationAttributes" | "UpgradeLaunchConfiguration",
            "LaunchConfigurationId"
        ) | (
            "ModifyAutoScalingGroup" | "ModifyDesiredCapacity",
            "AutoScalingGroupId"
        )
    );
    !names_it && parameter.rules["ignored"] != true && parameter.name != "LaunchConfigurationId"
}

/// One parameter with one value: it is shown, or at least kept.
async fn one(spec: &Spec, kind: &Kind, action: &str, parameter: &Parameter, value: &Value) {
    let service = Service::start(CLOCK_SECS, false).await;
    let input = spec.input(action);
    let is_config = kind.set == CONFIG.set;
    let least = match is_config {
        true => least_config(),
        false => least_group(&service).await,
    };
    let (create, is_new) = match is_config {
        true => ("CreateLaunchConfiguration", action.starts_with("Create")),
        false => ("CreateAutoScalingGroup", action.starts_with("Create")),
    };
    let mut body = match is_new {
        true => least.clone(),
        false => Map::new(),
    };
    let mut id = String::new();
    if !is_new {
        let made = call(&service, create, &least).await;
        id = made[kind.id].as_str().unwrap().to_owned();
        body.insert(kind.id.to_owned(), json!(id));
        for needed in input.iter().filter(|other| other.is_required()) {
            if is_plain(action, needed) {
                let value = spec.values(needed, kind.tag_of)[0].clone();
                body.insert(needed.name.clone(), value);
            }
        }
    }
    with(spec, &input, parameter, value, kind.tag_of, &mut body);
    let answer = call(&service, action, &body).await;
    if is_new {
        id = answer[kind.id].as_str().unwrap().to_owned();
    }
    let shown = shown(&service, kind, &id).await;
    let found = shown_as(&parameter.name).and_then(|name| shown.get(name));
    let is_shown = found.is_some_and(|found| holds(found, value));
    if !is_shown {
        let kept = kept(&service, kind, &parameter.name).await;
        assert_eq!(
            kept.as_ref(),
            Some(value),
            "{action} {}: shown {found:?}",
            parameter.name
        );
    }
    let made = shown.as_object().unwrap();
    assert!(
        !Value::Object(made.clone())
            .to_string()
            .contains("Secret-123"),
        "{shown}"
    );
}

async fn every_parameter_of(kind: &Kind, action: &str) {
    let Some(spec) = Spec::read() else { return };
    let mut count = 0;
    for parameter in spec.input(action).iter().filter(|p| is_plain(action, p)) {
        for value in spec.values(parameter, kind.tag_of) {
            one(&spec, kind, action, parameter, &value).await;
            count += 1;
        }
    }
    assert!(count >= 3, "{action}: {count} values");
}

#[tokio::test]
async fn a_new_configuration_shows_what_it_was_given() {
    every_parameter_of(&CONFIG, "CreateLaunchConfiguration").await;
}

#[tokio::test]
async fn a_changed_configuration_shows_what_it_was_given() {
    every_parameter_of(&CONFIG, "ModifyLaunchConfigurationAttributes").await;
}

#[tokio::test]
async fn an_upgraded_configuration_shows_what_it_was_given() {
    every_parameter_of(&CONFIG, "UpgradeLaunchConfiguration").await;
}

#[tokio::test]
async fn a_new_group_shows_what_it_was_given() {
    every_parameter_of(&GROUP, "CreateAutoScalingGroup").await;
}

#[tokio::test]
async fn a_changed_group_shows_what_it_was_given() {
    every_parameter_of(&GROUP, "ModifyAutoScalingGroup").await;
}

#[tokio::test]
async fn sizes_that_are_set_are_shown() {
    every_parameter_of(&GROUP, "ModifyDesiredCapacity").await;
}

/// The other configuration of a group is the one parameter whose value has to exist.
#[tokio::test]
async fn a_group_shows_the_configuration_it_was_given() {
    let service = Service::start(CLOCK_SECS, false).await;
    let least = least_group(&service).await;
    let made = call(&service, "CreateAutoScalingGroup", &least).await;
    let id = made["AutoScalingGroupId"].as_str().unwrap();
    let before = shown(&service, &GROUP, id).await;
    assert_eq!(
        before["LaunchConfigurationId"],
        least["LaunchConfigurationId"]
    );
    assert_eq!(before["LaunchConfigurationName"], "least");
    let mut other = least_config();
    other.insert("LaunchConfigurationName".to_owned(), json!("other"));
    let other = call(&service, "CreateLaunchConfiguration", &other).await;
    let other = &other["LaunchConfigurationId"];
    let change = object(json!({ "AutoScalingGroupId": id, "LaunchConfigurationId": other }));
    call(&service, "ModifyAutoScalingGroup", &change).await;
    let after = shown(&service, &GROUP, id).await;
    assert_eq!(after["LaunchConfigurationId"], *other);
    assert_eq!(after["LaunchConfigurationName"], "other");
}

/// What is shown for a parameter that was left out.
pub(crate) fn check_default(parameter: &Parameter, found: Option<&Value>, path: &str) {
    let Some(default) = parameter.default() else {
        return;
    };
    let default = match default.as_str() {
        Some("MinSize") => json!(0),
        Some("X-TC-Region") => json!("ap-guangzhou"),
        _ => default,
    };
    let may_be_null = parameter.rules["nullable"] == true;
    let fits = found == Some(&default) || (may_be_null && found == Some(&Value::Null));
    assert!(fits, "{path}: {found:?} for the default {default}");
}

async fn defaults_of(spec: &Spec, kind: &Kind, action: &str) {
    let service = Service::start(CLOCK_SECS, false).await;
    let body = match kind.set == CONFIG.set {
        true => least_config(),
        false => least_group(&service).await,
    };
    let made = call(&service, action, &body).await;
    let shown = shown(&service, kind, made[kind.id].as_str().unwrap()).await;
    for parameter in spec.input(action) {
        let name = &parameter.name;
        let Some(found) = shown_as(name).map(|name| shown.get(name)) else {
            continue;
        };
        let whole = parameter.kind.starts_with("Array of ");
        match spec.structure(&parameter).filter(|_| !whole) {
            // A structure that has a member that must be given is not there when it is left out; what only a spot mix
            // has is null in other groups (rule G11).
            Some(structure) if name != "SpotMixedAllocationPolicy" => {
                let members = spec.members(structure);
                if members.iter().any(Parameter::is_required) || name == "LoginSettings" {
                    continue;
                }
                for member in &members {
                    let found = found.and_then(|found| found.get(&member.name));
                    check_default(member, found, &format!("{action} {name}.{}", member.name));
                }
            }
            _ => check_default(&parameter, found, &format!("{action} {name}")),
        }
    }
}

/// Structures of which only what must be given is given.
async fn bare(spec: &Spec, kind: &Kind, action: &str) {
    let input = spec.input(action);
    for parameter in &input {
        let Some(structure) = spec.structure(parameter) else {
            continue;
        };
        let members = spec.members(structure);
        if matches!(structure, "LoginSettings" | "Metadata" | "EnhancedService") {
            continue;
        }
        let service = Service::start(CLOCK_SECS, false).await;
        let mut body = match kind.set == CONFIG.set {
            true => least_config(),
            false => least_group(&service).await,
        };
        let needed = members.iter().filter(|member| member.is_required());
        let needed = needed.map(|member| {
            let value = spec.values(member, kind.tag_of)[0].clone();
            (member.name.clone(), value)
        });
        let mut value = Value::Object(needed.collect());
        let is_list = parameter.kind.starts_with("Array of ");
        if is_list {
            value = json!([value]);
        }
        with(spec, &input, parameter, &value, kind.tag_of, &mut body);
        let made = call(&service, action, &body).await;
        let shown = shown(&service, kind, made[kind.id].as_str().unwrap()).await;
        let found = &shown[shown_as(&parameter.name).unwrap()];
        let found = if is_list { &found[0] } else { found };
        for member in members.iter().filter(|member| !member.is_required()) {
            let path = format!("{action} {}.{}", parameter.name, member.name);
            check_default(member, found.get(&member.name), &path);
        }
    }
}

#[tokio::test]
async fn what_is_left_out_shows_its_documented_default() {
    let Some(spec) = Spec::read() else { return };
    for (kind, action) in [
        (&CONFIG, "CreateLaunchConfiguration"),
        (&GROUP, "CreateAutoScalingGroup"),
    ] {
        defaults_of(&spec, kind, action).await;
        bare(&spec, kind, action).await;
    }
}

/// Each switch of ClearLaunchConfigurationAttributes empties what it says, and nothing else.
#[tokio::test]
async fn clearing_one_attribute_leaves_the_others() {
    let Some(spec) = Spec::read() else { return };
    let input = spec.input("CreateLaunchConfiguration");
    let switches = spec.input("ClearLaunchConfigurationAttributes");
    for switch in switches.iter().filter(|switch| switch.kind == "Boolean") {
        let service = Service::start(CLOCK_SECS, false).await;
        let mut body = least_config();
        for switch in switches.iter().filter(|switch| switch.kind == "Boolean") {
            let name = switch.name.strip_prefix("Clear").unwrap();
            let parameter = input.iter().find(|p| p.name == name).unwrap();
            let value = spec.values(parameter, CONFIG.tag_of)[0].clone();
            body.insert(name.to_owned(), value);
        }
        let made = call(&service, "CreateLaunchConfiguration", &body).await;
        let id = made["LaunchConfigurationId"].as_str().unwrap();
        let before = shown(&service, &CONFIG, id).await;
        assert_ne!(
            kept(&service, &CONFIG, "Metadata").await,
            Some(json!({ "Items": [] }))
        );
        let clear = object(json!({ "LaunchConfigurationId": id, switch.name.as_str(): true }));
        call(&service, "ClearLaunchConfigurationAttributes", &clear).await;
        let after = shown(&service, &CONFIG, id).await;
        let metadata = kept(&service, &CONFIG, "Metadata").await;
        let mut changed: Vec<&str> = before
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, value)| after[name.as_str()] != **value)
            .map(|(name, _)| name.as_str())
            .filter(|name| !matches!(*name, "VersionNumber" | "UpdatedTime"))
            .collect();
        if metadata == Some(json!({ "Items": [] })) {
            changed.push("Metadata");
        }
        assert_eq!(changed, [switch.name.strip_prefix("Clear").unwrap()]);
        assert_eq!(after["VersionNumber"], 2);
    }
}

/// A group with a machine, and another one: what each filter finds of the first, and of neither.
#[tokio::test]
async fn every_filter_finds_what_it_names_and_nothing_else() {
    let Some(spec) = Spec::read() else { return };
    let service = Service::start(CLOCK_SECS, false).await;
    let mut ids = Vec::new();
    for (name, key) in [("first-one", "k1"), ("other-two", "k2")] {
        let mut config = least_config();
        config.insert("LaunchConfigurationName".to_owned(), json!(name));
        let tags = json!([{ "Key": key, "Value": format!("v-{key}") }]);
        config.insert("Tags".to_owned(), tags.clone());
        let config = call(&service, "CreateLaunchConfiguration", &config).await;
        let config = config["LaunchConfigurationId"].clone();
        let group = object(json!({
            "AutoScalingGroupName": name, "LaunchConfigurationId": config, "MinSize": 0, "MaxSize": 5,
            "VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"], "Tags": tags
        }));
        let group = call(&service, "CreateAutoScalingGroup", &group).await;
        let group = group["AutoScalingGroupId"].clone();
        ids.push((config, group));
    }
    let (config, group) = ids[0].clone();
    let out = object(json!({ "AutoScalingGroupId": group, "ScaleOutNumber": 1 }));
    let activity = call(&service, "ScaleOutInstances", &out).await["ActivityId"].clone();
    service.runtime.settle().await;
    let other = ids[1].1.clone();
    let desired = object(json!({ "AutoScalingGroupId": other, "DesiredCapacity": 2 }));
    call(&service, "ModifyDesiredCapacity", &desired).await;
    service.runtime.settle().await;
    let less = object(json!({ "AutoScalingGroupId": other, "ScaleInNumber": 1 }));
    call(&service, "ScaleInInstances", &less).await;
    service.runtime.settle().await;
    let instances = service
        .call("DescribeAutoScalingInstances", "{}".to_owned())
        .await;
    let of_first = |i: &&Value| i["AutoScalingGroupId"] == group;
    let instances = instances["AutoScalingInstanceSet"].as_array().unwrap();
    let instance = instances.iter().find(of_first).unwrap()["InstanceId"].clone();

    for (action, set) in [
        ("DescribeLaunchConfigurations", "LaunchConfigurationSet"),
        ("DescribeAutoScalingGroups", "AutoScalingGroupSet"),
        ("DescribeAutoScalingInstances", "AutoScalingInstanceSet"),
        ("DescribeAutoScalingActivities", "ActivitySet"),
    ] {
        for name in spec.filters(action) {
            let (wanted, absent) = match name.as_str() {
                "launch-configuration-id" => (config.clone(), json!("asc-absent01")),
                "auto-scaling-group-id" => (group.clone(), json!("asg-absent01")),
                "instance-id" => (instance.clone(), json!("ins-absent01")),
                "activity-id" => (activity.clone(), json!("asa-absent01")),
                "launch-configuration-name" | "auto-scaling-group-name" => {
                    (json!("first-one"), json!("first"))
                }
                "vague-launch-configuration-name" | "vague-auto-scaling-group-name" => {
                    (json!("irst"), json!("irst-two"))
                }
                "tag-key" => (json!("k1"), json!("v-k1")),
                "tag-value" => (json!("v-k1"), json!("k1")),
                "tag:<tag-key>" => (json!("v-k1"), json!("v-k2")),
                "activity-status-code" => (json!("SUCCESSFUL"), json!("FAILED")),
                "activity-type" => (json!("SCALE_IN"), json!("ATTACH_INSTANCES")),
                unknown => panic!("{action}: {unknown} has no row here"),
            };
            let sent = name.replace("<tag-key>", "k1");
            let ask = |values: Value| json!({ "Filters": [{ "Name": sent, "Values": values }] });
            let found = service.call(action, ask(json!([wanted])).to_string()).await;
            let items = found[set].as_array().unwrap();
            let expected = match name.as_str() {
                "activity-status-code" => 3,
                _ => 1,
            };
            assert_eq!(found["TotalCount"], expected, "{action} {name}: {found}");
            match name.as_str() {
                "activity-status-code" => {}
                "activity-type" => assert_eq!(items[0]["AutoScalingGroupId"], other),
                _ if action == "DescribeLaunchConfigurations" => {
                    assert_eq!(items[0]["LaunchConfigurationId"], config);
                }
                _ => assert_eq!(items[0]["AutoScalingGroupId"], group),
            }
            let found = service.call(action, ask(json!([absent])).to_string()).await;
            assert_eq!(found["TotalCount"], 0, "{action} {name}: {found}");
            // Of the values of one filter any will do.
            let both = service
                .call(action, ask(json!([absent, wanted])).to_string())
                .await;
            assert_eq!(both["TotalCount"], expected, "{action} {name}: {both}");
        }
    }
}
