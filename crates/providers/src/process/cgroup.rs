//! Control groups by their files: version 2 where it has the controllers, else version 1, with `cgroup.kill` where there
//! is any version 2 tree. Without either, machines are plain processes.

use std::fs;
use std::path::{Path, PathBuf};

use super::types::Allowance;

const ROOT: &str = "/sys/fs/cgroup";
const PERIOD_MICROS: u64 = 100_000;
/// Processes and threads of one machine.
const TASKS: u64 = 4096;

/// How control groups are mounted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Version 2 with controllers.
    V2,
    /// Version 1, perhaps with a bare version 2 tree beside it.
    V1 {
        /// `cgroup.kill` is there.
        kill: bool,
    },
    /// None that can be written.
    None,
}

/// The control groups of one machine.
#[derive(Clone, Debug)]
pub(crate) struct Cgroup {
    kind: Kind,
    name: PathBuf,
}

/// Finds out what there is, by making a group.
pub(crate) fn detect(site: &str) -> Kind {
    let root = Path::new(ROOT);
    let usable =
        |dir: PathBuf| fs::create_dir_all(&dir).is_ok() && dir.join("cgroup.procs").exists();
    let controllers = fs::read_to_string(root.join("cgroup.controllers")).unwrap_or_default();
    let has = |name: &str| {
        controllers
            .split_whitespace()
            .any(|controller| controller == name)
    };
    if has("cpu")
        && has("memory")
        && fs::write(root.join("cgroup.subtree_control"), "+cpu +memory +pids").is_ok()
    {
        let dir = root.join(site);
        if usable(dir.clone())
            && fs::write(dir.join("cgroup.subtree_control"), "+cpu +memory +pids").is_ok()
        {
            return Kind::V2;
        }
    }
    if ["cpu", "memory", "pids"]
        .iter()
        .all(|controller| usable(root.join(controller).join(site)))
    {
        let unified = root.join("unified").join(site);
        let kill = usable(unified.clone()) && unified.join("cgroup.kill").exists();
        return Kind::V1 { kill };
    }
    Kind::None
}

impl Cgroup {
    pub(crate) fn new(kind: Kind, site: &str, machine: &str) -> Cgroup {
        Cgroup {
            kind,
            name: Path::new(site).join(machine),
        }
    }

    pub(super) fn dirs(&self) -> Vec<PathBuf> {
        let root = Path::new(ROOT);
        match self.kind {
            Kind::V2 => vec![root.join(&self.name)],
            Kind::V1 { kill } => {
                let trees = ["cpu", "memory", "pids", "unified"];
                let trees = if kill { &trees[..] } else { &trees[..3] };
                trees
                    .iter()
                    .map(|tree| root.join(tree).join(&self.name))
                    .collect()
            }
            Kind::None => Vec::new(),
        }
    }

    /// Makes the groups, sets the limits, and puts this very process into them.
    pub(crate) fn enter(&self, allowance: Option<Allowance>) -> std::io::Result<()> {
        for dir in self.dirs() {
            fs::create_dir_all(&dir)?;
            // Limits that the kernel does not take here are left out; the start-up line says what there is.
            let set = |file: &str, value: String| {
                let path = dir.join(file);
                if path.exists() {
                    fs::write(path, value)
                } else {
                    Ok(())
                }
            };
            set("pids.max", TASKS.to_string())?;
            if let Some(allowance) = allowance {
                let quota = allowance.cpus * PERIOD_MICROS;
                set("cpu.cfs_period_us", PERIOD_MICROS.to_string())?;
                set("cpu.cfs_quota_us", quota.to_string())?;
                set("cpu.max", format!("{quota} {PERIOD_MICROS}"))?;
                set("memory.limit_in_bytes", allowance.memory_bytes.to_string())?;
                set("memory.max", allowance.memory_bytes.to_string())?;
            }
            fs::write(dir.join("cgroup.procs"), std::process::id().to_string())?;
        }
        Ok(())
    }

    /// Puts this very process into the groups of a machine that is there.
    pub(crate) fn join(&self) -> std::io::Result<()> {
        self.dirs()
            .iter()
            .try_for_each(|dir| fs::write(dir.join("cgroup.procs"), std::process::id().to_string()))
    }

    /// Kills everything in the groups; what cannot be killed at once is killed one by one.
    pub(crate) fn kill(&self) {
        for dir in self.dirs() {
            if fs::write(dir.join("cgroup.kill"), "1").is_ok() {
                return;
            }
        }
        for pid in self.members() {
            // One that is gone already is what was wanted.
            let _ = nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(pid),
                nix::sys::signal::Signal::SIGKILL,
            );
        }
    }

    /// Processes in the groups.
    pub(crate) fn members(&self) -> Vec<i32> {
        let mut pids: Vec<i32> = self
            .dirs()
            .iter()
            .filter_map(|dir| fs::read_to_string(dir.join("cgroup.procs")).ok())
            .flat_map(|text| {
                text.lines()
                    .filter_map(|line| line.trim().parse().ok())
                    .collect::<Vec<_>>()
            })
            .collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    }

    /// Removes the groups, which are empty.
    pub(crate) fn remove(&self) -> std::io::Result<()> {
        for dir in self.dirs() {
            match fs::remove_dir(&dir) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
