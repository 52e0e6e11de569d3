//! `muster demo`: the whole loop on this machine in about two minutes. Load comes, machines come; load goes, machines go.
//!
//! Nothing here is staged: a service of its own runs real processes behind the embedded balancer, and a policy that
//! holds the requests a second of each machine at a value decides from what Muster itself measures.

mod board;
mod group;
mod load;
mod service;
mod view;
pub(crate) mod worker;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use board::{Board, Sample};
use load::{Load, Tally};
use service::Service;
use view::View;

use crate::plot::{self, Axis, Line, Panel};

/// Between two looks at the group, milliseconds.
const LOOK_MILLIS: u64 = 500;
/// Longest wait for the first machine, and for the last ones to go at the end, seconds.
const PATIENCE_SECS: u64 = 30;

/// Arguments of `muster demo`.
#[derive(clap::Args)]
pub(crate) struct DemoArgs {
    /// Seconds that the load takes to rise and fall, 60 to 600.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(60..=600))]
    secs: u64,
    /// Where the plot of load against machines goes.
    #[arg(long, default_value = "muster-demo.svg")]
    svg: PathBuf,
}

/// How a demo ended.
struct Ended {
    board: Board,
    tally: Tally,
    interrupted: bool,
}

/// Runs the demo. `Ok` only if the group grew and shrank again and no request failed.
pub(crate) fn run(args: &DemoArgs) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let dir = tempdir()?;
    let ended = runtime.block_on(async {
        let ended = on_stage(args, &dir).await;
        // Whatever happened: nothing is left running.
        let left = service::end_machines(&dir).await;
        match (ended, left) {
            (Ok(ended), Ok(_)) => Ok(ended),
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        }
    });
    let removed = std::fs::remove_dir_all(&dir)
        .map_err(|error| format!("{} is left behind: {error}", dir.display()));
    let ended = ended?;
    removed?;
    if ended.interrupted {
        return Err("the demo was interrupted; nothing is left running".to_owned());
    }
    summary(args, &ended)
}

/// A directory that only this demo uses.
fn tempdir() -> Result<PathBuf, String> {
    let name = format!("muster-demo-{}", uuid::Uuid::new_v4().simple());
    let dir = std::env::temp_dir().join(name);
    std::fs::create_dir(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok(dir)
}

/// Starts the service, makes the group, lets the load come and go, and takes everything down again.
async fn on_stage(args: &DemoArgs, dir: &Path) -> Result<Ended, String> {
    let (stop, stopped) = watch::channel(false);
    let interrupt = interrupted(stop)?;
    let service = Service::start(dir, &group::configuration()).await?;
    let played = play(args, &service, stopped).await;
    let emptied = group::empty_out(&service).await;
    let ended = service.stop().await;
    interrupt.abort();
    let played = played?;
    emptied?;
    ended?;
    Ok(played)
}

/// Tells when somebody wants the demo to end.
fn interrupted(stop: watch::Sender<bool>) -> Result<JoinHandle<()>, String> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    Ok(tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.send_replace(true);
    }))
}

/// The load comes and goes, and the group is looked at meanwhile.
#[expect(clippy::disallowed_methods, reason = "the demo happens in real time")]
async fn play(
    args: &DemoArgs,
    service: &Service,
    mut stop: watch::Receiver<bool>,
) -> Result<Ended, String> {
    let group = group::make(service).await?;
    let mut view = View::open();
    let mut board = Board {
        total: Duration::from_secs(args.secs),
        phase: "the first machine comes",
        ..Board::default()
    };
    board.listener = first_machine(service, &group, &mut board, &mut view, &stop).await?;
    let load = Load::new(&board.listener);
    let generator = tokio::spawn(Arc::clone(&load).run(args.secs, stop.clone()));
    let begun = Instant::now();
    let mut last = (0.0, 0);
    loop {
        let patience = Duration::from_millis(LOOK_MILLIS);
        let woken = tokio::time::timeout(patience, stop.wait_for(|stop| *stop)).await;
        board.elapsed = begun.elapsed();
        group::look(service, &group, &mut board).await?;
        let (secs, started) = (board.elapsed.as_secs_f64(), load.started());
        take(
            &mut board,
            &load.tally(),
            secs,
            (started - last.1) as f64 / (secs - last.0),
        );
        last = (secs, started);
        view.show(&board).map_err(|error| error.to_string())?;
        let over = board.elapsed.as_secs() >= args.secs;
        let waited_long = board.elapsed.as_secs() >= args.secs + PATIENCE_SECS;
        if woken.is_ok() || waited_long || (over && board.out_and_in()) {
            break;
        }
    }
    let interrupted = *stop.borrow();
    generator.await.map_err(|error| error.to_string())?;
    let tally = load.tally();
    (board.answered, board.failed) = (tally.answered, tally.failed);
    Ok(Ended {
        board,
        tally,
        interrupted,
    })
}

/// Writes down a look.
fn take(board: &mut Board, tally: &Tally, secs: f64, per_sec: f64) {
    let serving = board.machines.iter().filter(|m| m.state == "IN_SERVICE");
    let part = secs / board.total.as_secs_f64();
    board.phase = load::phase(part);
    board.samples.push(Sample {
        secs,
        load: per_sec,
        serving: serving.count(),
        desired: board.desired,
    });
    (board.answered, board.failed) = (tally.answered, tally.failed);
    board.latency_millis = (
        tally.recent_quantile_millis(0.5),
        tally.recent_quantile_millis(0.99),
    );
}

/// Waits for the first machine to serve; returns where the requests go.
#[expect(clippy::disallowed_methods, reason = "the demo happens in real time")]
async fn first_machine(
    service: &Service,
    group: &group::Group,
    board: &mut Board,
    view: &mut View,
    stop: &watch::Receiver<bool>,
) -> Result<String, String> {
    let begun = Instant::now();
    while begun.elapsed().as_secs() < PATIENCE_SECS && !*stop.borrow() {
        group::look(service, group, board).await?;
        view.show(board).map_err(|error| error.to_string())?;
        if board.machines.iter().any(|m| m.state == "IN_SERVICE")
            && let Some(address) = group::listener(service).await?
        {
            return Ok(address);
        }
        tokio::time::sleep(Duration::from_millis(LOOK_MILLIS / 2)).await;
    }
    let activity = board.activities.first();
    let why = activity.map_or("no activity began", |activity| &activity.description);
    Err(format!("no machine came into service in time: {why}"))
}

/// What happened, in a few lines, and as a plot.
fn summary(args: &DemoArgs, ended: &Ended) -> Result<(), String> {
    let (board, tally) = (&ended.board, &ended.tally);
    let svg = picture(board)?;
    std::fs::write(&args.svg, svg).map_err(|error| format!("{}: {error}", args.svg.display()))?;
    let mut out = std::io::stdout().lock();
    let most = board.most();
    let first = board.samples.first().map_or(0, |sample| sample.serving);
    let mut lines = vec![
        String::new(),
        format!(
            "requests   {} answered, {} failed; half below {} ms, 99 % below {} ms",
            tally.answered,
            tally.failed,
            tally.quantile_millis(0.5),
            tally.quantile_millis(0.99)
        ),
        format!(
            "machines   {first} at first, {most} at the most ({:.0} requests/s each), {} at the end",
            worker::CAPACITY,
            board.now().serving
        ),
        "activities".to_owned(),
    ];
    for activity in board.activities.iter().rev() {
        lines.push(format!(
            "  {} {}: {}",
            activity.kind, activity.status, activity.description
        ));
    }
    lines.push(format!("plot       {}", args.svg.display()));
    let written = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    written.map_err(|error| error.to_string())?;
    if !board.out_and_in() {
        return Err(format!(
            "the group did not scale out and back in: {first} machine(s) at first, {most} at the most, {} at the end",
            board.now().serving
        ));
    }
    match &tally.first_failure {
        Some(why) => Err(format!(
            "{} request(s) failed, the first: {why}",
            tally.failed
        )),
        None => Ok(()),
    }
}

/// The plot of load against machines.
fn picture(board: &Board) -> Result<String, String> {
    let line = |name, colour, filled, value: fn(&Sample) -> f64| Line {
        name,
        colour,
        filled,
        points: board
            .samples
            .iter()
            .map(|sample| (sample.secs, Some(value(sample))))
            .collect(),
    };
    let panels = [
        Panel {
            title: "requests a second, and what the machines in service can do".to_owned(),
            lines: vec![
                line("capacity", plot::GREEN, true, |sample| {
                    sample.serving as f64 * worker::CAPACITY
                }),
                line("load", plot::BLUE, false, |sample| sample.load),
            ],
        },
        Panel {
            title: "machines".to_owned(),
            lines: vec![
                line("in service", plot::GREEN, true, |sample| {
                    sample.serving as f64
                }),
                line("desired", plot::RED, false, |sample| sample.desired as f64),
            ],
        },
    ];
    plot::svg("muster demo: load against machines", Axis::Seconds, &panels)
}
