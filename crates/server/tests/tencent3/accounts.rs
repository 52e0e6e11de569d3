//! Accounts never see each other: what is another's is not there.

use serde_json::{Value, json};

use super::service::{OTHER_ID, Service};

const CLOCK_SECS: i64 = 1_795_500_000;

async fn make(service: &Service, action: &str, body: Value) -> Value {
    let response = service.call(action, body.to_string()).await;
    assert!(response.get("Error").is_none(), "{action}: {response}");
    response
}

#[tokio::test]
async fn what_is_of_another_account_is_not_there() {
    let service = Service::start(CLOCK_SECS, false).await;
    let config = json!({
        "LaunchConfigurationName": "web", "ImageId": "img-8toqc6s3", "InstanceType": "S5.SMALL1"
    });
    let made = make(&service, "CreateLaunchConfiguration", config.clone()).await;
    let asc = &made["LaunchConfigurationId"];
    let group = |config: &Value| {
        json!({
            "AutoScalingGroupName": "web", "LaunchConfigurationId": config, "MinSize": 0, "MaxSize": 9, "DesiredCapacity": 2,
            "VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"]
        })
    };
    let asg = &make(&service, "CreateAutoScalingGroup", group(asc)).await["AutoScalingGroupId"];
    service.runtime.settle().await;
    let found = make(&service, "DescribeAutoScalingInstances", json!({})).await;
    let instance = &found["AutoScalingInstanceSet"][0]["InstanceId"];
    let activities = make(&service, "DescribeAutoScalingActivities", json!({})).await;
    let activity = &activities["ActivitySet"][0]["ActivityId"];

    // The other account has a configuration and a group of the same names.
    let theirs = |action: &'static str, body: Value| {
        let service = &service;
        async move { service.call_as(OTHER_ID, action, body.to_string()).await }
    };
    let own = theirs("CreateLaunchConfiguration", config).await;
    let own_asc = own["LaunchConfigurationId"].clone();
    let own = theirs("CreateAutoScalingGroup", group(&own_asc)).await;
    let own_asg = own["AutoScalingGroupId"].clone();
    assert!(own_asg.is_string(), "{own}");
    service.runtime.settle().await;

    let named = |set: &str, ids: &str, id: &Value| (set.to_owned(), json!({ ids: [id] }));
    for (action, (set, body)) in [
        (
            "DescribeLaunchConfigurations",
            named("LaunchConfigurationSet", "LaunchConfigurationIds", asc),
        ),
        (
            "DescribeAutoScalingGroups",
            named("AutoScalingGroupSet", "AutoScalingGroupIds", asg),
        ),
        (
            "DescribeAutoScalingInstances",
            named("AutoScalingInstanceSet", "InstanceIds", instance),
        ),
        (
            "DescribeAutoScalingActivities",
            named("ActivitySet", "ActivityIds", activity),
        ),
        (
            "DescribeAutoScalingGroupLastActivities",
            named("ActivitySet", "AutoScalingGroupIds", asg),
        ),
    ] {
        let mine = service.call(action, body.to_string()).await;
        assert_eq!(mine[&set].as_array().unwrap().len(), 1, "{action}: {mine}");
        let found = theirs(action, body).await;
        assert_eq!(found[&set], json!([]), "{action}: {found}");
    }
    for action in ["DescribeLaunchConfigurations", "DescribeAutoScalingGroups"] {
        let found = theirs(action, json!({})).await;
        assert_eq!(found["TotalCount"], 1, "{action}: {found}");
    }

    let no_group = "ResourceNotFound.AutoScalingGroupNotFound";
    let no_config = "ResourceNotFound.LaunchConfigurationIdNotFound";
    let on_config = |more: Value| {
        let mut body = json!({ "LaunchConfigurationId": asc });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let on_group = |more: Value| {
        let mut body = json!({ "AutoScalingGroupId": asg });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let members = json!({ "InstanceIds": [instance] });
    let protect = json!({ "InstanceIds": [instance], "ProtectedFromScaleIn": true });
    let upgrade = json!({
        "LaunchConfigurationName": "x", "ImageId": "img-8toqc6s3", "InstanceTypes": ["S5.SMALL1"]
    });
    let from = json!({
        "AutoScalingGroupName": "from", "InstanceId": instance, "MinSize": 0, "MaxSize": 1
    });
    let their_members = json!({ "AutoScalingGroupId": own_asg, "InstanceIds": [instance] });
    for (action, body, code) in [
        (
            "ModifyLaunchConfigurationAttributes",
            on_config(json!({ "LaunchConfigurationName": "x" })),
            no_config,
        ),
        ("UpgradeLaunchConfiguration", on_config(upgrade), no_config),
        (
            "ClearLaunchConfigurationAttributes",
            on_config(json!({})),
            "InvalidParameterValue.InvalidLaunchConfigurationId",
        ),
        ("DeleteLaunchConfiguration", on_config(json!({})), no_config),
        (
            "CreateAutoScalingGroup",
            group(asc),
            "InvalidParameterValue.LaunchConfigurationNotFound",
        ),
        (
            "ModifyAutoScalingGroup",
            json!({ "AutoScalingGroupId": own_asg, "LaunchConfigurationId": asc }),
            "InvalidParameterValue.LaunchConfigurationNotFound",
        ),
        (
            "ModifyAutoScalingGroup",
            on_group(json!({ "MaxSize": 1 })),
            no_group,
        ),
        ("EnableAutoScalingGroup", on_group(json!({})), no_group),
        ("DisableAutoScalingGroup", on_group(json!({})), no_group),
        ("DeleteAutoScalingGroup", on_group(json!({})), no_group),
        (
            "ModifyDesiredCapacity",
            on_group(json!({ "DesiredCapacity": 1 })),
            no_group,
        ),
        (
            "ScaleOutInstances",
            on_group(json!({ "ScaleOutNumber": 1 })),
            no_group,
        ),
        (
            "ScaleInInstances",
            on_group(json!({ "ScaleInNumber": 1 })),
            no_group,
        ),
        ("AttachInstances", on_group(members.clone()), no_group),
        ("DetachInstances", on_group(members.clone()), no_group),
        ("RemoveInstances", on_group(members), no_group),
        ("SetInstancesProtection", on_group(protect), no_group),
        (
            "AttachInstances",
            their_members.clone(),
            "ResourceNotFound.InstancesNotFound",
        ),
        (
            "DetachInstances",
            their_members,
            "ResourceNotFound.InstancesNotInAutoScalingGroup",
        ),
        (
            "CreateAutoScalingGroupFromInstance",
            from.clone(),
            "ResourceNotFound.InstancesNotFound",
        ),
    ] {
        let response = theirs(action, body.clone()).await;
        assert_eq!(
            response["Error"]["Code"], code,
            "{action} {body}: {response}"
        );
    }
    // One's own machine serves as a model, and stays where it is.
    let made = make(&service, "CreateAutoScalingGroupFromInstance", from).await;
    let made = json!({ "AutoScalingGroupIds": [made["AutoScalingGroupId"]] });
    let found = make(&service, "DescribeAutoScalingGroups", made).await;
    assert_eq!(
        found["AutoScalingGroupSet"][0]["InstanceCount"], 0,
        "{found}"
    );
    let kept = make(
        &service,
        "DescribeAutoScalingGroups",
        json!({ "AutoScalingGroupIds": [asg] }),
    )
    .await;
    assert_eq!(
        kept["AutoScalingGroupSet"][0]["InServiceInstanceCount"], 2,
        "{kept}"
    );
    assert_eq!(kept["AutoScalingGroupSet"][0]["MaxSize"], 9, "{kept}");
}
