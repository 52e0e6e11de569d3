//! What all calls of the process back end share: the records of the machines, and what is done to them on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_model::{
    GroupId, InstanceId, LaunchSpec, Machine, MachineHealth, MachineState, OwnerKey, Time,
};
use muster_ports::ComputeError;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::sync::Notify;

use super::backend::ProcessOptions;
use super::cgroup::{Cgroup, Kind};
use super::record::{MachineDir, Record, pause, tombstone};

/// Waits between two looks at a machine that is being killed, and how often.
const KILL_PAUSE: Duration = Duration::from_millis(10);
const KILL_LOOKS: u32 = 1000;
/// How long a machine may take to stop by itself, in looks.
const STOP_LOOKS: u32 = 500;
/// Tombstones kept; the oldest go first.
const TOMBSTONES: usize = 100_000;

pub(super) struct Shared {
    pub(super) root: PathBuf,
    pub(super) options: ProcessOptions,
    pub(super) user: Option<String>,
    pub(super) site: String,
    pub(super) cgroups: Kind,
    pub(super) state: Mutex<State>,
    /// Held by whoever writes a command down.
    pub(super) commands: Mutex<()>,
    pub(super) hinted: Notify,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) records: BTreeMap<InstanceId, Record>,
    /// Machines that were seen alive: the next time they are not, that is news.
    pub(super) alive: BTreeSet<InstanceId>,
    pub(super) hints: BTreeSet<GroupId>,
}

/// The record, if it carries this key.
pub(super) fn owned(record: Option<Record>, owner: &OwnerKey) -> Result<Record, ComputeError> {
    record
        .filter(|record| record.machine.owner.as_ref() == Some(owner))
        .ok_or_else(|| ComputeError::Refused(format!("{owner} is on no machine")))
}

/// That the machine carries this key.
pub(super) fn carries(record: &Record, owner: &OwnerKey) -> Result<(), ComputeError> {
    match record.machine.owner.as_ref() == Some(owner) {
        true => Ok(()),
        false => Err(ComputeError::Refused(format!(
            "machine {} is somebody else's",
            record.machine.id
        ))),
    }
}

/// The script that a machine is to run.
fn script_of(spec: &LaunchSpec) -> Result<Option<Vec<u8>>, ComputeError> {
    let decode = |data: &String| STANDARD.decode(data.trim_end());
    let script = spec.user_data.as_ref().map(decode).transpose();
    script.map_err(|error| ComputeError::Refused(format!("the user data is not base64: {error}")))
}

pub(super) fn failed(error: impl fmt::Display) -> ComputeError {
    ComputeError::Failed(error.to_string())
}

/// A short name for a text, the same on every run (FNV-1a).
pub(super) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn dir(&self, id: InstanceId) -> MachineDir {
        MachineDir::new(&self.root, id)
    }

    pub(super) fn cgroup(&self, id: InstanceId) -> Cgroup {
        Cgroup::new(self.cgroups, &self.site, &id.to_string())
    }

    pub(super) fn load(&self) -> std::io::Result<()> {
        for entry in fs::read_dir(self.root.join("machines"))? {
            let name = entry?.file_name();
            let Ok(id) = InstanceId::parse(&name.to_string_lossy()) else {
                continue;
            };
            let dir = self.dir(id);
            match dir.read()? {
                Some(record) => {
                    let alive = dir.is_alive();
                    let mut state = self.state();
                    state.records.insert(id, record);
                    if alive {
                        state.alive.insert(id);
                    }
                }
                // The machine never came to be: nothing was started before its record was written.
                None => fs::remove_dir_all(&dir.0)?,
            }
        }
        Ok(())
    }

    pub(super) fn sweep_tombstones(&self) -> std::io::Result<()> {
        let mut all = Vec::new();
        for entry in fs::read_dir(self.root.join("tombstones"))? {
            let entry = entry?;
            all.push((entry.metadata()?.modified()?, entry.path()));
        }
        all.sort();
        let surplus = all.len().saturating_sub(TOMBSTONES);
        all.iter()
            .take(surplus)
            .try_for_each(|(_, path)| fs::remove_file(path))
    }

    /// Looks which machines have died since the last look.
    pub(super) fn watch(&self) {
        let ids: Vec<InstanceId> = self.state().records.keys().copied().collect();
        for id in ids {
            let alive = self.dir(id).is_alive();
            let mut state = self.state();
            let was = if alive {
                !state.alive.insert(id)
            } else {
                state.alive.remove(&id)
            };
            if !alive && was {
                self.hint(&mut state, id);
            }
        }
    }

    /// Something happened to a machine: its group is to be looked at.
    pub(super) fn hint(&self, state: &mut State, id: InstanceId) {
        let owner = state
            .records
            .get(&id)
            .and_then(|record| record.machine.owner.as_ref());
        if let Some(group) = owner.map(|owner| owner.group) {
            state.hints.insert(group);
            self.hinted.notify_one();
        }
    }

    /// A machine as it now is.
    pub(super) fn look(&self, record: &Record) -> Machine {
        let dir = self.dir(record.machine.id);
        let state = match (dir.is_alive(), record.stopped, dir.process()) {
            (true, _, _) => MachineState::Running,
            (false, true, _) => MachineState::Stopped,
            (false, false, None) => MachineState::Pending,
            (false, false, Some(_)) => MachineState::Dead,
        };
        let health = match state {
            MachineState::Running => MachineHealth::Healthy,
            MachineState::Pending | MachineState::Stopped | MachineState::Dead => {
                MachineHealth::Unknown
            }
        };
        Machine {
            state,
            health,
            ..record.machine.clone()
        }
    }

    pub(super) fn record(&self, id: InstanceId) -> Option<Record> {
        self.state().records.get(&id).cloned()
    }

    /// Changes a record, one change at a time, and keeps it; `change` says no by an error, and then nothing happened.
    pub(super) fn change(
        &self,
        id: InstanceId,
        change: impl FnOnce(Option<Record>) -> Result<Record, ComputeError>,
    ) -> Result<Record, ComputeError> {
        let mut state = self.state();
        let record = change(state.records.get(&id).cloned())?;
        self.dir(id).write(&record).map_err(failed)?;
        state.records.insert(id, record.clone());
        Ok(record)
    }

    /// A port that no machine has and nobody listens on.
    fn free_port(&self, state: &State) -> Result<u16, ComputeError> {
        let taken: BTreeSet<u16> = state
            .records
            .values()
            .filter_map(|record| record.machine.port)
            .collect();
        let free = |port: &u16| {
            !taken.contains(port)
                && std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, *port)).is_ok()
        };
        let ports = self
            .options
            .ports
            .clone()
            .filter_map(|port| u16::try_from(port).ok());
        ports
            .into_iter()
            .find(free)
            .ok_or_else(|| ComputeError::Quota("no port is free for another machine".to_owned()))
    }

    /// Writes down a new machine, or finds it written down.
    pub(super) fn prepare(&self, spec: &LaunchSpec) -> Result<Record, ComputeError> {
        let id = spec.owner.instance;
        let script = script_of(spec)?;
        let mut state = self.state();
        if tombstone(&self.root, id).exists() {
            return Err(ComputeError::Refused(format!(
                "machine {id} was terminated"
            )));
        }
        if let Some(record) = state.records.get(&id) {
            return carries(record, &spec.owner).map(|()| record.clone());
        }
        let record = self.fresh(spec, self.free_port(&state)?, script.is_some());
        let dir = self.dir(id);
        fs::create_dir_all(&dir.0).map_err(failed)?;
        if let Some(script) = script {
            fs::write(dir.path("user-data"), script).map_err(failed)?;
        }
        dir.write(&record).map_err(failed)?;
        state.records.insert(id, record.clone());
        Ok(record)
    }

    fn fresh(&self, spec: &LaunchSpec, port: u16, has_user_data: bool) -> Record {
        let now = std::time::UNIX_EPOCH
            .elapsed()
            .map_or(0, |since| since.as_millis());
        Record {
            machine: Machine {
                id: spec.owner.instance,
                owner: Some(spec.owner.clone()),
                state: MachineState::Pending,
                health: MachineHealth::Unknown,
                vpc: spec.vpc.clone(),
                placement: spec.placement.clone(),
                image: spec.image.clone(),
                name: spec.name.clone(),
                address: Some("127.0.0.1".to_owned()),
                port: Some(port),
                created_at: Time(i64::try_from(now).unwrap_or(i64::MAX)),
                reclaim_at: None,
                tags: spec.tags.clone(),
                system_disk: spec.config.system_disk.clone(),
                data_disks: spec.config.data_disks.clone(),
            },
            host_name: spec.host_name.clone(),
            group_name: spec.group_name.clone(),
            stopped: false,
            reset_at: None,
            has_user_data,
            user: self.user.clone(),
            data_dir: self.root.clone(),
            site: self.site.clone(),
        }
    }

    /// Kills everything of a machine, until it is proved gone.
    fn kill(&self, id: InstanceId) -> Result<(), ComputeError> {
        let dir = self.dir(id);
        let cgroup = self.cgroup(id);
        for _ in 0..KILL_LOOKS {
            cgroup.kill();
            if let Some(process) = dir.process().filter(|process| process.is_there()) {
                // A group that is gone already is what was wanted.
                let _ = killpg(Pid::from_raw(process.pid), Signal::SIGKILL);
            }
            let rest = cgroup.members();
            if !dir.is_alive() && rest.is_empty() && self.strays(id).is_empty() {
                return Ok(());
            }
            pause(KILL_PAUSE);
        }
        Err(ComputeError::Failed(format!("machine {id} does not die")))
    }

    /// Processes with the machine's name in their environment: only looked for where control groups cannot tell.
    fn strays(&self, id: InstanceId) -> Vec<i32> {
        if self.cgroups != Kind::None {
            return Vec::new();
        }
        let (id, root) = (id.to_string(), self.root.as_os_str());
        let Ok(processes) = procfs::process::all_processes() else {
            return Vec::new();
        };
        let ours = |process: &procfs::process::Process| {
            process.environ().is_ok_and(|environ| {
                environ
                    .get(std::ffi::OsStr::new("MUSTER_INSTANCE_ID"))
                    .is_some_and(|value| *value == *id.as_str())
                    && environ
                        .get(std::ffi::OsStr::new("MUSTER_DATA_DIR"))
                        .is_some_and(|value| value == root)
            })
        };
        let pids: Vec<i32> = processes
            .flatten()
            .filter(ours)
            .map(|process| process.pid)
            .collect();
        for pid in &pids {
            let _ = nix::sys::signal::kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        pids
    }

    /// Leaves the stone of a machine: from here on no launch makes it.
    fn bury(&self, id: InstanceId) -> Result<(), ComputeError> {
        fs::write(tombstone(&self.root, id), b"").map_err(failed)?;
        fs::File::open(self.root.join("tombstones"))
            .and_then(|dir| dir.sync_all())
            .map_err(failed)
    }

    /// Releases a machine that is not there: its key makes none any more.
    pub(super) fn bury_absent(&self, id: InstanceId) -> Result<(), ComputeError> {
        let state = self.state();
        match state.records.contains_key(&id) {
            true => Err(ComputeError::Failed(format!(
                "machine {id} has come to be meanwhile"
            ))),
            false => self.bury(id),
        }
    }

    pub(super) fn terminate(&self, owner: &OwnerKey) -> Result<(), ComputeError> {
        let id = owner.instance;
        {
            // Under the lock: whoever prepares this machine either sees the stone or is seen here.
            let state = self.state();
            let record = state.records.get(&id);
            // A machine that was handed back, or is somebody else's by now, is not ours to destroy.
            if record.is_some_and(|record| record.machine.owner.as_ref() != Some(owner)) {
                return Ok(());
            }
            self.bury(id)?;
        }
        self.kill(id)?;
        self.cgroup(id).remove().map_err(failed)?;
        match fs::remove_dir_all(&self.dir(id).0) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let mut state = self.state();
        state.records.remove(&id);
        state.alive.remove(&id);
        Ok(())
    }

    /// Stops what a machine runs and writes down what it is to run instead; its home, port and place stay. `go_on` says no
    /// when nobody waits for it any more.
    pub(super) fn reset(
        &self,
        spec: &LaunchSpec,
        at: Time,
        go_on: impl Fn() -> Result<(), ComputeError>,
    ) -> Result<Record, ComputeError> {
        let id = spec.owner.instance;
        let script = script_of(spec)?;
        let record = owned(self.record(id), &spec.owner)?;
        if record.reset_at == Some(at) {
            return Ok(record);
        }
        go_on()?;
        self.kill(id)?;
        self.state().alive.remove(&id);
        self.change(id, |record| {
            go_on()?;
            let mut record = owned(record, &spec.owner)?;
            let dir = self.dir(id);
            match fs::remove_file(dir.path("pid")) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
            if let Some(script) = &script {
                fs::write(dir.path("user-data"), script).map_err(failed)?;
            }
            record.has_user_data = script.is_some();
            record.machine.image.clone_from(&spec.image);
            record.stopped = false;
            record.reset_at = Some(at);
            Ok(record)
        })
    }

    pub(super) fn stop(&self, owner: &OwnerKey) -> Result<Machine, ComputeError> {
        let record = self.change(owner.instance, |record| {
            owned(record, owner).map(|record| Record {
                stopped: true,
                ..record
            })
        })?;
        let dir = self.dir(owner.instance);
        if let Some(process) = dir.process().filter(|process| process.is_there()) {
            let _ = killpg(Pid::from_raw(process.pid), Signal::SIGTERM);
        }
        for _ in 0..STOP_LOOKS {
            if !dir.is_alive() {
                break;
            }
            pause(KILL_PAUSE);
        }
        self.kill(owner.instance)?;
        self.state().alive.remove(&owner.instance);
        Ok(self.look(&record))
    }

    pub(super) fn machines(&self, wanted: impl Fn(&Machine) -> bool) -> Vec<Machine> {
        let records: Vec<Record> = self
            .state()
            .records
            .values()
            .filter(|record| wanted(&record.machine))
            .cloned()
            .collect();
        records.iter().map(|record| self.look(record)).collect()
    }
}
