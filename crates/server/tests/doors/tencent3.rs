//! Tencent Cloud API 3.0.

use muster_kit::http::Dialect;
use muster_kit::sign::client::Request;
use muster_model::InstanceId;
use muster_tencent3::Tencent3;
use muster_testing::{Ground, KEY, NOW, tencent_client, tencent3};
use serde_json::{Value, json};

use crate::door::{Door, Kind, Of};

pub(crate) struct Tencent(Tencent3);

impl Tencent {
    pub(crate) fn new(ground: &Ground) -> Tencent {
        Tencent(tencent3(ground, false, NOW))
    }
}

fn call(action: &str, body: &Value) -> Request {
    tencent_client(KEY).post_json(action, NOW, body.to_string())
}

/// The members of what is shown that a request takes.
fn taken(shown: &Value, names: &[&str]) -> Value {
    let members = names.iter().filter_map(|name| {
        let value = shown.get(*name).filter(|value| !value.is_null())?;
        Some(((*name).to_owned(), value.clone()))
    });
    Value::Object(members.collect())
}

impl Door for Tencent {
    fn name(&self) -> &'static str {
        "tencent3"
    }

    fn dialect(&self) -> &dyn Dialect {
        &self.0
    }

    fn make(&self, kind: Kind, of: Of) -> Vec<Request> {
        let group = of.group.to_string();
        match kind {
            Kind::Config => vec![call(
                "CreateLaunchConfiguration",
                &json!({
                    "LaunchConfigurationName": "configuration", "ImageId": "img-12345678",
                    "InstanceTypes": ["S5.LARGE8", "S4.SMALL1"], "ProjectId": 7,
                    "SystemDisk": { "DiskType": "CLOUD_SSD", "DiskSize": 60 },
                    "DataDisks": [{ "DiskType": "CLOUD_SSD", "DiskSize": 100, "Encrypt": true, "DeleteWithInstance": true }],
                    "InternetAccessible": { "InternetMaxBandwidthOut": 8, "PublicIpAssigned": true },
                    "LoginSettings": { "KeyIds": ["skey-12345678"] },
                    "SecurityGroupIds": ["sg-12345678"], "InstanceTags": [{ "Key": "a", "Value": "b" }],
                    "InstanceNameSettings": { "InstanceName": "web" }, "UserData": "ZWNobw==",
                }),
            )],
            Kind::Group => vec![call(
                "CreateAutoScalingGroup",
                &json!({
                    "AutoScalingGroupName": "group.3", "LaunchConfigurationId": of.config.to_string(),
                    "MinSize": 0, "DesiredCapacity": 1, "MaxSize": 400, "ProjectId": 7, "VpcId": "vpc-12345678",
                    "SubnetIds": ["subnet-aaaaaaaa", "subnet-bbbbbbbb"], "DefaultCooldown": 77,
                    "RetryPolicy": "INCREMENTAL_INTERVALS", "Ipv6AddressCount": 1,
                    "TerminationPolicies": ["NEWEST_INSTANCE"], "HealthCheckType": "CVM",
                    "Tags": [{ "ResourceType": "auto-scaling-group", "Key": "k", "Value": "v" }],
                    "ForwardLoadBalancers": [{
                        "LoadBalancerId": "lb-12345678", "ListenerId": "lbl-12345678", "LocationId": "loc-12345678",
                        "TargetAttributes": [{ "Port": 80, "Weight": 5 }, { "Port": 81, "Weight": 9 }],
                    }],
                }),
            )],
            Kind::Policy => vec![
                call(
                    "CreateScalingPolicy",
                    &json!({
                        "AutoScalingGroupId": group, "ScalingPolicyName": "traffic", "ScalingPolicyType": "SIMPLE",
                        "AdjustmentType": "PERCENT_CHANGE_IN_CAPACITY", "AdjustmentValue": 250, "Cooldown": 30,
                        "MetricAlarm": {
                            "ComparisonOperator": "GREATER_THAN", "MetricName": "LAN_TRAFFIC_OUT", "Threshold": 50,
                            "Period": 300, "ContinuousTime": 3, "Statistic": "MAXIMUM",
                        },
                        "NotificationUserGroupIds": ["77"],
                    }),
                ),
                call(
                    "CreateScalingPolicy",
                    &json!({
                        "AutoScalingGroupId": group, "ScalingPolicyName": "connections", "ScalingPolicyType": "SIMPLE",
                        "AdjustmentType": "EXACT_CAPACITY", "AdjustmentValue": 2,
                        "MetricAlarm": {
                            "ComparisonOperator": "LESS_THAN", "MetricName": "TCP_CURR_ESTAB", "Threshold": 50,
                            "Period": 60, "ContinuousTime": 1,
                        },
                    }),
                ),
                call(
                    "CreateScalingPolicy",
                    &json!({
                        "AutoScalingGroupId": group, "ScalingPolicyName": "held", "ScalingPolicyType": "TARGET_TRACKING",
                        "PredefinedMetricType": "ASG_AVG_CPU_UTILIZATION", "TargetValue": 60,
                    }),
                ),
            ],
            Kind::Schedule => [
                ("once", "2036-02-03T04:05:06+08:00", "", "", false),
                ("mondays", "2036-02-03T04:05:00+08:00", "2037-02-03T04:05:00+08:00", "0 3 * * 1", true),
                ("days", "2036-02-03T04:05:00+08:00", "2037-02-03T04:05:00+08:00", "5 4 1,15 * *", false),
                ("hours", "2036-02-03T04:05:00+08:00", "2037-02-03T04:05:00+08:00", "*/10 9-17 * * *", false),
            ]
            .iter()
            .map(|(name, start, end, cron, keeps)| {
                let mut body = json!({
                    "AutoScalingGroupId": group, "ScheduledActionName": name, "MinSize": 0, "MaxSize": 400,
                    "DesiredCapacity": 2, "StartTime": start, "DisableUpdateDesiredCapacity": keeps,
                });
                if !cron.is_empty() {
                    body["EndTime"] = json!(end);
                    body["Recurrence"] = json!(cron);
                }
                call("CreateScheduledAction", &body)
            })
            .collect(),
            Kind::Hook => vec![call(
                "CreateLifecycleHook",
                &json!({
                    "AutoScalingGroupId": group, "LifecycleHookName": "hook.3", "LifecycleTransition": "INSTANCE_LAUNCHING",
                    "HeartbeatTimeout": 30, "NotificationMetadata": "a<b", "LifecycleTransitionType": "EXTENSION",
                    "NotificationTarget": { "TargetType": "CMQ_QUEUE", "QueueName": "queue" },
                }),
            )],
            Kind::Notification => vec![call(
                "CreateNotificationConfiguration",
                &json!({
                    "AutoScalingGroupId": group, "NotificationUserGroupIds": ["77"],
                    "NotificationTypes": ["SCALE_OUT_SUCCESSFUL", "REPLACE_UNHEALTHY_INSTANCE_FAILED"],
                }),
            )],
            Kind::Instance | Kind::Activity => Vec::new(),
        }
    }

    fn read(&self, kind: Kind, of: Of) -> Option<(Request, &'static str)> {
        let (action, place) = match kind {
            Kind::Config => (
                "DescribeLaunchConfigurations",
                "/Response/LaunchConfigurationSet",
            ),
            Kind::Group => ("DescribeAutoScalingGroups", "/Response/AutoScalingGroupSet"),
            Kind::Instance => (
                "DescribeAutoScalingInstances",
                "/Response/AutoScalingInstanceSet",
            ),
            Kind::Activity => ("DescribeAutoScalingActivities", "/Response/ActivitySet"),
            Kind::Policy => ("DescribeScalingPolicies", "/Response/ScalingPolicySet"),
            Kind::Schedule => ("DescribeScheduledActions", "/Response/ScheduledActionSet"),
            Kind::Hook => ("DescribeLifecycleHooks", "/Response/LifecycleHookSet"),
            Kind::Notification => (
                "DescribeNotificationConfigurations",
                "/Response/AutoScalingNotificationSet",
            ),
        };
        let filter = json!({ "Filters": [{ "Name": "auto-scaling-group-id", "Values": [of.group.to_string()] }] });
        let body = match kind {
            Kind::Config => json!({ "LaunchConfigurationIds": [of.config.to_string()] }),
            Kind::Group => json!({ "AutoScalingGroupIds": [of.group.to_string()] }),
            Kind::Instance
            | Kind::Activity
            | Kind::Policy
            | Kind::Schedule
            | Kind::Hook
            | Kind::Notification => filter,
        };
        Some((call(action, &body), place))
    }

    fn attach(&self, of: Of, machine: InstanceId) -> Request {
        let body = json!({ "AutoScalingGroupId": of.group.to_string(), "InstanceIds": [machine.to_string()] });
        call("AttachInstances", &body)
    }

    fn write_back(&self, kind: Kind, _: Of, shown: &Value) -> Option<Request> {
        let (action, names): (_, &[&str]) = match kind {
            Kind::Group => (
                "ModifyAutoScalingGroup",
                &[
                    "AutoScalingGroupId",
                    "AutoScalingGroupName",
                    "DefaultCooldown",
                    "DesiredCapacity",
                    "LaunchConfigurationId",
                    "MaxSize",
                    "MinSize",
                    "ProjectId",
                    "SubnetIds",
                    "TerminationPolicies",
                    "VpcId",
                    "Zones",
                    "RetryPolicy",
                    "ServiceSettings",
                    "Ipv6AddressCount",
                    "MultiZoneSubnetPolicy",
                    "HealthCheckType",
                    "LoadBalancerHealthCheckGracePeriod",
                    "InstanceAllocationPolicy",
                ],
            ),
            Kind::Policy => (
                "ModifyScalingPolicy",
                &[
                    "AutoScalingPolicyId",
                    "ScalingPolicyName",
                    "AdjustmentType",
                    "AdjustmentValue",
                    "Cooldown",
                    "MetricAlarm",
                    "PredefinedMetricType",
                    "TargetValue",
                    "EstimatedInstanceWarmup",
                    "DisableScaleIn",
                    "NotificationUserGroupIds",
                ],
            ),
            Kind::Schedule => (
                "ModifyScheduledAction",
                &[
                    "ScheduledActionId",
                    "ScheduledActionName",
                    "MaxSize",
                    "MinSize",
                    "DesiredCapacity",
                    "Recurrence",
                    "DisableUpdateDesiredCapacity",
                ],
            ),
            Kind::Hook => (
                "ModifyLifecycleHook",
                &[
                    "LifecycleHookId",
                    "LifecycleHookName",
                    "LifecycleTransition",
                    "DefaultResult",
                    "HeartbeatTimeout",
                    "NotificationMetadata",
                    "LifecycleTransitionType",
                ],
            ),
            Kind::Notification => (
                "ModifyNotificationConfiguration",
                &[
                    "AutoScalingNotificationId",
                    "NotificationTypes",
                    "NotificationUserGroupIds",
                ],
            ),
            Kind::Config | Kind::Instance | Kind::Activity => return None,
        };
        let mut body = taken(shown, names);
        // One that fires once shows an empty text.
        if body["Recurrence"] == json!("") {
            body.as_object_mut().unwrap().remove("Recurrence");
        }
        Some(call(action, &body))
    }
}
