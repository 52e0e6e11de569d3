//! Kingsoft Cloud.

use http::Method;
use muster_kit::http::Dialect;
use muster_kit::sign::client::Request;
use muster_ksyun::{Ksyun, Switches};
use muster_model::InstanceId;
use muster_testing::{Ground, KEY, ksyun, ksyun_signed};
use serde_json::Value;

use crate::door::{Door, Kind, Of};

pub(crate) struct Kingsoft(Ksyun);

impl Kingsoft {
    pub(crate) fn new(ground: &Ground) -> Kingsoft {
        Kingsoft(ksyun(ground, false, Switches::default()))
    }
}

/// With the simplified signature, answered in JSON.
fn call<S: AsRef<str>>(action: &str, given: &[(S, S)]) -> Request {
    let given = given
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_ref()));
    let pairs: Vec<(&str, &str)> = given.chain([("Action", action)]).collect();
    ksyun_signed(Method::POST, KEY, &pairs)
}

/// A value that is shown as parameters: lists by number, structures by dots, the metric as the text that requests have.
fn flat(name: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::String(text) => into.push((name.to_owned(), text.clone())),
        Value::Bool(_) | Value::Number(_) => into.push((name.to_owned(), value.to_string())),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                flat(&format!("{name}.{}", at + 1), item, into);
            }
        }
        Value::Object(members) => {
            for (member, value) in members {
                flat(&format!("{name}.{member}"), value, into);
            }
        }
    }
}

/// Parameters by name, each from the member of what is shown.
fn taken(of: Of, shown: &Value, names: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut found = vec![("ScalingGroupId".to_owned(), of.group.decimal())];
    for (parameter, member) in names {
        flat(parameter, &shown[*member], &mut found);
    }
    found
}

/// Metric as requests have it.
fn metric(shown: &Value) -> String {
    let shown = &shown["Metric"];
    serde_json::json!({
        "dimensionName": shown["DimensionName"], "comparisonOperator": shown["ComparisonOperator"],
        "threshold": shown["Threshold"], "repeatTimes": shown["RepeatTimes"], "period": shown["Period"],
        "function": shown["Function"],
    })
    .to_string()
}

impl Door for Kingsoft {
    fn name(&self) -> &'static str {
        "ksyun"
    }

    fn dialect(&self) -> &dyn Dialect {
        &self.0
    }

    fn make(&self, kind: Kind, of: Of) -> Vec<Request> {
        let (group, config) = (of.group.decimal(), of.config.decimal());
        let group = group.as_str();
        match kind {
            Kind::Config => vec![call(
                "CreateScalingConfiguration",
                &[
                    ("ScalingConfigurationName", "configuration"),
                    ("ImageId", "a5ab3ea1-5ae9-4d6b-8c30-0d0b2b9f3c1a"),
                    ("InstanceType.1", "N3.2B"),
                    ("InstanceType.2", "S4.1A"),
                    ("ProjectId", "7"),
                    ("KeepImageLogin", "true"),
                    ("SystemDisk.DiskType", "SSD3.0"),
                    ("SystemDisk.DiskSize", "40"),
                    ("DataDisk.1.Type", "EHDD"),
                    ("DataDisk.1.Size", "100"),
                    ("DataDisk.1.DeleteWithInstance", "true"),
                    ("AddressBandWidth", "5"),
                    ("LineId", "5fc2595f-1bfd-481b-bf64-2d08f116d800"),
                    ("AddressProjectId", "3"),
                    ("DataDiskGb", "10"),
                    ("ChargeType", "Daily"),
                    ("InstanceName", "web"),
                    ("InstanceNameSuffix", "1"),
                    ("UserData", "ZWNobw=="),
                    ("Tag.1.Key", "a"),
                    ("Tag.1.Value", "b"),
                ],
            )],
            Kind::Group => vec![call(
                "CreateScalingGroup",
                &[
                    ("ScalingGroupName", "group 组"),
                    ("ScalingConfigurationId", &config),
                    ("MinSize", "0"),
                    ("MaxSize", "10"),
                    ("DesiredCapacity", "1"),
                    ("RemovePolicy", "RemoveNewestInstance"),
                    ("SubnetId.1", "6a1b2c3d-0000-4000-8000-000000000001"),
                    ("SubnetId.2", "6a1b2c3d-0000-4000-8000-000000000002"),
                    ("SecurityGroupId.1", "6a1b2c3d-0000-4000-8000-00000000000a"),
                    ("SecurityGroupId.2", "6a1b2c3d-0000-4000-8000-00000000000b"),
                    ("Slb.1.Id", "7a1b2c3d-0000-4000-8000-000000000001"),
                    ("Slb.1.ListenerId", "7a1b2c3d-0000-4000-8000-000000000002"),
                    ("Slb.1.ServerPort.1", "80"),
                    ("Slb.1.Weight", "30"),
                    ("Slb.1.HealthCheckType", "kec"),
                    ("Slb.2.Id", "7a1b2c3d-0000-4000-8000-000000000001"),
                    ("Slb.2.ListenerId", "7a1b2c3d-0000-4000-8000-000000000003"),
                    ("Slb.2.ServerPort.1", "81"),
                    ("Slb.2.HealthCheckType", "slb"),
                ],
            )],
            Kind::Policy => vec![
                call(
                    "CreateScalingPolicy",
                    &[
                        ("ScalingGroupId", group),
                        ("ScalingPolicyName", "policy 1"),
                        (
                            "Metric",
                            r#"{"dimensionName":"net_intraffic","comparisonOperator":"EqualOrGreater","threshold":0.1,"repeatTimes":2,"period":900,"function":"min"}"#,
                        ),
                        ("AdjustmentType", "QuantityChangeInCapacity"),
                        ("AdjustmentValue", "-2"),
                        ("CoolDown", "100000"),
                    ],
                ),
                call(
                    "CreateScalingPolicy",
                    &[
                        ("ScalingGroupId", group),
                        ("ScalingPolicyName", "listeners"),
                        (
                            "Metric",
                            r#"{"dimensionName":"listener_outtraffic","comparisonOperator":"Less","threshold":3,"function":"avg"}"#,
                        ),
                        ("AdjustmentType", "TotalCapacity"),
                        ("AdjustmentValue", "1"),
                        ("CoolDown", "60"),
                    ],
                ),
            ],
            Kind::Schedule => {
                let task = |name: &'static str, rest: &[(&'static str, &'static str)]| {
                    let mut given = vec![
                        ("ScalingGroupId", group),
                        ("ScalingScheduledTaskName", name),
                        ("ReadjustMaxSize", "9"),
                        ("ReadjustMinSize", "1"),
                        ("ReadjustExpectSize", "2"),
                        ("StartTime", "2036-02-03 04:05:06"),
                    ];
                    given.extend(rest);
                    call("CreateScheduledTask", &given)
                };
                let end = ("EndTime", "2037-02-03 04:05:06");
                vec![
                    task("once", &[]),
                    task(
                        "week 周",
                        &[end, ("RepeatUnit", "Week"), ("RepeatCycle", "1,7")],
                    ),
                    task("cron", &[end, ("Recurrence", "* * 10 * *")]),
                    task("days", &[end, ("RepeatUnit", "Day"), ("RepeatCycle", "2")]),
                ]
            }
            Kind::Notification => vec![call(
                "CreateScalingNotification",
                &[
                    ("ScalingGroupId", group),
                    ("NotificationType.1", "1"),
                    ("NotificationType.2", "6"),
                ],
            )],
            Kind::Hook | Kind::Instance | Kind::Activity => Vec::new(),
        }
    }

    fn read(&self, kind: Kind, of: Of) -> Option<(Request, &'static str)> {
        let group = of.group.decimal();
        let own = |action| call(action, &[("ScalingGroupId", group.as_str())]);
        let config = of.config.decimal();
        Some(match kind {
            Kind::Config => (
                call(
                    "DescribeScalingConfiguration",
                    &[("ScalingConfigurationId", config.as_str())],
                ),
                "/ScalingConfigurationSet",
            ),
            Kind::Group => (own("DescribeScalingGroup"), "/ScalingGroupSet"),
            Kind::Instance => (own("DescribeScalingInstance"), "/ScalingInstanceSet"),
            Kind::Activity => (own("DescribeScalingActivity"), "/ScalingActivitySet"),
            Kind::Policy => (own("DescribeScalingPolicy"), "/ScalingPolicySet"),
            Kind::Schedule => (own("DescribeScheduledTask"), "/ScalingScheduleTaskSet"),
            Kind::Notification => (
                own("DescribeScalingNotification"),
                "/ScalingNotificationSet",
            ),
            Kind::Hook => return None,
        })
    }

    fn attach(&self, of: Of, machine: InstanceId) -> Request {
        let (group, machine) = (of.group.decimal(), machine.uuid());
        call(
            "AttachInstance",
            &[
                ("ScalingGroupId", group.as_str()),
                ("ScalingInstanceId.1", machine.as_str()),
            ],
        )
    }

    fn write_back(&self, kind: Kind, of: Of, shown: &Value) -> Option<Request> {
        Some(match kind {
            Kind::Group => {
                let mut given = taken(
                    of,
                    shown,
                    &[
                        ("MinSize", "MinSize"),
                        ("MaxSize", "MaxSize"),
                        ("DesiredCapacity", "DesiredCapacity"),
                        ("RemovePolicy", "RemovePolicy"),
                        ("ScalingGroupName", "ScalingGroupName"),
                        ("ScalingConfigurationId", "ScalingConfigurationId"),
                        ("SubnetId", "SubnetIdSet"),
                        ("SubnetStrategy", "SubnetStrategy"),
                    ],
                );
                for (at, slb) in shown["SlbConfigSet"].as_array().unwrap().iter().enumerate() {
                    for (parameter, member) in [
                        ("Id", "SlbId"),
                        ("ListenerId", "ListenerId"),
                        ("ServerPort", "ServerPortSet"),
                        ("Weight", "Weight"),
                        ("HealthCheckType", "HealthCheckType"),
                    ] {
                        flat(&format!("Slb.{at}.{parameter}"), &slb[member], &mut given);
                    }
                }
                call("ModifyScalingGroup", &given)
            }
            Kind::Policy => {
                let mut given = taken(
                    of,
                    shown,
                    &[
                        ("ScalingPolicyId", "ScalingPolicyId"),
                        ("ScalingPolicyName", "ScalingPolicyName"),
                        ("AdjustmentType", "AdjustmentType"),
                        ("AdjustmentValue", "AdjustmentValue"),
                        ("CoolDown", "CoolDown"),
                    ],
                );
                given.push(("Metric".to_owned(), metric(shown)));
                call("ModifyScalingPolicy", &given)
            }
            Kind::Schedule => call(
                "ModifyScheduledTask",
                &taken(
                    of,
                    shown,
                    &[
                        ("ScalingScheduledTaskId", "ScalingScheduledTaskId"),
                        ("ScalingScheduledTaskName", "ScalingScheduledTaskName"),
                        ("ReadjustMaxSize", "ReadjustMaxSize"),
                        ("ReadjustMinSize", "ReadjustMinSize"),
                        ("ReadjustExpectSize", "ReadjustExpectSize"),
                        ("StartTime", "StartTime"),
                        ("EndTime", "EndTime"),
                        ("Recurrence", "Recurrence"),
                        ("RepeatUnit", "RepeatUnit"),
                        ("RepeatCycle", "RepeatCycle"),
                    ],
                ),
            ),
            Kind::Notification => call(
                "ModifyScalingNotification",
                &taken(
                    of,
                    shown,
                    &[
                        ("ScalingNotificationId", "ScalingNotificationId"),
                        ("NotificationType", "ScalingNotificationTypes"),
                    ],
                ),
            ),
            Kind::Config => call(
                "ModifyScalingConfiguration",
                &taken(
                    of,
                    shown,
                    &[
                        ("ScalingConfigurationId", "ScalingConfigurationId"),
                        ("ScalingConfigurationName", "ScalingConfigurationName"),
                        ("InstanceType", "InstanceTypeSet"),
                        ("ImageId", "ImageId"),
                        ("ProjectId", "ProjectId"),
                        ("ChargeType", "ChargeType"),
                        ("UserData", "UserData"),
                    ],
                ),
            ),
            Kind::Hook | Kind::Instance | Kind::Activity => return None,
        })
    }
}
