//! Tencent Cloud API of 2017.

use std::sync::atomic::{AtomicU64, Ordering};

use http::Method;
use muster_kit::http::Dialect;
use muster_kit::sign::client::Request;
use muster_model::InstanceId;
use muster_qcloud::{Qcloud, Switches};
use muster_testing::{Ground, qcloud, qcloud_signed};
use serde_json::Value;

use crate::door::{Door, Kind, Of};

pub(crate) struct Tencent2017 {
    door: Qcloud,
    /// No nonce is taken twice.
    nonce: AtomicU64,
}

impl Tencent2017 {
    pub(crate) fn new(ground: &Ground) -> Tencent2017 {
        let switches = Switches {
            refuse_signed_before_start: false,
            ..Switches::default()
        };
        Tencent2017 {
            door: qcloud(ground, false, switches),
            nonce: AtomicU64::new(1),
        }
    }

    fn call<S: AsRef<str>>(&self, action: &str, given: &[(S, S)]) -> Request {
        let nonce = self.nonce.fetch_add(1, Ordering::Relaxed);
        let common = [("Action", action), ("SignatureMethod", "HmacSHA256")];
        let given = given
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()));
        let pairs: Vec<(&str, &str)> = given.chain(common).collect();
        qcloud_signed(Method::POST, nonce, &pairs)
    }
}

/// A value that is shown as parameters: lists from 0, structures by dots.
fn flat(name: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::String(text) => into.push((name.to_owned(), text.clone())),
        Value::Bool(_) | Value::Number(_) => into.push((name.to_owned(), value.to_string())),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                flat(&format!("{name}.{at}"), item, into);
            }
        }
        Value::Object(members) => {
            for (member, value) in members {
                flat(&format!("{name}.{member}"), value, into);
            }
        }
    }
}

fn taken(of: Of, shown: &Value, names: &[&str]) -> Vec<(String, String)> {
    let mut found = vec![("scalingGroupId".to_owned(), of.group.to_string())];
    for name in names {
        flat(name, &shown[*name], &mut found);
    }
    found
}

impl Door for Tencent2017 {
    fn name(&self) -> &'static str {
        "qcloud"
    }

    fn dialect(&self) -> &dyn Dialect {
        &self.door
    }

    fn make(&self, kind: Kind, of: Of) -> Vec<Request> {
        let (group, config) = (of.group.to_string(), of.config.to_string());
        let group = ("scalingGroupId", group.as_str());
        match kind {
            Kind::Config => vec![self.call(
                "CreateScalingConfiguration",
                &[
                    ("scalingConfigurationName", "configuration"),
                    ("imageId", "img-12345678"),
                    ("cpu", "2"),
                    ("mem", "4"),
                    ("storageType", "2"),
                    ("storageSize", "50"),
                    ("bandwidthType", "PayByTraffic"),
                    ("bandwidth", "5"),
                    ("imageType", "2"),
                    ("keyId", "skey-12345678"),
                    ("sgId", "sg-12345678"),
                    ("userdata", "ZWNobw=="),
                ],
            )],
            Kind::Group => vec![self.call(
                "CreateScalingGroup",
                &[
                    ("scalingConfigurationId", config.as_str()),
                    ("scalingGroupName", "group"),
                    ("minSize", "0"),
                    ("maxSize", "9"),
                    ("desiredCapacity", "1"),
                    ("removePolicy", "RemoveNewestInstance"),
                    ("vpcId", "vpc-12345678"),
                    ("subnetIds.0", "subnet-aaaaaaaa"),
                ],
            )],
            Kind::Policy => vec![self.call(
                "CreateScalingPolicy",
                &[
                    group,
                    ("scalingPolicyName", "policy"),
                    ("metric.dimensionName", "lan_outtraffic"),
                    ("metric.comparisonOperator", "Greater"),
                    ("metric.threshold", "50"),
                    ("adjustmentType", "QuantityChangeInCapacity"),
                    ("adjustmentValue", "1"),
                    ("cooldown", "300"),
                    ("notifyIds.0", "77"),
                ],
            )],
            Kind::Schedule => {
                let task = |name: &'static str, rest: &[(&'static str, &'static str)]| {
                    let mut given = vec![
                        group,
                        ("scalingScheduledTaskName", name),
                        ("readjustMaxSize", "8"),
                        ("readjustMinSize", "1"),
                    ];
                    given.extend(rest);
                    self.call("CreateScheduledTask", &given)
                };
                vec![
                    task("once", &[("startTime", "2036-02-03 05:00:00")]),
                    task(
                        "mondays",
                        &[
                            ("startTime", "2036-02-03 04:05:00"),
                            ("endTime", "2037-02-03 04:05:00"),
                            ("recurrence", "* * * * 1"),
                        ],
                    ),
                ]
            }
            Kind::Hook => vec![self.call(
                "CreateLifecycleHook",
                &[
                    group,
                    ("lifeCycleHookName", "unbound"),
                    ("lifeCycleHookTimeout", "10"),
                ],
            )],
            Kind::Notification => vec![self.call(
                "CreateScalingNotification",
                &[
                    group,
                    ("notificationTypes.0", "1"),
                    ("notificationTypes.1", "6"),
                    ("receiversIds.0", "77"),
                    ("notificationName", "notification"),
                ],
            )],
            Kind::Instance | Kind::Activity => Vec::new(),
        }
    }

    fn read(&self, kind: Kind, of: Of) -> Option<(Request, &'static str)> {
        let (group, config) = (of.group.to_string(), of.config.to_string());
        let own = |action| self.call(action, &[("scalingGroupId", group.as_str())]);
        Some(match kind {
            Kind::Config => (
                self.call(
                    "DescribeScalingConfiguration",
                    &[("scalingConfigurationIds.0", config.as_str())],
                ),
                "/data/scalingConfigurationSet",
            ),
            Kind::Group => (
                self.call(
                    "DescribeScalingGroup",
                    &[("scalingGroupIds.0", group.as_str())],
                ),
                "/data/scalingGroupSet",
            ),
            Kind::Instance => (own("DescribeScalingInstance"), "/data/scalingInstancesSet"),
            Kind::Activity => (own("DescribeScalingActivity"), "/data/scalingActivitySet"),
            Kind::Policy => (own("DescribeScalingPolicy"), "/data/scalingPolicySet"),
            Kind::Schedule => (own("DescribeScheduledTask"), "/data/scalingScheduleTaskSet"),
            Kind::Hook => (own("DescribeLifecycleHook"), "/data/lifeCycleHookSet"),
            Kind::Notification => (
                own("DescribeScalingNotification"),
                "/data/scalingNotificationSet",
            ),
        })
    }

    fn attach(&self, of: Of, machine: InstanceId) -> Request {
        let (group, machine) = (of.group.to_string(), machine.to_string());
        self.call(
            "AttachInstance",
            &[
                ("scalingGroupId", group.as_str()),
                ("instanceIds.0", machine.as_str()),
            ],
        )
    }

    fn bind(&self, of: Of, shown: &Value) -> Option<Request> {
        let given = taken(of, shown, &["lifeCycleHookId"]);
        Some(self.call("AttachLifecycleHookId", &given))
    }

    fn write_back(&self, kind: Kind, of: Of, shown: &Value) -> Option<Request> {
        let (action, names): (_, &[&str]) = match kind {
            Kind::Group => (
                "ModifyScalingGroup",
                &[
                    "minSize",
                    "maxSize",
                    "removePolicy",
                    "scalingGroupName",
                    "scalingConfigurationId",
                    "desiredCapacity",
                ],
            ),
            // The default policy cannot be modified (L2266).
            Kind::Policy if shown["metric"]["dimensionName"].is_null() => return None,
            Kind::Policy => (
                "ModifyScalingPolicy",
                &[
                    "scalingPolicyId",
                    "scalingPolicyName",
                    "metric",
                    "adjustmentType",
                    "adjustmentValue",
                    "cooldown",
                ],
            ),
            Kind::Schedule => (
                "ModifyScheduledTask",
                &[
                    "scalingScheduledTaskId",
                    "scalingScheduledTaskName",
                    "readjustMaxSize",
                    "readjustMinSize",
                    "readjustDesiredCapacity",
                    "startTime",
                    "endTime",
                    "recurrence",
                ],
            ),
            Kind::Hook => (
                "ModifyLifecycleHook",
                &[
                    "lifeCycleHookId",
                    "lifeCycleHookName",
                    "lifeCycleHookTimeout",
                    "defaultResult",
                    "transition",
                ],
            ),
            Kind::Config | Kind::Notification | Kind::Instance | Kind::Activity => return None,
        };
        Some(self.call(action, &taken(of, shown, names)))
    }
}
