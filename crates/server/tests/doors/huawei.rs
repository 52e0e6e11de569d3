//! Huawei Cloud.

use http::Method;
use muster_huawei::Huawei;
use muster_kit::http::Dialect;
use muster_kit::sign::client::Request;
use muster_model::InstanceId;
use muster_testing::{Ground, PROJECT, huawei, huawei_signed};
use serde_json::{Value, json};

use crate::door::{Door, Kind, Of};

const URN: &str = "urn:smn:cn-north-4:0dd8cb413000906a2fcdc019b5a84546:topic";

pub(crate) struct Hua(Huawei);

impl Hua {
    pub(crate) fn new(ground: &Ground) -> Hua {
        Hua(huawei(ground))
    }
}

fn call(method: Method, path: &str, body: &Value) -> Request {
    let path = format!("/autoscaling-api/v1/{PROJECT}/{path}");
    huawei_signed(method, &path, body, &[])
}

pub(crate) fn post(path: &str, body: &Value) -> Request {
    call(Method::POST, path, body)
}

/// What is shown, without some of its members.
fn without(shown: &Value, names: &[&str]) -> Value {
    let mut body = shown.clone();
    let members = body.as_object_mut().unwrap();
    members.retain(|name, value| !names.contains(&name.as_str()) && !value.is_null());
    body
}

impl Door for Hua {
    fn name(&self) -> &'static str {
        "huawei"
    }

    fn dialect(&self) -> &dyn Dialect {
        &self.0
    }

    fn make(&self, kind: Kind, of: Of) -> Vec<Request> {
        let group = of.group.uuid();
        match kind {
            Kind::Config => vec![post(
                "scaling_configuration",
                &json!({
                    "scaling_configuration_name": "configuration",
                    "instance_config": {
                        "flavorRef": "s3.xlarge.2,c6.large.4", "imageRef": "8c30a3f6-37fa-4c0b-8c3a-0d0b2b9f3c1a",
                        "disk": [
                            { "size": 40, "volume_type": "SSD", "disk_type": "SYS" },
                            { "size": 100, "volume_type": "SAS", "disk_type": "DATA" },
                        ],
                        "key_name": "key-pair", "user_data": "ZWNobw==",
                        "security_groups": [{ "id": "8c30a3f6-0000-4000-8000-00000000000a" }],
                        "multi_flavor_priority_policy": "COST_FIRST",
                        "metadata": { "color": "blue" },
                    },
                }),
            )],
            Kind::Group => vec![post(
                "scaling_group",
                &json!({
                    "scaling_group_name": "group-组", "scaling_configuration_id": of.config.uuid(),
                    "min_instance_number": 0, "desire_instance_number": 1, "max_instance_number": 9,
                    "cool_down_time": 86400, "vpc_id": "8c30a3f6-0000-4000-8000-000000000001",
                    "networks": [{ "id": "8c30a3f6-0000-4000-8000-000000000002", "ipv6_enable": true }],
                    "security_groups": [{ "id": "8c30a3f6-0000-4000-8000-00000000000b" }],
                    "lbaas_listeners": [{ "pool_id": "8c30a3f6-0000-4000-8000-000000000003", "protocol_port": 8080, "weight": 3 }],
                    "instance_terminate_policy": "OLD_CONFIG_NEW_INSTANCE", "health_periodic_audit_time": 15,
                    "health_periodic_audit_grace_period": 86400, "description": "kept", "delete_publicip": true,
                }),
            )],
            Kind::Instance => vec![post(
                &format!("scaling_group/{group}/action"),
                &json!({ "action": "resume" }),
            )],
            Kind::Policy => vec![
                post(
                    "scaling_policy",
                    &json!({
                        "scaling_policy_name": "adds", "scaling_group_id": group, "scaling_policy_type": "SCHEDULED",
                        "scheduled_policy": { "launch_time": "2036-02-03T04:05Z" },
                        "scaling_policy_action": { "operation": "ADD", "instance_percentage": 50 },
                    }),
                ),
                post(
                    "scaling_policy",
                    &json!({
                        "scaling_policy_name": "percent", "scaling_group_id": group, "scaling_policy_type": "RECURRENCE",
                        "scheduled_policy": {
                            "launch_time": "16:05", "recurrence_type": "Daily",
                            "start_time": "2036-02-03T04:05Z", "end_time": "2037-02-03T04:05Z",
                        },
                        "scaling_policy_action": { "operation": "SET", "instance_percentage": 150 }, "cool_down_time": 86400,
                    }),
                ),
            ],
            Kind::Schedule => [
                ("sets-once", "SCHEDULED", json!({ "launch_time": "2036-02-03T04:05Z" })),
                ("sets-days", "RECURRENCE", json!({
                    "launch_time": "16:05", "recurrence_type": "Weekly", "recurrence_value": "1,2",
                    "start_time": "2036-02-03T04:05Z", "end_time": "2037-02-03T04:05Z",
                })),
                ("sets-last", "RECURRENCE", json!({
                    "launch_time": "16:05", "recurrence_type": "Monthly", "recurrence_value": "31",
                    "start_time": "2036-02-03T04:05Z", "end_time": "2037-02-03T04:05Z",
                })),
            ]
            .iter()
            .map(|(name, kind, times)| {
                post(
                    "scaling_policy",
                    &json!({
                        "scaling_policy_name": name, "scaling_group_id": group, "scaling_policy_type": kind,
                        "scheduled_policy": times,
                        "scaling_policy_action": { "operation": "SET", "instance_number": 3 },
                    }),
                )
            })
            .collect(),
            Kind::Hook => vec![post(
                &format!("scaling_lifecycle_hook/{group}"),
                &json!({
                    "lifecycle_hook_name": "hook", "lifecycle_hook_type": "INSTANCE_TERMINATING",
                    "default_timeout": 86400, "notification_topic_urn": URN,
                }),
            )],
            Kind::Notification => vec![call(
                Method::PUT,
                &format!("scaling_notification/{group}"),
                &json!({ "topic_urn": URN, "topic_scene": ["SCALING_UP", "SCALING_GROUP_ABNORMAL"] }),
            )],
            Kind::Activity => Vec::new(),
        }
    }

    fn read(&self, kind: Kind, of: Of) -> Option<(Request, &'static str)> {
        let group = of.group.uuid();
        let (path, place) = match kind {
            Kind::Config => (
                "scaling_configuration".to_owned(),
                "/scaling_configurations",
            ),
            Kind::Group => ("scaling_group".to_owned(), "/scaling_groups"),
            Kind::Instance => (
                format!("scaling_group_instance/{group}/list"),
                "/scaling_group_instances",
            ),
            Kind::Activity => (
                format!("scaling_activity_log/{group}"),
                "/scaling_activity_log",
            ),
            Kind::Policy | Kind::Schedule => {
                (format!("scaling_policy/{group}/list"), "/scaling_policies")
            }
            Kind::Hook => (
                format!("scaling_lifecycle_hook/{group}/list"),
                "/lifecycle_hooks",
            ),
            Kind::Notification => (format!("scaling_notification/{group}"), "/topics"),
        };
        Some((call(Method::GET, &path, &Value::Null), place))
    }

    fn attach(&self, of: Of, machine: InstanceId) -> Request {
        let path = format!("scaling_group_instance/{}/action", of.group.uuid());
        post(
            &path,
            &json!({ "action": "ADD", "instances_id": [machine.uuid()] }),
        )
    }

    fn write_back(&self, kind: Kind, of: Of, shown: &Value) -> Option<Request> {
        let (method, path, body) = match kind {
            Kind::Group => {
                let names = [
                    "scaling_group_id",
                    "scaling_group_status",
                    "scaling_configuration_name",
                    "detail",
                    "current_instance_number",
                    "create_time",
                    "is_scaling",
                    "vpc_id",
                    "tags",
                    "activity_type",
                ];
                let path = format!("scaling_group/{}", of.group.uuid());
                (Method::PUT, path, without(shown, &names))
            }
            Kind::Policy | Kind::Schedule => {
                let id = shown["scaling_policy_id"].as_str().unwrap();
                // A policy of another door has an empty one.
                let mut names = vec![
                    "scaling_policy_id",
                    "scaling_group_id",
                    "policy_status",
                    "create_time",
                ];
                if shown["alarm_id"] == json!("") {
                    names.extend(["alarm_id", "scaling_policy_type"]);
                }
                (
                    Method::PUT,
                    format!("scaling_policy/{id}"),
                    without(shown, &names),
                )
            }
            Kind::Hook => {
                let name = shown["lifecycle_hook_name"].as_str().unwrap();
                let path = format!("scaling_lifecycle_hook/{}/{name}", of.group.uuid());
                (
                    Method::PUT,
                    path,
                    without(
                        shown,
                        &[
                            "lifecycle_hook_name",
                            "create_time",
                            "notification_topic_name",
                        ],
                    ),
                )
            }
            Kind::Notification => {
                let path = format!("scaling_notification/{}", of.group.uuid());
                (Method::PUT, path, without(shown, &["topic_name"]))
            }
            Kind::Config | Kind::Instance | Kind::Activity => return None,
        };
        Some(call(method, &path, &body))
    }
}
