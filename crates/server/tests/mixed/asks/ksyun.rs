//! What is asked for of Kingsoft Cloud.

use muster_model::{ConfigId, GroupView};

use super::{Drawn, beijing, foreign, members, sizes};
use crate::service::{Ask, World, ksyun};

/// A configuration.
pub(super) fn config(number: usize) -> Ask {
    ksyun(
        "CreateScalingConfiguration",
        &[
            ("ScalingConfigurationName", format!("conf-{number}")),
            (
                "ImageId",
                "IMG-2418d517-6daa-4f01-8cc0-a05a2b7c077d".to_owned(),
            ),
            ("InstanceType.1", "N3.1A".to_owned()),
            ("SystemDisk.DiskType", "SSD3.0".to_owned()),
            ("SystemDisk.DiskSize", "20".to_owned()),
        ],
    )
}

/// A group of a configuration.
pub(super) fn group(world: &mut World, config: ConfigId, drawn: &Drawn, number: usize) -> Ask {
    let Drawn {
        sizes: (min, desired, max),
        balanced,
    } = *drawn;
    ksyun(
        "CreateScalingGroup",
        &[
            ("ScalingGroupName", format!("group-{number}")),
            ("ScalingConfigurationId", config.decimal()),
            ("MinSize", min.to_string()),
            ("DesiredCapacity", desired.to_string()),
            ("MaxSize", max.to_string()),
            (
                "RemovePolicy",
                world
                    .pick(&["RemoveOldestInstance", "RemoveNewestInstance"])
                    .to_owned(),
            ),
            (
                "SecurityGroupId",
                "36e08d58-4b10-440c-9b0b-11da1f551c33".to_owned(),
            ),
            ("SubnetId.1", "subnet-1a2b3c4d".to_owned()),
            ("SubnetId.2", "subnet-5e6f7a8b".to_owned()),
            (
                "SubnetStrategy",
                if balanced {
                    "balanced-distribution"
                } else {
                    "choice-first"
                }
                .to_owned(),
            ),
            ("Status", world.pick(&["Active", "UnActive"]).to_owned()),
        ],
    )
}

/// Something that changes a group.
pub(super) fn change(world: &mut World, view: &GroupView) -> Ask {
    let id = || ("ScalingGroupId", view.group.id.decimal());
    let (min, desired, max) = sizes(world);
    let member = members(world, view)[0].uuid();
    let policy = view.parts.policies.keys().next().map(|id| id.decimal());
    let schedule = view.parts.schedules.keys().next().map(|id| id.decimal());
    let now = world.now();
    match world.dice.below(18) {
        0 | 1 => ksyun(
            "ModifyScalingGroup",
            &[
                id(),
                ("MinSize", min.to_string()),
                ("DesiredCapacity", desired.to_string()),
                ("MaxSize", max.to_string()),
                ("RemovePolicy", "RemoveNewestInstance".to_owned()),
            ],
        ),
        2..=4 => ksyun("EnableScalingGroup", &[id()]),
        5 => ksyun("DisableScalingGroup", &[id()]),
        6 => {
            let machine = foreign(world).uuid();
            ksyun("AttachInstance", &[id(), ("ScalingInstanceId.1", machine)])
        }
        7 => ksyun("DetachInstance", &[id(), ("ScalingInstanceId.1", member)]),
        8 => ksyun(
            "SetKvmProtectedDetach",
            &[
                id(),
                ("ScalingInstanceId.1", member),
                ("ProtectedFromDetach", world.pick(&["0", "1"]).to_owned()),
            ],
        ),
        9 => ksyun("ModifyScalingLoadBalancers", &[id()]),
        10 => ksyun(
            "ModifyScalingLoadBalancers",
            &[
                id(),
                ("Slb.1.Id", "lb-1a2b3c4d".to_owned()),
                ("Slb.1.ListenerId", world.pick(&["lbl-1a2b3c4d", "lbl-5e6f7a8b"]).to_owned()),
                ("Slb.1.ServerPort.1", world.pick(&["80", "81"]).to_owned()),
                ("Slb.1.Weight", "7".to_owned()),
                ("Slb.1.HealthCheckType", world.pick(&["slb", "kec"]).to_owned()),
                ("Slb.2.Id", "lb-1a2b3c4d".to_owned()),
                ("Slb.2.ListenerId", "lbl-9a9b9c9d".to_owned()),
                ("Slb.2.ServerPort.1", "80".to_owned()),
                ("Slb.2.HealthCheckType", world.pick(&["slb", "kec"]).to_owned()),
            ],
        ),
        11 | 12 => ksyun(
            "CreateScalingPolicy",
            &[
                id(),
                ("ScalingPolicyName", "up".to_owned()),
                ("AdjustmentType", world.pick(&["TotalCapacity", "QuantityChangeInCapacity"]).to_owned()),
                ("AdjustmentValue", world.pick(&["1", "2"]).to_owned()),
                ("CoolDown", "60".to_owned()),
                (
                    "Metric",
                    r#"{"dimensionName":"cpu_usage","comparisonOperator":"Greater","threshold":50,"function":"avg","repeatTimes":2,"period":60}"#.to_owned(),
                ),
            ],
        ),
        13 => match policy {
            Some(policy) => ksyun("DeleteScalingPolicy", &[id(), ("ScalingPolicyId", policy)]),
            None => ksyun("DeleteScalingPolicy", &[id(), ("ScalingPolicyId", "16000388".to_owned())]),
        },
        14 => ksyun(
            "CreateScheduledTask",
            &[
                id(),
                ("ScalingScheduledTaskName", "task".to_owned()),
                ("StartTime", beijing(now + 600_000)),
                ("EndTime", beijing(now + 86_400_000 * 3)),
                ("RepeatUnit", world.pick(&["Day", "Week"]).to_owned()),
                ("RepeatCycle", "1".to_owned()),
                ("ReadjustMinSize", min.to_string()),
                ("ReadjustExpectSize", desired.to_string()),
                ("ReadjustMaxSize", max.to_string()),
            ],
        ),
        15 => match schedule {
            Some(task) => ksyun(
                world.pick(&["DeleteScheduledTask", "ModifyScheduledTask"]),
                &[id(), ("ScalingScheduledTaskId", task), ("ScalingScheduledTaskName", "other".to_owned())],
            ),
            None => ksyun("DeleteScheduledTask", &[id(), ("ScalingScheduledTaskId", "1".to_owned())]),
        },
        16 => ksyun(
            "CreateScalingNotification",
            &[
                id(),
                ("ScalingNotificationType.1", "1".to_owned()),
                ("ScalingNotificationType.2", "5".to_owned()),
            ],
        ),
        _ => ksyun("DeleteScalingGroup", &[id()]),
    }
}
