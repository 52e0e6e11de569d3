//! Points go into windows, windows add up to the periods of an alarm.
//!
//! The period that a value counts in is the one its moment lies in: from the first moment on, until before the last. So
//! any period is exact, whether it is a multiple of a window or not; only a window that had too many points to keep them
//! apart counts as a whole where it begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_model::{
    Alarm, Error, Instance, InstanceId, Metric, Part, PartId, Point, Quota, Series, Summary, Time,
    Warmup,
};

use crate::alarm::Level;
use crate::draft::Draft;
use crate::lifecycle::{self, Role};

/// Metrics of a group at the most.
const METRICS: usize = 32;
/// Members of a stretch at the most, the group as a whole among them: more than a group ever has at once.
const MEMBERS: usize = 4096;
/// What is known of a metric is kept this long at the least, seconds.
const KEPT_SECS: u64 = 1200;
/// And this long at the most: a period of a day, and as much as a point may be late.
const KEPT_MOST_SECS: u64 = 86_400 + LATE_SECS;
/// A point may come this much after the last period that it counts in, seconds.
const LATE_SECS: u64 = 600;
/// Points that are further ahead of the clock than this are left aside, seconds: somebody's clock is wrong.
const AHEAD_SECS: u64 = 86_400;

/// How far back alarm rules of the account look at metrics of the group, seconds.
type LooksBack = BTreeMap<Metric, u64>;

/// How long the points of a metric are kept: as long as an alarm looks back, and a while for those that come late.
fn kept_secs(draft: &Draft<'_>, metric: &Metric, rules: &LooksBack) -> u64 {
    let policies = draft.parts().policies.values();
    let alarms = policies.flat_map(|policy| super::alarms(policy));
    let looks_back = alarms
        .filter(|alarm| alarm.metric == *metric)
        .map(|alarm| u64::from(alarm.period_secs) * u64::from(alarm.repeat.max(1)))
        .max();
    let rules = rules.get(metric).copied();
    let looks_back = looks_back.into_iter().chain(rules).max();
    (looks_back.unwrap_or(0) + LATE_SECS).clamp(KEPT_SECS, KEPT_MOST_SECS)
}

fn forgotten(draft: &Draft<'_>, metric: &Metric, rules: &LooksBack) -> Time {
    let secs = kept_secs(draft, metric, rules);
    draft.now.plus_millis(-((secs * 1000) as i64))
}

/// Keeps the points; what is too old to matter, or too far ahead, is left aside. What came new, each moment with its metric.
pub(crate) fn keep(
    draft: &mut Draft<'_>,
    points: &[(Metric, Point)],
    rules: &LooksBack,
) -> Result<BTreeMap<Metric, Time>, Error> {
    let ahead = draft.now.plus_secs(AHEAD_SECS);
    let mut by_stretch: BTreeMap<(&Metric, Time), Vec<Point>> = BTreeMap::new();
    let mut limits: BTreeMap<&Metric, Time> = BTreeMap::new();
    for (metric, point) in points {
        debug_assert!(point.value.is_finite(), "the shell checks values");
        let from = *limits
            .entry(metric)
            .or_insert_with(|| forgotten(draft, metric, rules));
        if point.at > from && point.at <= ahead {
            let stretch = Series::stretch_of(point.at);
            let points = by_stretch.entry((metric, stretch)).or_default();
            points.push(*point);
        }
    }
    forget(draft, rules);
    let mut earliest: BTreeMap<Metric, Time> = BTreeMap::new();
    for ((metric, from), points) in by_stretch {
        if let Some(at) = keep_stretch(draft, metric, from, &points)? {
            let first = earliest.entry(metric.clone()).or_insert(at);
            *first = at.min(*first);
        }
    }
    Ok(earliest)
}

/// Drops the rows that are too old, and moves what is in rows of the old kind.
fn forget(draft: &mut Draft<'_>, rules: &LooksBack) {
    let mut limits: BTreeMap<Metric, Time> = BTreeMap::new();
    let all: Vec<Arc<Series>> = draft.parts().series.values().cloned().collect();
    for series in all {
        let limit = match limits.get(&series.metric) {
            Some(limit) => *limit,
            None => {
                let limit = forgotten(draft, &series.metric, rules);
                limits.insert(series.metric.clone(), limit);
                limit
            }
        };
        let old = !series.points.is_empty();
        if old || series.from.plus_millis(Series::STRETCH_MS) <= limit {
            draft.drop_part(PartId::Series(series.id));
        }
        let mut by_stretch: BTreeMap<Time, Vec<Point>> = BTreeMap::new();
        for point in series.points.iter().filter(|point| point.at > limit) {
            let stretch = Series::stretch_of(point.at);
            by_stretch.entry(stretch).or_default().push(*point);
        }
        for (from, points) in by_stretch {
            put(draft, &series.metric, from, &points, None);
        }
    }
}

/// Puts points into the row of their stretch; the earliest moment of those that were new.
fn keep_stretch(
    draft: &mut Draft<'_>,
    metric: &Metric,
    from: Time,
    points: &[Point],
) -> Result<Option<Time>, Error> {
    let all = &draft.parts().series;
    let known = all
        .values()
        .find(|series| series.from == from && series.metric == *metric && series.points.is_empty());
    let known = known.cloned();
    if known.is_none() {
        let metrics: BTreeSet<&Metric> = all.values().map(|series| &series.metric).collect();
        if metrics.len() >= METRICS && !metrics.contains(metric) {
            return Err(Error::QuotaExceeded {
                quota: Quota::Metrics,
                limit: METRICS as u32,
            });
        }
    }
    Ok(put(draft, metric, from, points, known))
}

fn put(
    draft: &mut Draft<'_>,
    metric: &Metric,
    from: Time,
    points: &[Point],
    known: Option<Arc<Series>>,
) -> Option<Time> {
    let mut series = match known {
        Some(series) => (*series).clone(),
        None => Series {
            id: draft.ids.next_id(),
            group: draft.group().id,
            metric: metric.clone(),
            points: Vec::new(),
            from,
            measured: Vec::new(),
        },
    };
    let mut earliest: Option<Time> = None;
    for point in points {
        let of = |measured: &muster_model::MemberWindows| measured.instance == point.instance;
        if series.measured.len() >= MEMBERS && !series.measured.iter().any(of) {
            continue;
        }
        if series.take(*point) {
            earliest = Some(earliest.map_or(point.at, |first| first.min(point.at)));
        }
    }
    if earliest.is_some() {
        draft.put_part(Part::Series(Arc::new(series)));
    }
    earliest
}

/// What an alarm sees at an end of its period.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sight {
    /// The values of the periods, the newest first.
    pub(crate) levels: Vec<Level>,
    /// Of the period in which the smallest share of members reported: how many did, and how many should have.
    pub(crate) reporting: Reporting,
}

/// Who reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reporting {
    /// The group as a whole is measured.
    Whole,
    /// So many of so many members.
    Members { reported: u32, expected: u32 },
}

impl Sight {
    /// The value of the newest period that has one.
    pub(crate) fn newest(&self) -> Option<f64> {
        self.levels.iter().find_map(|level| level.value())
    }
}

/// The last end of a period up to `now`. Periods are counted from `anchor`.
pub(crate) fn period_end(anchor: Time, period_secs: u32, now: Time) -> Time {
    let period = i64::from(period_secs.max(1)) * 1000;
    anchor.plus_millis((now.0 - anchor.0).div_euclid(period) * period)
}

fn span(alarm: &Alarm) -> (i64, i64) {
    let period = i64::from(alarm.period_secs.max(1)) * 1000;
    (period, i64::from(alarm.repeat.max(1)) * period)
}

/// The rows of the store that have anything of a stretch of time.
fn rows<'d>(
    draft: &'d Draft<'_>,
    metric: &Metric,
    first: Time,
    end: Time,
) -> impl Iterator<Item = &'d Arc<Series>> {
    draft.parts().series.values().filter(move |series| {
        let old = !series.points.is_empty();
        let within = series.from < end && series.from.plus_millis(Series::STRETCH_MS) > first;
        series.metric == *metric && (old || within)
    })
}

/// Whether there is any value in the periods that count up to `end`.
pub(crate) fn has_data(draft: &Draft<'_>, alarm: &Alarm, end: Time) -> bool {
    let first = end.plus_millis(-span(alarm).1);
    let mut rows = rows(draft, &alarm.metric, first, end);
    rows.any(|series| {
        let mut values = series.values();
        values.any(|(_, at, _)| at >= first && at < end)
    })
}

/// A member that warms up, or is on its way into service, says nothing of the load (rule S3).
pub(crate) fn is_warming(instance: &Instance) -> bool {
    match instance.warmup {
        Warmup::Waiting | Warmup::Until(_) => true,
        Warmup::NotNeeded | Warmup::Done => lifecycle::role(instance.state) == Role::Coming,
    }
}

/// The periods of an alarm up to `end`: what was measured of members that warm up is left out.
pub(crate) fn sight(draft: &Draft<'_>, alarm: &Alarm, end: Time) -> Sight {
    let (period, all) = span(alarm);
    let first = end.plus_millis(-all);
    let repeat = alarm.repeat.max(1) as usize;
    let mut summaries: Vec<Option<Summary>> = vec![None; repeat];
    let mut heard: Vec<Heard> = vec![Heard::default(); repeat];
    let mut in_order: Vec<&Arc<Series>> = rows(draft, &alarm.metric, first, end).collect();
    // Ids are drawn: the sum must not depend on them.
    in_order.sort_by_key(|series| series.from);
    for series in in_order {
        for (instance, at, summary) in series.values() {
            if at < first || at >= end {
                continue;
            }
            let member = instance.and_then(|id| draft.instance(id));
            if member.is_some_and(|member| is_warming(member)) {
                continue;
            }
            let back = ((end.0 - 1 - at.0) / period) as usize;
            let so_far = &mut summaries[back];
            *so_far = Some(so_far.map_or(summary, |sum| sum.with(summary)));
            match instance {
                Some(id) => {
                    heard[back].members.insert(id);
                }
                None => heard[back].whole = true,
            }
        }
    }
    let level = |summary: Option<Summary>| match summary {
        Some(summary) => Level::of(summary.statistic(alarm.statistic)),
        None => Level::GAP,
    };
    Sight {
        levels: summaries.into_iter().map(level).collect(),
        reporting: reporting(draft, &heard, end, period),
    }
}

/// Of whom there is a value in a period.
#[derive(Clone, Debug, Default)]
struct Heard {
    whole: bool,
    members: BTreeSet<InstanceId>,
}

/// Of each period, which of the members that were in service all through it reported; the period with the smallest share.
/// A period that no member has been through has nobody who could report.
fn reporting(draft: &Draft<'_>, heard: &[Heard], end: Time, period: i64) -> Reporting {
    let mut worst: Option<(u32, u32)> = None;
    for (back, heard) in heard.iter().enumerate().filter(|(_, heard)| !heard.whole) {
        let from = end.plus_millis(-(back as i64 + 1) * period);
        let (mut reported, mut expected) = (0u32, 0u32);
        for instance in draft.instances() {
            let serving = lifecycle::role(instance.state) == Role::Serving;
            let through = instance.in_service_at.is_some_and(|at| at <= from);
            if serving && through && !is_warming(instance) {
                expected += 1;
                reported += u32::from(heard.members.contains(&instance.id));
            }
        }
        if expected == 0 {
            worst = Some((0, 0));
            break;
        }
        let less = |(than, of): (u32, u32)| {
            u64::from(reported) * u64::from(of) < u64::from(than) * u64::from(expected)
        };
        if worst.is_none_or(less) {
            worst = Some((reported, expected));
        }
    }
    match worst {
        None => Reporting::Whole,
        Some((reported, expected)) => Reporting::Members { reported, expected },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_counted_from_the_anchor() {
        for (now, end) in [(100, 100), (159, 100), (160, 160), (399, 340)] {
            let found = period_end(Time(100_000), 60, Time(now * 1000));
            assert_eq!(found, Time(end * 1000), "{now}");
        }
    }
}
