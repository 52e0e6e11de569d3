//! What is measured of machines that are processes: the contract of the Metrics port, and real load.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_model::{ConfigSpec, Ids, InstanceId, LaunchSpec, Metric, OwnerKey, Placement};
use muster_ports::contract::metrics::{CASES, Scene};
use muster_ports::metrics::names;
use muster_ports::{Compute, Gap, Metrics, Sample, Watched};
use muster_providers::process::{ProcessBackend, ProcessMetrics, ProcessOptions};

const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks.
const WHILE: Duration = Duration::from_millis(300);

fn metric(name: &str) -> Metric {
    Metric(name.to_owned())
}

/// Machines of one group that run a script.
struct Machines {
    dir: tempfile::TempDir,
    backend: ProcessBackend,
    source: ProcessMetrics,
    owners: Vec<OwnerKey>,
}

impl Machines {
    async fn new(count: u64, user: Option<&str>, instance_type: &str, script: &str) -> Machines {
        let dir = tempfile::tempdir().unwrap();
        let options = ProcessOptions {
            shim: vec![env!("CARGO_BIN_EXE_muster").into(), "shim".into()],
            user: user.map(str::to_owned),
            ports: 22_000..=22_999,
            commands: [].into(),
        };
        let backend = ProcessBackend::open(dir.path(), options).unwrap();
        let source = ProcessMetrics::of(&backend, Duration::from_secs(60));
        let mut owners = Vec::new();
        for number in 0..count {
            let owner = OwnerKey {
                group: Ids::new(1).next_id(),
                instance: Ids::new(100 + number).next_id(),
            };
            let spec = LaunchSpec {
                owner: owner.clone(),
                name: "as-web".to_owned(),
                host_name: None,
                group_name: "web".to_owned(),
                vpc: "vpc-1".to_owned(),
                placement: Placement {
                    instance_type: instance_type.to_owned(),
                    zone: "zone-1".to_owned(),
                    subnet: "subnet-1".to_owned(),
                    spot: false,
                },
                image: "img-1".to_owned(),
                user_data: Some(STANDARD.encode(script)),
                security_groups: Vec::new(),
                tags: Vec::new(),
                config: Arc::new(ConfigSpec::default()),
            };
            backend.launch(&spec).await.unwrap();
            owners.push(owner);
        }
        Machines {
            dir,
            backend,
            source,
            owners,
        }
    }

    fn group(&self, metrics: &[&str]) -> Watched {
        Watched {
            group: self.owners[0].group,
            name: "web".to_owned(),
            instances: self.owners.iter().map(|owner| owner.instance).collect(),
            metrics: metrics.iter().map(|name| metric(name)).collect(),
        }
    }

    async fn look(&self, metrics: &[&str]) -> Vec<Sample> {
        self.source.sample(&[self.group(metrics)]).await.unwrap()
    }

    /// Waits until the script has written this file.
    async fn file(&self, owner: &OwnerKey, name: &str) {
        let machine = self
            .dir
            .path()
            .join("machines")
            .join(owner.instance.to_string());
        let path = machine.join("work").join(name);
        let give_up = tokio::time::Instant::now() + PATIENCE;
        while !Path::exists(&path) {
            assert!(tokio::time::Instant::now() < give_up, "{path:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn end(&self) {
        for owner in &self.owners {
            self.backend.terminate(owner).await.unwrap();
        }
    }
}

fn value_of(samples: &[Sample], id: InstanceId, name: &str) -> Result<f64, Gap> {
    let mut found = samples
        .iter()
        .filter(|sample| sample.instance == Some(id) && sample.metric == metric(name));
    let sample = found.next().unwrap();
    assert!(found.next().is_none());
    sample.value.clone()
}

#[async_trait::async_trait]
impl Scene for Machines {
    fn source(&self) -> &dyn Metrics {
        &self.source
    }

    fn watched(&self) -> Watched {
        // Traffic is a gap without a network namespace; it has a test of its own.
        self.group(&[names::CPU_UTIL, names::MEM_UTIL, names::TCP_ESTABLISHED])
    }

    async fn work(&self) {
        tokio::time::sleep(WHILE).await;
    }

    async fn vanish(&self, instance: Option<InstanceId>) {
        let gone = self
            .owners
            .iter()
            .find(|owner| Some(owner.instance) == instance);
        self.backend.terminate(gone.unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn processes_are_measured_by_the_contract() {
    for (name, case) in CASES {
        println!("case: {name}");
        let machines = Machines::new(2, None, "S5.SMALL1", "#!/bin/sh\nsleep 100\n").await;
        case(&machines).await;
        machines.end().await;
    }
}

const BURN: &str = "#!/bin/sh\ntouch started\nwhile :; do :; done\n";

#[tokio::test]
async fn a_machine_that_burns_its_cpu_is_seen_to() {
    let machines = Machines::new(1, None, "S5.SMALL1", BURN).await;
    let id = machines.owners[0].instance;
    machines.file(&machines.owners[0], "started").await;
    let first = machines.look(&[names::CPU_UTIL]).await;
    assert_eq!(value_of(&first, id, names::CPU_UTIL), Err(Gap::FirstLook));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let used = value_of(
        &machines.look(&[names::CPU_UTIL]).await,
        id,
        names::CPU_UTIL,
    )
    .unwrap();
    // One CPU is all that its type allows; how much of that it gets depends on what else this host does.
    assert!((5.0..=100.0).contains(&used), "{used}");
    // Other metrics do not disturb the counter, and its memory is some of a GiB.
    let samples = machines.look(&[names::MEM_UTIL]).await;
    let memory = value_of(&samples, id, names::MEM_UTIL).unwrap();
    assert!(memory > 0.0 && memory < 50.0, "{memory}");
    machines.end().await;
}

#[tokio::test]
async fn an_idle_machine_is_near_zero_and_one_that_began_anew_is_a_gap() {
    let machines = Machines::new(1, None, "S5.SMALL1", "#!/bin/sh\nsleep 100\n").await;
    let owner = &machines.owners[0];
    let metrics = [names::CPU_UTIL, names::TCP_ESTABLISHED, names::LAN_IN];
    machines.look(&metrics).await;
    tokio::time::sleep(WHILE).await;
    let samples = machines.look(&metrics).await;
    let used = value_of(&samples, owner.instance, names::CPU_UTIL).unwrap();
    assert!(used < 10.0, "{used}");
    let connections = value_of(&samples, owner.instance, names::TCP_ESTABLISHED);
    assert_eq!(connections, Ok(0.0), "a true zero is a value");
    let traffic = value_of(&samples, owner.instance, names::LAN_IN);
    assert!(matches!(traffic, Err(Gap::NotMeasured(_))), "{traffic:?}");
    machines
        .backend
        .stop(owner, muster_model::StopMode::KeepCharging)
        .await
        .unwrap();
    let samples = machines.look(&metrics).await;
    assert!(samples.iter().all(|s| s.value == Err(Gap::Absent)));
    machines.backend.start(owner).await.unwrap();
    let samples = machines.look(&metrics).await;
    let used = value_of(&samples, owner.instance, names::CPU_UTIL);
    assert_eq!(used, Err(Gap::FirstLook), "its counter began anew");
    machines.end().await;
}

/// Listens on its port and keeps what connects.
const SERVE: &str = "#!/usr/bin/env python3
import os, socket
s = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))
open('started', 'w').close()
kept = []
while True:
    kept.append(s.accept())
    open(f'accepted-{len(kept)}', 'w').close()
";

#[tokio::test]
async fn connections_are_those_of_the_machine() {
    let machines = Machines::new(2, None, "S5.SMALL1", SERVE).await;
    let (busy, quiet) = (&machines.owners[0], &machines.owners[1]);
    machines.file(busy, "started").await;
    machines.file(quiet, "started").await;
    let port = machines.backend.describe(&[busy.instance]).await.unwrap()[0].port;
    let mut open = Vec::new();
    for number in 1..=3 {
        open.push(std::net::TcpStream::connect(("127.0.0.1", port.unwrap())).unwrap());
        machines.file(busy, &format!("accepted-{number}")).await;
    }
    let samples = machines.look(&[names::TCP_ESTABLISHED]).await;
    let count = |owner: &OwnerKey| value_of(&samples, owner.instance, names::TCP_ESTABLISHED);
    assert_eq!((count(busy), count(quiet)), (Ok(3.0), Ok(0.0)));
    drop(open);
    machines.end().await;
}

#[tokio::test]
async fn traffic_is_measured_in_a_network_namespace_of_its_own() {
    let can = std::process::Command::new("unshare")
        .args(["-n", "true"])
        .status();
    if !can.is_ok_and(|status| status.success()) {
        println!("this host lets nobody make a network namespace: nothing to measure");
        return;
    }
    let script = "#!/bin/sh\nunshare -n sh -c 'touch started; sleep 100'\n";
    let machines = Machines::new(1, Some("root"), "S5.SMALL1", script).await;
    let id = machines.owners[0].instance;
    machines.file(&machines.owners[0], "started").await;
    let metrics = [names::LAN_IN, names::LAN_OUT, names::TCP_ESTABLISHED];
    let first = machines.look(&metrics).await;
    assert_eq!(value_of(&first, id, names::LAN_IN), Err(Gap::FirstLook));
    tokio::time::sleep(WHILE).await;
    let samples = machines.look(&metrics).await;
    // Nothing is connected to it: its zero is one that is known.
    for name in metrics {
        assert_eq!(value_of(&samples, id, name), Ok(0.0), "{name}");
    }
    machines.end().await;
}

/// What a sample costs; `cargo test --release -p muster --test measured -- --ignored --nocapture cost`.
#[tokio::test]
#[ignore = "a measurement"]
async fn cost_of_a_hundred_machines() {
    let machines = Machines::new(100, None, "S5.SMALL1", "#!/bin/sh\nsleep 1000\n").await;
    let all: BTreeSet<String> = machines.source.tells().into_iter().map(|m| m.0).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let usage = || {
        let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF);
        let usage = usage.unwrap();
        let micros = |of: nix::sys::time::TimeVal| of.tv_sec() * 1_000_000 + of.tv_usec();
        micros(usage.user_time()) + micros(usage.system_time())
    };
    for metrics in [&[names::CPU_UTIL][..], &[names::TCP_ESTABLISHED], &all] {
        let (cpu, began) = (usage(), std::time::Instant::now());
        for _ in 0..20 {
            assert_eq!(machines.look(metrics).await.len(), 100 * metrics.len());
        }
        let (cpu, took) = ((usage() - cpu) / 20, began.elapsed() / 20);
        println!("{metrics:?}: {cpu} us of CPU, {took:?}");
    }
    machines.end().await;
}
