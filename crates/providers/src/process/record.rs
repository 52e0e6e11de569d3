//! What is on disk of a machine: the directory that is the machine as far as a restart is concerned.
//!
//! ```text
//! machines/ins-xxxxxxxx/machine.json   what it is; written before it is started
//!                       user-data      its script
//!                       work/          its home
//!                       log            its output
//!                       lock           held by its shim for as long as it lives
//!                       pid            pid and start time of the shim, once it has the lock
//! tombstones/ins-xxxxxxxx              it was terminated, and stays away
//! ```

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use muster_model::{InstanceId, Machine, Time};
use serde::{Deserialize, Serialize};

/// A machine as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// What there is to tell of it; its state is looked up, not kept.
    pub(crate) machine: Machine,
    /// Name of its host, for its environment.
    #[serde(default)]
    pub(crate) host_name: Option<String>,
    /// Name of its group, for its environment.
    pub(crate) group_name: String,
    /// It was stopped on purpose.
    pub(crate) stopped: bool,
    /// The last reset that was done.
    #[serde(default)]
    pub(crate) reset_at: Option<Time>,
    /// It has a script.
    pub(crate) has_user_data: bool,
    /// The user its script runs as; `None` = the user that muster runs as.
    pub(crate) user: Option<String>,
    /// The server's data directory, for its environment.
    pub(crate) data_dir: PathBuf,
    /// Name of the control groups of this data directory.
    pub(crate) site: String,
}

/// A process that can be told from a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessId {
    pub(crate) pid: i32,
    pub(crate) start_ticks: u64,
}

/// The directory of a machine.
#[derive(Clone, Debug)]
pub(crate) struct MachineDir(pub(crate) PathBuf);

impl MachineDir {
    pub(crate) fn new(root: &Path, id: InstanceId) -> MachineDir {
        MachineDir(root.join("machines").join(id.to_string()))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes the record so that it is there, whole, after any crash.
    pub(crate) fn write(&self, record: &Record) -> std::io::Result<()> {
        fs::create_dir_all(self.path("work"))?;
        let fresh = self.path("machine.json.new");
        let mut file = File::create(&fresh)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        file.sync_all()?;
        fs::rename(&fresh, self.path("machine.json"))?;
        File::open(&self.0)?.sync_all()?;
        if let Some(parent) = self.0.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(())
    }

    /// Reads the record; a directory without one is of a machine that never came to be.
    pub(crate) fn read(&self) -> std::io::Result<Option<Record>> {
        match fs::read(self.path("machine.json")) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a shim lives.
    pub(crate) fn is_alive(&self) -> bool {
        let Ok(file) = File::open(self.path("lock")) else {
            return false;
        };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// The shim that last had the lock.
    pub(crate) fn process(&self) -> Option<ProcessId> {
        let text = fs::read_to_string(self.path("pid")).ok()?;
        let (pid, start) = text.trim().split_once(' ')?;
        Some(ProcessId {
            pid: pid.parse().ok()?,
            start_ticks: start.parse().ok()?,
        })
    }
}

impl ProcessId {
    /// This process.
    pub(crate) fn own() -> Option<ProcessId> {
        let pid = i32::try_from(std::process::id()).ok()?;
        Some(ProcessId {
            pid,
            start_ticks: start_ticks(pid)?,
        })
    }

    /// Whether the process with this number is still this one.
    pub(crate) fn is_there(self) -> bool {
        start_ticks(self.pid) == Some(self.start_ticks)
    }
}

fn start_ticks(pid: i32) -> Option<u64> {
    procfs::process::Process::new(pid)
        .ok()?
        .stat()
        .ok()
        .map(|stat| stat.starttime)
}

/// The file that says that a machine was terminated.
pub(crate) fn tombstone(root: &Path, id: InstanceId) -> PathBuf {
    root.join("tombstones").join(id.to_string())
}

/// Waits for the kernel or another process: the one place of this back end that does.
#[expect(
    clippy::disallowed_methods,
    reason = "what is waited for lives outside of the service's time"
)]
pub(crate) fn pause(time: std::time::Duration) {
    std::thread::sleep(time);
}
