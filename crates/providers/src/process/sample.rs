//! The Metrics port on processes: what each machine uses of what it may use.
//!
//! Rates are differences of the kernel's counters between two looks. Counters are in memory: after a restart the first
//! look gives no rate.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, TryLockError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use muster_model::{InstanceId, Metric};
use muster_ports::metrics::names;
use muster_ports::{Gap, Metrics, MetricsError, Sample, Watched};

use super::backend::ProcessBackend;
use super::cgroup::{Cgroup, Kind};
use super::network::{Connections, Namespace, Traffic, namespace, traffic};
use super::record::ProcessId;
use super::shared::Shared;
use super::usage::{Host, Memory, Processes, cpu_micros, memory};

/// Bits of a megabit.
const MEGABIT: f64 = 1e6;

/// What is measured here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Cpu,
    Memory,
    Connections,
    In,
    Out,
}

const METRICS: [(&str, Kept); 5] = [
    (names::CPU_UTIL, Kept::Cpu),
    (names::MEM_UTIL, Kept::Memory),
    (names::TCP_ESTABLISHED, Kept::Connections),
    (names::LAN_IN, Kept::In),
    (names::LAN_OUT, Kept::Out),
];

fn kept(metric: &Metric) -> Option<Kept> {
    let found = METRICS.iter().find(|(name, _)| *name == metric.0);
    found.map(|(_, kept)| *kept)
}

/// A counter at a look: rates come from two of them.
#[derive(Clone, Copy)]
struct Counted {
    shim: ProcessId,
    at: Instant,
    cpu_micros: Option<u64>,
    traffic: Option<(Namespace, Traffic)>,
}

type Counters = BTreeMap<InstanceId, Counted>;

/// Measures the machines of a back end of processes.
pub struct ProcessMetrics {
    shared: Arc<Shared>,
    longest: Duration,
    counters: Arc<Mutex<Counters>>,
}

impl ProcessMetrics {
    /// Measures the machines of `backend`. Looks that are further apart than `longest` give no rate: it would tell of a
    /// time that is long over.
    #[must_use]
    pub fn of(backend: &ProcessBackend, longest: Duration) -> ProcessMetrics {
        ProcessMetrics {
            shared: Arc::clone(backend.shared()),
            longest,
            counters: Arc::default(),
        }
    }
}

#[async_trait]
impl Metrics for ProcessMetrics {
    fn tells(&self) -> Vec<Metric> {
        let names = METRICS.iter().map(|(name, _)| Metric((*name).to_owned()));
        names.collect()
    }

    async fn sample(&self, watched: &[Watched]) -> Result<Vec<Sample>, MetricsError> {
        let shared = Arc::clone(&self.shared);
        let counters = Arc::clone(&self.counters);
        let (longest, watched) = (self.longest, watched.to_vec());
        let done = tokio::task::spawn_blocking(move || {
            // A look that was given up may still be on its way: a second one beside it would not be faster.
            let mut counters = match counters.try_lock() {
                Ok(counters) => counters,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    return Err(MetricsError::Unknown(
                        "the look before this one is not over".to_owned(),
                    ));
                }
            };
            look(&shared, &mut counters, longest, &watched)
        });
        let done = done.await;
        done.unwrap_or_else(|error| Err(MetricsError::Unknown(error.to_string())))
    }
}

/// What was seen of a machine in one look.
struct Seen {
    counted: Counted,
    before: Option<Counted>,
    cgroup: Option<Cgroup>,
    pids: Vec<i32>,
    /// Its processes with their network namespaces, or why these are not known.
    networks: Result<Vec<(i32, Namespace)>, String>,
    /// Its established connections, if they are wanted.
    held: Result<usize, Gap>,
}

/// One look at machines.
struct Look<'a> {
    shared: &'a Shared,
    host: Host,
    here: Namespace,
    processes: OnceLock<Processes>,
    connections: Connections,
    seen: BTreeMap<InstanceId, Seen>,
}

fn look(
    shared: &Shared,
    counters: &mut Counters,
    longest: Duration,
    watched: &[Watched],
) -> Result<Vec<Sample>, MetricsError> {
    let host = Host::look().map_err(MetricsError::Failed)?;
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let here = namespace(own).map_err(MetricsError::Failed)?;
    let here = here.ok_or_else(|| MetricsError::Failed("there is no /proc".to_owned()))?;
    let mut look = Look {
        shared,
        host,
        here,
        processes: OnceLock::new(),
        connections: Connections::default(),
        seen: BTreeMap::new(),
    };
    let kept: Vec<Kept> = METRICS
        .iter()
        .filter(|(name, _)| {
            watched
                .iter()
                .any(|one| one.metrics.iter().any(|metric| metric.0 == *name))
        })
        .map(|(_, kept)| *kept)
        .collect();
    let members = watched
        .iter()
        .filter(|one| !one.metrics.is_empty())
        .flat_map(|one| one.instances.iter().map(move |id| (one, *id)));
    for (group, id) in members {
        let record = shared.record(id);
        let owner = record.and_then(|record| record.machine.owner);
        if owner.is_some_and(|owner| owner.group == group.group) {
            look.see(id, &kept, counters, longest);
        }
    }
    // What is gone for good leaves no counter behind.
    counters.retain(|id, _| shared.record(*id).is_some());
    let samples = watched.iter().flat_map(|one| {
        let metrics = one.metrics.iter();
        metrics.flat_map(move |metric| one.instances.iter().map(move |id| (one, metric, *id)))
    });
    let samples: Vec<(&Watched, &Metric, InstanceId)> = samples.collect();
    let sample = |(one, metric, id): (&Watched, &Metric, InstanceId)| Sample {
        group: one.group,
        instance: Some(id),
        metric: metric.clone(),
        value: look.value(id, metric),
    };
    Ok(samples.into_iter().map(sample).collect())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a rate needs a clock that nobody sets: how long two looks at a counter are apart"
)]
fn moment() -> Instant {
    Instant::now()
}

impl Look<'_> {
    /// Sees a machine, if it lives, with what these metrics need.
    fn see(&mut self, id: InstanceId, kept: &[Kept], counters: &mut Counters, longest: Duration) {
        let dir = self.shared.dir(id);
        let (true, Some(shim)) = (dir.is_alive(), dir.process()) else {
            counters.remove(&id);
            return;
        };
        let wants = |one| kept.contains(&one);
        let network = wants(Kept::Connections) || wants(Kept::In) || wants(Kept::Out);
        let cgroup = (self.shared.cgroups != Kind::None).then(|| self.shared.cgroup(id));
        let counted_by_group = cgroup.as_ref().and_then(Cgroup::cpu_micros);
        let pids = match &cgroup {
            Some(_) if !network && counted_by_group.is_some() => Vec::new(),
            Some(cgroup) => cgroup.members(),
            None => self.processes.get_or_init(Processes::look).tree(shim.pid),
        };
        let networks = match network {
            true => networks(&pids),
            false => Ok(Vec::new()),
        };
        let lan = (wants(Kept::In) || wants(Kept::Out))
            .then(|| networks.as_deref().ok().and_then(|of| self.own_network(of)))
            .flatten();
        let held = match &networks {
            Err(error) => Err(Gap::NotMeasured(error.clone())),
            Ok(of) if of.is_empty() => Err(Gap::Absent),
            Ok(of) => self.connections.held(of).map_err(Gap::NotMeasured),
        };
        let counted = Counted {
            shim,
            at: moment(),
            cpu_micros: counted_by_group.or_else(|| cpu_micros(&pids)),
            traffic: lan.and_then(|(pid, of)| Some((of, traffic(pid).ok().flatten()?))),
        };
        let before = counters.insert(id, counted).filter(|before| {
            let age = counted.at.saturating_duration_since(before.at);
            before.shim == shim && age <= longest && !age.is_zero()
        });
        let seen = Seen {
            counted,
            before,
            cgroup,
            pids,
            networks,
            held,
        };
        self.seen.insert(id, seen);
    }

    /// The one network namespace of these processes besides the host's, with one of those in it.
    fn own_network(&self, networks: &[(i32, Namespace)]) -> Option<(i32, Namespace)> {
        let mut others = networks.iter().filter(|(_, of)| *of != self.here);
        let first = *others.next()?;
        others.all(|(_, of)| *of == first.1).then_some(first)
    }

    fn value(&self, id: InstanceId, metric: &Metric) -> Result<f64, Gap> {
        let kept = kept(metric)
            .ok_or_else(|| Gap::NotMeasured("the host does not measure it".to_owned()))?;
        let seen = self.seen.get(&id).ok_or(Gap::Absent)?;
        match kept {
            Kept::Cpu => self.cpu(seen),
            Kept::Memory => {
                let of_group = seen.cgroup.as_ref().and_then(|of| of.memory(&self.host));
                let used = match seen.cgroup {
                    Some(_) => of_group,
                    None => memory(&seen.pids, &self.host),
                };
                used.map(share).ok_or(Gap::Absent)
            }
            Kept::Connections => seen.held.clone().map(|held| held as f64),
            Kept::In => self.rate(seen, |traffic| traffic.bytes_in),
            Kept::Out => self.rate(seen, |traffic| traffic.bytes_out),
        }
    }

    /// CPU of what the machine can have: its quota, but no more than the host has.
    fn cpu(&self, seen: &Seen) -> Result<f64, Gap> {
        let now = seen.counted.cpu_micros.ok_or(Gap::Absent)?;
        let before = seen.before.ok_or(Gap::FirstLook)?;
        // Without control groups, what left the tree of processes takes its time with it.
        let used = before.cpu_micros.and_then(|micros| now.checked_sub(micros));
        let used = used.ok_or(Gap::FirstLook)?;
        let quota = seen.cgroup.as_ref().and_then(Cgroup::cpu_quota);
        let cores = quota.map_or(self.host.cores, |quota| quota.min(self.host.cores));
        let passed = seen.counted.at.saturating_duration_since(before.at);
        let micros = passed.as_secs_f64() * 1e6 * cores;
        // The kernel counts a little ahead or behind.
        Ok((used as f64 / micros * 100.0).clamp(0.0, 100.0))
    }

    fn rate(&self, seen: &Seen, bytes: impl Fn(&Traffic) -> u64) -> Result<f64, Gap> {
        let networks = seen.networks.as_ref();
        let networks = networks.map_err(|error| Gap::NotMeasured(error.clone()))?;
        let Some((_, own)) = self.own_network(networks) else {
            return Err(Gap::NotMeasured(
                "it has no network namespace of its own".to_owned(),
            ));
        };
        let users = self.seen.values().filter(|other| {
            let networks = other.networks.as_deref().unwrap_or_default();
            networks.iter().any(|(_, of)| *of == own)
        });
        if users.count() > 1 {
            return Err(Gap::NotMeasured(
                "it shares its network namespace with another machine".to_owned(),
            ));
        }
        let (of, now) = seen.counted.traffic.ok_or(Gap::Absent)?;
        let before = seen.before.ok_or(Gap::FirstLook)?;
        let then = before.traffic.filter(|(was, _)| *was == of);
        let (_, then) = then.ok_or(Gap::FirstLook)?;
        let more = bytes(&now)
            .checked_sub(bytes(&then))
            .ok_or(Gap::FirstLook)?;
        let passed = seen.counted.at.saturating_duration_since(before.at);
        Ok(more as f64 * 8.0 / MEGABIT / passed.as_secs_f64())
    }
}

/// The processes that are there, with their network namespaces.
fn networks(pids: &[i32]) -> Result<Vec<(i32, Namespace)>, String> {
    let mut all = Vec::new();
    for pid in pids {
        if let Some(of) = namespace(*pid)? {
            all.push((*pid, of));
        }
    }
    Ok(all)
}

fn share(memory: Memory) -> f64 {
    let part = memory.used_bytes as f64 / memory.limit_bytes.max(1) as f64;
    (part * 100.0).clamp(0.0, 100.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use muster_model::{Ids, Machine, MachineHealth, MachineState, OwnerKey, Placement, Time};
    use tokio::sync::Notify;

    use super::super::backend::ProcessOptions;
    use super::super::record::{MachineDir, Record};
    use super::super::shared::State;
    use super::*;

    /// A back end on a host without control groups, with one machine whose first process is `shim`.
    fn bare(dir: &std::path::Path, owner: &OwnerKey, shim: i32) -> (Shared, std::fs::File) {
        let machine = Machine {
            id: owner.instance,
            owner: Some(owner.clone()),
            state: MachineState::Running,
            health: MachineHealth::Healthy,
            vpc: String::new(),
            placement: Placement::default(),
            image: String::new(),
            name: String::new(),
            address: None,
            port: None,
            created_at: Time(0),
            reclaim_at: None,
            tags: Vec::new(),
            system_disk: None,
            data_disks: Vec::new(),
        };
        let record = Record {
            machine,
            host_name: None,
            group_name: String::new(),
            stopped: false,
            reset_at: None,
            has_user_data: false,
            user: None,
            data_dir: dir.to_owned(),
            site: String::new(),
        };
        let home = MachineDir::new(dir, owner.instance);
        home.write(&record).unwrap();
        let stat = procfs::process::Process::new(shim).unwrap().stat().unwrap();
        let pid = format!("{shim} {}\n", stat.starttime);
        std::fs::write(home.path("pid"), pid).unwrap();
        let lock = std::fs::File::create(home.path("lock")).unwrap();
        lock.try_lock().unwrap();
        let shared = Shared {
            root: dir.to_owned(),
            options: ProcessOptions {
                shim: Vec::new(),
                user: None,
                ports: 1..=1,
                commands: BTreeMap::new(),
            },
            user: None,
            site: String::new(),
            cgroups: Kind::None,
            state: Mutex::new(State::default()),
            commands: Mutex::new(()),
            hinted: Notify::new(),
        };
        shared.load().unwrap();
        (shared, lock)
    }

    /// Without control groups the tree of processes is counted: also what a child used that is gone by now.
    #[test]
    fn without_control_groups_the_processes_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let owner = OwnerKey {
            group: Ids::new(1).next_id(),
            instance: Ids::new(2).next_id(),
        };
        let burn = "sh -c 'while :; do :; done' & wait";
        let mut child = std::process::Command::new("sh")
            .args(["-c", burn])
            .spawn()
            .unwrap();
        let shim = i32::try_from(child.id()).unwrap();
        let (shared, _lock) = bare(dir.path(), &owner, shim);
        let metrics = [names::CPU_UTIL, names::MEM_UTIL, names::TCP_ESTABLISHED];
        let watched = [Watched {
            group: owner.group,
            name: String::new(),
            instances: BTreeSet::from([owner.instance]),
            metrics: metrics.map(|name| Metric(name.to_owned())).into(),
        }];
        let mut counters = Counters::new();
        let mut values = || {
            let longest = Duration::from_secs(60);
            let samples = look(&shared, &mut counters, longest, &watched).unwrap();
            let of = |name| {
                let of = |sample: &&Sample| sample.metric.0 == name;
                samples.iter().find(of).unwrap().value.clone()
            };
            metrics.map(of)
        };
        assert_eq!(values()[0], Err(Gap::FirstLook));
        std::thread::sleep(Duration::from_millis(500));
        let [cpu, memory, connections] = values();
        // One core's worth at the most, of all that the host has.
        assert!(cpu.unwrap() > 1.0);
        assert!(memory.unwrap() > 0.0);
        assert_eq!(connections, Ok(0.0));
        let tree = Processes::look().tree(shim);
        for pid in tree {
            let pid = nix::unistd::Pid::from_raw(pid);
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
        }
        child.wait().unwrap();
        assert_eq!(values(), [const { Err(Gap::Absent) }; 3]);
    }
}
