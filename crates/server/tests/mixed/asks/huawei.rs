//! What is asked for of Huawei Cloud.

use http::Method;
use muster_model::{ConfigId, GroupView};
use serde_json::{Value, json};

use super::{Drawn, foreign, members, minute, sizes};
use crate::service::{Ask, World, huawei};

/// A configuration.
pub(super) fn config(number: usize) -> Ask {
    huawei(
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
    )
}

/// A group of a configuration.
pub(super) fn group(world: &mut World, config: ConfigId, drawn: &Drawn, number: usize) -> Ask {
    let Drawn {
        sizes: (min, desired, max),
        balanced,
    } = *drawn;
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

/// Something that changes a group.
pub(super) fn change(world: &mut World, view: &GroupView) -> Ask {
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
