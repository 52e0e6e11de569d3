//! The Compute port on processes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use async_trait::async_trait;
use muster_model::{
    GroupId, InstanceId, LaunchSpec, Machine, MachineState, OwnerKey, StopMode, Tag, Time,
};
use muster_ports::{CommandEnd, CommandRun, Compute, ComputeError};
use nix::unistd::{User, geteuid};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::Notify;

use super::cgroup::{Kind, detect};
use super::record::{Record, pause};
use super::shared::{Shared, State, carries, failed, fingerprint, owned};
use super::shim::{HELD, READY};

/// Machines of an earlier run are looked at this often.
const WATCH_PAUSE: Duration = Duration::from_millis(500);
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
    /// Scripts of the commands that hooks run, by the commands' ids.
    pub commands: BTreeMap<String, String>,
}

/// Machines as processes.
pub struct ProcessBackend {
    shared: Arc<Shared>,
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
            commands: Mutex::new(()),
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

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
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

/// Runs file work where it may block.
async fn blocking<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Shared) -> Result<T, ComputeError> + Send + 'static,
) -> Result<T, ComputeError> {
    let shared = Arc::clone(shared);
    let done = tokio::task::spawn_blocking(move || work(&shared)).await;
    done.unwrap_or_else(|error| Err(ComputeError::Unknown(error.to_string())))
}

/// A mark that lives as long as somebody waits for a call, and how blocking work sees it.
fn waiting() -> (Arc<()>, Weak<()>) {
    let mark = Arc::new(());
    let seen = Arc::downgrade(&mark);
    (mark, seen)
}

/// That somebody still waits: work that was given up must not happen later.
fn is_awaited(mark: &Weak<()>) -> Result<(), ComputeError> {
    match mark.strong_count() {
        0 => Err(ComputeError::Unknown("the call was given up".to_owned())),
        _ => Ok(()),
    }
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
        let (_waiting, awaited) = waiting();
        blocking(&self.shared, move |shared| {
            let record = shared.change(owner.instance, |record| {
                is_awaited(&awaited)?;
                let mut record = record.ok_or_else(|| {
                    ComputeError::Refused(format!("there is no machine {}", owner.instance))
                })?;
                if record.machine.owner.is_some() {
                    carries(&record, &owner)?;
                }
                record.machine.owner = Some(owner);
                Ok(record)
            })?;
            Ok(shared.look(&record))
        })
        .await
    }

    async fn release(&self, owner: &OwnerKey) -> Result<(), ComputeError> {
        let owner = owner.clone();
        let (_waiting, awaited) = waiting();
        blocking(&self.shared, move |shared| {
            match shared.record(owner.instance) {
                None => return shared.bury_absent(owner.instance),
                Some(record) if carries(&record, &owner).is_err() => return Ok(()),
                Some(_) => {}
            }
            let released = shared.change(owner.instance, |record| {
                is_awaited(&awaited)?;
                let mut record = owned(record, &owner)?;
                record.machine.owner = None;
                Ok(record)
            });
            released.map(drop)
        })
        .await
    }

    async fn start(&self, owner: &OwnerKey) -> Result<Machine, ComputeError> {
        let owner = owner.clone();
        let record = blocking(&self.shared, move |shared| {
            shared.change(owner.instance, |record| {
                let record = owned(record, &owner)?;
                let dir = shared.dir(owner.instance);
                if !dir.is_alive() && dir.path("pid").exists() {
                    fs::remove_file(dir.path("pid")).map_err(failed)?;
                }
                Ok(Record {
                    stopped: false,
                    ..record
                })
            })
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

    async fn reset(&self, spec: &LaunchSpec, at: Time) -> Result<Machine, ComputeError> {
        let spec = spec.clone();
        let (_waiting, awaited) = waiting();
        let (record, machine) = blocking(&self.shared, move |shared| {
            let record = shared.reset(&spec, at, || is_awaited(&awaited))?;
            let machine = shared.look(&record);
            Ok((record, machine))
        })
        .await?;
        match machine.state {
            MachineState::Pending => self.spawn(&record).await,
            MachineState::Running | MachineState::Stopped | MachineState::Dead => Ok(machine),
        }
    }

    async fn tag(&self, owner: &OwnerKey, tags: &[Tag]) -> Result<Machine, ComputeError> {
        let (owner, tags) = (owner.clone(), tags.to_vec());
        blocking(&self.shared, move |shared| {
            let record = shared.change(owner.instance, |record| {
                let mut record = owned(record, &owner)?;
                record.machine.put_tags(&tags);
                Ok(record)
            })?;
            Ok(shared.look(&record))
        })
        .await
    }

    async fn command(
        &self,
        owner: &OwnerKey,
        run: &CommandRun,
    ) -> Result<CommandEnd, ComputeError> {
        let (owner, run) = (owner.clone(), run.clone());
        let (_waiting, awaited) = waiting();
        blocking(&self.shared, move |shared| {
            shared.command(&owner, &run, || is_awaited(&awaited))
        })
        .await
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
