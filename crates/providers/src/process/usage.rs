//! What a machine uses, as the kernel counts it: by the files of its control groups, or, without any, by its processes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use procfs::{Current, CurrentSI, KernelStats, Meminfo};

use super::cgroup::Cgroup;

/// What the machines share, read once for all of them.
pub(super) struct Host {
    /// CPUs that are on line.
    pub(super) cores: f64,
    /// Bytes of memory.
    pub(super) memory_bytes: u64,
}

/// Bytes that are in use, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) used_bytes: u64,
    pub(super) limit_bytes: u64,
}

impl Host {
    pub(super) fn look() -> Result<Host, String> {
        let stats = KernelStats::current().map_err(|error| error.to_string())?;
        let memory = Meminfo::current().map_err(|error| error.to_string())?;
        let cores = stats.cpu_time.len().max(1);
        Ok(Host {
            cores: cores as f64,
            memory_bytes: memory.mem_total,
        })
    }
}

impl Cgroup {
    fn read(&self, file: &str) -> Option<String> {
        let path = |dir: PathBuf| fs::read_to_string(dir.join(file)).ok();
        self.dirs().into_iter().find_map(path)
    }

    fn number(&self, file: &str) -> Option<u64> {
        self.read(file)?.trim().parse().ok()
    }

    /// Microseconds of CPU that all of its processes have had, those that are gone among them.
    pub(super) fn cpu_micros(&self) -> Option<u64> {
        let stat = |dir: PathBuf| {
            let text = fs::read_to_string(dir.join("cpu.stat")).ok()?;
            entry(&text, "usage_usec")
        };
        // Version 1 has no such entry in its own `cpu.stat`, but a bare version 2 tree beside it has.
        let micros = self.dirs().into_iter().find_map(stat);
        micros.or_else(|| Some(self.number("cpuacct.usage")? / 1000))
    }

    /// CPUs that its quota is worth; `None` without one.
    pub(super) fn cpu_quota(&self) -> Option<f64> {
        let (quota, period) = match self.read("cpu.max") {
            Some(text) => {
                let (quota, period) = text.trim().split_once(' ')?;
                (quota.parse().ok()?, period.parse().ok()?)
            }
            None => (
                self.number("cpu.cfs_quota_us")?,
                self.number("cpu.cfs_period_us")?,
            ),
        };
        ratio(quota, period)
    }

    /// Its memory without what the kernel takes back first (files that nobody has used for a while).
    pub(super) fn memory(&self, host: &Host) -> Option<Memory> {
        let v2 = self.number("memory.current");
        let used = v2.or_else(|| self.number("memory.usage_in_bytes"))?;
        let stat = self.read("memory.stat")?;
        let idle = entry(&stat, "total_inactive_file").or_else(|| entry(&stat, "inactive_file"));
        let limit = self.number("memory.max");
        let limit = limit.or_else(|| self.number("memory.limit_in_bytes"));
        Some(Memory {
            used_bytes: used.saturating_sub(idle.unwrap_or(0)),
            limit_bytes: limit.unwrap_or(u64::MAX).min(host.memory_bytes),
        })
    }
}

fn ratio(quota: u64, period: u64) -> Option<f64> {
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}

/// The value of `name` in lines of a name and a number.
fn entry(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(' ')?;
        (key == name).then(|| value.trim().parse().ok()).flatten()
    })
}

/// The processes of the host by their parents: the machines are the trees under their shims.
pub(super) struct Processes {
    children: BTreeMap<i32, Vec<i32>>,
}

impl Processes {
    pub(super) fn look() -> Processes {
        let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        // A process that goes while it is looked at is not there.
        let all = procfs::process::all_processes().into_iter().flatten();
        for stat in all.flatten().filter_map(|process| process.stat().ok()) {
            children.entry(stat.ppid).or_default().push(stat.pid);
        }
        Processes { children }
    }

    /// A process and all that come from it.
    pub(super) fn tree(&self, root: i32) -> Vec<i32> {
        let mut seen = BTreeSet::from([root]);
        let mut next = vec![root];
        while let Some(pid) = next.pop() {
            for child in self.children.get(&pid).into_iter().flatten() {
                if seen.insert(*child) {
                    next.push(*child);
                }
            }
        }
        seen.into_iter().collect()
    }
}

/// Microseconds of CPU that these processes have had, and their children that are gone; `None` when none of them is there.
pub(super) fn cpu_micros(pids: &[i32]) -> Option<u64> {
    let ticks = pids.iter().filter_map(|pid| {
        let stat = procfs::process::Process::new(*pid).ok()?.stat().ok()?;
        let gone = u64::try_from(stat.cutime.saturating_add(stat.cstime)).unwrap_or(0);
        Some(stat.utime.saturating_add(stat.stime).saturating_add(gone))
    });
    let total = ticks.reduce(u64::saturating_add)?;
    Some(total.saturating_mul(1_000_000) / procfs::ticks_per_second().max(1))
}

/// Bytes of memory that these processes have in use: what two of them share counts twice.
pub(super) fn memory(pids: &[i32], host: &Host) -> Option<Memory> {
    let pages = pids.iter().filter_map(|pid| {
        let stat = procfs::process::Process::new(*pid).ok()?.stat().ok()?;
        Some(stat.rss)
    });
    let pages = pages.reduce(u64::saturating_add)?;
    Some(Memory {
        used_bytes: pages.saturating_mul(procfs::page_size()),
        limit_bytes: host.memory_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_by_their_names() {
        let text = "usage_usec 569\nuser_usec 420\nother\n";
        assert_eq!(entry(text, "usage_usec"), Some(569));
        assert_eq!(entry(text, "user"), None);
        assert_eq!(entry("inactive_file x\n", "inactive_file"), None);
        assert_eq!(ratio(200_000, 100_000), Some(2.0));
        assert_eq!(ratio(0, 100_000), None);
    }

    #[test]
    fn a_tree_is_all_that_comes_from_a_process() {
        let children = BTreeMap::from([(1, vec![2, 5]), (2, vec![3, 4]), (4, vec![2])]);
        let processes = Processes { children };
        assert_eq!(processes.tree(2), [2, 3, 4], "a circle ends");
        assert_eq!(processes.tree(9), [9]);
    }

    #[test]
    fn this_process_uses_something() {
        let host = Host::look().unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(host.cores >= 1.0);
        assert!(cpu_micros(&[own]).is_some());
        let memory = memory(&[own], &host).unwrap();
        assert!(memory.used_bytes > 0 && memory.used_bytes < memory.limit_bytes);
        assert!(cpu_micros(&[]).is_none());
        let parent = std::os::unix::process::parent_id();
        let tree = Processes::look().tree(i32::try_from(parent).unwrap());
        assert!(tree.contains(&own));
    }
}
