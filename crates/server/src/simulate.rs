//! `muster simulate`: replays a recorded load against groups and policies from files.

mod file;
mod print;
#[cfg(test)]
mod tests;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::tz::Offset;
use muster_sim::replay::{Kind, Limits, Outcome, Reading, Trace, replay};

use crate::plot::{self, Axis};
use file::Described;

/// Files side by side at the most.
const FILES: usize = 8;
/// The longest recording that is read, bytes.
const TRACE_BYTES: u64 = 256 << 20;
/// An objective was missed.
const MISSED: u8 = 1;
/// What was given cannot be replayed.
const WRONG: u8 = 2;

/// Arguments of `muster simulate`.
#[derive(clap::Args)]
#[command(
    after_help = "Each FILE is JSON: {\"AutoScalingGroup\": {...}, \"LaunchConfiguration\"?: {...}, \"ScalingPolicies\"?: [...],
\"PolicyOptions\"?: {NAME: {...}}, \"ScheduledActions\"?: [...], \"LifecycleHooks\"?: [...], \"Service\"?: {...},
\"Objectives\"?: {...}}. Groups, configurations, policies, actions and hooks are bodies of Tencent Cloud API 3.0 requests
(CreateAutoScalingGroup and so on; ids in them are filled in), options those of docs/policies.md. Service says what runs on the machines: Capacity (load of one machine at 100 %), BootSeconds, SampleSeconds, PricePerHour, Currency,
Metrics. See docs/simulate.md.

Exit codes: 0 = all objectives were met, 1 = one was missed, 2 = something given is wrong.

  muster simulate group.json --trace load.csv --svg plot.svg
  muster simulate now.json wanted.json --trace cpu.csv --kind utilisation --recorded-at 4 --max-minutes-short 30"
)]
pub(crate) struct SimulateArgs {
    /// Groups with their policies, compared side by side.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The recording: CSV with a header, and a time and a value in its first two columns.
    #[arg(long, value_name = "FILE")]
    trace: PathBuf,
    /// What the values are: load in units of Service.Capacity, or utilisation in percent.
    #[arg(long, value_enum, default_value = "load")]
    kind: KindWord,
    /// With `--kind utilisation`: machines that were in service when it was recorded.
    #[arg(long, value_name = "MACHINES", default_value_t = 1.0)]
    recorded_at: f64,
    /// Multiply all values by this.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Seconds between two rows [default: the most common distance].
    #[arg(long, value_name = "SECS")]
    step: Option<u32>,
    /// Zone of times without one, like +08:00.
    #[arg(long, value_name = "OFFSET", default_value = "+00:00", allow_hyphen_values = true, value_parser = offset)]
    offset: Offset,
    /// Under this utilisation, with more than the minimum in service, there are too many machines.
    #[arg(long, value_name = "PERCENT", default_value_t = 30.0)]
    over: f64,
    /// Print every change with its reasons, and what kept policies from one.
    #[arg(long)]
    explain: bool,
    /// Write a CSV with a row for each step.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write a plot of load against capacity.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Objective: at most so many minutes in which the load is above what the machines carry.
    #[arg(long, value_name = "N")]
    max_minutes_short: Option<f64>,
    /// Objective: at most so many machine-hours.
    #[arg(long, value_name = "N")]
    max_machine_hours: Option<f64>,
    /// Objective: at most so many changes of what is desired.
    #[arg(long, value_name = "N")]
    max_changes: Option<f64>,
    /// Objective: at most this cost.
    #[arg(long, value_name = "X")]
    max_cost: Option<f64>,
}

/// What the values of a recording are.
#[derive(Clone, Copy, clap::ValueEnum)]
enum KindWord {
    /// Load.
    Load,
    /// Utilisation in percent.
    Utilisation,
}

/// A file and what came of it.
pub(crate) struct Played {
    name: String,
    currency: String,
    limits: Limits,
    outcome: Outcome,
}

fn offset(text: &str) -> Result<Offset, String> {
    let wrong = || format!("`{text}` is not an offset like +08:00");
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) | None => return Err(wrong()),
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(wrong)?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return Err(wrong());
    }
    let (hours, minutes): (i32, i32) = match (hours.parse(), minutes.parse()) {
        (Ok(hours), Ok(minutes)) if hours < 24 && minutes < 60 => (hours, minutes),
        _ => return Err(wrong()),
    };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).map_err(|_| wrong())
}

/// Runs the command; its exit code says whether the objectives were met.
pub(crate) fn run(args: &SimulateArgs) -> ExitCode {
    let result = simulate(args).and_then(|(text, met)| {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Who has read enough has been told.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.to_string()),
            Ok(()) | Err(_) => Ok(met),
        }
    });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(MISSED),
        Err(error) => {
            crate::complain(&error);
            ExitCode::from(WRONG)
        }
    }
}

/// What is printed, and whether all objectives were met.
fn simulate(args: &SimulateArgs) -> Result<(String, bool), String> {
    check(args)?;
    let described = args.files.iter().map(|path| Described::read(path));
    let described: Vec<Described> = described.collect::<Result<_, _>>()?;
    let recorded = read_trace(args)?;
    let mut played = Vec::new();
    for (path, described) in args.files.iter().zip(&described) {
        let named = |error: String| format!("{}: {error}", path.display());
        let trace = recorded
            .clone()
            .as_load(kind(args), described.service.capacity);
        let field = described.set_up(&trace).map_err(named)?;
        let outcome = replay(&field, &trace, &described.service, args.over / 100.0);
        played.push(Played {
            name: name(path, &args.files),
            currency: described.service.currency.clone(),
            limits: limits(args).or(described.objectives),
            outcome: outcome.map_err(named)?,
        });
    }
    write_files(args, &recorded, &played)?;
    let recording = args.trace.file_name().unwrap_or(args.trace.as_os_str());
    let mut text = print::recording(&recording.to_string_lossy(), &recorded);
    text.push_str(&print::table(&played, args.over));
    if args.explain {
        text.extend(played.iter().map(print::decisions));
    }
    let missed: Vec<String> = played
        .iter()
        .flat_map(|p| {
            p.limits
                .missed(&p.outcome.summary)
                .into_iter()
                .map(|m| print::missed(&p.name, &m))
        })
        .collect();
    text.extend(missed.iter().map(String::as_str));
    Ok((text, missed.is_empty()))
}

fn check(args: &SimulateArgs) -> Result<(), String> {
    let positive = |name: &str, value: f64| match value.is_finite() && value > 0.0 {
        true => Ok(()),
        false => Err(format!("{name} `{value}`: a number above 0 is right")),
    };
    positive("--scale", args.scale)?;
    positive("--recorded-at", args.recorded_at)?;
    positive("--over", args.over)?;
    limits(args).check()?;
    match args.files.len() <= FILES {
        true => Ok(()),
        false => Err(format!(
            "{} files: at most {FILES} are compared side by side",
            args.files.len()
        )),
    }
}

fn kind(args: &SimulateArgs) -> Kind {
    match args.kind {
        KindWord::Load => Kind::Load,
        KindWord::Utilisation => Kind::Utilisation {
            machines: args.recorded_at,
        },
    }
}

fn limits(args: &SimulateArgs) -> Limits {
    Limits {
        max_minutes_short: args.max_minutes_short,
        max_machine_hours: args.max_machine_hours,
        max_changes: args.max_changes,
        max_cost: args.max_cost,
    }
}

/// What is in a file, if it is not longer than this.
fn text_of(path: &Path, most: u64) -> Result<String, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(|error| wrong(&error))?;
    let mut text = String::new();
    let read = file.take(most + 1).read_to_string(&mut text);
    match read.map_err(|error| wrong(&error))? as u64 > most {
        true => Err(wrong(&format!("more than {most} bytes"))),
        false => Ok(text),
    }
}

fn read_trace(args: &SimulateArgs) -> Result<Trace, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", args.trace.display());
    let text = text_of(&args.trace, TRACE_BYTES)?;
    let reading = Reading {
        offset: args.offset,
        step_secs: args.step,
        scale: args.scale,
    };
    Trace::read(&text, reading).map_err(|error| named(&error))
}

/// A file's name without its extension, if no other one has that.
fn name(path: &Path, all: &[PathBuf]) -> String {
    let stem = |path: &Path| {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    let same = all.iter().filter(|other| stem(other) == stem(path)).count();
    match stem(path) {
        Some(stem) if same == 1 => stem,
        Some(_) | None => path.display().to_string(),
    }
}

fn write_files(args: &SimulateArgs, recorded: &Trace, played: &[Played]) -> Result<(), String> {
    let wrong = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    if let Some(path) = &args.csv {
        let mut writer = csv::Writer::from_path(path).map_err(|error| wrong(path, &error))?;
        writer
            .write_record(print::COLUMNS)
            .map_err(|error| wrong(path, &error))?;
        for row in played.iter().flat_map(print::rows) {
            writer
                .write_record(&row)
                .map_err(|error| wrong(path, &error))?;
        }
        writer.flush().map_err(|error| wrong(path, &error))?;
    }
    if let Some(path) = &args.svg {
        let panels: Vec<_> = played.iter().map(|p| print::panel(p, recorded)).collect();
        let names: Vec<&str> = played.iter().map(|p| p.name.as_str()).collect();
        let title = format!("Load and capacity in service: {}", names.join(", "));
        let text = plot::svg(&title, Axis::Dates(recorded.start()), &panels)?;
        std::fs::write(path, text).map_err(|error| wrong(path, &error))?;
    }
    Ok(())
}
