//! What is said of a parameter that is missing or that cannot be read: it has the code of a bad value of it.

use muster_kit::decode::{DecodeError, DecodeErrorKind};

use crate::fault::Fault;

/// The name of a parameter: the last part of its path that is not the place of an entry in a list.
fn name(path: &str) -> &str {
    let mut parts = path.rsplit('.');
    let is_name = |part: &&str| part.parse::<usize>().is_err();
    parts.find(is_name).unwrap_or_default()
}

/// The code of what every operation calls by the same word.
fn code_of_shared(name: &str, operation: &str) -> Option<&'static str> {
    let of_policy = operation.contains("Polic");
    Some(match name {
        "action" if operation.contains("ScalingGroup") => "AS.2008",
        "action" if of_policy => "AS.3022",
        "action" if operation == "BatchInstancesAction" => "AS.4018",
        "action" => "AS.7049",
        "cool_down_time" if of_policy => "AS.3012",
        "cool_down_time" => "AS.2006",
        "name" | "scaling_policy_name" => "AS.3031",
        "scaling_configuration_id" if operation.contains("ScalingGroup") => "AS.1004",
        "scaling_group_id" if of_policy => "AS.2007",
        "instance_id" | "lifecycle_hook_name" if operation.starts_with("Callback") => "AS.7042",
        "instance_id" => "AS.4006",
        _ => return None,
    })
}

/// The code of a part of a structure that has one code for all its parts, or names of its own.
fn code_of_part(path: &str, name: &str) -> Option<&'static str> {
    let within = |structure: &str| path.split('.').any(|part| part == structure);
    Some(match name {
        "size" if within("disk") => "AS.1031",
        "size" if within("public_ip") => "AS.1042",
        "size" => "AS.3018",
        "metadata" if within("disk") => "AS.0022",
        "metadata" => "AS.1052",
        "min" | "max" if within("instance_number") => "AS.2004",
        "desire" if within("instance_number") => "AS.2005",
        _ if within("networks") => "AS.2013",
        _ if within("personality") => "AS.1027",
        _ if within("matches") => "AS.7052",
        _ if ["tags", "tags_any", "not_tags", "not_tags_any"]
            .iter()
            .any(|list| within(list)) =>
        {
            "AS.7046"
        }
        _ => return None,
    })
}

/// The code of what is named in a group.
fn code_of_group(name: &str) -> Option<&'static str> {
    Some(match name {
        "scaling_group_name" => "AS.2022",
        "min_instance_number" | "max_instance_number" | "min_capacity" | "max_capacity" => {
            "AS.2004"
        }
        "desire_instance_number" | "desired_instance_number" => "AS.2005",
        "available_zones" => "AS.2011",
        "vpc_id" => "AS.2012",
        "lb_listener_id" => "AS.2015",
        "health_periodic_audit_method" => "AS.2029",
        "health_periodic_audit_time" => "AS.2031",
        "instance_terminate_policy" => "AS.2032",
        "notifications" => "AS.2034",
        "protocol_port" => "AS.2039",
        "weight" => "AS.2040",
        "lbaas_listeners" | "pool_id" | "protocol_version" => "AS.2042",
        "health_periodic_audit_grace_period" => "AS.2046",
        "multi_az_priority_policy" => "AS.2053",
        "enterprise_project_id" => "AS.7065",
        _ => return None,
    })
}

/// The code of what is named in a configuration.
fn code_of_config(name: &str) -> Option<&'static str> {
    Some(match name {
        "flavorRef" => "AS.1016",
        "scaling_configuration_name" => "AS.1023",
        "volume_type" => "AS.1033",
        "disk_type" => "AS.1034",
        "admin_pass" | "adminPass" => "AS.1035",
        "ip_type" => "AS.1043",
        "charging_mode" => "AS.1044",
        "share_type" => "AS.1045",
        "user_data" => "AS.1049",
        "key_name" => "AS.1050",
        "snapshot_id" => "AS.1066",
        "imageRef" => "AS.1075",
        "multi_flavor_priority_policy" => "AS.1085",
        "source_scaling_configuration_id" => "AS.1004",
        _ => return None,
    })
}

/// The code of what is named in a policy or a task.
fn code_of_policy(name: &str) -> Option<&'static str> {
    Some(match name {
        "scaling_policy_type" => "AS.3002",
        "recurrence_type" => "AS.3004",
        "end_time" => "AS.3006",
        "launch_time" => "AS.3009",
        "operation" => "AS.3017",
        "instance_number" => "AS.3018",
        "recurrence_value" => "AS.3025",
        "start_time" => "AS.3028",
        "instance_percentage" | "percentage" => "AS.3035",
        "scaling_resource_type" => "AS.3037",
        "limits" => "AS.3043",
        "force_delete" => "AS.3048",
        "alarm_id" => "AS.3050",
        "scaling_resource_id" => "AS.3055",
        "delete_alarm" => "AS.3056",
        _ => return None,
    })
}

/// The code of the rest: instances, hooks, notifications.
fn code_of_rest(name: &str) -> Option<&'static str> {
    Some(match name {
        "instance_delete" => "AS.4007",
        "topic_urn" => "AS.7025",
        "topic_scene" => "AS.7026",
        "default_timeout" => "AS.7030",
        "lifecycle_hook_name" => "AS.7031",
        "lifecycle_hook_type" => "AS.7033",
        "default_result" | "lifecycle_action_result" => "AS.7034",
        "lifecycle_action_key" => "AS.7042",
        "notification_topic_urn" => "AS.7043",
        _ => return None,
    })
}

/// The code of a parameter of the wrong type: that of a bad value, or that of a bad body.
fn code_of(path: &str, operation: &str) -> &'static str {
    let name = name(path);
    code_of_shared(name, operation)
        .or_else(|| code_of_part(path, name))
        .or_else(|| code_of_group(name))
        .or_else(|| code_of_config(name))
        .or_else(|| code_of_policy(name))
        .or_else(|| code_of_rest(name))
        .unwrap_or("AS.0022")
}

/// A parameter that is missing or cannot be read.
pub(crate) fn unreadable(error: &DecodeError, operation: &str) -> Fault {
    let path = match error.path.as_str() {
        "" => "the request",
        path => path,
    };
    match &error.kind {
        DecodeErrorKind::Missing => Fault::missing("AS.0022", path),
        DecodeErrorKind::NotOneOf { allowed, got } => {
            let wanted = format!("one of {} is right", allowed.join(", "));
            Fault::value(
                code_of(path, operation),
                path,
                got.trim_matches('"'),
                &wanted,
            )
        }
        DecodeErrorKind::Malformed { expected, got } => {
            let expected = match expected.as_str() {
                "i64" => "a whole number",
                words => words,
            };
            let detail = format!("The parameter `{path}`: expected {expected}, got {got}.");
            Fault::new(code_of(path, operation), detail)
        }
        DecodeErrorKind::TooLarge { what, max } => Fault::new(
            code_of(path, operation),
            format!("The parameter `{path}`: {what} exceeds {max}."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_type_has_the_code_of_a_bad_value() {
        for (path, operation, code) in [
            ("min_instance_number", "CreateScalingGroup", "AS.2004"),
            (
                "networks.0.ipv6_bandwidth.id",
                "CreateScalingGroup",
                "AS.2013",
            ),
            ("available_zones.3", "UpdateScalingGroup", "AS.2011"),
            ("action", "ResumeOrPauseScalingGroup", "AS.2008"),
            ("action", "BatchScalingPolicies", "AS.3022"),
            ("action", "BatchInstancesAction", "AS.4018"),
            ("action", "ListResourceInstances", "AS.7049"),
            ("tags.0.values.1", "ListResourceInstances", "AS.7046"),
            (
                "instance_config.disk.0.size",
                "CreateScalingConfig",
                "AS.1031",
            ),
            (
                "instance_config.public_ip.eip.bandwidth.size",
                "CreateScalingConfig",
                "AS.1042",
            ),
            (
                "instance_config.disk.0.metadata",
                "CreateScalingConfig",
                "AS.0022",
            ),
            ("instance_config.metadata", "CreateScalingConfig", "AS.1052"),
            (
                "scaling_policy_action.size",
                "CreateScalingV2Policy",
                "AS.3018",
            ),
            ("instance_number.min", "CreateGroupScheduledTask", "AS.2004"),
            ("cool_down_time", "UpdateScalingPolicy", "AS.3012"),
            ("topic_scene.0", "CreateScalingNotification", "AS.7026"),
            ("instance_config", "CreateScalingConfig", "AS.0022"),
        ] {
            assert_eq!(code_of(path, operation), code, "{path} of {operation}");
        }
    }
}
