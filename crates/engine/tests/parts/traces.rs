//! Recorded load, with its gaps, zeros, doubled and backward timestamps, fed to alarms as it comes in.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::common::Table;
use super::scaling::{cpu, simple};
use muster_model::{
    AdjustBy, Comparison, GroupCommand, MissingData, Point, PolicyCommand, PolicyId, PolicyKind,
    PolicyOptions, PolicySpec, Series, Time,
};

/// Seconds in a step of the recordings.
const STEP: i64 = 300;
/// When the policies are made, and the recording begins: a whole number of steps.
const BEGIN: Time = Time(86_400_000);

/// The points of a recording, in the order of the file; `None` where the recordings are not at hand (`MUSTER_SHARED`, else
/// `../shared` beside the tree).
fn recorded(name: &str) -> Option<Vec<Point>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("MUSTER_SHARED").map_or(beside, PathBuf::from);
    let path = shared.join("traces").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("not replayed: there is no {}", path.display());
        return None;
    };
    let mut first = None;
    let points = text.lines().skip(1).map(|line| {
        let (at, value) = line.split_once(',').unwrap();
        let at: jiff::civil::DateTime = at.replace(' ', "T").parse().unwrap();
        let at = at.to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        let secs = at.timestamp().as_second();
        let first = *first.get_or_insert(secs.div_euclid(STEP) * STEP);
        Point {
            at: BEGIN.plus_millis((secs - first) * 1000),
            instance: None,
            value: value.parse().unwrap(),
        }
    });
    Some(points.collect())
}

fn alarm(name: &str, comparison: Comparison, threshold: f64, repeat: u32) -> PolicySpec {
    let by = match comparison {
        Comparison::Less | Comparison::LessOrEqual => -1,
        _ => 1,
    };
    let mut spec = simple(name, comparison, threshold, repeat, AdjustBy::By(by));
    spec.cooldown_secs = Some(600);
    if let PolicyKind::Simple { alarm, .. } = &mut spec.kind {
        alarm.period_secs = STEP as u32;
    }
    spec
}

fn begun() -> Table {
    let mut t = Table::started(1, 2, 20);
    t.pass_to((BEGIN.0 / 1000) as u64);
    t
}

impl Table {
    fn options(&mut self, id: PolicyId, options: PolicyOptions) {
        let options = Box::new(options);
        let set = PolicyCommand::SetOptions { id, options };
        self.command(GroupCommand::Policy(set)).unwrap();
    }

    /// Lets time pass to a moment, and takes down at which ends of a period something was said.
    fn watch_to(&mut self, end: Time, words: &str, said: &mut BTreeSet<Time>) {
        while let Some(wake) = self.view.group.wake_at.filter(|wake| *wake <= end) {
            self.now = self.now.max(wake);
            self.settle();
            if self.reasons.iter().any(|reason| reason.contains(words)) {
                said.insert(self.now);
            }
        }
        self.now = self.now.max(end);
    }

    fn take(&mut self, points: &[Point]) {
        let points = points.iter().map(|point| (cpu(), *point));
        self.command(GroupCommand::Measured(points.collect()))
            .unwrap();
    }

    fn rows(&self) -> Vec<(Time, Series)> {
        let rows = self.view.parts.series.values();
        let mut rows: Vec<_> = rows
            .map(|row| {
                let id = muster_model::SeriesId::new(muster_model::Key::from_bits(0));
                let row = Series {
                    id,
                    ..(**row).clone()
                };
                (row.from, row)
            })
            .collect();
        rows.sort_by_key(|(from, _)| *from);
        rows
    }
}

/// Numbers that look drawn, the same in every run.
fn drawn(state: &mut u64, below: u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

#[test]
fn recordings_under_two_alarms() {
    let mut text = String::new();
    for (name, high, low) in [
        ("nab/ec2_request_latency_system_failure.csv", 48.0, 44.0),
        ("nab/ec2_cpu_utilization_ac20cd.csv", 70.0, 30.0),
        ("nab/grok_asg_anomaly.csv", 37.0, 20.0),
    ] {
        let Some(points) = recorded(name) else {
            return;
        };
        // On time; then a third of them after the end of their period.
        for late in [false, true] {
            let mut t = begun();
            t.policy(alarm("up", Comparison::Greater, high, 3));
            t.policy(alarm("down", Comparison::Less, low, 3));
            let mut state = 7;
            let mut due: Vec<(Time, Point)> = points
                .iter()
                .map(|point| match late && drawn(&mut state, 3) == 0 {
                    true => (point.at.plus_secs(310), *point),
                    false => (point.at, *point),
                })
                .collect();
            due.sort_by_key(|(at, _)| *at);
            let (mut outs, mut ins, mut gaps) = (0, 0, BTreeSet::new());
            let mut most = 0;
            for (at, point) in due {
                let before = t.desired();
                t.watch_to(at, "unknown, a gap is no value", &mut gaps);
                t.take(&[point]);
                t.settle();
                let now = t.desired();
                most = most.max(now);
                outs += u32::from(now > before);
                ins += u32::from(now < before);
            }
            let kept: usize = t.rows().iter().map(|(_, row)| row.values().count()).sum();
            writeln!(
                text,
                "{name}{}: {} points; {outs} times out and {ins} times in, at most {most}, in the end {}; \
                 {} ends of a period unknown; {kept} values kept",
                if late { ", a third late" } else { "" },
                points.len(),
                t.desired(),
                gaps.len(),
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_order_in_which_points_come_changes_nothing_nor_does_doubling() {
    let name = "nab/ec2_request_latency_system_failure.csv";
    let Some(points) = recorded(name) else {
        return;
    };
    // Ten periods of an hour: what is kept reaches back that far. The timestamps that run backwards are in there.
    let backwards = points.windows(2).position(|two| two[1].at <= two[0].at);
    let backwards = backwards.unwrap();
    let points = &points[backwards.saturating_sub(60)..backwards + 50];
    let last = points.iter().map(|point| point.at).max().unwrap();
    let said = |order: &dyn Fn(&mut Vec<Point>)| {
        let mut t = Table::started(1, 2, 20);
        t.pass_to(60);
        let mut spec = alarm("up", Comparison::Greater, 47.0, 10);
        if let PolicyKind::Simple { alarm, .. } = &mut spec.kind {
            alarm.period_secs = 3600;
        }
        t.policy(spec);
        t.now = last.plus_secs(600);
        let mut points = points.to_vec();
        order(&mut points);
        for point in points {
            t.take(&[point]);
        }
        t.settle();
        (t.rows(), t.reasons.clone())
    };
    let plain = said(&|_| {});
    assert!(!plain.0.is_empty() && plain.1.iter().any(|reason| reason.contains("policy up")));
    assert_eq!(said(&|points| points.reverse()).0, plain.0, "reversed");
    assert_eq!(said(&|points| points.reverse()).1[0], plain.1[0]);
    let doubled = said(&|points| {
        let again = points.clone();
        points.extend(again);
    });
    assert_eq!((doubled.0, &doubled.1[0]), (plain.0.clone(), &plain.1[0]));
    for seed in 1..20 {
        let shuffled = said(&|points| {
            let mut state = seed;
            for n in (1..points.len()).rev() {
                points.swap(n, drawn(&mut state, n as u64 + 1) as usize);
            }
        });
        assert_eq!((shuffled.0, &shuffled.1[0]), (plain.0.clone(), &plain.1[0]));
    }
}

/// What holds exactly: when all points of some periods are dropped, then at no end of a period is there a scale-in that
/// there was not with them, whatever gaps are said to mean. (Within a period it does not hold, and cannot: the mean of what
/// is left is another one.)
#[test]
fn what_is_dropped_never_leads_to_a_scale_in() {
    let name = "nab/ec2_cpu_utilization_ac20cd.csv";
    let Some(points) = recorded(name) else {
        return;
    };
    let points = &points[..1500];
    for missing_data in [
        MissingData::Hold,
        MissingData::Ignore,
        MissingData::Breach,
        MissingData::OutOnly,
    ] {
        let wanted = |dropped: u64, seed: u64| {
            let mut t = begun();
            let id = t.policy(alarm("down", Comparison::Less, 34.0, 3));
            let options = PolicyOptions {
                missing_data,
                shadow: true,
                ..PolicyOptions::default()
            };
            t.options(id, options);
            let mut ends = BTreeSet::new();
            let mut state = seed;
            let (mut period, mut drop) = (i64::MIN, false);
            for point in points {
                let of = (point.at.0 - BEGIN.0).div_euclid(STEP * 1000);
                if of != period {
                    (period, drop) = (of, drawn(&mut state, 100) < dropped);
                }
                t.watch_to(point.at, "it would go to 1", &mut ends);
                if !drop {
                    t.take(&[*point]);
                }
            }
            ends
        };
        let all = wanted(0, 1);
        assert!(all.len() > 20, "{missing_data:?}: {} scale-ins", all.len());
        for (dropped, seed) in [(5, 1), (20, 2), (50, 3)] {
            let some = wanted(dropped, seed);
            assert!(some.is_subset(&all), "{missing_data:?} {dropped} %");
            assert!(some.len() < all.len());
        }
    }
}
