//! Commands on machines: a script, run as the machine's user in its control groups by a process of its own.
//!
//! ```text
//! machines/ins-xxxxxxxx/commands/inv-xxxxxxxx/script   what is run
//!                                             run.json what it is given
//!                                             lock     held by the process that runs it
//!                                             begun    it has been begun: it is not run again
//!                                             output   what it printed
//!                                             end.json how it ended
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::PoisonError;
use std::time::Duration;

use muster_model::{MachineState, OwnerKey};
use muster_ports::{CommandEnd, CommandRun, ComputeError};
use serde::{Deserialize, Serialize};

use super::cgroup::{Cgroup, detect};
use super::record::{MachineDir, pause};
use super::shared::{Shared, failed, owned};
use super::shim::{HELD, READY, close_stdout, script_of, take, tell};

/// Between two looks at a command that another process runs.
const LOOK_PAUSE: Duration = Duration::from_millis(100);
/// How much of what a command printed is told, bytes.
const TOLD: u64 = 1024;

/// What a command is given.
#[derive(Serialize, Deserialize)]
struct Given {
    environment: Vec<(String, String)>,
}

/// How it ended.
#[derive(Serialize, Deserialize)]
struct Ended {
    /// Its exit code; `None` when a signal ended it.
    code: Option<i32>,
}

fn place(dir: &MachineDir, invocation: &str) -> PathBuf {
    dir.path("commands").join(invocation)
}

/// Writes a file so that it is there whole, or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// Environment of a command: its parameters by their names, in capitals, with `_` for what a name may not have.
fn environment(run: &CommandRun) -> Vec<(String, String)> {
    let named = run.parameters.iter().map(|parameter| {
        let name = parameter.key.to_ascii_uppercase().replace('-', "_");
        (format!("MUSTER_PARAMETER_{name}"), parameter.value.clone())
    });
    let own = [
        ("MUSTER_COMMAND_ID".to_owned(), run.command.clone()),
        ("MUSTER_INVOCATION_ID".to_owned(), run.invocation.clone()),
    ];
    own.into_iter().chain(named).collect()
}

/// How a command ended, if it has.
fn end_of(place: &Path) -> Option<CommandEnd> {
    let ended: Ended = serde_json::from_slice(&fs::read(place.join("end.json")).ok()?).ok()?;
    let how = match ended.code {
        Some(0) => String::new(),
        Some(code) => format!("the command ended with code {code}: "),
        None => "a signal ended the command: ".to_owned(),
    };
    Some(CommandEnd {
        succeeded: ended.code == Some(0),
        message: how + &tail(&place.join("output")).unwrap_or_default(),
    })
}

/// The end of what a command printed.
fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TOLD)))?;
    let mut bytes = Vec::new();
    file.take(TOLD).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

impl Shared {
    /// Sees to it that the command runs, or has run, and waits for its end for as long as `is_awaited` says so.
    pub(super) fn command(
        &self,
        owner: &OwnerKey,
        run: &CommandRun,
        is_awaited: impl Fn() -> Result<(), ComputeError>,
    ) -> Result<CommandEnd, ComputeError> {
        let record = owned(self.record(owner.instance), owner)?;
        let dir = self.dir(owner.instance);
        let place = place(&dir, &run.invocation);
        if let Some(end) = end_of(&place) {
            return Ok(end);
        }
        if !place.join("begun").exists() {
            if self.look(&record).state != MachineState::Running {
                let why = format!("machine {} does not run", owner.instance);
                return Err(ComputeError::Refused(why));
            }
            self.write_down(&place, run)?;
        }
        let mut runner = self.runner(&dir, &run.invocation)?;
        loop {
            if let Some(end) = end_of(&place) {
                return Ok(end);
            }
            if let Err(given_up) = is_awaited() {
                // The command goes on; whoever asks again finds it. This only leaves no dead child behind.
                std::thread::spawn(move || runner.wait());
                return Err(given_up);
            }
            let gone = runner.try_wait().map_err(failed)?.is_some();
            // Between the two looks it may have ended well.
            if gone && !is_running(&place) {
                return end_of(&place).ok_or_else(|| {
                    ComputeError::Unknown("the command ended without saying how".to_owned())
                });
            }
            pause(LOOK_PAUSE);
        }
    }

    fn write_down(&self, place: &Path, run: &CommandRun) -> Result<(), ComputeError> {
        let script = self.options.commands.get(&run.command).ok_or_else(|| {
            ComputeError::Refused(format!(
                "the configuration has no [[command]] with the id `{}`",
                run.command
            ))
        })?;
        let _one_at_a_time = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        fs::create_dir_all(place).map_err(failed)?;
        let given = Given {
            environment: environment(run),
        };
        let given = serde_json::to_vec(&given).map_err(failed)?;
        write_whole(&place.join("script"), script.as_bytes()).map_err(failed)?;
        write_whole(&place.join("run.json"), &given).map_err(failed)
    }

    /// A process that runs the command, unless another one does already.
    fn runner(
        &self,
        dir: &MachineDir,
        invocation: &str,
    ) -> Result<std::process::Child, ComputeError> {
        let shim = self.options.shim.split_first();
        let (program, arguments) = shim.ok_or_else(|| failed("there is no shim command"))?;
        let mut command = std::process::Command::new(program);
        command.args(arguments).arg(&dir.0).arg(invocation);
        command.env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null());
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(failed)
    }
}

fn is_running(place: &Path) -> bool {
    let Ok(file) = File::open(place.join("lock")) else {
        return false;
    };
    matches!(
        file.try_lock_shared(),
        Err(std::fs::TryLockError::WouldBlock)
    )
}

/// Runs as the process of a command; comes back when that has ended.
pub(super) fn run(dir: &MachineDir, invocation: &str) -> Result<ExitCode, String> {
    let place = place(dir, invocation);
    let io = |error: std::io::Error| format!("{invocation}: {error}");
    let record = dir.read().map_err(io)?.ok_or("there is no machine.json")?;
    let given = fs::read(place.join("run.json")).map_err(io)?;
    let given: Given = serde_json::from_slice(&given).map_err(|error| error.to_string())?;
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(place.join("lock"))
        .map_err(io)?;
    if !take(&lock) {
        tell(HELD);
        return Ok(ExitCode::SUCCESS);
    }
    if place.join("begun").exists() {
        return Err("the command was begun before".to_owned());
    }
    write_whole(&place.join("begun"), b"").map_err(io)?;
    let machine = record.machine.id.to_string();
    let cgroup = Cgroup::new(detect(&record.site), &record.site, &machine);
    cgroup.join().map_err(io)?;
    // Before the user changes, who may not be able to walk here.
    std::env::set_current_dir(dir.path("work")).map_err(io)?;
    let (script, output) = (place.join("script"), place.join("output"));
    let mut child = script_of(dir, &record, &script, &output, &given.environment)?;
    tell(READY);
    close_stdout();
    let status = child.wait().map_err(io)?;
    let ended = Ended {
        code: status.code(),
    };
    let ended = serde_json::to_vec(&ended).map_err(|error| error.to_string())?;
    write_whole(&place.join("end.json"), &ended).map_err(io)?;
    Ok(ExitCode::SUCCESS)
}
