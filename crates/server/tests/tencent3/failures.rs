//! A store that fails: whatever needs it is an InternalError, nothing is half done, and afterwards all is
//! as it was.

use std::fmt::Write;
use std::sync::Arc;

use muster_ports::Store;
use muster_sim::ForeignSpec;
use muster_store::SqliteStore;
use muster_testing::Fragile;
use serde_json::{Value, json};

use super::service::Service;

const CLOCK_SECS: i64 = 1_795_500_000;

async fn everything(service: &Service) -> String {
    let mut all = String::new();
    for action in [
        "DescribeLaunchConfigurations",
        "DescribeAutoScalingGroups",
        "DescribeAutoScalingInstances",
        "DescribeAutoScalingActivities",
        "DescribeLifecycleHooks",
        "DescribeScalingPolicies",
        "DescribeScheduledActions",
        "DescribeNotificationConfigurations",
        "DescribeRefreshActivities",
    ] {
        let response = service.call(action, "{}".to_owned()).await;
        assert!(response.get("Error").is_none(), "{response}");
        writeln!(all, "{response}").unwrap();
    }
    all
}

/// A call that is answered.
async fn make(service: &Service, action: &str, body: Value) -> Value {
    let response = service.call(action, body.to_string()).await;
    assert!(response.get("Error").is_none(), "{action}: {response}");
    response
}

/// The ids of the members of a group.
async fn members_of(service: &Service, group: &Value) -> Vec<Value> {
    let of = json!({ "Filters": [{ "Name": "auto-scaling-group-id", "Values": [group] }] });
    let found = make(service, "DescribeAutoScalingInstances", of).await;
    let found = found["AutoScalingInstanceSet"].as_array().unwrap();
    found.iter().map(|one| one["InstanceId"].clone()).collect()
}

/// A group of three: one serves, one is stopped, one stands by; with a policy, a scheduled action and a notification.
/// And what could be done with them.
async fn resting(service: &Service, group: &Value, foreign: &str) -> Vec<(&'static str, Value)> {
    let asg = &make(service, "CreateAutoScalingGroup", group.clone()).await["AutoScalingGroupId"];
    service.runtime.settle().await;
    let [serving, stopped, aside] = &members_of(service, asg).await[..] else {
        panic!("not three");
    };
    let of = |id: &Value| json!({ "AutoScalingGroupId": asg, "InstanceIds": [id] });
    for (action, id) in [
        ("StopAutoScalingInstances", stopped),
        ("EnterStandby", aside),
    ] {
        make(service, action, of(id)).await;
        service.runtime.settle().await;
    }
    let policy = |name: &str| {
        json!({
            "AutoScalingGroupId": asg, "ScalingPolicyName": name, "AdjustmentType": "EXACT_CAPACITY", "AdjustmentValue": 5,
            "MetricAlarm": {
                "ComparisonOperator": "GREATER_THAN", "MetricName": "CPU_UTILIZATION", "Threshold": 50, "Period": 60,
                "ContinuousTime": 5
            }
        })
    };
    let schedule = |name: &str| {
        json!({
            "AutoScalingGroupId": asg, "ScheduledActionName": name, "MinSize": 0, "DesiredCapacity": 1, "MaxSize": 2,
            "StartTime": "2035-01-01T00:00:00+08:00"
        })
    };
    let notification = |to: &str| {
        json!({
            "AutoScalingGroupId": asg, "NotificationTypes": ["SCALE_OUT_FAILED"], "NotificationUserGroupIds": [to]
        })
    };
    let binding = |port: u16| {
        json!([{
            "LoadBalancerId": "lb-1a2b3c4d", "ListenerId": "lbl-1a2b3c4d", "TargetAttributes": [{ "Port": port, "Weight": 10 }]
        }])
    };
    let bind = json!({ "AutoScalingGroupId": asg, "ForwardLoadBalancers": binding(80) });
    make(service, "AttachLoadBalancers", bind).await;
    service.runtime.settle().await;
    let made = make(service, "CreateScalingPolicy", policy("p")).await;
    let asp = &made["AutoScalingPolicyId"];
    let made = make(service, "CreateScheduledAction", schedule("s")).await;
    let asst = &made["ScheduledActionId"];
    let made = make(
        service,
        "CreateNotificationConfiguration",
        notification("1"),
    )
    .await;
    let asn = &made["AutoScalingNotificationId"];
    vec![
        ("StopAutoScalingInstances", of(serving)),
        ("StartAutoScalingInstances", of(stopped)),
        ("EnterStandby", of(serving)),
        ("ExitStandby", of(aside)),
        (
            "AttachLoadBalancers",
            json!({ "AutoScalingGroupId": asg, "LoadBalancerIds": ["lb-1a2b3c4d"] }),
        ),
        (
            "DetachLoadBalancers",
            json!({
                "AutoScalingGroupId": asg,
                "ForwardLoadBalancerIdentifications": [{ "LoadBalancerId": "lb-1a2b3c4d", "ListenerId": "lbl-1a2b3c4d" }]
            }),
        ),
        ("ModifyLoadBalancers", json!({ "AutoScalingGroupId": asg })),
        (
            "ModifyLoadBalancerTargetAttributes",
            json!({ "AutoScalingGroupId": asg, "ForwardLoadBalancers": binding(81) }),
        ),
        ("CreateScalingPolicy", policy("new")),
        (
            "ModifyScalingPolicy",
            json!({ "AutoScalingPolicyId": asp, "Cooldown": 1 }),
        ),
        (
            "ExecuteScalingPolicy",
            json!({ "AutoScalingPolicyId": asp }),
        ),
        ("DeleteScalingPolicy", json!({ "AutoScalingPolicyId": asp })),
        ("CreateScheduledAction", schedule("new")),
        (
            "ModifyScheduledAction",
            json!({ "ScheduledActionId": asst, "MaxSize": 3 }),
        ),
        (
            "DeleteScheduledAction",
            json!({ "ScheduledActionId": asst }),
        ),
        ("CreateNotificationConfiguration", notification("2")),
        (
            "ModifyNotificationConfiguration",
            json!({ "AutoScalingNotificationId": asn, "NotificationUserGroupIds": ["3"] }),
        ),
        (
            "DeleteNotificationConfiguration",
            json!({ "AutoScalingNotificationId": asn }),
        ),
        (
            "CreateAutoScalingGroupFromInstance",
            json!({ "AutoScalingGroupName": "from", "InstanceId": foreign, "MinSize": 0, "MaxSize": 2 }),
        ),
    ]
}

/// A group with an instance that waits at a hook, and what could be done with the hook.
async fn held(service: &Service, group: &Value) -> Vec<(&'static str, Value)> {
    let mut group = group.clone();
    group["DesiredCapacity"] = json!(0);
    let asg = &make(service, "CreateAutoScalingGroup", group).await["AutoScalingGroupId"];
    let hook = |name: &str| {
        json!({
            "AutoScalingGroupId": asg, "LifecycleHookName": name, "LifecycleTransition": "INSTANCE_LAUNCHING"
        })
    };
    let made = make(service, "CreateLifecycleHook", hook("h")).await;
    let ash = &made["LifecycleHookId"];
    let out = json!({ "AutoScalingGroupId": asg, "ScaleOutNumber": 1 });
    make(service, "ScaleOutInstances", out).await;
    service.runtime.settle().await;
    let instance = &members_of(service, asg).await[0];
    vec![
        ("CreateLifecycleHook", hook("new")),
        (
            "ModifyLifecycleHook",
            json!({ "LifecycleHookId": ash, "HeartbeatTimeout": 60 }),
        ),
        (
            "UpgradeLifecycleHook",
            json!({ "LifecycleHookId": ash, "LifecycleHookName": "new", "LifecycleTransition": "INSTANCE_LAUNCHING" }),
        ),
        ("DeleteLifecycleHook", json!({ "LifecycleHookId": ash })),
        (
            "CompleteLifecycleAction",
            json!({ "LifecycleHookId": ash, "LifecycleActionResult": "CONTINUE", "InstanceId": instance }),
        ),
    ]
}

/// A group whose refresh is paused, one that has none, and what could be done with them.
async fn refreshed(service: &Service, groups: [&Value; 2]) -> Vec<(&'static str, Value)> {
    let mut ids = Vec::new();
    for group in groups {
        let made = make(service, "CreateAutoScalingGroup", group.clone()).await;
        ids.push(made["AutoScalingGroupId"].clone());
    }
    service.runtime.settle().await;
    let settings =
        json!({ "RollingUpdateSettings": { "BatchNumber": 2, "BatchPause": "FIRST_BATCH_PAUSE" } });
    let start = |id: &Value| json!({ "AutoScalingGroupId": id, "RefreshSettings": settings });
    let made = make(service, "StartInstanceRefresh", start(&ids[0])).await;
    let asr = &made["RefreshActivityId"];
    service.runtime.settle().await;
    let on = json!({ "AutoScalingGroupId": ids[0], "RefreshActivityId": asr });
    let mut back = start(&ids[0]);
    back["OriginRefreshActivityId"] = asr.clone();
    back["RefreshSettings"]["RollingUpdateSettings"]["BatchNumber"] = json!(1);
    vec![
        ("StartInstanceRefresh", start(&ids[1])),
        ("ResumeInstanceRefresh", on.clone()),
        ("CancelInstanceRefresh", on),
        ("RollbackInstanceRefresh", back),
    ]
}

#[tokio::test]
async fn what_fails_is_an_internal_error_and_leaves_everything_as_it_was() {
    let store = Arc::new(Fragile::new(SqliteStore::in_memory().unwrap()));
    let kept: Arc<dyn Store> = Arc::<Fragile>::clone(&store);
    let service = Service::on(kept, CLOCK_SECS, false).await;
    let config = |name: &str| json!({ "LaunchConfigurationName": name, "ImageId": "img-8toqc6s3", "InstanceType": "S5.SMALL1" });
    let made = service
        .call("CreateLaunchConfiguration", config("web").to_string())
        .await;
    let asc = &made["LaunchConfigurationId"];
    let group = |name: &str| {
        json!({
            "AutoScalingGroupName": name, "LaunchConfigurationId": asc, "MinSize": 0, "MaxSize": 9,
            "VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"]
        })
    };
    let made = service
        .call("CreateAutoScalingGroup", group("web").to_string())
        .await;
    let asg = &made["AutoScalingGroupId"];
    let made = service
        .call("CreateAutoScalingGroup", group("empty").to_string())
        .await;
    let empty = &made["AutoScalingGroupId"];
    let desired = json!({ "AutoScalingGroupId": asg, "DesiredCapacity": 3 });
    service
        .call("ModifyDesiredCapacity", desired.to_string())
        .await;
    service.runtime.settle().await;
    let disable = json!({ "AutoScalingGroupId": empty }).to_string();
    service.call("DisableAutoScalingGroup", disable).await;
    let found = service
        .call("DescribeAutoScalingInstances", "{}".to_owned())
        .await;
    let member = &found["AutoScalingInstanceSet"][0]["InstanceId"];
    let foreign = ForeignSpec {
        vpc: "vpc-1a2b3c4d".to_owned(),
        subnet: "subnet-1a2b3c4d".to_owned(),
        instance_type: "S5.SMALL1".to_owned(),
        image: "img-8toqc6s3".to_owned(),
        ..ForeignSpec::default()
    };
    let foreign = service.sim.make_foreign(&foreign).unwrap().id.to_string();
    let three = |name: &str| {
        let mut group = group(name);
        group["DesiredCapacity"] = json!(3);
        group
    };
    let mut more = resting(&service, &three("resting"), &foreign).await;
    more.extend(held(&service, &group("held")).await);
    more.extend(refreshed(&service, [&three("paused"), &three("fresh")]).await);
    let before = everything(&service).await;

    let name = json!({ "LaunchConfigurationId": asc, "LaunchConfigurationName": "new" });
    let upgrade = json!({
        "LaunchConfigurationId": asc, "LaunchConfigurationName": "web", "ImageId": "img-2", "InstanceTypes": ["S5.SMALL2"]
    });
    let tagged = json!({
        "LaunchConfigurationName": "tagged", "ImageId": "img-8toqc6s3", "InstanceType": "S5.SMALL1"
    });
    let on = |id: &serde_json::Value| json!({ "AutoScalingGroupId": id });
    let members = |ids: serde_json::Value| json!({ "AutoScalingGroupId": asg, "InstanceIds": ids });
    let mut calls = vec![
        ("CreateLaunchConfiguration", tagged),
        ("ModifyLaunchConfigurationAttributes", name),
        ("UpgradeLaunchConfiguration", upgrade),
        ("CreateAutoScalingGroup", group("new")),
        (
            "ModifyAutoScalingGroup",
            json!({ "AutoScalingGroupId": asg, "DefaultCooldown": 1 }),
        ),
        (
            "ModifyAutoScalingGroup",
            json!({ "AutoScalingGroupId": asg, "AutoScalingGroupName": "new" }),
        ),
        ("EnableAutoScalingGroup", on(empty)),
        ("DisableAutoScalingGroup", on(asg)),
        ("DeleteAutoScalingGroup", on(empty)),
        (
            "ModifyDesiredCapacity",
            json!({ "AutoScalingGroupId": asg, "DesiredCapacity": 4 }),
        ),
        (
            "ScaleOutInstances",
            json!({ "AutoScalingGroupId": asg, "ScaleOutNumber": 1 }),
        ),
        (
            "ScaleInInstances",
            json!({ "AutoScalingGroupId": asg, "ScaleInNumber": 1 }),
        ),
        ("AttachInstances", members(json!([foreign]))),
        ("DetachInstances", members(json!([member]))),
        ("RemoveInstances", members(json!([member]))),
        (
            "SetInstancesProtection",
            json!({ "AutoScalingGroupId": asg, "InstanceIds": [member], "ProtectedFromScaleIn": true }),
        ),
        ("DescribeAutoScalingActivities", json!({})),
        (
            "DescribeAutoScalingGroupLastActivities",
            json!({ "AutoScalingGroupIds": [asg], "ExcludeCancelledActivity": true }),
        ),
    ];
    calls.extend(more);
    let mut golden = String::new();
    for (action, body) in &calls {
        store.fail(true);
        let response = service.call(action, body.to_string()).await;
        store.fail(false);
        let error = &response["Error"];
        let (code, message) = (error["Code"].as_str(), error["Message"].as_str());
        writeln!(golden, "> {action}").unwrap();
        let (code, message) = (code.unwrap_or("answered"), message.unwrap_or(""));
        let line = format!("  {code}: {message}");
        writeln!(golden, "{}", line.trim_end()).unwrap();
        service.runtime.settle().await;
        assert_eq!(everything(&service).await, before, "{action}");
    }
    // What is answered from memory does not need it.
    store.fail(true);
    for (action, body) in [
        ("DescribeAccountLimits", json!({})),
        (
            "DescribeAutoScalingAdvices",
            json!({ "AutoScalingGroupIds": [asg] }),
        ),
        ("DescribeAutoScalingInstances", json!({})),
        ("DescribeLifecycleHooks", json!({})),
        ("DescribeRefreshActivities", json!({})),
        ("DescribeScheduledActions", json!({})),
    ] {
        make(&service, action, body).await;
    }
    store.fail(false);
    // Once it works again, it does.
    let attach = members(json!([foreign])).to_string();
    let response = service.call("AttachInstances", attach).await;
    assert!(response["ActivityId"].is_string(), "{response}");
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("failures", golden);
    });
}
