//! What is asked for of Tencent Cloud 3.0.

use muster_kit::time::format_offset;
use muster_model::{ConfigId, GroupView};
use serde_json::json;

use super::{Drawn, foreign, members, sizes};
use crate::service::{Ask, World, tencent};

/// A configuration.
pub(super) fn config(number: usize) -> Ask {
    tencent(
        "CreateLaunchConfiguration",
        &json!({
            "LaunchConfigurationName": format!("conf-{number}"),
            "ImageId": "img-8toqc6s3",
            "InstanceTypes": ["S5.SMALL1", "S5.SMALL2"],
            "InstanceTags": [{ "Key": "team", "Value": "a" }],
            "UserData": "ZWNobyBoaQ==",
        }),
    )
}

/// A group of a configuration.
pub(super) fn group(world: &mut World, config: ConfigId, drawn: &Drawn, number: usize) -> Ask {
    let Drawn {
        sizes: (min, desired, max),
        balanced,
    } = *drawn;
    tencent(
        "CreateAutoScalingGroup",
        &json!({
            "AutoScalingGroupName": format!("group-{number}"),
            "LaunchConfigurationId": config.to_string(),
            "MinSize": min, "DesiredCapacity": desired, "MaxSize": max,
            "VpcId": "vpc-1a2b3c4d",
            "SubnetIds": ["subnet-1a2b3c4d", "subnet-5e6f7a8b"],
            "DefaultCooldown": 60,
            "RetryPolicy": world.pick(&["IMMEDIATE_RETRY", "INCREMENTAL_INTERVALS", "NO_RETRY"]),
            "MultiZoneSubnetPolicy": if balanced { "EQUALITY" } else { "PRIORITY" },
            "TerminationPolicies": [world.pick(&["OLDEST_INSTANCE", "NEWEST_INSTANCE"])],
            "ServiceSettings": { "ReplaceMonitorUnhealthy": balanced },
            "Tags": [{ "ResourceType": "auto-scaling-group", "Key": "team", "Value": "a" }],
        }),
    )
}

/// Something that changes a group.
pub(super) fn change(world: &mut World, view: &GroupView) -> Ask {
    let id = view.group.id.to_string();
    let (min, desired, max) = sizes(world);
    let some = members(world, view);
    let some: Vec<String> = some.iter().map(ToString::to_string).collect();
    let of_some = |action: &str| {
        tencent(
            action,
            &json!({ "AutoScalingGroupId": id, "InstanceIds": some }),
        )
    };
    let policy = view.parts.policies.keys().next().map(ToString::to_string);
    let schedule = view.parts.schedules.keys().next().map(ToString::to_string);
    let hook = view.parts.hooks.keys().next().map(ToString::to_string);
    let notification = view
        .parts
        .notifications
        .keys()
        .next()
        .map(ToString::to_string);
    let start = world.now() + 60_000 * (1 + world.dice.below(20) as i64);
    match world.dice.below(24) {
        0 => tencent(
            "ModifyDesiredCapacity",
            &json!({ "AutoScalingGroupId": id, "DesiredCapacity": desired }),
        ),
        1 => tencent(
            "ModifyAutoScalingGroup",
            &json!({ "AutoScalingGroupId": id, "MinSize": min, "DesiredCapacity": desired, "MaxSize": max,
                     "DefaultCooldown": 30, "MultiZoneSubnetPolicy": "EQUALITY" }),
        ),
        2 => tencent(
            "EnableAutoScalingGroup",
            &json!({ "AutoScalingGroupId": id }),
        ),
        3 => tencent(
            "DisableAutoScalingGroup",
            &json!({ "AutoScalingGroupId": id }),
        ),
        4 => tencent(
            "ScaleOutInstances",
            &json!({ "AutoScalingGroupId": id, "ScaleOutNumber": 1 + desired }),
        ),
        5 => tencent(
            "ScaleInInstances",
            &json!({ "AutoScalingGroupId": id, "ScaleInNumber": 1 }),
        ),
        6 => {
            let machine = foreign(world).to_string();
            tencent(
                "AttachInstances",
                &json!({ "AutoScalingGroupId": id, "InstanceIds": [machine] }),
            )
        }
        7 => of_some("DetachInstances"),
        8 => of_some("RemoveInstances"),
        9 => tencent(
            "SetInstancesProtection",
            &json!({ "AutoScalingGroupId": id, "InstanceIds": some, "ProtectedFromScaleIn": world.dice.strikes(300) }),
        ),
        10 => of_some(world.pick(&["StopAutoScalingInstances", "StartAutoScalingInstances"])),
        11 => of_some(world.pick(&["EnterStandby", "ExitStandby"])),
        12 => tencent(
            world.pick(&["AttachLoadBalancers", "ModifyLoadBalancers"]),
            &json!({ "AutoScalingGroupId": id, "ForwardLoadBalancers": [{
                "LoadBalancerId": "lb-1a2b3c4d", "ListenerId": world.pick(&["lbl-1a2b3c4d", "lbl-5e6f7a8b"]),
                "TargetAttributes": [{ "Port": 80, "Weight": world.pick(&[10, 20]) }] }] }),
        ),
        13 => tencent(
            "ModifyLoadBalancers",
            &json!({ "AutoScalingGroupId": id, "LoadBalancerIds": [] }),
        ),
        14 | 15 => tencent(
            "CreateScalingPolicy",
            &json!({ "AutoScalingGroupId": id, "ScalingPolicyName": format!("p-{start}"), "Cooldown": 30,
                     "AdjustmentType": world.pick(&["CHANGE_IN_CAPACITY", "EXACT_CAPACITY", "PERCENT_CHANGE_IN_CAPACITY"]),
                     "AdjustmentValue": world.pick(&[1, 2, 50]),
                     "MetricAlarm": { "ComparisonOperator": "GREATER_THAN", "MetricName": "CPU_UTILIZATION",
                                      "Threshold": 80, "Period": 60, "ContinuousTime": 1, "Statistic": "AVERAGE" } }),
        ),
        16 => match policy {
            Some(policy) => tencent(
                world.pick(&["ExecuteScalingPolicy", "DeleteScalingPolicy"]),
                &json!({ "AutoScalingPolicyId": policy }),
            ),
            None => tencent(
                "ExecuteScalingPolicy",
                &json!({ "AutoScalingPolicyId": "asp-nothing0" }),
            ),
        },
        17 => tencent(
            "CreateScheduledAction",
            &json!({ "AutoScalingGroupId": id, "ScheduledActionName": format!("s-{start}"), "MinSize": min,
                     "DesiredCapacity": desired, "MaxSize": max, "StartTime": format_offset(start, 8) }),
        ),
        18 => match schedule {
            Some(schedule) => tencent(
                "ModifyScheduledAction",
                &json!({ "ScheduledActionId": schedule, "MaxSize": max, "MinSize": min, "DesiredCapacity": desired }),
            ),
            None => tencent(
                "DeleteScheduledAction",
                &json!({ "ScheduledActionId": "asst-nothing0" }),
            ),
        },
        19 => tencent(
            "CreateLifecycleHook",
            &json!({ "AutoScalingGroupId": id, "LifecycleHookName": format!("h{}", world.dice.below(3)),
                     "LifecycleTransition": world.pick(&["INSTANCE_LAUNCHING", "INSTANCE_TERMINATING"]),
                     "DefaultResult": world.pick(&["CONTINUE", "ABANDON"]), "HeartbeatTimeout": 30 }),
        ),
        20 => match hook {
            Some(hook) => tencent(
                "ModifyLifecycleHook",
                &json!({ "LifecycleHookId": hook, "HeartbeatTimeout": 60, "DefaultResult": "CONTINUE" }),
            ),
            None => tencent(
                "DeleteLifecycleHook",
                &json!({ "LifecycleHookId": "ash-nothing0" }),
            ),
        },
        21 => match notification {
            Some(one) => tencent(
                "DeleteNotificationConfiguration",
                &json!({ "AutoScalingNotificationId": one }),
            ),
            None => tencent(
                "CreateNotificationConfiguration",
                &json!({ "AutoScalingGroupId": id, "NotificationUserGroupIds": ["1678"],
                         "NotificationTypes": ["SCALE_OUT_SUCCESSFUL", "SCALE_IN_FAILED", "REPLACE_UNHEALTHY_INSTANCE_FAILED"] }),
            ),
        },
        22 => tencent(
            "StartInstanceRefresh",
            &json!({ "AutoScalingGroupId": id, "RefreshSettings": { "RollingUpdateSettings": {
                "BatchNumber": 1, "BatchPause": "AUTOMATIC" } } }),
        ),
        _ => tencent(
            "DeleteAutoScalingGroup",
            &json!({ "AutoScalingGroupId": id }),
        ),
    }
}
