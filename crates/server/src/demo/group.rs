//! The group of the demo: made, looked at and taken down over the API.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::board::{Activity, Board, Machine};
use super::service::{Service, own_user};

/// Requests a second that the policy holds each machine at: well below what one can do, so that there is time to grow.
const TARGET: u32 = 30;
/// The most machines.
const MAX: u32 = 8;
/// Ids of the balancer and its listener.
const BALANCER: (&str, &str) = ("lb-demo0001", "lbl-demo0001");
/// Activities that are shown.
const ACTIVITIES: u32 = 20;
/// Longest wait for the machines to go at the end, in looks of a quarter of a second.
const LAST_LOOKS: u32 = 160;

/// Ids of the group.
pub(super) struct Group {
    id: String,
}

/// The configuration file of the service: a look at the machines every second, and the machines' user.
pub(super) fn configuration() -> String {
    let user = own_user().map_or(String::new(), |user| {
        format!("user = {}\n", toml::Value::String(user))
    });
    let (balancer, listener) = BALANCER;
    format!(
        "[log]\nfilter = \"warn\"\n\n[backend]\n{user}observe_secs = 1\n\n[metrics]\nsample_secs = 1\n\n\
         [[listener]]\nlb = \"{balancer}\"\nlistener = \"{listener}\"\nlisten = \"127.0.0.1:0\"\nprotocol = \"http\"\n\
         check_path = \"/health\"\ncheck_interval_millis = 500\nslow_start_secs = 2\n"
    )
}

/// The script of a machine: this binary as a worker.
fn user_data() -> Result<String, String> {
    let muster = std::env::current_exe().map_err(|error| error.to_string())?;
    let muster = muster.to_str().ok_or("the path of muster is not UTF-8")?;
    let quoted = muster.replace('\'', r"'\''");
    Ok(STANDARD.encode(format!(
        "#!/bin/sh\nexec '{quoted}' demo-worker \"$PORT\"\n"
    )))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Makes the launch configuration, the group behind the balancer, and the policy.
pub(super) async fn make(service: &Service) -> Result<Group, String> {
    let config = json!({
        "LaunchConfigurationName": "worker",
        "ImageId": "img-demo0001",
        "InstanceType": "demo",
        "UserData": user_data()?,
    });
    let config = service.call("CreateLaunchConfiguration", &config).await?;
    let group = json!({
        "AutoScalingGroupName": "demo",
        "LaunchConfigurationId": config["LaunchConfigurationId"],
        "MinSize": 1,
        "DesiredCapacity": 1,
        "MaxSize": MAX,
        "VpcId": "vpc-demo0001",
        "SubnetIds": ["subnet-demo0001"],
        "ForwardLoadBalancers": [{
            "LoadBalancerId": BALANCER.0,
            "ListenerId": BALANCER.1,
            "TargetAttributes": [{ "Port": 80, "Weight": 10 }],
        }],
    });
    let group = service.call("CreateAutoScalingGroup", &group).await?;
    let group = Group {
        id: text(&group["AutoScalingGroupId"]),
    };
    let policy = json!({
        "AutoScalingGroupId": group.id,
        "ScalingPolicyName": "hold",
        "ScalingPolicyType": "TARGET_TRACKING",
        "PredefinedMetricType": "ASG_AVG_CPU_UTILIZATION",
        "TargetValue": TARGET,
        "EstimatedInstanceWarmup": 3,
    });
    let policy = service.call("CreateScalingPolicy", &policy).await?;
    // The API has no words for this metric, nor for windows that are shorter than its own: the native endpoint has.
    let options = json!({
        "metric": "requests_per_sec",
        "high": { "period_secs": 3, "repeat": 1 },
        "low": { "period_secs": 6, "repeat": 2 },
    });
    let path = format!("policies/{}", text(&policy["AutoScalingPolicyId"]));
    service.native(Method::PUT, &path, Some(&options)).await?;
    Ok(group)
}

/// Looks at the group, its machines and its activities.
pub(super) async fn look(
    service: &Service,
    group: &Group,
    board: &mut Board,
) -> Result<(), String> {
    let of_group = |limit: u32| {
        json!({
            "Filters": [{ "Name": "auto-scaling-group-id", "Values": [group.id] }],
            "Limit": limit,
        })
    };
    let ids = json!({ "AutoScalingGroupIds": [group.id] });
    let groups = service.call("DescribeAutoScalingGroups", &ids).await?;
    let desired = &groups["AutoScalingGroupSet"][0]["DesiredCapacity"];
    board.desired = desired.as_u64().unwrap_or(0);
    let instances = of_group(100);
    let instances = service.call("DescribeAutoScalingInstances", &instances);
    let instances = instances.await?;
    let instances = instances["AutoScalingInstanceSet"].as_array();
    board.machines = instances.into_iter().flatten().map(machine).collect();
    let activities = of_group(ACTIVITIES);
    let activities = service.call("DescribeAutoScalingActivities", &activities);
    let activities = activities.await?;
    let activities = activities["ActivitySet"].as_array();
    board.activities = activities.into_iter().flatten().map(activity).collect();
    Ok(())
}

fn machine(instance: &Value) -> Machine {
    Machine {
        id: text(&instance["InstanceId"]),
        state: text(&instance["LifeCycleState"]),
    }
}

fn activity(activity: &Value) -> Activity {
    Activity {
        kind: text(&activity["ActivityType"]),
        status: text(&activity["StatusCode"]),
        cause: text(&activity["Cause"]),
        description: text(&activity["Description"]),
    }
}

/// Where the balancer listens, once it has a member that it finds healthy.
pub(super) async fn listener(service: &Service) -> Result<Option<String>, String> {
    let balancers = service.native(Method::GET, "balancers", None).await?;
    let all = balancers["balancers"].as_array().into_iter().flatten();
    let listeners = all.filter_map(|balancer| balancer["listeners"].as_array());
    let ready = listeners.flatten().find(|listener| {
        let members = listener["members"].as_array().into_iter().flatten();
        let mut healthy = members.filter(|member| member["health"] == "healthy");
        listener["listener"] == BALANCER.1 && healthy.next().is_some()
    });
    Ok(ready.and_then(|listener| listener["address"].as_str().map(str::to_owned)))
}

/// Takes every group down to nothing, and waits until its machines are gone.
#[expect(clippy::disallowed_methods, reason = "the demo happens in real time")]
pub(super) async fn empty_out(service: &Service) -> Result<(), String> {
    let groups = service
        .call("DescribeAutoScalingGroups", &json!({}))
        .await?;
    for group in groups["AutoScalingGroupSet"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let nothing = json!({
            "AutoScalingGroupId": group["AutoScalingGroupId"],
            "MinSize": 0, "DesiredCapacity": 0, "MaxSize": 0,
        });
        service.call("ModifyAutoScalingGroup", &nothing).await?;
    }
    for _ in 0..LAST_LOOKS {
        let machines = service.native(Method::GET, "machines", None).await?;
        if machines["machines"].as_array().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    Err(format!(
        "machines of the demo at {} did not go in time",
        service.address()
    ))
}
