//! The whole service, as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_model::{ConfigSpec, Ids, LaunchSpec, OwnerKey, Placement};
use muster_ports::{Commit, Compute, Row, Store};
use muster_providers::process::{ProcessBackend, ProcessOptions};
use muster_store::SqliteStore;
use serde_json::{Value, json};

use crate::bare::Bare;
use crate::client::{CLIENTS, Connection, KEY_ID, SECRET, rate, request};
use crate::median;

const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_secs(3);
const MUSTER: &str = env!("CARGO_BIN_EXE_muster");

/// A running service; killed when it is dropped.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn start(dir: &Path, emulate: bool) -> Served {
        let config = dir.join("bench.toml");
        let text = format!(
            "[rate_limits]\nenabled = false\n[quotas]\ngroups = 100000\n[log]\nfilter = \"warn\"\n\
             [[account]]\nname = \"bench\"\n[[account.key]]\naccess_key_id = \"{KEY_ID}\"\nsecret_access_key = \"{SECRET}\"\n"
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(MUSTER);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config);
        command.arg("--data").arg(dir.join("data"));
        if emulate {
            command.arg("--emulate");
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| {
            line.unwrap()
                .strip_prefix("muster ready on http://")
                .map(str::to_owned)
        });
        Served {
            child,
            address: ready.unwrap(),
        }
    }

    async fn connect(&self) -> Connection {
        Connection::open(&self.address).await
    }

    fn request(&self, action: &str, body: &Value) -> Arc<[u8]> {
        request(&self.address, action, &body.to_string())
    }

    /// Makes a configuration; its id.
    async fn config(&self, connection: &mut Connection) -> String {
        let body = json!({
            "LaunchConfigurationName": "bench", "ImageId": "img-8toqc6s3", "InstanceType": "S5.SMALL1",
        });
        let made = connection
            .must(&self.request("CreateLaunchConfiguration", &body))
            .await;
        made["LaunchConfigurationId"].as_str().unwrap().to_owned()
    }

    /// Makes a group; its id.
    async fn group(
        &self,
        connection: &mut Connection,
        config: &str,
        name: &str,
        desired: u32,
    ) -> String {
        let body = json!({
            "AutoScalingGroupName": name, "LaunchConfigurationId": config, "MinSize": 0, "MaxSize": 2000,
            "DesiredCapacity": desired, "VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"],
        });
        let made = connection
            .must(&self.request("CreateAutoScalingGroup", &body))
            .await;
        made["AutoScalingGroupId"].as_str().unwrap().to_owned()
    }

    /// Machines in service in the groups of a page.
    async fn in_service(&self, connection: &mut Connection, offset: usize) -> u64 {
        let body = json!({ "Limit": 100, "Offset": offset });
        let page = connection
            .must(&self.request("DescribeAutoScalingGroups", &body))
            .await;
        let groups = page["AutoScalingGroupSet"].as_array().unwrap();
        groups
            .iter()
            .map(|group| group["InServiceInstanceCount"].as_u64().unwrap())
            .sum()
    }

    /// A member of `/proc/PID/status`, in KiB.
    fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Waits until all machines have been listed once more and nothing is left to do.
    async fn settle(&self, connection: &mut Connection) {
        let settle = format!(
            "POST /_muster/v1/settle HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {SECRET}\r\ncontent-length: 0\r\n\r\n"
        );
        connection.call(settle.as_bytes()).await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A signed request of 1 KiB to the bare handler.
fn kib(address: &str) -> Arc<[u8]> {
    let body = json!({ "Text": "x".repeat(1012) });
    request(address, "Echo", &body.to_string())
}

/// Signed Describe calls of one group, against the bare handler.
pub(crate) async fn describe() {
    let dir = tempfile::tempdir().unwrap();
    let served = Served::start(dir.path(), true);
    let mut connection = served.connect().await;
    let config = served.config(&mut connection).await;
    let group = served.group(&mut connection, &config, "one", 1).await;
    let own = served.request(
        "DescribeAutoScalingGroups",
        &json!({ "AutoScalingGroupIds": [group] }),
    );
    let bare = Bare::start();
    let echoed = kib(&bare.address);
    let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let theirs_now = rate(
            &bare.address,
            &vec![vec![Arc::clone(&echoed)]; CLIENTS],
            TIME,
        )
        .await;
        let ours_now = rate(
            &served.address,
            &vec![vec![Arc::clone(&own)]; CLIENTS],
            TIME,
        )
        .await;
        ratios.push(ours_now / theirs_now);
        ours.push(ours_now);
        theirs.push(theirs_now);
    }
    println!(
        "describe: {:.0}/s signed Describe of one group, {:.0}/s bare signed echo of 1 KiB: ratio {:.2} (aim: 0.6 or more)",
        median(ours),
        median(theirs),
        median(ratios)
    );
}

/// Durable changes of 64 groups by 64 clients, against single commits of the store, one after the other.
pub(crate) async fn mutate() {
    let dir = tempfile::tempdir().unwrap();
    let served = Served::start(dir.path(), true);
    let mut connection = served.connect().await;
    let config = served.config(&mut connection).await;
    let mut requests = Vec::new();
    for number in 0..CLIENTS {
        let group = served
            .group(&mut connection, &config, &format!("g{number}"), 0)
            .await;
        let change = |cooldown: u32| {
            let body = json!({ "AutoScalingGroupId": group, "DefaultCooldown": cooldown });
            served.request("ModifyAutoScalingGroup", &body)
        };
        requests.push(vec![change(1), change(2)]);
    }
    let bare = Bare::start();
    let echoed = vec![vec![kib(&bare.address)]; CLIENTS];
    let single_dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(single_dir.path()).unwrap();
    let (mut ratios, mut ours, mut singles) = (Vec::new(), Vec::new(), Vec::new());
    let mut bare_ratios = Vec::new();
    for _ in 0..ROUNDS {
        let single = single_commits(&store, TIME).await;
        let ours_now = rate(&served.address, &requests, TIME).await;
        bare_ratios.push(ours_now / rate(&bare.address, &echoed, TIME).await);
        ratios.push(ours_now / single);
        ours.push(ours_now);
        singles.push(single);
    }
    println!(
        "mutate: {:.0}/s durable changes of 64 groups by 64 clients, {:.0}/s single commits: ratio {:.2} (aim: 1 or more); {:.2} of the bare signed echo",
        median(ours),
        median(singles),
        median(ratios),
        median(bare_ratios)
    );
}

/// Commits per second of one writer that waits for each; a commit is about as large as that of a change of a group.
pub(crate) async fn single_commits(store: &SqliteStore, time: Duration) -> f64 {
    let begun = Instant::now();
    let mut done = 0.0;
    while begun.elapsed() < time {
        store.commit(sample_commit("single", done)).await.unwrap();
        done += 1.0;
    }
    done / begun.elapsed().as_secs_f64()
}

/// A commit of one row of 2 KiB.
pub(crate) fn sample_commit(name: &str, number: f64) -> Commit {
    let row = Row::Setting {
        name: name.to_owned(),
        value: Some(format!("{number} {}", "x".repeat(2048))),
    };
    Commit {
        guards: Vec::new(),
        rows: vec![row],
    }
}

/// 50 real processes in service, against the same 50 launched straight at the back end.
pub(crate) async fn machines() {
    const MACHINES: u32 = 50;
    let (mut ratios, mut ours, mut bares) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let bare = bare_launches(u64::from(MACHINES)).await;
        let dir = tempfile::tempdir().unwrap();
        let served = Served::start(dir.path(), false);
        let mut connection = served.connect().await;
        let config = served.config(&mut connection).await;
        let begun = Instant::now();
        let group = served
            .group(&mut connection, &config, "fifty", MACHINES)
            .await;
        wait_for(&served, &mut connection, u64::from(MACHINES)).await;
        let ours_now = begun.elapsed().as_secs_f64();
        let empty = json!({ "AutoScalingGroupId": group, "DesiredCapacity": 0 });
        connection
            .must(&served.request("ModifyDesiredCapacity", &empty))
            .await;
        wait_for(&served, &mut connection, 0).await;
        wait_until_gone(&dir.path().join("data/machines")).await;
        ratios.push(ours_now / bare);
        ours.push(ours_now);
        bares.push(bare);
    }
    println!(
        "machines: {:.2} s until 50 real processes are in service, {:.2} s for 50 bare launches through the shim: ratio {:.2} (aim: 3 or less)",
        median(ours),
        median(bares),
        median(ratios)
    );
}

async fn wait_for(served: &Served, connection: &mut Connection, machines: u64) {
    while served.in_service(connection, 0).await != machines {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn wait_until_gone(machines: &Path) {
    while std::fs::read_dir(machines).unwrap().count() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Seconds for that many launches, all asked for at once.
async fn bare_launches(count: u64) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let options = ProcessOptions {
        shim: vec![MUSTER.into(), "shim".into()],
        user: None,
        ports: 40_000..=49_999,
        commands: std::collections::BTreeMap::new(),
    };
    let backend = Arc::new(ProcessBackend::open(dir.path(), options).unwrap());
    let mut ids = Ids::new(1);
    let group = ids.next_id();
    let owners: Vec<OwnerKey> = (0..count)
        .map(|_| OwnerKey {
            group,
            instance: ids.next_id(),
        })
        .collect();
    let begun = Instant::now();
    let mut launches = tokio::task::JoinSet::new();
    for owner in owners.clone() {
        let backend = Arc::clone(&backend);
        launches.spawn(async move { backend.launch(&spec(owner)).await.map(drop) });
    }
    while let Some(launched) = launches.join_next().await {
        launched.unwrap().unwrap();
    }
    let secs = begun.elapsed().as_secs_f64();
    for owner in &owners {
        backend.terminate(owner).await.unwrap();
    }
    secs
}

fn spec(owner: OwnerKey) -> LaunchSpec {
    LaunchSpec {
        owner,
        name: "bench".to_owned(),
        host_name: None,
        group_name: "bench".to_owned(),
        vpc: "vpc-1a2b3c4d".to_owned(),
        placement: Placement {
            instance_type: "S5.SMALL1".to_owned(),
            zone: String::new(),
            subnet: "subnet-1a2b3c4d".to_owned(),
            spot: false,
        },
        image: "img-8toqc6s3".to_owned(),
        user_data: None,
        security_groups: Vec::new(),
        tags: Vec::new(),
        config: Arc::new(ConfigSpec::default()),
    }
}

/// 1,000 groups with 100,000 simulated machines: from the start of the process until all groups are answered for, one
/// listing of all machines has been held against them, and nothing waits.
pub(crate) async fn restart() {
    const GROUPS: usize = 1000;
    const EACH: u32 = 100;
    let all = GROUPS as u64 * u64::from(EACH);
    let dir = tempfile::tempdir().unwrap();
    let served = Served::start(dir.path(), true);
    let mut connection = served.connect().await;
    let config = served.config(&mut connection).await;
    let begun = Instant::now();
    for number in 0..GROUPS {
        served
            .group(&mut connection, &config, &format!("g{number}"), EACH)
            .await;
    }
    while total(&served, &mut connection, GROUPS).await != all {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!(
        "restart: {all} machines made in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    drop(served);
    let mut secs = Vec::new();
    let mut memory = 0;
    for _ in 0..3 {
        let begun = Instant::now();
        let served = Served::start(dir.path(), true);
        let mut connection = served.connect().await;
        served.settle(&mut connection).await;
        assert_eq!(total(&served, &mut connection, GROUPS).await, all);
        secs.push(begun.elapsed().as_secs_f64());
        memory = memory.max(served.memory_kib("VmHWM"));
    }
    println!(
        "restart: {:.2} s until {GROUPS} groups with {all} machines are under control, at most {} MiB of memory (aim: 5 s, 1024 MiB)",
        median(secs),
        memory / 1024
    );
}

async fn total(served: &Served, connection: &mut Connection, groups: usize) -> u64 {
    let mut sum = 0;
    for offset in (0..groups).step_by(100) {
        sum += served.in_service(connection, offset).await;
    }
    sum
}
