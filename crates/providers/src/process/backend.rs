//! The Compute port on processes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_model::{
    GroupId, InstanceId, LaunchSpec, Machine, MachineHealth, MachineState, OwnerKey, StopMode, Time,
};
use muster_ports::{Compute, ComputeError};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, User, geteuid};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::Notify;

use super::cgroup::{Cgroup, Kind, detect};
use super::record::{MachineDir, Record, pause, tombstone};
use super::shim::{HELD, READY};

/// Waits between two looks at a machine that is being killed, and how often.
const KILL_PAUSE: Duration = Duration::from_millis(10);
const KILL_LOOKS: u32 = 1000;
/// How long a machine may take to stop by itself, in looks.
const STOP_LOOKS: u32 = 500;
/// Machines of an earlier run are looked at this often.
const WATCH_PAUSE: Duration = Duration::from_millis(500);
/// Tombstones kept; the oldest go first.
const TOMBSTONES: usize = 100_000;
/// The user that scripts run as when muster runs as root.
const NOBODY: &str = "nobody";

/// What an operator can tune of the back end.
#[derive(Clone, Debug)]
pub struct ProcessOptions {
    /// The command that is [`super::shim`]; the machine's directory is appended.
    pub shim: Vec<OsString>,
    /// The user that scripts run as; default `nobody` when muster runs as root, else muster's own.
    pub user: Option<String>,
    /// Ports for machines.
    pub ports: RangeInclusive<u32>,
}

/// Machines as processes.
pub struct ProcessBackend {
    shared: Arc<Shared>,
}

struct Shared {
    root: PathBuf,
    options: ProcessOptions,
    user: Option<String>,
    site: String,
    cgroups: Kind,
    state: Mutex<State>,
    hinted: Notify,
}

#[derive(Default)]
struct State {
    records: BTreeMap<InstanceId, Record>,
    /// Machines that were seen alive: the next time they are not, that is news.
    alive: BTreeSet<InstanceId>,
    hints: BTreeSet<GroupId>,
}

fn failed(error: impl fmt::Display) -> ComputeError {
    ComputeError::Failed(error.to_string())
}

impl ProcessBackend {
    /// Takes up the machines in `DIR/machines`.
    ///
    /// # Errors
    /// The directories could not be made or read.
    pub fn open(dir: &Path, options: ProcessOptions) -> std::io::Result<ProcessBackend> {
        for name in ["machines", "tombstones"] {
            fs::create_dir_all(dir.join(name))?;
        }
        let root = dir.canonicalize()?;
        let user = match (&options.user, geteuid().is_root()) {
            (Some(user), _) => Some(user.clone()),
            (None, true) => User::from_name(NOBODY).ok().flatten().map(|user| user.name),
            (None, false) => None,
        };
        let site = format!("muster-{:016x}", fingerprint(&root.to_string_lossy()));
        let shared = Arc::new(Shared {
            cgroups: detect(&site),
            root,
            options,
            user,
            site,
            state: Mutex::new(State::default()),
            hinted: Notify::new(),
        });
        shared.load()?;
        shared.sweep_tombstones()?;
        let watched = Arc::downgrade(&shared);
        std::thread::Builder::new()
            .name("process-watch".to_owned())
            .spawn(move || {
                while let Some(shared) = watched.upgrade() {
                    shared.watch();
                    drop(shared);
                    pause(WATCH_PAUSE);
                }
            })?;
        Ok(ProcessBackend { shared })
    }

    /// What this host allows, in words.
    #[must_use]
    pub fn capabilities(&self) -> String {
        let limits = match self.shared.cgroups {
            Kind::V2 => "control groups (version 2) with limits of CPU, memory and tasks",
            Kind::V1 { kill: true } => {
                "control groups (version 1, kill by version 2) with limits of CPU, memory and tasks"
            }
            Kind::V1 { kill: false } => {
                "control groups (version 1) with limits of CPU, memory and tasks"
            }
            Kind::None => {
                "plain processes: this host allows no control groups, so there are no limits"
            }
        };
        match &self.shared.user {
            Some(user) => format!("{limits}; scripts run as {user}"),
            None => format!("{limits}; scripts run as the user of muster"),
        }
    }
}

/// A short name for a text, the same on every run (FNV-1a).
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dir(&self, id: InstanceId) -> MachineDir {
        MachineDir::new(&self.root, id)
    }

    fn cgroup(&self, id: InstanceId) -> Cgroup {
        Cgroup::new(self.cgroups, &self.site, &id.to_string())
    }

    fn load(&self) -> std::io::Result<()> {
        for entry in fs::read_dir(self.root.join("machines"))? {
            let name = entry?.file_name();
            let Ok(id) = InstanceId::parse(&name.to_string_lossy()) else {
                continue;
            };
            let dir = self.dir(id);
            match dir.read()? {
                Some(record) => {
                    self.state().records.insert(id, record);
                }
                // The machine never came to be: nothing was started before its record was written.
                None => fs::remove_dir_all(&dir.0)?,
            }
        }
        Ok(())
    }

    fn sweep_tombstones(&self) -> std::io::Result<()> {
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
    fn watch(&self) {
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
    fn hint(&self, state: &mut State, id: InstanceId) {
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
    fn look(&self, record: &Record) -> Machine {
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

    fn record(&self, id: InstanceId) -> Option<Record> {
        self.state().records.get(&id).cloned()
    }

    fn save(&self, record: Record) -> Result<(), ComputeError> {
        self.dir(record.machine.id).write(&record).map_err(failed)?;
        self.state().records.insert(record.machine.id, record);
        Ok(())
    }

    /// The record of a machine that carries this key.
    fn owned(&self, owner: &OwnerKey) -> Result<Record, ComputeError> {
        let record = self.record(owner.instance);
        record
            .filter(|record| record.machine.owner.as_ref() == Some(owner))
            .ok_or_else(|| ComputeError::Refused(format!("{owner} is on no machine")))
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
    fn prepare(&self, spec: &LaunchSpec) -> Result<Record, ComputeError> {
        let id = spec.owner.instance;
        if tombstone(&self.root, id).exists() {
            return Err(ComputeError::Refused(format!(
                "machine {id} was terminated"
            )));
        }
        let script = match &spec.user_data {
            Some(data) => Some(STANDARD.decode(data.trim_end()).map_err(|error| {
                ComputeError::Refused(format!("the user data is not base64: {error}"))
            })?),
            None => None,
        };
        let mut state = self.state();
        if let Some(record) = state.records.get(&id) {
            return match record.machine.owner.as_ref() == Some(&spec.owner) {
                true => Ok(record.clone()),
                false => Err(ComputeError::Refused(format!(
                    "machine {id} is somebody else's"
                ))),
            };
        }
        let port = self.free_port(&state)?;
        let now = std::time::UNIX_EPOCH
            .elapsed()
            .map_or(0, |since| since.as_millis());
        let record = Record {
            machine: Machine {
                id,
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
            },
            group_name: spec.group_name.clone(),
            stopped: false,
            has_user_data: script.is_some(),
            user: self.user.clone(),
            data_dir: self.root.clone(),
            site: self.site.clone(),
        };
        let dir = self.dir(id);
        fs::create_dir_all(&dir.0).map_err(failed)?;
        if let Some(script) = script {
            fs::write(dir.path("user-data"), script).map_err(failed)?;
        }
        dir.write(&record).map_err(failed)?;
        state.records.insert(id, record.clone());
        Ok(record)
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

    fn terminate(&self, owner: &OwnerKey) -> Result<(), ComputeError> {
        let id = owner.instance;
        let record = self.record(id);
        // A machine that was handed back, or is somebody else's by now, is not ours to destroy.
        if record
            .as_ref()
            .is_some_and(|record| record.machine.owner.as_ref() != Some(owner))
        {
            return Ok(());
        }
        let stone = tombstone(&self.root, id);
        fs::write(&stone, b"").map_err(failed)?;
        fs::File::open(self.root.join("tombstones"))
            .and_then(|dir| dir.sync_all())
            .map_err(failed)?;
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

    fn stop(&self, owner: &OwnerKey) -> Result<Machine, ComputeError> {
        let record = Record {
            stopped: true,
            ..self.owned(owner)?
        };
        self.save(record.clone())?;
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

    fn machines(&self, wanted: impl Fn(&Machine) -> bool) -> Vec<Machine> {
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

/// Runs file work where it may block.
async fn blocking<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Shared) -> Result<T, ComputeError> + Send + 'static,
) -> Result<T, ComputeError> {
    let shared = Arc::clone(shared);
    let done = tokio::task::spawn_blocking(move || work(&shared)).await;
    done.unwrap_or_else(|error| Err(ComputeError::Unknown(error.to_string())))
}

impl ProcessBackend {
    /// Starts the shim of a machine that is written down, and waits until it says how that went.
    async fn spawn(&self, record: &Record) -> Result<Machine, ComputeError> {
        let id = record.machine.id;
        let dir = self.shared.dir(id);
        let (program, arguments) = self
            .shared
            .options
            .shim
            .split_first()
            .ok_or_else(|| failed("there is no shim command"))?;
        let mut command = std::process::Command::new(program);
        command
            .args(arguments)
            .arg(&dir.0)
            .env_clear()
            .process_group(0);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = tokio::process::Command::from(command)
            .spawn()
            .map_err(failed)?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .await
                .map_err(failed)?;
        }
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            // How it ended is seen by the lock; this only leaves no dead child behind, and tells at once.
            let _ = child.wait().await;
            let mut state = shared.state();
            state.alive.remove(&id);
            shared.hint(&mut state, id);
        });
        match line.trim() {
            READY | HELD => {
                self.shared.state().alive.insert(id);
                Ok(self.shared.look(record))
            }
            other => Err(ComputeError::Unknown(format!(
                "the machine did not start: {other}"
            ))),
        }
    }
}

#[async_trait]
impl Compute for ProcessBackend {
    async fn launch(&self, spec: &LaunchSpec) -> Result<Machine, ComputeError> {
        let spec = spec.clone();
        let (record, machine) = blocking(&self.shared, move |shared| {
            let record = shared.prepare(&spec)?;
            let machine = shared.look(&record);
            Ok((record, machine))
        })
        .await?;
        match machine.state {
            MachineState::Pending => self.spawn(&record).await,
            MachineState::Running | MachineState::Stopped | MachineState::Dead => Ok(machine),
        }
    }

    async fn terminate(&self, owner: &OwnerKey) -> Result<(), ComputeError> {
        let owner = owner.clone();
        blocking(&self.shared, move |shared| shared.terminate(&owner)).await
    }

    async fn adopt(&self, owner: &OwnerKey) -> Result<Machine, ComputeError> {
        let owner = owner.clone();
        blocking(&self.shared, move |shared| {
            let mut record = shared.record(owner.instance).ok_or_else(|| {
                ComputeError::Refused(format!("there is no machine {}", owner.instance))
            })?;
            if record
                .machine
                .owner
                .as_ref()
                .is_some_and(|old| *old != owner)
            {
                return Err(ComputeError::Refused(format!(
                    "machine {} is somebody else's",
                    owner.instance
                )));
            }
            record.machine.owner = Some(owner);
            shared.save(record.clone())?;
            Ok(shared.look(&record))
        })
        .await
    }

    async fn release(&self, owner: &OwnerKey) -> Result<(), ComputeError> {
        let owner = owner.clone();
        blocking(&self.shared, move |shared| {
            match shared.record(owner.instance) {
                Some(mut record) if record.machine.owner.as_ref() == Some(&owner) => {
                    record.machine.owner = None;
                    shared.save(record)
                }
                Some(_) | None => Ok(()),
            }
        })
        .await
    }

    async fn start(&self, owner: &OwnerKey) -> Result<Machine, ComputeError> {
        let owner = owner.clone();
        let record = blocking(&self.shared, move |shared| {
            let record = Record {
                stopped: false,
                ..shared.owned(&owner)?
            };
            let dir = shared.dir(owner.instance);
            if !dir.is_alive() && dir.path("pid").exists() {
                fs::remove_file(dir.path("pid")).map_err(failed)?;
            }
            shared.save(record.clone())?;
            Ok(record)
        })
        .await?;
        match self.shared.look(&record) {
            machine if machine.state == MachineState::Running => Ok(machine),
            _ => self.spawn(&record).await,
        }
    }

    async fn stop(&self, owner: &OwnerKey, _: StopMode) -> Result<Machine, ComputeError> {
        let owner = owner.clone();
        blocking(&self.shared, move |shared| shared.stop(&owner)).await
    }

    async fn list(&self, group: Option<GroupId>) -> Result<Vec<Arc<Machine>>, ComputeError> {
        blocking(&self.shared, move |shared| {
            let wanted = |machine: &Machine| match (&machine.owner, group) {
                (Some(owner), Some(group)) => owner.group == group,
                (Some(_), None) => true,
                (None, _) => false,
            };
            Ok(shared.machines(wanted).into_iter().map(Arc::new).collect())
        })
        .await
    }

    async fn describe(&self, ids: &[InstanceId]) -> Result<Vec<Machine>, ComputeError> {
        let ids = ids.to_vec();
        blocking(&self.shared, move |shared| {
            Ok(shared.machines(|machine| ids.contains(&machine.id)))
        })
        .await
    }

    async fn inventory(&self) -> Result<Vec<Arc<Machine>>, ComputeError> {
        blocking(&self.shared, |shared| {
            Ok(shared
                .machines(|_| true)
                .into_iter()
                .map(Arc::new)
                .collect())
        })
        .await
    }

    async fn changed(&self) -> Option<GroupId> {
        loop {
            if let Some(group) = self.shared.state().hints.pop_first() {
                return Some(group);
            }
            self.shared.hinted.notified().await;
        }
    }
}
