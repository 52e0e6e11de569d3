//! What is asked for, drawn door by door, of groups that any door may have made.

mod huawei;
mod ksyun;
mod qcloud;
mod tencent;

use std::sync::Arc;

use http::Method;
use muster_kit::time::{format_offset, format_utc};
use muster_model::{ConfigId, GroupView, InstanceId};
use muster_sim::ForeignSpec;
use serde_json::{Value, json};

use crate::service::{self, Ask, World};

/// `2026-11-24 10:00:00` in Beijing.
fn beijing(millis: i64) -> String {
    format_offset(millis, 8)[..19].replace('T', " ")
}

/// `2026-11-24T02:00Z`.
fn minute(millis: i64) -> String {
    format!("{}Z", &format_utc(millis)[..16])
}

/// One or two members, the oldest ones first; now and then somebody who is none.
fn members(world: &mut World, view: &GroupView) -> Vec<InstanceId> {
    let mut all: Vec<_> = view.instances.values().collect();
    all.sort_by_key(|instance| (instance.created_at, instance.id));
    let count = 1 + world.dice.below(2);
    let first = world.dice.below(all.len().max(1));
    let mut some: Vec<InstanceId> = all.iter().skip(first).take(count).map(|i| i.id).collect();
    if some.is_empty() || world.dice.strikes(50) {
        some.push(InstanceId::parse("ins-nobody00").unwrap());
    }
    some
}

/// A machine from outside, or of another network.
fn foreign(world: &mut World) -> InstanceId {
    let subnet = world.pick(&["subnet-1a2b3c4d", "subnet-elsewhere"]);
    let spec = ForeignSpec {
        vpc: "vpc-1a2b3c4d".to_owned(),
        subnet: subnet.to_owned(),
        ..ForeignSpec::default()
    };
    world.sim.make_foreign(&spec).unwrap().id
}

fn sizes(world: &mut World) -> (usize, usize, usize) {
    let min = world.dice.below(2);
    let desired = min + world.dice.below(3);
    (min, desired, desired + world.dice.below(3))
}

/// What of a new group is the same whatever the door.
struct Drawn {
    /// Minimum, desired, maximum.
    sizes: (usize, usize, usize),
    /// Whether it is spread evenly, in the words of the door.
    balanced: bool,
}

/// A configuration, through any door.
pub(crate) fn config(world: &mut World, number: usize) -> Ask {
    match world.dice.below(4) {
        3 => qcloud::config(world, number),
        0 => tencent::config(number),
        1 => huawei::config(number),
        _ => ksyun::config(number),
    }
}

/// A group with a configuration that any door made.
pub(crate) fn group(world: &mut World, config: ConfigId, number: usize) -> Ask {
    let drawn = Drawn {
        sizes: sizes(world),
        balanced: world.dice.strikes(500),
    };
    match world.dice.below(4) {
        3 => qcloud::group(world, config, &drawn, number),
        0 => tencent::group(world, config, &drawn, number),
        1 => huawei::group(world, config, &drawn, number),
        _ => ksyun::group(world, config, &drawn, number),
    }
}

/// Something that changes a group, through any door.
pub(crate) fn change(world: &mut World, view: &Arc<GroupView>) -> Ask {
    match world.dice.below(4) {
        3 => qcloud::change(world, view),
        0 => tencent::change(world, view),
        1 => huawei::change(world, view),
        _ => ksyun::change(world, view),
    }
}

/// Everything that a group is and has, read through every door.
pub(crate) fn reads(world: &mut World, view: &GroupView) -> Vec<Ask> {
    let id = view.group.id;
    let (text, uuid, number) = (id.to_string(), id.uuid(), id.decimal());
    let of = |name: &str| json!({ "Filters": [{ "Name": name, "Values": [text] }] });
    let mine = json!({ "AutoScalingGroupIds": [text] });
    let mut asks = vec![
        service::tencent("DescribeAutoScalingGroups", &mine),
        service::tencent("DescribeAutoScalingGroupLastActivities", &mine),
        service::tencent("DescribeAutoScalingAdvices", &mine),
        service::tencent("DescribeAutoScalingInstances", &of("auto-scaling-group-id")),
        service::tencent(
            "DescribeAutoScalingActivities",
            &of("auto-scaling-group-id"),
        ),
        service::tencent("DescribeScalingPolicies", &of("auto-scaling-group-id")),
        service::tencent("DescribeScheduledActions", &of("auto-scaling-group-id")),
        service::tencent("DescribeLifecycleHooks", &of("auto-scaling-group-id")),
        service::tencent(
            "DescribeNotificationConfigurations",
            &of("auto-scaling-group-id"),
        ),
        service::tencent("DescribeRefreshActivities", &of("auto-scaling-group-id")),
        service::huawei_at(
            "v2",
            Method::GET,
            &format!("scaling_activity_log/{uuid}"),
            &Value::Null,
        ),
    ];
    for path in [
        format!("scaling_group/{uuid}"),
        format!("scaling_group_instance/{uuid}/list"),
        format!("scaling_policy/{uuid}/list"),
        format!("scaling_activity_log/{uuid}"),
        format!("quotas/{uuid}"),
        format!("scaling_notification/{uuid}"),
        format!("scaling_lifecycle_hook/{uuid}/list"),
        format!("scaling_instance_hook/{uuid}/list"),
        format!("scaling_group_tag/{uuid}/tags"),
    ] {
        asks.push(service::huawei(Method::GET, &path, &Value::Null));
    }
    for action in [
        "DescribeScalingInstance",
        "DescribeScalingActivity",
        "DescribeScalingPolicy",
        "DescribeScheduledTask",
        "DescribeScalingNotification",
    ] {
        asks.push(service::ksyun(
            action,
            &[("ScalingGroupId", number.clone())],
        ));
    }
    asks.push(service::ksyun(
        "DescribeScalingGroup",
        &[("ScalingGroupId.1", number)],
    ));
    for action in [
        "DescribeScalingInstance",
        "DescribeScalingActivity",
        "DescribeScalingPolicy",
        "DescribeScheduledTask",
        "DescribeLifecycleHook",
        "DescribeScalingNotification",
    ] {
        asks.push(service::qcloud(
            world,
            action,
            &[("scalingGroupId", text.clone())],
        ));
    }
    asks
}
