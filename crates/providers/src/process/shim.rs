//! The first process of a machine.
//!
//! It takes the machine's lock and holds it for life: of two shims for one machine, one goes away, and whoever wants to
//! know whether the machine lives looks at the lock. It enters the control groups, runs the script as another user,
//! and waits. A script that ends well leaves the machine running, as a server does after its first boot; one that
//! fails takes the machine with it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::unistd::User;

use super::cgroup::{Cgroup, detect};
use super::record::{MachineDir, ProcessId, Record, pause, tombstone};
use super::types::allowance;

/// How long a lock is waited for: whoever probes it holds it for a moment only.
const LOCK_TRIES: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Says that the machine runs.
pub(crate) const READY: &str = "ready";
/// Says that another shim has the machine.
pub(crate) const HELD: &str = "held";

/// Runs as the first process of the machine in `dir`; comes back when the machine has ended. With the name of a run, it
/// runs that command on the machine instead.
#[must_use]
pub fn shim(dir: &Path, invocation: Option<&str>) -> ExitCode {
    let dir = MachineDir(dir.to_owned());
    let ended = match invocation {
        None => run(&dir),
        Some(invocation) => super::command::run(&dir, invocation),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            tell(&format!("error {error}"));
            ExitCode::FAILURE
        }
    }
}

/// A line to whoever started this process, if they are still there.
pub(super) fn tell(line: &str) {
    // The one who started us may be gone; the machine does not depend on them.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn run(dir: &MachineDir) -> Result<ExitCode, String> {
    let named = |what: &str| {
        let what = what.to_owned();
        move |error: std::io::Error| format!("{what}: {error}")
    };
    let record = dir
        .read()
        .map_err(named("machine.json"))?
        .ok_or("there is no machine.json")?;
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.path("lock"));
    let lock = lock.map_err(named("lock"))?;
    if !take(&lock) {
        tell(HELD);
        return Ok(ExitCode::SUCCESS);
    }
    let root = dir
        .0
        .parent()
        .and_then(Path::parent)
        .ok_or("the machine has no data directory")?;
    if tombstone(root, record.machine.id).exists() {
        return Err("the machine was terminated".to_owned());
    }
    let own = ProcessId::own().ok_or("this process cannot see itself")?;
    std::fs::write(
        dir.path("pid"),
        format!("{} {}\n", own.pid, own.start_ticks),
    )
    .map_err(named("pid"))?;
    let cgroup = Cgroup::new(
        detect(&record.site),
        &record.site,
        &record.machine.id.to_string(),
    );
    cgroup
        .enter(allowance(&record.machine.placement.instance_type))
        .map_err(named("control group"))?;
    let mut child = start(dir, &record)?;
    tell(READY);
    close_stdout();
    if let Some(child) = &mut child {
        let status = child.wait().map_err(named("waiting for the script"))?;
        if !status.success() {
            return Err(format!("the script ended with {status}"));
        }
    }
    loop {
        std::thread::park();
    }
}

pub(super) fn take(lock: &File) -> bool {
    for _ in 0..LOCK_TRIES {
        if lock.try_lock().is_ok() {
            return true;
        }
        pause(LOCK_PAUSE);
    }
    false
}

/// Whoever started this process has heard enough, and may go.
pub(super) fn close_stdout() {
    if let Ok(null) = OpenOptions::new().write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdout(&null);
    }
}

/// Starts the script, if the machine has one.
fn start(dir: &MachineDir, record: &Record) -> Result<Option<Child>, String> {
    let work = dir.path("work");
    std::env::set_current_dir(&work).map_err(|error| format!("work: {error}"))?;
    match record.has_user_data {
        false => Ok(None),
        true => {
            let (script, log) = (dir.path("user-data"), dir.path("log"));
            script_of(dir, record, &script, &log, &[]).map(Some)
        }
    }
}

/// Starts a script as the machine's user, with its environment and `more`.
pub(super) fn script_of(
    dir: &MachineDir,
    record: &Record,
    path: &Path,
    log: &Path,
    more: &[(String, String)],
) -> Result<Child, String> {
    let work = dir.path("work");
    let user = match &record.user {
        Some(name) => Some(
            User::from_name(name)
                .map_err(|error| format!("user {name}: {error}"))?
                .ok_or_else(|| format!("there is no user {name}"))?,
        ),
        None => None,
    };
    let io = |error: std::io::Error| format!("{}: {error}", path.display());
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o500)).map_err(io)?;
    if let Some(user) = &user {
        for owned in [path, &work] {
            chown(owned, Some(user.uid.as_raw()), Some(user.gid.as_raw())).map_err(io)?;
        }
    }
    let script = File::open(path).map_err(io)?;
    let (program, argument) = interpreter(&script).map_err(io)?;
    // The script is handed over open: its user may not be able to walk to it.
    fcntl(&script, FcntlArg::F_SETFD(FdFlag::empty()))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .map_err(io)?;
    let errors = log.try_clone().map_err(io)?;
    let mut command = Command::new(program);
    command
        .args(argument)
        .arg(format!("/proc/self/fd/{}", script.as_raw_fd()));
    let own = environment(record, &work);
    command.env_clear().envs(own).envs(more.iter().cloned());
    command.stdin(Stdio::null()).stdout(log).stderr(errors);
    if let Some(user) = &user {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
        .spawn()
        .map_err(|error| format!("the script could not be started: {error}"))
}

/// The program that a script names in its first line, and its argument; `/bin/sh` without one.
fn interpreter(script: &File) -> std::io::Result<(PathBuf, Option<String>)> {
    let mut first = Vec::new();
    BufReader::new(script).read_until(b'\n', &mut first)?;
    // The reader has moved the position; whoever opens the file anew starts at its beginning.
    let line = String::from_utf8_lossy(&first);
    let Some(named) = line.strip_prefix("#!") else {
        return Ok((PathBuf::from("/bin/sh"), None));
    };
    let mut words = named.trim().splitn(2, char::is_whitespace);
    let program = words
        .next()
        .filter(|word| !word.is_empty())
        .unwrap_or("/bin/sh");
    Ok((
        PathBuf::from(program),
        words.next().map(|rest| rest.trim().to_owned()),
    ))
}

fn environment(record: &Record, work: &Path) -> Vec<(String, String)> {
    let machine = &record.machine;
    let group = machine
        .owner
        .as_ref()
        .map(|owner| owner.group.to_string())
        .unwrap_or_default();
    let pairs = [
        ("MUSTER_INSTANCE_ID", machine.id.to_string()),
        ("MUSTER_GROUP_ID", group),
        ("MUSTER_GROUP_NAME", record.group_name.clone()),
        ("MUSTER_INSTANCE_NAME", machine.name.clone()),
        (
            "MUSTER_HOST_NAME",
            record.host_name.clone().unwrap_or_default(),
        ),
        (
            "MUSTER_INSTANCE_TYPE",
            machine.placement.instance_type.clone(),
        ),
        ("MUSTER_ZONE", machine.placement.zone.clone()),
        ("MUSTER_SUBNET", machine.placement.subnet.clone()),
        ("MUSTER_DATA_DIR", record.data_dir.display().to_string()),
        (
            "PORT",
            machine
                .port
                .map(|port| port.to_string())
                .unwrap_or_default(),
        ),
        ("HOME", work.display().to_string()),
        (
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
        ),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
}
