//! One brain: what `muster simulate` says of a recording is what the service does when the same load really comes, with its
//! own workers, store, queue and clock, under emulation.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use muster_engine::Settings;
use muster_model::{GroupId, Lifecycle, Metric, Point, Time};
use muster_ports::{Api, Clock};
use muster_runtime::{Measured, Options};
use muster_sim::Faults;
use muster_sim::replay::{Reading, Trace};
use serde_json::{Value, json};

use super::service::Service;

const BOOT_SECS: u32 = 90;
const CAPACITY: f64 = 50.0;

/// A change of what is desired, as both tell it: seconds since the beginning, from, to, what the policies said, the
/// oldest first.
type Told = (i64, u32, u32, Vec<String>);

/// Two hours of load that rises, stops being measured, spikes, and falls to nothing.
fn made_up() -> String {
    let mut csv = String::from("timestamp,value\n");
    for at in 0..24 {
        let load = match at {
            0..3 => 60,
            3..8 => 190 + at * 9,
            // Nobody measured.
            8..11 => continue,
            11..15 => 330,
            15 => 520,
            16..18 => 75,
            _ => 0,
        };
        let _ = writeln!(
            csv,
            "2024-03-01 {:02}:{:02}:00,{load}",
            at / 12,
            at % 12 * 5
        );
    }
    csv
}

fn described(policies: Value) -> Value {
    json!({
        "AutoScalingGroup": {
            "AutoScalingGroupName": "web", "MinSize": 1, "MaxSize": 20, "DesiredCapacity": 2, "DefaultCooldown": 300,
            "VpcId": "vpc-12345678", "SubnetIds": ["subnet-12345678"],
        },
        "ScalingPolicies": policies,
        "Service": {"Capacity": CAPACITY, "BootSeconds": BOOT_SECS},
    })
}

/// What `muster simulate` says.
fn simulated(recording: &str, described: &Value) -> Vec<Told> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("load.csv"), recording).unwrap();
    std::fs::write(dir.path().join("web.json"), described.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.current_dir(dir.path());
    command.args(["simulate", "web.json", "--trace", "load.csv", "--explain"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let start = Trace::read(recording, Reading::default()).unwrap().start();
    let (_, told) = text.split_once("\nweb:\n").unwrap();
    let mut all: Vec<Told> = Vec::new();
    let mut decided = false;
    for line in told.lines() {
        if let Some(why) = line.strip_prefix("    ") {
            if decided && why.starts_with("policy ") {
                all.last_mut().unwrap().3.push(why.to_owned());
            }
            continue;
        }
        decided = !line.contains(" held by ");
        if !decided {
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        let at: jiff::Timestamp = words[0].parse().unwrap();
        let secs = (at.as_millisecond() - start.0) / 1000;
        all.push((
            secs,
            words[1].parse().unwrap(),
            words[3].parse().unwrap(),
            Vec::new(),
        ));
    }
    all
}

/// What the service does.
async fn lived(recording: &str, described: &Value) -> Vec<Told> {
    let mut service = Service::start(1_700_000_000, false).await;
    let settings = Settings {
        call_timeout_secs: BOOT_SECS + 60,
        ..Settings::default()
    };
    let options = Options {
        settings,
        ..Options::default()
    };
    service.restart_on(options).await;
    let slow = json!({"rules": [{"op": "launch", "effect": "slow", "latency_secs": BOOT_SECS}]});
    let slow: Faults = serde_json::from_value(slow).unwrap();
    service.sim.set_faults(slow);
    let config = json!({"LaunchConfigurationName": "c", "ImageId": "img-12345678", "InstanceType": "S5.SMALL1"});
    let config = service
        .call("CreateLaunchConfiguration", config.to_string())
        .await;
    let mut group = described["AutoScalingGroup"].clone();
    group["LaunchConfigurationId"] = config["LaunchConfigurationId"].clone();
    let group = service
        .call("CreateAutoScalingGroup", group.to_string())
        .await;
    let id = &group["AutoScalingGroupId"];
    service.runtime.advance(u64::from(BOOT_SECS) + 60).await;
    // Policies of the same moment look at the same moments.
    let clock = service.runtime.clock();
    let start = clock.now();
    clock.freeze(start);
    for policy in described["ScalingPolicies"].as_array().unwrap() {
        let mut policy = policy.clone();
        policy["AutoScalingGroupId"] = id.clone();
        let made = service
            .call("CreateScalingPolicy", policy.to_string())
            .await;
        assert!(made["AutoScalingPolicyId"].is_string(), "{made}");
    }
    clock.unfreeze();
    let id = GroupId::parse(id.as_str().unwrap()).unwrap();
    lead(&service, recording, id, start).await
}

/// Lets the load come, minute by minute, and collects what is decided.
async fn lead(service: &Service, recording: &str, id: GroupId, start: Time) -> Vec<Told> {
    let trace = Trace::read(recording, Reading::default()).unwrap();
    let mut told: Vec<Told> = Vec::new();
    let minutes = (trace.end().0 - trace.start().0) / 60_000;
    for minute in 0..minutes {
        let at = start.plus_secs(60 * minute as u64);
        let ahead = at.millis_since(service.runtime.time()).div_ceil(1000);
        service.runtime.advance(ahead).await;
        let recorded = trace.start().plus_secs(60 * minute as u64);
        let stretch = trace.stretches.iter().find(|s| s.until > recorded).unwrap();
        if let Some(load) = stretch.load {
            measure(service, id, at, load).await;
        }
        listen(service, id, start, &mut told);
    }
    told
}

async fn measure(service: &Service, id: GroupId, at: Time, load: f64) {
    let caller = service.caller();
    let views = service.runtime.views(&caller).await.unwrap();
    let serves = |i: &&std::sync::Arc<muster_model::Instance>| i.state == Lifecycle::InService;
    let serving = views[0].instances.values().filter(serves).count();
    let value = (load / serving as f64).min(CAPACITY) / CAPACITY * 100.0;
    let point = Point {
        at,
        instance: None,
        value,
    };
    let values = [(Measured::Group(id), Metric("cpu_util".to_owned()), point)];
    service
        .runtime
        .measure(caller.account, &values)
        .await
        .unwrap();
    service.runtime.settle().await;
}

/// Takes down what has been decided since the last time.
fn listen(service: &Service, id: GroupId, start: Time, told: &mut Vec<Told>) {
    let explained = service.runtime.explain(id).unwrap();
    for evaluation in explained["evaluations"].as_array().unwrap() {
        let reasons = evaluation["reasons"].as_array().unwrap().iter();
        let policies: Vec<String> = reasons
            .filter_map(Value::as_str)
            .filter(|reason| reason.starts_with("policy "))
            .map(str::to_owned)
            .collect();
        let goes = policies
            .iter()
            .find_map(|reason| reason.split_once(": the group goes to "));
        let Some((_, to)) = goes else {
            continue;
        };
        let secs = (evaluation["at_ms"].as_i64().unwrap() - start.0) / 1000;
        if told.last().is_none_or(|last| last.0 < secs) {
            let from = evaluation["desired"].as_u64().unwrap();
            told.push((
                secs,
                u32::try_from(from).unwrap(),
                to.parse().unwrap(),
                policies,
            ));
        }
    }
}

async fn compare(recording: &str, policies: Value, at_least: usize) {
    let described = described(policies);
    let simulated = simulated(recording, &described);
    let lived = lived(recording, &described).await;
    for (at, (one, other)) in simulated.iter().zip(&lived).enumerate() {
        assert_eq!(one, other, "decision {at}");
    }
    assert_eq!(simulated.len(), lived.len(), "{simulated:#?}\n{lived:#?}");
    assert!(simulated.len() >= at_least, "{simulated:#?}");
    assert!(simulated.iter().any(|d| d.1 < d.2) && simulated.iter().any(|d| d.1 > d.2));
}

fn target() -> Value {
    json!([{
        "ScalingPolicyName": "cpu", "ScalingPolicyType": "TARGET_TRACKING",
        "PredefinedMetricType": "ASG_AVG_CPU_UTILIZATION", "TargetValue": 60, "EstimatedInstanceWarmup": 100,
    }])
}

/// Four hours of requests on a real balancer, with a gap in them, where the recordings are at hand.
fn recorded() -> Option<String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("MUSTER_SHARED").map_or(beside, PathBuf::from);
    let path = shared.join("traces/nab/elb_request_count_8c0756.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("not replayed: there is no {}", path.display());
        return None;
    };
    let mut lines = text.lines();
    let head = lines.next()?;
    let part = lines.skip(115).take(50);
    Some(
        std::iter::once(head)
            .chain(part)
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_is_held_the_same_way() {
    compare(&made_up(), target(), 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_recording_leads_to_the_same_decisions() {
    if let Some(recording) = recorded() {
        compare(&recording, target(), 4).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alarms_act_the_same_way() {
    let policy = |name: &str, by: i64, sign: &str, threshold: i64, period: i64, cooldown: i64| {
        json!({
            "ScalingPolicyName": name, "ScalingPolicyType": "SIMPLE", "AdjustmentType": "CHANGE_IN_CAPACITY",
            "AdjustmentValue": by, "Cooldown": cooldown,
            "MetricAlarm": {
                "MetricName": "CPU_UTILIZATION", "ComparisonOperator": sign, "Threshold": threshold,
                "Period": period, "ContinuousTime": 2, "Statistic": "AVERAGE",
            },
        })
    };
    let busy = policy("busy", 2, "GREATER_THAN", 70, 60, 120);
    let idle = policy("idle", -1, "LESS_THAN", 30, 300, 300);
    compare(&made_up(), json!([busy, idle]), 4).await;
}
