//! Recorded traces under the policies of the documentation: golden summaries, and what holds for all of them.

use std::path::{Path, PathBuf};

use muster_sim::replay::{Decision, Kind, Limits, Reading, Stretch, Trace, replay};

use super::file::Described;
use super::{Played, print};

const TARGET: &str = include_str!("../../../../docs/examples/simulate/target.json");
const STEPS: &str = include_str!("../../../../docs/examples/simulate/steps.json");
const CALM: &str = include_str!("../../../../docs/examples/simulate/calm.json");

/// The recordings, where they are at hand (`MUSTER_SHARED`, else `../shared` beside the tree).
fn recorded(name: &str) -> Option<String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("MUSTER_SHARED").map_or(beside, PathBuf::from);
    let path = shared.join("traces").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(_) => {
            eprintln!("not replayed: there is no {}", path.display());
            None
        }
    }
}

fn play(
    name: &str,
    file: &str,
    trace: &Trace,
    kind: Kind,
    change: impl Fn(&mut Described),
) -> Played {
    let mut described = Described::parse(file).unwrap();
    change(&mut described);
    let trace = trace.clone().as_load(kind, described.service.capacity);
    let field = described.set_up(&trace).unwrap();
    Played {
        name: name.to_owned(),
        currency: described.service.currency.clone(),
        limits: Limits::default(),
        outcome: replay(&field, &trace, &described.service, 0.3).unwrap(),
    }
}

/// Replays a recording under all policies, compares the summaries, and checks what holds for every recording.
fn golden(file: &str, kind: Kind, change: impl Fn(&mut Described)) -> Option<(Trace, Vec<Played>)> {
    let trace = Trace::read(&recorded(file)?, Reading::default()).unwrap();
    let played = vec![
        play("target", TARGET, &trace, kind, &change),
        play("calm", CALM, &trace, kind, &change),
        play("steps", STEPS, &trace, kind, &change),
    ];
    let text = print::recording(file, &trace) + &print::table(&played, 30.0);
    let name = Path::new(file).file_stem().unwrap().to_string_lossy();
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name.to_string(), text);
    });
    // The low side of the target looks at three periods of 300 s, that of the steps at two.
    for (played, periods) in played.iter().zip([3, 3, 2]) {
        let sample = Described::parse(TARGET).unwrap().service.sample_seconds;
        for decision in &played.outcome.decisions {
            nothing_goes_on_a_gap(&trace, decision, periods, sample);
        }
    }
    Some((trace, played))
}

/// A scale-in has values in each of the periods that it relies on.
fn nothing_goes_on_a_gap(trace: &Trace, decision: &Decision, periods: i64, sample: u32) {
    if decision.to >= decision.from {
        return;
    }
    let start = trace.start().0;
    let known = |at: i64| {
        let after = trace.stretches.partition_point(|s| s.from.0 <= at);
        trace.stretches[after - 1].load.is_some()
    };
    let end = start + (decision.at.0 - start) / 300_000 * 300_000;
    for period in 1..=periods {
        let from = end - period * 300_000;
        let mut samples = (from..from + 300_000).step_by(sample as usize * 1000);
        assert!(samples.any(known), "{decision:?} relies on a gap");
    }
}

const LOAD: Kind = Kind::Load;

fn capacity(capacity: f64) -> impl Fn(&mut Described) {
    move |described| described.service.capacity = capacity
}

#[test]
fn requests_at_a_balancer() {
    golden("nab/elb_request_count_8c0756.csv", LOAD, capacity(20.0));
}

#[test]
fn a_metric_of_a_group_that_drops_to_zero() {
    golden("nab/grok_asg_anomaly.csv", LOAD, capacity(10.0));
}

#[test]
fn a_group_that_was_misconfigured() {
    let recorded_at = Kind::Utilisation { machines: 6.0 };
    golden(
        "nab/cpu_utilization_asg_misconfiguration.csv",
        recorded_at,
        |_| {},
    );
}

#[test]
fn one_busy_machine() {
    let recorded_at = Kind::Utilisation { machines: 8.0 };
    golden("nab/ec2_cpu_utilization_5f5533.csv", recorded_at, |_| {});
}

#[test]
fn a_shift_of_level() {
    let recorded_at = Kind::Utilisation { machines: 8.0 };
    golden("nab/ec2_cpu_utilization_ac20cd.csv", recorded_at, |_| {});
}

#[test]
fn a_spike_of_a_thousand_times() {
    golden("nab/ec2_network_in_257a54.csv", LOAD, capacity(500_000.0));
}

#[test]
fn a_failure_with_times_out_of_order() {
    let played = golden(
        "nab/ec2_request_latency_system_failure.csv",
        LOAD,
        capacity(10.0),
    );
    if let Some((trace, _)) = played {
        assert!(
            trace.odd.out_of_order + trace.odd.doubled > 0,
            "{:?}",
            trace.odd
        );
        assert!(trace.odd.gaps > 0, "{:?}", trace.odd);
    }
}

#[test]
fn a_database() {
    let recorded_at = Kind::Utilisation { machines: 20.0 };
    golden("nab/rds_cpu_utilization_cc0c53.csv", recorded_at, |_| {});
}

#[test]
fn tweets_calm_with_spikes() {
    golden("nab/Twitter_volume_AMZN.csv", LOAD, capacity(40.0));
}

#[test]
fn a_week_by_the_minute() {
    golden(
        "nasa-http/nasa_http_1995-07-10_1min.csv",
        LOAD,
        capacity(15.0),
    );
}

#[test]
fn taxis_in_a_city_for_two_months() {
    // Of seven months: daily and weekly season, and a holiday.
    let Some(text) = recorded("nab/nyc_taxi.csv") else {
        return;
    };
    let head: String = text
        .lines()
        .take(2880)
        .map(|line| format!("{line}\n"))
        .collect();
    let trace = Trace::read(&head, Reading::default()).unwrap();
    let played = vec![
        play("target", TARGET, &trace, LOAD, capacity(1500.0)),
        play("steps", STEPS, &trace, LOAD, capacity(1500.0)),
    ];
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("nyc_taxi", print::recording("nyc_taxi.csv", &trace) + &print::table(&played, 30.0));
    });
}

#[test]
fn a_true_zero_scales_in_and_a_hole_does_not() {
    let Some((trace, played)) = golden("nasa-http/nasa_http_1995_5min.csv", LOAD, capacity(50.0))
    else {
        return;
    };
    // The server was down from 1995-08-01 14:52 to 08-03 04:36: 37 hours of true zeros.
    let (down, up) = (
        moment("1995-08-01T14:35:00Z"),
        moment("1995-08-03T04:30:00Z"),
    );
    let hole = longest_gap(&trace);
    for played in played {
        let at = |moment| {
            let steps = &played.outcome.steps;
            &steps[steps.partition_point(|step| step.at.0 <= moment) - 1]
        };
        assert!(at(down).desired > 2, "{:?}", at(down));
        assert_eq!(at(up).load, Some(0.0));
        assert_eq!((at(up).desired, at(up).machines), (2, 2), "{}", played.name);
        // The hole of 07-28 to 08-01: once the last points are too old to say anything nothing changes.
        let within = |d: &&Decision| d.at.0 > hole.from.0 + 300_000 && d.at.0 < hole.until.0;
        assert_eq!(
            played.outcome.decisions.iter().find(within),
            None,
            "{}",
            played.name
        );
    }
}

fn moment(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn longest_gap(trace: &Trace) -> Stretch {
    let gaps = trace.stretches.iter().filter(|s| s.load.is_none());
    *gaps.max_by_key(|s| s.until.0 - s.from.0).unwrap()
}

#[test]
fn two_runs_are_the_same() {
    let mut csv = String::from("timestamp,value\n");
    for minute in 0..600 {
        let load = (minute * 37) % 400;
        csv += &format!(
            "2024-01-01 {:02}:{:02}:00,{load}\n",
            minute / 60,
            minute % 60
        );
    }
    let trace = Trace::read(&csv, Reading::default()).unwrap();
    let runs: Vec<Played> = (0..2)
        .map(|_| play("a", TARGET, &trace, LOAD, |_| {}))
        .collect();
    assert_eq!(runs[0].outcome, runs[1].outcome);
    assert!(
        runs[0].outcome.summary.changes() > 2,
        "{:?}",
        runs[0].outcome.summary
    );
}
