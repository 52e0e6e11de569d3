//! The embedded balancer next to HAProxy: what they carry, and the time that they add, over the same machines with the
//! same load in the same run.
//!
//! `cargo bench -p muster --bench balance` (a real HAProxy from the package of the distribution is needed). Machines, load
//! and balancers share the processors of this machine, which is what makes the ratios, not the numbers, worth reading.
//! `MUSTER_BENCH_ROUNDS` (default 5) and `MUSTER_BENCH_MILLIS` (default 2000, of each measurement) change its length.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench says what broke by failing, prints, and measures real time"
)]

#[path = "../../../providers/tests/haproxy/daemon.rs"]
mod daemon;
mod load;
mod parts;

use std::time::Duration;

use load::Measured;
use parts::Parts;

/// Connections that are always busy when throughput is measured.
const BUSY: usize = 32;
/// Connections, and requests a second in all, when latency is measured.
const CALM: (usize, u32) = (8, 800);

fn setting(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What was measured of one way in, over all rounds.
#[derive(Default)]
struct Column {
    name: &'static str,
    busy: Vec<Measured>,
    calm: Vec<Measured>,
}

impl Column {
    fn of(&self, value: impl Fn(&Measured) -> f64, of: impl Fn(&Column) -> &Vec<Measured>) -> f64 {
        median(of(self).iter().map(value).collect())
    }
}

fn print(columns: &[Column]) {
    let direct = &columns[0];
    let haproxy = |name: &str| match name.ends_with("TCP") {
        true => columns.last().unwrap(),
        false => &columns[columns.len() - 2],
    };
    println!(
        "| way | requests/s | of HAProxy's | busy p50, p99 | calm p50, p99 | added p50, p99 |\n|---|---|---|---|---|---|"
    );
    for column in columns {
        let rate = |c: &Column| c.of(|m| m.per_sec, |c| &c.busy);
        let p50 = |c: &Column| c.of(|m| m.p50_micros, |c| &c.calm);
        let p99 = |c: &Column| c.of(|m| m.p99_micros, |c| &c.calm);
        println!(
            "| {} | {:.0} | {:.2} | {:.0} µs, {:.0} µs | {:.0} µs, {:.0} µs | {:.0} µs, {:.0} µs |",
            column.name,
            rate(column),
            rate(column) / rate(haproxy(column.name)),
            column.of(|m| m.p50_micros, |c| &c.busy),
            column.of(|m| m.p99_micros, |c| &c.busy),
            p50(column),
            p99(column),
            p50(column) - p50(direct),
            p99(column) - p99(direct),
        );
    }
}

fn main() {
    // `cargo test` and `cargo nextest --all-targets` start benches too: they are not measured there.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let rounds = setting("MUSTER_BENCH_ROUNDS", 5);
    let span = Duration::from_millis(setting("MUSTER_BENCH_MILLIS", 2000));
    let parts = Parts::start();
    let mut columns: Vec<Column> = parts
        .ways
        .iter()
        .map(|(name, _)| Column {
            name,
            ..Column::default()
        })
        .collect();
    println!(
        "{rounds} rounds of {} ms, medians; {} processors; HAProxy nbthread {}, embedded {} worker threads;\n\
         busy: {BUSY} connections without pause; calm: {} requests/s over {} connections; answers of {} bytes; {} machines",
        span.as_millis(),
        std::thread::available_parallelism().map_or(0, usize::from),
        parts::THREADS,
        parts::THREADS,
        CALM.1,
        CALM.0,
        parts::BODY,
        parts::MACHINES,
    );
    for round in 0..rounds {
        for at in 0..columns.len() {
            // Nobody is always the first.
            let at = (at + usize::try_from(round).unwrap()) % columns.len();
            let address = parts.ways[at].1;
            load::run(address, BUSY, None, span / 4);
            columns[at].busy.push(load::run(address, BUSY, None, span));
            columns[at]
                .calm
                .push(load::run(address, CALM.0, Some(CALM.1), span));
        }
    }
    print(&columns);
}
