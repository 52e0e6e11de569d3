//! What a replay prints: the table, the decisions, the rows of the CSV, the panels of the plot.

use std::fmt::Write as _;

use jiff::Timestamp;
use muster_model::Time;
use muster_sim::replay::{Missed, Outcome, Trace};

use super::Played;
use crate::plot::{BLUE, Line, ORANGE, Panel, RED};

/// A moment in RFC 3339.
pub(super) fn at(time: Time) -> String {
    Timestamp::from_millisecond(time.0).map_or_else(|_| time.0.to_string(), |at| at.to_string())
}

/// A number without a tail of zeros: at most two decimals.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// What was replayed, in a line.
pub(super) fn recording(name: &str, trace: &Trace) -> String {
    let odd = trace.odd;
    let known = trace.stretches.iter().filter_map(|s| s.load);
    let most = known.fold(0.0, f64::max);
    format!(
        "{name}: {} rows, steps of {} s, {} to {}; load up to {}; {} gaps, {} doubled, {} out of order\n",
        trace.rows,
        trace.step_secs,
        at(trace.start()),
        at(trace.end()),
        number(most),
        odd.gaps,
        odd.doubled,
        odd.out_of_order
    )
}

/// The table: a column for each file.
pub(super) fn table(played: &[Played], over_percent: f64) -> String {
    let over = format!("minutes over (under {} %)", number(over_percent));
    type Cell = fn(&Played) -> String;
    let rows: [(&str, Cell); 12] = [
        ("", |p| p.name.clone()),
        ("machine-hours", |p| number(p.outcome.summary.machine_hours)),
        ("machines at most", |p| {
            p.outcome.summary.most_machines.to_string()
        }),
        ("changes out", |p| p.outcome.summary.out.to_string()),
        ("changes in", |p| p.outcome.summary.within.to_string()),
        ("flaps", |p| p.outcome.summary.flaps.to_string()),
        ("minutes short", |p| number(p.outcome.summary.short_minutes)),
        ("worst shortage", |p| match p.outcome.summary.worst {
            None => "none".to_owned(),
            Some((percent, _)) => format!("{} %", number(percent)),
        }),
        ("load not carried", |p| {
            format!("{} %", number(p.outcome.summary.lost))
        }),
        (&over, |p| number(p.outcome.summary.over_minutes)),
        ("minutes unknown", |p| {
            number(p.outcome.summary.unknown_minutes)
        }),
        ("cost", |p| {
            let cost = number(p.outcome.summary.cost);
            format!("{cost} {}", p.currency).trim_end().to_owned()
        }),
    ];
    let left = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let widths: Vec<usize> = played
        .iter()
        .map(|p| {
            rows.iter()
                .map(|(_, cell)| cell(p).chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for (name, cell) in rows {
        let _ = write!(text, "{name:<left$}");
        for (p, width) in played.iter().zip(&widths) {
            let _ = write!(text, "  {:>width$}", cell(p));
        }
        text.push('\n');
    }
    text
}

/// Every change of what is desired with its reasons, and in between what kept policies from changing it.
pub(super) fn decisions(played: &Played) -> String {
    let mut told: Vec<(Time, String)> = Vec::new();
    for decision in &played.outcome.decisions {
        let (from, to) = (decision.from, decision.to);
        let mut text = format!("{} {from} -> {to}\n", at(decision.at));
        for why in &decision.why {
            let _ = writeln!(text, "    {why}");
        }
        told.push((decision.at, text));
    }
    for hold in &played.outcome.holds {
        let (times, clamps) = (hold.times, hold.clamps.join(", "));
        let mut text = format!("{} held by {clamps}, {times} time(s)\n", at(hold.at));
        for why in &hold.why {
            let _ = writeln!(text, "    {why}");
        }
        told.push((hold.at, text));
    }
    told.sort_by_key(|(at, _)| *at);
    let all = told.into_iter().map(|(_, text)| text);
    format!("{}:\n{}", played.name, all.collect::<String>())
}

/// What was missed, in a line.
pub(super) fn missed(name: &str, missed: &Missed) -> String {
    format!(
        "{name}: {} is {}, {} at the most is asked for\n",
        missed.objective,
        number(missed.value),
        number(missed.limit)
    )
}

/// Names of the columns of the CSV.
pub(super) const COLUMNS: [&str; 8] = [
    "group",
    "time",
    "load",
    "desired",
    "in_service",
    "machines",
    "utilisation_percent",
    "events",
];

/// The rows of the CSV.
pub(super) fn rows(played: &Played) -> impl Iterator<Item = [String; 8]> {
    let Outcome {
        steps, decisions, ..
    } = &played.outcome;
    steps.iter().map(move |step| {
        let events: Vec<String> = decisions
            .get(step.decisions.clone())
            .unwrap_or_default()
            .iter()
            .map(|d| format!("{} -> {} at {}", d.from, d.to, at(d.at)))
            .collect();
        let known = |value: Option<f64>| value.map(number).unwrap_or_default();
        [
            played.name.clone(),
            at(step.at),
            known(step.load),
            step.desired.to_string(),
            step.serving.to_string(),
            step.machines.to_string(),
            known(step.utilisation()),
            events.join("; "),
        ]
    })
}

/// Load against what the machines in service carry.
pub(super) fn panel(played: &Played, trace: &Trace) -> Panel {
    let steps = &played.outcome.steps;
    let secs = |at: Time| (at.0 - trace.start().0) as f64 / 1000.0;
    let line = |value: fn(&muster_sim::replay::StepRow) -> Option<f64>| {
        let points = steps.iter().map(|step| (secs(step.at), value(step)));
        points
            .chain([(secs(trace.end()), None)])
            .collect::<Vec<_>>()
    };
    Panel {
        title: played.name.clone(),
        lines: vec![
            Line {
                name: "load",
                colour: BLUE,
                filled: true,
                points: line(|step| step.load),
            },
            Line {
                name: "capacity in service",
                colour: ORANGE,
                filled: false,
                points: line(|step| Some(step.capacity)),
            },
            Line {
                name: "short",
                colour: RED,
                filled: false,
                points: line(|step| step.load.filter(|load| *load > step.capacity)),
            },
        ],
    }
}
