//! What is made through one door reads right through the other, and is not destroyed by a write through it.

use muster_ksyun::{Switches, TypeFacts};
use serde_json::{Value, json};

use super::service::Service;

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A configuration and a group of the Tencent door with much that the Kingsoft door has no words for; the group's id there.
async fn theirs(service: &Service) -> (String, String) {
    let config = json!({
        "LaunchConfigurationName": "theirs",
        "ImageId": "img-12345678",
        "InstanceTypes": ["S5.LARGE8", "S4.SMALL1"],
        "ProjectId": 7,
        "SystemDisk": { "DiskType": "CLOUD_SSD", "DiskSize": 60 },
        "DataDisks": [{ "DiskType": "CLOUD_SSD", "DiskSize": 100, "Encrypt": true, "DeleteWithInstance": true }],
        "InternetAccessible": { "InternetMaxBandwidthOut": 8, "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR", "PublicIpAssigned": true },
        "SecurityGroupIds": ["sg-12345678"],
        "InstanceTags": [{ "Key": "a", "Value": "b" }],
        "InstanceNameSettings": { "InstanceName": "web", "InstanceNameStyle": "UNIQUE" },
        "UserData": "ZWNobw==",
    });
    let config = service.tencent("CreateLaunchConfiguration", config).await;
    let config = text(&config["LaunchConfigurationId"]);
    let group = json!({
        "AutoScalingGroupName": "theirs",
        "LaunchConfigurationId": config,
        "MinSize": 0, "DesiredCapacity": 1, "MaxSize": 100,
        "ProjectId": 7,
        "VpcId": "vpc-12345678",
        "SubnetIds": ["subnet-aaaaaaaa", "subnet-bbbbbbbb"],
        "DefaultCooldown": 77,
        "RetryPolicy": "INCREMENTAL_INTERVALS",
        "ForwardLoadBalancers": [{
            "LoadBalancerId": "lb-12345678", "ListenerId": "lbl-12345678", "LocationId": "loc-12345678",
            "TargetAttributes": [{ "Port": 80, "Weight": 5 }, { "Port": 81, "Weight": 9 }],
        }],
    });
    let group = service.tencent("CreateAutoScalingGroup", group).await;
    service.runtime.settle().await;
    (text(&group["AutoScalingGroupId"]), config)
}

async fn our_group(service: &Service) -> Value {
    let found = service.ok(&[("Action", "DescribeScalingGroup")]).await;
    found["ScalingGroupSet"][0].clone()
}

async fn their_group(service: &Service) -> Value {
    let found = service
        .tencent("DescribeAutoScalingGroups", json!({}))
        .await;
    found["AutoScalingGroupSet"][0].clone()
}

#[tokio::test]
async fn a_group_of_the_other_door_is_shown_and_survives_what_is_written_back() {
    let service = Service::start().await;
    theirs(&service).await;
    let ours = our_group(&service).await;
    let before = their_group(&service).await;
    let group = text(&ours["ScalingGroupId"]);
    assert_eq!(group.len(), 18);
    for (name, wanted) in [
        ("ScalingGroupName", json!("theirs")),
        ("ScalingConfigurationName", json!("theirs")),
        ("MinSize", json!(0)),
        ("MaxSize", json!(100)),
        ("DesiredCapacity", json!(1)),
        ("InstanceNum", json!(1)),
        ("VpcId", json!("vpc-12345678")),
        ("SubnetIdSet", json!(["subnet-aaaaaaaa", "subnet-bbbbbbbb"])),
        ("SubnetStrategy", json!("choice-first")),
        ("RemovePolicy", json!("RemoveOldestInstance")),
        // That of the configuration, for the group has none.
        ("SecurityGroupId", json!("sg-12345678")),
        ("Status", json!("Active")),
        ("ServerPorts", json!("80, 81")),
    ] {
        assert_eq!(ours[name], wanted, "{name}");
    }
    let slb = &ours["SlbConfigSet"][0];
    assert_eq!(
        (&slb["Weight"], &slb["HealthCheckType"]),
        (&json!(5), &json!("slb"))
    );
    // Everything as it was shown, and a size above what this door takes.
    let config = text(&ours["ScalingConfigurationId"]);
    service
        .ok(&[
            ("Action", "ModifyScalingGroup"),
            ("ScalingGroupId", &group),
            ("ScalingGroupName", "theirs"),
            ("ScalingConfigurationId", &config),
            ("MinSize", "0"),
            ("MaxSize", "100"),
            ("DesiredCapacity", "1"),
            ("RemovePolicy", "RemoveOldestInstance"),
            ("SubnetId.1", "subnet-aaaaaaaa"),
            ("SubnetId.2", "subnet-bbbbbbbb"),
            ("SubnetStrategy", "choice-first"),
            ("Slb.1.Id", "lb-12345678"),
            ("Slb.1.ListenerId", "lbl-12345678"),
            ("Slb.1.ServerPort.1", "80"),
            ("Slb.1.ServerPort.2", "81"),
            ("Slb.1.Weight", "5"),
            ("Slb.1.HealthCheckType", "slb"),
        ])
        .await;
    service.runtime.settle().await;
    assert_eq!(their_group(&service).await, before);
    // Another weight is one for all ports; the rule that only the other door knows stays.
    service
        .ok(&[
            ("Action", "ModifyScalingLoadBalancers"),
            ("ScalingGroupId", &group),
            ("Slb.0.Id", "lb-12345678"),
            ("Slb.0.ListenerId", "lbl-12345678"),
            ("Slb.0.ServerPort", "80,81"),
            ("Slb.0.Weight", "7"),
        ])
        .await;
    service.runtime.settle().await;
    let forward = their_group(&service).await["ForwardLoadBalancerSet"][0].clone();
    assert_eq!(forward["LocationId"], "loc-12345678");
    let weights = json!([{ "Port": 80, "Weight": 7 }, { "Port": 81, "Weight": 7 }]);
    assert_eq!(forward["TargetAttributes"], weights);
}

/// How each balancer of the group counts for health, and what the other door shows of that.
async fn judged(service: &Service) -> (Vec<String>, String) {
    let ours = our_group(service).await;
    let slbs = ours["SlbConfigSet"].as_array().unwrap();
    let words = slbs.iter().map(|slb| text(&slb["HealthCheckType"]));
    let theirs = their_group(service).await;
    (words.collect(), text(&theirs["HealthCheckType"]))
}

#[tokio::test]
async fn each_balancer_has_its_kind_of_health_check_and_the_other_door_one_for_all() {
    let service = Service::start().await;
    let (asg, _) = theirs(&service).await;
    let group = text(&our_group(&service).await["ScalingGroupId"]);
    let bind = async |words: [&str; 2]| {
        let mut asked = vec![
            ("Action", "ModifyScalingLoadBalancers"),
            ("ScalingGroupId", &group),
        ];
        for (at, word) in words.into_iter().enumerate() {
            let names = [
                [
                    "Slb.1.Id",
                    "Slb.1.ListenerId",
                    "Slb.1.ServerPort.1",
                    "Slb.1.HealthCheckType",
                ],
                [
                    "Slb.2.Id",
                    "Slb.2.ListenerId",
                    "Slb.2.ServerPort.1",
                    "Slb.2.HealthCheckType",
                ],
            ][at];
            let values = [
                "lb-12345678",
                ["lbl-12345678", "lbl-22222222"][at],
                "80",
                word,
            ];
            asked.extend(
                names
                    .into_iter()
                    .zip(values)
                    .filter(|(_, value)| !value.is_empty()),
            );
        }
        service.ok(&asked).await;
        service.runtime.settle().await;
    };
    let say = async |kind: &str| {
        let modify = json!({ "AutoScalingGroupId": asg, "HealthCheckType": kind });
        service.tencent("ModifyAutoScalingGroup", modify).await;
    };
    let is = |words: [&str; 2], kind: &str| (words.map(str::to_owned).to_vec(), kind.to_owned());
    bind(["slb", "kec"]).await;
    assert_eq!(judged(&service).await, is(["slb", "kec"], "CLB"));
    // What either shows can be written back.
    for _ in 0..2 {
        bind(["slb", "kec"]).await;
        say("CLB").await;
        assert_eq!(judged(&service).await, is(["slb", "kec"], "CLB"));
    }
    say("CVM").await;
    assert_eq!(judged(&service).await, is(["kec", "kec"], "CVM"));
    bind(["kec", "kec"]).await;
    say("CLB").await;
    assert_eq!(
        judged(&service).await,
        is(["slb", "kec"], "CLB"),
        "the mix is kept"
    );
    // Without a word each stays as it is.
    bind(["", ""]).await;
    assert_eq!(judged(&service).await, is(["slb", "kec"], "CLB"));
    bind(["kec", "kec"]).await;
    assert_eq!(judged(&service).await, is(["kec", "kec"], "CVM"));
    say("CLB").await;
    assert_eq!(judged(&service).await, is(["slb", "slb"], "CLB"));
    bind(["kec", "slb"]).await;
    assert_eq!(judged(&service).await, is(["kec", "slb"], "CLB"));
    // The one that counts goes: the other still does not.
    let gone = json!({
        "AutoScalingGroupId": asg,
        "ForwardLoadBalancerIdentifications": [{ "LoadBalancerId": "lb-12345678", "ListenerId": "lbl-22222222" }],
    });
    service.tencent("DetachLoadBalancers", gone).await;
    service.runtime.settle().await;
    let (words, kind) = judged(&service).await;
    assert_eq!((words, kind.as_str()), (vec!["kec".to_owned()], "CVM"));
}

#[tokio::test]
async fn a_configuration_of_the_other_door_is_shown_and_survives_what_is_written_back() {
    let service = Service::start().await;
    theirs(&service).await;
    let found = service
        .ok(&[("Action", "DescribeScalingConfiguration")])
        .await;
    let ours = &found["ScalingConfigurationSet"][0];
    for (name, wanted) in [
        ("InstanceTypeSet", json!(["S5.LARGE8", "S4.SMALL1"])),
        ("ImageId", json!("img-12345678")),
        ("ProjectId", json!(7)),
        ("SystemDiskType", json!("CLOUD_SSD")),
        ("SystemDiskSize", json!(60)),
        ("AddressBandWidth", json!(8)),
        ("InstanceName", json!("web")),
        ("UserData", json!("ZWNobw==")),
        ("TagSet", json!([{ "Key": "a", "Value": "b" }])),
        ("ChargeType", json!("HourlyInstantSettlement")),
    ] {
        assert_eq!(ours[name], wanted, "{name}");
    }
    let before = service
        .tencent("DescribeLaunchConfigurations", json!({}))
        .await;
    let id = text(&ours["ScalingConfigurationId"]);
    service
        .ok(&[
            ("Action", "ModifyScalingConfiguration"),
            ("ScalingConfigurationId", &id),
            ("ScalingConfigurationName", "theirs"),
            ("ImageId", "img-12345678"),
            ("InstanceType.1", "S5.LARGE8"),
            ("InstanceType.2", "S4.SMALL1"),
            ("ProjectId", "7"),
            ("ChargeType", "HourlyInstantSettlement"),
            ("SystemDisk.DiskType", "CLOUD_SSD"),
            ("SystemDisk.DiskSize", "60"),
            ("DataDisk.1.Type", "CLOUD_SSD"),
            ("DataDisk.1.Size", "100"),
            ("DataDisk.1.DeleteWithInstance", "true"),
            ("AddressBandWidth", "8"),
            ("InstanceName", "web"),
            ("UserData", "ZWNobw=="),
            ("Tag.1.Key", "a"),
            ("Tag.1.Value", "b"),
            ("KeepImageLogin", "false"),
        ])
        .await;
    let after = service
        .tencent("DescribeLaunchConfigurations", json!({}))
        .await;
    assert_eq!(after, before);
}

#[tokio::test]
async fn policies_schedules_and_notifications_cross() {
    let service = Service::start().await;
    let (asg, _) = theirs(&service).await;
    let group = text(&our_group(&service).await["ScalingGroupId"]);
    let alarm = |metric: &str, threshold: i64| {
        json!({
            "AutoScalingGroupId": asg, "ScalingPolicyName": metric, "ScalingPolicyType": "SIMPLE",
            "AdjustmentType": "CHANGE_IN_CAPACITY", "AdjustmentValue": 30, "Cooldown": 30,
            "MetricAlarm": {
                "ComparisonOperator": "GREATER_THAN", "MetricName": metric, "Threshold": threshold,
                "Period": 300, "ContinuousTime": 2, "Statistic": "MAXIMUM",
            },
        })
    };
    service
        .tencent("CreateScalingPolicy", alarm("LAN_TRAFFIC_OUT", 100))
        .await;
    // These have no words here.
    service
        .tencent("CreateScalingPolicy", alarm("TCP_CURR_ESTAB", 100))
        .await;
    let target = json!({
        "AutoScalingGroupId": asg, "ScalingPolicyName": "target", "ScalingPolicyType": "TARGET_TRACKING",
        "PredefinedMetricType": "ASG_AVG_CPU_UTILIZATION", "TargetValue": 50,
    });
    service.tencent("CreateScalingPolicy", target).await;
    let find = [
        ("Action", "DescribeScalingPolicy"),
        ("ScalingGroupId", &group),
    ];
    let found = service.ok(&find).await;
    assert_eq!(found["ScalingPolicySize"], 1);
    let policy = &found["ScalingPolicySet"][0];
    assert_eq!(policy["Metric"]["DimensionName"], "net_outtraffic");
    // 100 Mbit/s.
    assert_eq!(policy["Metric"]["Threshold"], 12.5);
    assert_eq!(
        (&policy["AdjustmentValue"], &policy["CoolDown"]),
        (&json!(30), &json!(30))
    );
    let before = service.tencent("DescribeScalingPolicies", json!({})).await;
    let id = text(&policy["ScalingPolicyId"]);
    let metric = json!({
        "dimensionName": "net_outtraffic", "comparisonOperator": "Greater", "threshold": 12.5,
        "repeatTimes": 2, "function": "max", "period": 300,
    });
    service
        .ok(&[
            ("Action", "ModifyScalingPolicy"),
            ("ScalingGroupId", &group),
            ("ScalingPolicyId", &id),
            ("Metric", &metric.to_string()),
            ("AdjustmentType", "QuantityChangeInCapacity"),
            ("AdjustmentValue", "30"),
            ("CoolDown", "30"),
        ])
        .await;
    let after = service.tencent("DescribeScalingPolicies", json!({})).await;
    assert_eq!(after, before);

    let daily = json!({
        "AutoScalingGroupId": asg, "ScheduledActionName": "night", "MinSize": 0, "DesiredCapacity": 0, "MaxSize": 2,
        "StartTime": "2099-01-01T10:00:00+08:00", "EndTime": "2099-02-01T10:00:00+08:00", "Recurrence": "0 23 * * *",
    });
    service.tencent("CreateScheduledAction", daily).await;
    service
        .ok(&[
            ("Action", "CreateScheduledTask"),
            ("ScalingGroupId", &group),
            ("ScalingScheduledTaskName", "every second day"),
            ("ReadjustMaxSize", "3"),
            ("ReadjustMinSize", "0"),
            ("ReadjustExpectSize", "1"),
            ("StartTime", "2099-01-01 11:50:24"),
            ("EndTime", "2099-03-01 00:00:00"),
            ("RepeatUnit", "Day"),
            ("RepeatCycle", "2"),
        ])
        .await;
    let tasks = service
        .ok(&[
            ("Action", "DescribeScheduledTask"),
            ("ScalingGroupId", &group),
        ])
        .await;
    let tasks = tasks["ScalingScheduleTaskSet"].as_array().unwrap().clone();
    assert_eq!(tasks[0]["StartTime"], "2099-01-01 10:00:00");
    // Of another hour than its first time: as it is.
    assert_eq!(tasks[0]["Recurrence"], "0 23 * * *");
    let theirs = service.tencent("DescribeScheduledActions", json!({})).await;
    let second = &theirs["ScheduledActionSet"][1];
    assert_eq!(second["StartTime"], "2099-01-01T11:50:24+08:00");
    assert_eq!(second["Recurrence"], "50 11 */2 * *");
    // The other door writes it back, and it is what it was.
    let back = json!({
        "ScheduledActionId": second["ScheduledActionId"], "Recurrence": "50 11 */2 * *", "MaxSize": 4,
    });
    service.tencent("ModifyScheduledAction", back).await;
    let id = text(&tasks[0]["ScalingScheduledTaskId"]);
    service
        .ok(&[
            ("Action", "ModifyScheduledTask"),
            ("ScalingScheduledTaskId", &id),
            ("Recurrence", "0 23 * * *"),
            ("ReadjustMaxSize", "3"),
        ])
        .await;
    let tasks = service
        .ok(&[
            ("Action", "DescribeScheduledTask"),
            ("ScalingGroupId", &group),
        ])
        .await;
    let tasks = tasks["ScalingScheduleTaskSet"].as_array().unwrap().clone();
    assert_eq!(
        (&tasks[0]["Recurrence"], &tasks[0]["ReadjustMaxSize"]),
        (&json!("0 23 * * *"), &json!(3))
    );
    assert_eq!(
        (&tasks[1]["RepeatUnit"], &tasks[1]["RepeatCycle"]),
        (&json!("Day"), &json!("2"))
    );
    assert_eq!(tasks[1]["ReadjustMaxSize"], 4);

    let told = json!({
        "AutoScalingGroupId": asg, "NotificationTypes": ["SCALE_OUT_SUCCESSFUL", "REPLACE_UNHEALTHY_INSTANCE_FAILED"],
        "NotificationUserGroupIds": ["76955"],
    });
    service
        .tencent("CreateNotificationConfiguration", told)
        .await;
    let find = [
        ("Action", "DescribeScalingNotification"),
        ("ScalingGroupId", &group),
    ];
    let found = service.ok(&find).await;
    let one = &found["ScalingNotificationSet"][0];
    assert_eq!(one["ScalingNotificationTypes"], json!(["1", "6"]));
    let id = text(&one["ScalingNotificationId"]);
    service
        .ok(&[
            ("Action", "ModifyScalingNotification"),
            ("ScalingGroupId", &group),
            ("ScalingNotificationId", &id),
            ("NotificationType.1", "3"),
        ])
        .await;
    let theirs = service
        .tencent("DescribeNotificationConfigurations", json!({}))
        .await;
    let one = &theirs["AutoScalingNotificationSet"][0];
    assert_eq!(one["NotificationTypes"], json!(["SCALE_IN_SUCCESSFUL"]));
    // Those who are told stay.
    assert_eq!(one["NotificationUserGroupIds"], json!(["76955"]));
}

#[tokio::test]
async fn instances_and_activities_are_the_same() {
    let service = Service::start().await;
    let (asg, _) = theirs(&service).await;
    let group = text(&our_group(&service).await["ScalingGroupId"]);
    let ours = service
        .ok(&[
            ("Action", "DescribeScalingInstance"),
            ("ScalingGroupId", &group),
        ])
        .await;
    let one = &ours["ScalingInstanceSet"][0];
    assert_eq!(
        (&one["LifeCycleState"], &one["CreationType"]),
        (&json!("InService"), &json!("Auto"))
    );
    let id = text(&one["InstanceId"]);
    service
        .ok(&[
            ("Action", "SetKvmProtectedDetach"),
            ("ScalingGroupId", &group),
            ("ScalingInstanceId.1", &id.to_uppercase()),
            ("ProtectedFromDetach", "1"),
        ])
        .await;
    let theirs = service
        .tencent("DescribeAutoScalingInstances", json!({}))
        .await;
    let there = &theirs["AutoScalingInstanceSet"][0];
    assert_eq!(there["ProtectedFromScaleIn"], true);
    let instances = json!({ "AutoScalingGroupId": asg, "InstanceIds": [there["InstanceId"]] });
    // At rest it has no word here: it is in service still, and the stop is not listed.
    service.tencent("StopAutoScalingInstances", instances).await;
    service.runtime.settle().await;
    let ours = service
        .ok(&[
            ("Action", "DescribeScalingInstance"),
            ("ScalingGroupId", &group),
        ])
        .await;
    assert_eq!(ours["ScalingInstanceSet"][0]["LifeCycleState"], "InService");
    let listed = service
        .ok(&[
            ("Action", "DescribeScalingActivity"),
            ("ScalingGroupId", &group),
        ])
        .await;
    let theirs = service
        .tencent("DescribeAutoScalingActivities", json!({}))
        .await;
    let started = |set: &Value, name: &str| {
        let all = set.as_array().unwrap().iter();
        all.map(|one| text(&one[name])).collect::<Vec<_>>()
    };
    assert_eq!(
        started(&theirs["ActivitySet"], "ActivityType"),
        ["STOP_INSTANCES", "SCALE_OUT"]
    );
    assert_eq!(listed["ScalingActivityCount"], 1);
    let one = &listed["ScalingActivitySet"][0];
    assert_eq!((&one["Type"], &one["Status"]), (&json!(0), &json!(2)));
    assert_eq!(one["SuccInsList"], json!([id]));
    assert_eq!(one["Cause"], theirs["ActivitySet"][1]["Cause"]);
}

#[tokio::test]
async fn what_is_known_of_an_instance_type_is_shown_with_the_configuration() {
    let facts = TypeFacts {
        cores: 8,
        memory_gb: Some(16),
        gpus: 1,
    };
    let switches = Switches {
        types: [("N3.2B".to_owned(), facts)].into(),
        ..Switches::default()
    };
    let service = Service::with(switches, false).await;
    for (name, types, disk) in [
        ("known", "N3.2B", "SSD3.0"),
        ("unknown", "S4.1A", "Local_SSD"),
    ] {
        service
            .ok(&[
                ("Action", "CreateScalingConfiguration"),
                ("ScalingConfigurationName", name),
                ("ImageId", "IMG-1"),
                ("InstanceType", types),
                ("SystemDisk.DiskType", disk),
            ])
            .await;
    }
    let found = service
        .ok(&[("Action", "DescribeScalingConfiguration")])
        .await;
    let found = &found["ScalingConfigurationSet"];
    let shown =
        |at: usize| ["Cpu", "Mem", "Gpu", "StorageType"].map(|name| found[at][name].clone());
    assert_eq!(shown(0), [json!(8), json!(16), json!(1), json!("KDFS")]);
    assert_eq!(shown(1), [Value::Null, Value::Null, json!(0), Value::Null]);
}
