//! What is asked for, drawn door by door, of groups that any door may have made.

use std::sync::Arc;

use http::Method;
use muster_kit::time::{format_offset, format_utc};
use muster_model::{GroupView, InstanceId};
use muster_sim::ForeignSpec;
use serde_json::{Value, json};

use crate::service::{Ask, World, huawei, huawei_at, ksyun, qcloud, tencent};

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

/// A configuration, through any door.
pub(crate) fn config(world: &mut World, number: usize) -> Ask {
    match world.dice.below(4) {
        3 => {
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
        0 => tencent(
            "CreateLaunchConfiguration",
            &json!({
                "LaunchConfigurationName": format!("conf-{number}"),
                "ImageId": "img-8toqc6s3",
                "InstanceTypes": ["S5.SMALL1", "S5.SMALL2"],
                "InstanceTags": [{ "Key": "team", "Value": "a" }],
                "UserData": "ZWNobyBoaQ==",
            }),
        ),
        1 => huawei(
            Method::POST,
            "scaling_configuration",
            &json!({
                "scaling_configuration_name": format!("conf-{number}"),
                "instance_config": {
                    "flavorRef": "s3.xlarge.4",
                    "imageRef": "627a1223-2ca3-46a7-8d5f-7aef22c74ee6",
                    "disk": [{ "size": 40, "volume_type": "SATA", "disk_type": "SYS" }],
                    "key_name": "100vm_key",
                },
            }),
        ),
        _ => ksyun(
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
        ),
    }
}

/// A group with a configuration that any door made.
pub(crate) fn group(world: &mut World, config: muster_model::ConfigId, number: usize) -> Ask {
    let (min, desired, max) = sizes(world);
    let balanced = world.dice.strikes(500);
    match world.dice.below(4) {
        3 => {
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
        0 => tencent(
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
        ),
        1 => {
            let pools: Vec<Value> = (0..world.dice.below(2))
                .map(|_| json!({ "pool_id": "pool-1", "protocol_port": 80, "weight": 1 }))
                .collect();
            huawei(
                Method::POST,
                "scaling_group",
                &json!({
                    "scaling_group_name": format!("group-{number}"),
                    "scaling_configuration_id": config.uuid(),
                    "min_instance_number": min, "desire_instance_number": desired, "max_instance_number": max,
                    "vpc_id": "vpc-1a2b3c4d",
                    "networks": [{ "id": "subnet-1a2b3c4d" }, { "id": "subnet-5e6f7a8b" }],
                    "lbaas_listeners": pools,
                    "cool_down_time": world.pick(&[0, 60, 900]),
                    "health_periodic_audit_time": world.pick(&[0, 1, 5, 15]),
                    "instance_terminate_policy": world.pick(&[
                        "OLD_CONFIG_OLD_INSTANCE", "OLD_CONFIG_NEW_INSTANCE", "OLD_INSTANCE", "NEW_INSTANCE",
                    ]),
                    "multi_az_priority_policy": if balanced { "EQUILIBRIUM_DISTRIBUTE" } else { "PICK_FIRST" },
                    "description": "of a seed",
                }),
            )
        }
        _ => ksyun(
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
        ),
    }
}

/// Something that changes a group, through any door.
pub(crate) fn change(world: &mut World, view: &Arc<GroupView>) -> Ask {
    match world.dice.below(4) {
        3 => by_qcloud(world, view),
        0 => by_tencent(world, view),
        1 => by_huawei(world, view),
        _ => by_ksyun(world, view),
    }
}

fn by_tencent(world: &mut World, view: &GroupView) -> Ask {
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

fn by_huawei(world: &mut World, view: &GroupView) -> Ask {
    let id = view.group.id.uuid();
    let (min, desired, max) = sizes(world);
    let some: Vec<String> = members(world, view).iter().map(|id| id.uuid()).collect();
    let policy = view.parts.policies.keys().next().map(|id| id.uuid());
    let hook = view
        .parts
        .hooks
        .values()
        .next()
        .map(|hook| hook.name.clone());
    let at = world.now() + 60_000 * (1 + world.dice.below(20) as i64);
    let action = |action: &str, ids: &[String]| {
        let body = json!({ "instances_id": ids, "action": action });
        huawei(
            Method::POST,
            &format!("scaling_group_instance/{id}/action"),
            &body,
        )
    };
    match world.dice.below(22) {
        0 | 1 => huawei(
            Method::PUT,
            &format!("scaling_group/{id}"),
            &json!({ "min_instance_number": min, "desire_instance_number": desired, "max_instance_number": max }),
        ),
        2 => huawei(
            Method::PUT,
            &format!("scaling_group/{id}"),
            &json!({ "cool_down_time": 30, "description": "changed", "health_periodic_audit_time": 1,
                     "instance_terminate_policy": "OLD_CONFIG_NEW_INSTANCE",
                     "lbaas_listeners": [{ "pool_id": "pool-2", "protocol_port": 81, "weight": world.pick(&[1, 2]) }] }),
        ),
        3..=5 => huawei(
            Method::POST,
            &format!("scaling_group/{id}/action"),
            &json!({ "action": "resume" }),
        ),
        6 => huawei(
            Method::POST,
            &format!("scaling_group/{id}/action"),
            &json!({ "action": "pause" }),
        ),
        7 => action(world.pick(&["REMOVE", "PROTECT", "UNPROTECT"]), &some),
        8 => action(world.pick(&["ENTER_STANDBY", "EXIT_STANDBY"]), &some),
        9 => {
            let machine = foreign(world).uuid();
            action("ADD", &[machine])
        }
        10 => {
            let keep = world.pick(&["yes", "no"]);
            huawei(
                Method::DELETE,
                &format!("scaling_group_instance/{}?instance_delete={keep}", some[0]),
                &Value::Null,
            )
        }
        11 | 12 => huawei(
            Method::POST,
            "scaling_policy",
            &json!({ "scaling_policy_name": "by-time", "scaling_group_id": id, "scaling_policy_type": "SCHEDULED",
                     "scheduled_policy": { "launch_time": minute(at) },
                     "scaling_policy_action": { "operation": world.pick(&["ADD", "REMOVE", "SET"]), "instance_number": 1 } }),
        ),
        13 => huawei(
            Method::POST,
            "scaling_policy",
            &json!({ "scaling_policy_name": "by-alarm", "scaling_group_id": id, "scaling_policy_type": "ALARM",
                     "alarm_id": "al1111111111111111111111", "cool_down_time": 0,
                     "scaling_policy_action": { "operation": "ADD", "instance_percentage": 50 } }),
        ),
        14 => match policy {
            Some(policy) => huawei(
                Method::POST,
                &format!("scaling_policy/{policy}/action"),
                &json!({ "action": world.pick(&["execute", "pause", "resume"]) }),
            ),
            None => huawei(
                Method::DELETE,
                "scaling_policy/0dd8cb41-3000-906a-2fcd-c019b5a84546",
                &Value::Null,
            ),
        },
        15 => match policy {
            Some(policy) => huawei(
                Method::POST,
                "scaling_policies/action",
                &json!({ "scaling_policy_id": [policy], "action": world.pick(&["pause", "resume", "delete"]) }),
            ),
            None => huawei(
                Method::POST,
                "scaling_policies/action",
                &json!({ "scaling_policy_id": [], "action": "pause" }),
            ),
        },
        16 => huawei(
            Method::POST,
            &format!("scaling_lifecycle_hook/{id}"),
            &json!({ "lifecycle_hook_name": format!("h{}", world.dice.below(3)),
                     "lifecycle_hook_type": world.pick(&["INSTANCE_LAUNCHING", "INSTANCE_TERMINATING"]),
                     "default_timeout": 60, "notification_topic_urn": "urn:smn:cn-north-4:b53e5554fad0494d96206fb84296510b:gsh" }),
        ),
        17 => match hook {
            Some(hook) => huawei(
                Method::DELETE,
                &format!("scaling_lifecycle_hook/{id}/{hook}"),
                &Value::Null,
            ),
            None => huawei(
                Method::PUT,
                &format!("scaling_lifecycle_hook/{id}/h9"),
                &json!({ "default_timeout": 90 }),
            ),
        },
        18 => callback(world, view),
        19 => huawei(
            Method::PUT,
            &format!("scaling_notification/{id}"),
            &json!({ "topic_urn": "urn:smn:cn-north-4:b53e5554fad0494d96206fb84296510b:gsh",
                     "topic_scene": ["SCALING_UP", "SCALING_DOWN_FAIL", "SCALING_GROUP_ABNORMAL"] }),
        ),
        20 => huawei(
            Method::POST,
            &format!("scaling_group_tag/{id}/tags/action"),
            &json!({ "action": "create", "tags": [{ "key": "k", "value": at.to_string() }] }),
        ),
        _ => {
            let force = world.pick(&["", "?force_delete=yes"]);
            huawei(
                Method::DELETE,
                &format!("scaling_group/{id}{force}"),
                &Value::Null,
            )
        }
    }
}

/// A verdict on one that waits for a hook, by its key or by who it is.
fn callback(world: &mut World, view: &GroupView) -> Ask {
    let id = view.group.id.uuid();
    let mut waits = view.instances.values().flat_map(|instance| {
        instance
            .hooks
            .iter()
            .map(|wait| (instance.id, wait.clone()))
    });
    let result = world.pick(&["CONTINUE", "ABANDON", "EXTEND"]);
    let body = match waits.next() {
        Some((_, wait)) => {
            json!({ "lifecycle_action_result": result, "lifecycle_action_key": wait.token })
        }
        None => {
            json!({ "lifecycle_action_result": result, "instance_id": "0dd8cb41-3000-906a-2fcd-c019b5a84546",
                        "lifecycle_hook_name": "h0" })
        }
    };
    huawei(
        Method::PUT,
        &format!("scaling_instance_hook/{id}/callback"),
        &body,
    )
}

fn by_ksyun(world: &mut World, view: &GroupView) -> Ask {
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

fn by_qcloud(world: &mut World, view: &GroupView) -> Ask {
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

/// Everything that a group is and has, read through every door.
pub(crate) fn reads(world: &mut World, view: &GroupView) -> Vec<Ask> {
    let id = view.group.id;
    let (text, uuid, number) = (id.to_string(), id.uuid(), id.decimal());
    let of = |name: &str| json!({ "Filters": [{ "Name": name, "Values": [text] }] });
    let mine = json!({ "AutoScalingGroupIds": [text] });
    let mut asks = vec![
        tencent("DescribeAutoScalingGroups", &mine),
        tencent("DescribeAutoScalingGroupLastActivities", &mine),
        tencent("DescribeAutoScalingAdvices", &mine),
        tencent("DescribeAutoScalingInstances", &of("auto-scaling-group-id")),
        tencent(
            "DescribeAutoScalingActivities",
            &of("auto-scaling-group-id"),
        ),
        tencent("DescribeScalingPolicies", &of("auto-scaling-group-id")),
        tencent("DescribeScheduledActions", &of("auto-scaling-group-id")),
        tencent("DescribeLifecycleHooks", &of("auto-scaling-group-id")),
        tencent(
            "DescribeNotificationConfigurations",
            &of("auto-scaling-group-id"),
        ),
        tencent("DescribeRefreshActivities", &of("auto-scaling-group-id")),
        huawei_at(
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
        asks.push(huawei(Method::GET, &path, &Value::Null));
    }
    for action in [
        "DescribeScalingInstance",
        "DescribeScalingActivity",
        "DescribeScalingPolicy",
        "DescribeScheduledTask",
        "DescribeScalingNotification",
    ] {
        asks.push(ksyun(action, &[("ScalingGroupId", number.clone())]));
    }
    asks.push(ksyun(
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
        asks.push(qcloud(world, action, &[("scalingGroupId", text.clone())]));
    }
    asks
}
