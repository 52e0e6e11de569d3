//! The sums of a replay, and what is asked of them.

use muster_model::Time;
use serde::Deserialize;

use super::field::Decision;
use super::meter::Counted;
use super::service::Service;
use super::trace::{Odd, Trace};

/// A change of direction within this long is a flap, milliseconds.
const FLAP_MILLIS: i64 = 1_800_000;
const MINUTE: f64 = 60_000.0;
const HOUR: f64 = 3_600_000.0;

/// The sums of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Hours replayed.
    pub hours: f64,
    /// Hours of machines, each from its launch until it was gone.
    pub machine_hours: f64,
    /// Times that more were desired.
    pub out: usize,
    /// Times that fewer were.
    pub within: usize,
    /// Changes against the direction of one at most half an hour earlier.
    pub flaps: usize,
    /// Minutes in which the load was above what the machines in service carry.
    pub short_minutes: f64,
    /// Minutes in which it was under a stated part of that, with more than the minimum in service.
    pub over_minutes: f64,
    /// Minutes in which the load is not known: neither short nor over.
    pub unknown_minutes: f64,
    /// The largest part of the load that nobody carried, percent, and when that began.
    pub worst: Option<(f64, Time)>,
    /// The part of all load that nobody carried, percent.
    pub lost: f64,
    /// The most machines there were at once.
    pub most_machines: usize,
    /// What the machine-hours cost.
    pub cost: f64,
    /// What was odd about the recording.
    pub odd: Odd,
}

impl Summary {
    pub(super) fn new(
        counted: &Counted,
        decisions: &[Decision],
        service: &Service,
        trace: &Trace,
    ) -> Summary {
        let machine_hours = counted.machine_millis as f64 / HOUR;
        let share = |part: f64, of: f64| if of > 0.0 { part / of * 100.0 } else { 0.0 };
        Summary {
            hours: counted.millis as f64 / HOUR,
            machine_hours,
            out: decisions.iter().filter(|d| d.to > d.from).count(),
            within: decisions.iter().filter(|d| d.to < d.from).count(),
            flaps: flaps(decisions),
            short_minutes: counted.short_millis as f64 / MINUTE,
            over_minutes: counted.over_millis as f64 / MINUTE,
            unknown_minutes: counted.unknown_millis as f64 / MINUTE,
            worst: counted.worst.map(|(part, at)| (part * 100.0, at)),
            lost: share(counted.lost, counted.load),
            most_machines: counted.most_machines,
            cost: machine_hours * service.price_per_hour,
            odd: trace.odd,
        }
    }

    /// Changes of what is desired.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.out + self.within
    }
}

fn flaps(decisions: &[Decision]) -> usize {
    let turned = |pair: &&[Decision]| {
        let (before, after) = (&pair[0], &pair[1]);
        let soon = after.at.0 - before.at.0 <= FLAP_MILLIS;
        soon && (before.to > before.from) != (after.to > after.from)
    };
    decisions.windows(2).filter(turned).count()
}

/// What is asked of a replay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase", default)]
pub struct Limits {
    /// At most so many minutes short.
    pub max_minutes_short: Option<f64>,
    /// At most so many machine-hours.
    pub max_machine_hours: Option<f64>,
    /// At most so many changes.
    pub max_changes: Option<f64>,
    /// At most this cost.
    pub max_cost: Option<f64>,
}

/// An objective that was missed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Missed {
    /// Which.
    pub objective: &'static str,
    /// What was asked.
    pub limit: f64,
    /// What it was.
    pub value: f64,
}

impl Limits {
    fn all(&self) -> [(&'static str, Option<f64>); 4] {
        [
            ("MaxMinutesShort", self.max_minutes_short),
            ("MaxMachineHours", self.max_machine_hours),
            ("MaxChanges", self.max_changes),
            ("MaxCost", self.max_cost),
        ]
    }

    /// Refuses what nothing could miss, or everything would.
    ///
    /// # Errors
    /// The objective that is no number of 0 or more, and what it is.
    pub fn check(&self) -> Result<(), String> {
        let wrong = |limit: &f64| !(limit.is_finite() && *limit >= 0.0);
        let mut all = self.all().into_iter();
        match all.find_map(|(name, limit)| Some((name, limit.filter(wrong)?))) {
            None => Ok(()),
            Some((name, limit)) => Err(format!("{name} `{limit}`: a number of 0 or more is right")),
        }
    }

    /// These, and those of `other` where these say nothing.
    #[must_use]
    pub fn or(self, other: Limits) -> Limits {
        Limits {
            max_minutes_short: self.max_minutes_short.or(other.max_minutes_short),
            max_machine_hours: self.max_machine_hours.or(other.max_machine_hours),
            max_changes: self.max_changes.or(other.max_changes),
            max_cost: self.max_cost.or(other.max_cost),
        }
    }

    /// The objectives that a replay missed.
    #[must_use]
    pub fn missed(&self, summary: &Summary) -> Vec<Missed> {
        let values = [
            summary.short_minutes,
            summary.machine_hours,
            summary.changes() as f64,
            summary.cost,
        ];
        let table = self.all().into_iter().zip(values);
        let missed = |((objective, limit), value): ((&'static str, Option<f64>), f64)| {
            let limit = limit.filter(|limit| value > *limit)?;
            Some(Missed {
                objective,
                limit,
                value,
            })
        };
        table.filter_map(missed).collect()
    }
}
