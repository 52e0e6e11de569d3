//! Load that is measured: what a source tells reaches the policies, and what it does not tell changes nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use muster_model::{GroupId, InstanceId, Metric, Time};
use muster_ports::{Metrics, MetricsError, Sample, Watched};
use muster_runtime::Source;
use muster_sim::{Effect, Fault, Faults, Match, Op, SimMetrics};
use serde_json::{Value, json};

use super::service::Service;

const CLOCK_SECS: i64 = 1_795_500_000;
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks, seconds of the movable time.
const PERIOD_SECS: u32 = 20;

fn cpu() -> Metric {
    Metric("cpu_util".to_owned())
}

async fn make(service: &Service, action: &str, body: Value) -> Value {
    let response = service.call(action, body.to_string()).await;
    assert!(response.get("Error").is_none(), "{action}: {response}");
    response
}

/// A group of `desired` machines.
async fn group(service: &Service, name: &str, desired: u32) -> GroupId {
    let config = json!({
        "LaunchConfigurationName": name, "ImageId": "img-8toqc6s3", "InstanceType": "S5.SMALL1",
    });
    let config = make(service, "CreateLaunchConfiguration", config).await;
    let group = json!({
        "AutoScalingGroupName": name, "LaunchConfigurationId": config["LaunchConfigurationId"],
        "MinSize": 1, "MaxSize": 5, "DesiredCapacity": desired, "VpcId": "vpc-1a2b3c4d",
        "SubnetIds": ["subnet-1a2b3c4d"],
    });
    let made = make(service, "CreateAutoScalingGroup", group).await;
    service.runtime.settle().await;
    GroupId::parse(made["AutoScalingGroupId"].as_str().unwrap()).unwrap()
}

async fn policy(service: &Service, group: GroupId, name: &str, over: &str, limit: u32, by: i64) {
    let policy = json!({
        "AutoScalingGroupId": group.to_string(), "ScalingPolicyName": name, "AdjustmentType": "CHANGE_IN_CAPACITY",
        "AdjustmentValue": by, "Cooldown": 0, "MetricAlarm": {
            "ComparisonOperator": over, "MetricName": "CPU_UTILIZATION", "Threshold": limit, "Period": 60,
            "ContinuousTime": 2,
        },
    });
    make(service, "CreateScalingPolicy", policy).await;
}

async fn members(service: &Service, group: GroupId) -> Vec<InstanceId> {
    let of =
        json!({ "Filters": [{ "Name": "auto-scaling-group-id", "Values": [group.to_string()] }] });
    let found = make(service, "DescribeAutoScalingInstances", of).await;
    let found = found["AutoScalingInstanceSet"].as_array().unwrap();
    let id = |one: &Value| InstanceId::parse(one["InstanceId"].as_str().unwrap()).unwrap();
    found.iter().map(id).collect()
}

/// How the last look at the group's metric went, one that was made after `since`.
async fn looked(service: &Service, group: GroupId, since: Time) -> Value {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    loop {
        let told = service.runtime.explain(group).unwrap();
        let look = &told["looks"][0];
        if look["at_ms"].as_i64().is_some_and(|at| at > since.0) {
            return look.clone();
        }
        assert!(tokio::time::Instant::now() < give_up, "{look}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Lets time pass, with a look at the metric in each period of the source.
async fn pass(service: &Service, group: GroupId, secs: u32) -> Value {
    let mut look = Value::Null;
    for _ in 0..secs.div_ceil(PERIOD_SECS) {
        let since = service.runtime.time();
        service.runtime.advance(u64::from(PERIOD_SECS)).await;
        look = looked(service, group, since).await;
        service.runtime.settle().await;
    }
    look
}

fn source(metrics: Arc<dyn Metrics>) -> Source {
    Source {
        name: "test".to_owned(),
        metrics,
        period_secs: PERIOD_SECS,
        timeout_secs: 5,
        groups_at_once: 2,
        calls_at_once: 2,
    }
}

#[tokio::test]
async fn measured_load_scales_out_and_in_and_a_silent_source_changes_nothing() {
    let service = Service::start(CLOCK_SECS, false).await;
    let group = group(&service, "web", 2).await;
    policy(&service, group, "busy", "GREATER_THAN", 80, 1).await;
    policy(&service, group, "idle", "LESS_THAN", 20, -1).await;
    let metrics = Arc::new(SimMetrics::new(Arc::clone(&service.sim), vec![cpu()]));
    service
        .runtime
        .measure_from(vec![source(Arc::<SimMetrics>::clone(&metrics))]);

    for id in members(&service, group).await {
        metrics.order(id, &cpu(), Some(95.0));
    }
    let look = pass(&service, group, 200).await;
    assert_eq!(
        (&look["values"], &look["source"]),
        (&2.into(), &"test".into())
    );
    let now = members(&service, group).await;
    assert!(now.len() >= 3, "{now:?}");
    assert_eq!(
        look["gap"], "no value was ordered",
        "the new one is a gap: {look}"
    );

    // The source breaks: for twenty minutes there is nothing, and nothing happens.
    for id in &now {
        metrics.order(*id, &cpu(), Some(3.0));
    }
    service.sim.set_faults(Faults {
        rules: vec![Fault {
            op: Op::Measure,
            matching: Match::default(),
            effect: Effect::TimeoutNotDone,
            times: None,
            latency_secs: None,
        }],
    });
    // The period that was going on is still judged by what came in it.
    pass(&service, group, 60).await;
    let then = members(&service, group).await;
    assert!(then.len() >= now.len());
    let look = pass(&service, group, 1140).await;
    assert_eq!(look["values"], 0);
    assert_eq!(look["gap"], "no answer: ordered to get lost");
    let last = members(&service, group).await;
    assert_eq!(last, then, "nothing is concluded from a gap");

    service.sim.set_faults(Faults::default());
    for id in &then {
        metrics.order(*id, &cpu(), Some(3.0));
    }
    pass(&service, group, 600).await;
    assert_eq!(
        members(&service, group).await.len(),
        1,
        "back to the minimum"
    );
    let counted = service.runtime.with_registry(|registry| {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
        text
    });
    for line in [
        "muster_samples_total{source=\"test\",result=\"gap\"}",
        "muster_sample_calls_total{source=\"test\",result=\"unknown\"}",
    ] {
        assert!(counted.contains(line), "{counted}");
    }
}

/// Notes whom it is asked of.
#[derive(Default)]
struct Notes(Mutex<Vec<BTreeSet<GroupId>>>);

#[async_trait]
impl Metrics for Notes {
    fn tells(&self) -> Vec<Metric> {
        vec![cpu()]
    }

    async fn sample(&self, watched: &[Watched]) -> Result<Vec<Sample>, MetricsError> {
        let asked = watched.iter().map(|one| one.group).collect();
        self.0.lock().unwrap().push(asked);
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn only_those_are_measured_that_somebody_looks_at() {
    let service = Service::start(CLOCK_SECS, false).await;
    let mut watched = BTreeSet::new();
    for number in 0..3 {
        let group = group(&service, &format!("web-{number}"), 1).await;
        policy(
            &service,
            group,
            &format!("busy-{number}"),
            "GREATER_THAN",
            80,
            1,
        )
        .await;
        watched.insert(group);
    }
    let off = *watched.first().unwrap();
    let body = json!({ "AutoScalingGroupId": off.to_string() });
    make(&service, "DisableAutoScalingGroup", body).await;
    watched.remove(&off);
    // One without a policy.
    group(&service, "idle", 1).await;
    let (first, second) = (Arc::new(Notes::default()), Arc::new(Notes::default()));
    service.runtime.measure_from(vec![
        source(Arc::<Notes>::clone(&first)),
        source(Arc::<Notes>::clone(&second)),
    ]);
    let group = *watched.first().unwrap();
    let look = pass(&service, group, 2 * PERIOD_SECS).await;
    assert_eq!(look["gap"], "the source did not tell it");
    let asked = first.0.lock().unwrap().clone();
    assert!(asked.len() >= 2);
    assert!(asked.iter().all(|asked| *asked == watched), "{asked:?}");
    let wan = json!({
        "AutoScalingGroupId": group.to_string(), "ScalingPolicyName": "wan", "AdjustmentType": "CHANGE_IN_CAPACITY",
        "AdjustmentValue": 1, "MetricAlarm": {
            "ComparisonOperator": "GREATER_THAN", "MetricName": "WAN_TRAFFIC_IN", "Threshold": 1, "Period": 60,
            "ContinuousTime": 1,
        },
    });
    make(&service, "CreateScalingPolicy", wan).await;
    let told = service.runtime.explain(group).unwrap();
    assert_eq!(told["looks"][1]["metric"], "wan_in");
    assert_eq!(
        told["looks"][1]["source"],
        Value::Null,
        "nobody tells it, and that is said"
    );
    let none: Vec<BTreeSet<GroupId>> = Vec::new();
    assert_eq!(
        *second.0.lock().unwrap(),
        none,
        "another one tells it already"
    );
}
