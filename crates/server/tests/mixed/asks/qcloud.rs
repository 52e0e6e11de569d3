//! What is asked for of Tencent Cloud, the API of 2017.

use muster_model::{ConfigId, GroupView};

use super::{Drawn, beijing, foreign, members, sizes};
use crate::service::{Ask, World, qcloud};

/// A configuration.
pub(super) fn config(world: &mut World, number: usize) -> Ask {
    let params = [
        ("scalingConfigurationName", format!("conf-{number}")),
        ("imageId", "img-8toqc6s3".to_owned()),
        ("imageType", "2".to_owned()),
        ("cpu", "1".to_owned()),
        ("mem", "1".to_owned()),
        ("storageType", "2".to_owned()),
        ("storageSize", "0".to_owned()),
        ("rootSize", "50".to_owned()),
        ("bandwidthType", "PayByTraffic".to_owned()),
        ("bandwidth", "0".to_owned()),
        ("wanIp", "0".to_owned()),
        ("needMonitorAgent", "1".to_owned()),
        ("needSecurityAgent", "1".to_owned()),
        ("keyId", "skey-1a2b3c4d".to_owned()),
    ];
    qcloud(world, "CreateScalingConfiguration", &params)
}

/// A group of a configuration.
pub(super) fn group(world: &mut World, config: ConfigId, drawn: &Drawn, number: usize) -> Ask {
    let (min, desired, max) = drawn.sizes;
    let params = [
        ("scalingGroupName", format!("group-{number}")),
        ("scalingConfigurationId", config.to_string()),
        ("minSize", min.to_string()),
        ("maxSize", max.to_string()),
        ("desiredCapacity", desired.to_string()),
        ("vpcId", "vpc-1a2b3c4d".to_owned()),
        ("subnetIds.0", "subnet-1a2b3c4d".to_owned()),
        ("subnetIds.1", "subnet-5e6f7a8b".to_owned()),
        (
            "removePolicy",
            world
                .pick(&["RemoveOldestInstance", "RemoveNewestInstance"])
                .to_owned(),
        ),
    ];
    qcloud(world, "CreateScalingGroup", &params)
}

/// Something that changes a group.
pub(super) fn change(world: &mut World, view: &GroupView) -> Ask {
    let id = ("scalingGroupId", view.group.id.to_string());
    let (min, desired, max) = sizes(world);
    let member = ("instanceIds.0", members(world, view)[0].to_string());
    let policy = view.parts.policies.keys().next().map(ToString::to_string);
    let hook = view.parts.hooks.keys().next().map(ToString::to_string);
    let hook = hook.map(|id| id.replacen("ash-", "lfh-", 1));
    let hook = (
        "lifeCycleHookId",
        hook.unwrap_or_else(|| "lfh-nothing0".to_owned()),
    );
    let task = view.parts.schedules.keys().next().map(ToString::to_string);
    let task = (
        "scalingScheduledTaskId",
        task.unwrap_or_else(|| "asst-nothing0".to_owned()),
    );
    let now = world.now();
    let (action, mut params) = match world.dice.below(18) {
        11 => {
            let start = now + 600_000 * (1 + world.dice.below(20) as i64);
            let params = vec![
                ("scalingScheduledTaskName", format!("t-{start}")),
                ("readjustMinSize", min.to_string()),
                ("readjustMaxSize", max.to_string()),
                ("startTime", beijing(start)),
                ("endTime", beijing(now + 86_400_000 * 3)),
                ("recurrence", "* * * * *".to_owned()),
            ];
            ("CreateScheduledTask", params)
        }
        12 => (
            world.pick(&["ModifyScheduledTask", "DeleteScheduledTask"]),
            vec![task],
        ),
        13 => {
            let params = vec![
                ("lifeCycleHookName", format!("q{}", world.dice.below(3))),
                ("lifeCycleHookTimeout", "60".to_owned()),
                ("transition", world.pick(&["0", "1"]).to_owned()),
                ("notifyIds.0", "1832".to_owned()),
            ];
            ("CreateLifecycleHook", params)
        }
        14 => ("AttachLifecycleHookId", vec![hook]),
        15 => ("DetachLifecycleHookId", Vec::new()),
        16 => ("DeleteLifecycleHook", vec![hook]),
        17 => {
            let params = vec![
                ("notificationTypes.0", "1".to_owned()),
                ("notificationTypes.1", "4".to_owned()),
                ("receiversIds.0", "1832".to_owned()),
            ];
            ("CreateScalingNotification", params)
        }
        0..=2 => {
            let params = vec![
                ("minSize", min.to_string()),
                ("maxSize", max.to_string()),
                ("desiredCapacity", desired.to_string()),
                ("removePolicy", "RemoveNewestInstance".to_owned()),
            ];
            ("ModifyScalingGroup", params)
        }
        3 => {
            let machine = foreign(world).to_string();
            ("AttachInstance", vec![("instanceIds.0", machine)])
        }
        4 => {
            let keep = world.pick(&["0", "1"]).to_owned();
            ("DetachInstance", vec![member, ("keepInstance", keep)])
        }
        5 => {
            let on = world.pick(&["0", "1"]).to_owned();
            (
                "SetCvmProtectedDetach",
                vec![member, ("protectedFromDetach", on)],
            )
        }
        6..=8 => {
            let params = vec![
                ("scalingPolicyName", format!("q-{}", world.now())),
                ("adjustmentType", "QuantityChangeInCapacity".to_owned()),
                ("adjustmentValue", world.pick(&["1", "-1"]).to_owned()),
                ("cooldown", "300".to_owned()),
                ("metric.dimensionName", "cpu_usage".to_owned()),
                ("metric.comparisonOperator", "Greater".to_owned()),
                ("metric.threshold", "80".to_owned()),
                ("notifyIds.0", "1832".to_owned()),
            ];
            ("CreateScalingPolicy", params)
        }
        9 => {
            let policy = policy.unwrap_or_else(|| "sp-nothing0".to_owned());
            ("DeleteScalingPolicy", vec![("scalingPolicyId", policy)])
        }
        _ => ("DeleteScalingGroup", Vec::new()),
    };
    params.push(id);
    qcloud(world, action, &params)
}
