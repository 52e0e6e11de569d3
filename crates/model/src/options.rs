//! What an operator can set of a policy beyond what the clouds' APIs know: what a gap means, and how fast it may act.

use serde::{Deserialize, Serialize};

use crate::{Alarm, Metric, PolicyKind, TargetTracking, Time};

/// What an operator can set of a policy natively. No API of a cloud shows or changes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyOptions {
    /// The metric that it looks at instead of the one that its API named: any canonical or custom name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// The periods of its alarm instead of its own; where a metric is held at a value, of the one that asks for more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<Periods>,
    /// Where a metric is held at a value, the periods of the alarm that asks for less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<Periods>,
    /// What a period without data means.
    pub missing_data: MissingData,
    /// Share of the members in service that have to report in every period for a scale-in, 0 to 1. Values of the group as
    /// a whole count as all of them.
    pub min_reporting: f64,
    /// How fast it grows the group.
    pub scale_out: Rate,
    /// How fast it shrinks the group.
    pub scale_in: Rate,
    /// How often it may turn round.
    pub flap: Option<FlapBudget>,
    /// It decides and explains, and does not act.
    pub shadow: bool,
}

impl Default for PolicyOptions {
    fn default() -> Self {
        PolicyOptions {
            metric: None,
            high: None,
            low: None,
            missing_data: MissingData::Hold,
            min_reporting: 0.5,
            scale_out: Rate::default(),
            scale_in: Rate::default(),
            flap: None,
            shadow: false,
        }
    }
}

/// What a period without data means. Whatever it says, nothing is scaled in on a gap (promise P6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingData {
    /// Nothing is concluded, unless the other periods settle it whatever the missing ones would have said.
    #[default]
    Hold,
    /// It is left out, and the others decide; when all are missing nothing is concluded.
    Ignore,
    /// It counts as over the threshold (or under it).
    Breach,
    /// As `Ignore`, and a scale-in needs a value of every member in service in every period, whatever `min_reporting` is.
    OutOnly,
}

/// How fast a policy changes the size in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rate {
    /// It asks for no more than it has asked for all through this time, seconds; 0 = it acts at once.
    pub stabilization_secs: u32,
    /// Instances in one change at the most.
    pub max_step: Option<u32>,
    /// The same in percent of the present size, rounded down, but at least one. With both, the smaller one holds.
    pub max_step_percent: Option<u32>,
}

/// How often a policy may change the size against the direction of its last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlapBudget {
    /// So often.
    pub reversals: u32,
    /// Within this time, seconds.
    pub within_secs: u32,
}

/// The periods that an alarm looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Periods {
    /// Length of each, seconds.
    pub period_secs: u32,
    /// How many in a row have to be over the threshold (or under it).
    pub repeat: u32,
}

/// A number that is out of its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutOfRange {
    /// Its name in the options, with dots.
    pub name: &'static str,
    /// What it is.
    pub value: f64,
    /// What it may be at the least.
    pub min: f64,
    /// And at the most.
    pub max: f64,
}

impl std::fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let OutOfRange {
            name,
            value,
            min,
            max,
        } = self;
        write!(f, "{name} {value} is not {min} to {max}")
    }
}

impl PolicyOptions {
    fn tuned(&self, alarm: Alarm, periods: Option<Periods>) -> Alarm {
        let own = Periods {
            period_secs: alarm.period_secs,
            repeat: alarm.repeat,
        };
        let Periods {
            period_secs,
            repeat,
        } = periods.unwrap_or(own);
        Alarm {
            metric: self.metric.clone().unwrap_or(alarm.metric),
            period_secs,
            repeat,
            ..alarm
        }
    }

    /// An alarm as these options have it look.
    #[must_use]
    pub fn alarm(&self, alarm: &Alarm) -> Alarm {
        self.tuned(alarm.clone(), self.high)
    }

    /// The alarm that asks for more, where a metric is held at a value.
    #[must_use]
    pub fn high(&self, target: &TargetTracking) -> Alarm {
        self.tuned(target.high(), self.high)
    }

    /// The alarm that asks for less, unless that is switched off.
    #[must_use]
    pub fn low(&self, target: &TargetTracking) -> Option<Alarm> {
        target.low().map(|low| self.tuned(low, self.low))
    }

    /// The alarms of a policy of this kind: empty for one that has none of its own.
    #[must_use]
    pub fn alarms(&self, kind: &PolicyKind) -> Vec<Alarm> {
        match kind {
            PolicyKind::Simple { alarm, .. } => vec![self.alarm(alarm)],
            PolicyKind::Target(target) => {
                let mut both = vec![self.high(target)];
                both.extend(self.low(target));
                both
            }
            PolicyKind::External { .. } | PolicyKind::Timed { .. } | PolicyKind::Unhealthy => {
                Vec::new()
            }
        }
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// The first number that is out of its range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        let number = |value: u32| Some(f64::from(value));
        let (out, back) = (&self.scale_out, &self.scale_in);
        let steps = |rate: &Rate| {
            (
                rate.max_step.map(f64::from),
                rate.max_step_percent.map(f64::from),
            )
        };
        let ((out_step, out_percent), (in_step, in_percent)) = (steps(out), steps(back));
        let flap = self.flap.as_ref();
        let length = |of: Option<Periods>| of.map(|of| f64::from(of.period_secs));
        let repeat = |of: Option<Periods>| of.map(|of| f64::from(of.repeat));
        let reversals = flap.map(|flap| f64::from(flap.reversals));
        let within = flap.map(|flap| f64::from(flap.within_secs));
        let ranges = [
            ("min_reporting", Some(self.min_reporting), 0.0, 1.0),
            ("high.period_secs", length(self.high), 1.0, 3600.0),
            ("high.repeat", repeat(self.high), 1.0, 100.0),
            ("low.period_secs", length(self.low), 1.0, 3600.0),
            ("low.repeat", repeat(self.low), 1.0, 100.0),
            (
                "scale_out.stabilization_secs",
                number(out.stabilization_secs),
                0.0,
                3600.0,
            ),
            ("scale_out.max_step", out_step, 1.0, 2000.0),
            ("scale_out.max_step_percent", out_percent, 1.0, 10_000.0),
            (
                "scale_in.stabilization_secs",
                number(back.stabilization_secs),
                0.0,
                3600.0,
            ),
            ("scale_in.max_step", in_step, 1.0, 2000.0),
            ("scale_in.max_step_percent", in_percent, 1.0, 100.0),
            ("flap.reversals", reversals, 0.0, 100.0),
            ("flap.within_secs", within, 60.0, 86_400.0),
        ];
        for (name, value, min, max) in ranges {
            if let Some(value) = value.filter(|value| !(min..=max).contains(value)) {
                return Err(OutOfRange {
                    name,
                    value,
                    min,
                    max,
                });
            }
        }
        Ok(())
    }
}

/// What a policy remembers of its own past, as far as its options need that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyMemory {
    /// The sizes that it found right, oldest first; bounded in number and age.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wishes: Vec<PastWish>,
    /// Whether its last change was to more; `None` = it has not changed anything.
    pub grew: Option<bool>,
    /// When it turned round, oldest first; bounded by the budget.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reversals: Vec<Time>,
}

impl PolicyMemory {
    /// It remembers nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == PolicyMemory::default()
    }
}

/// The sizes that a policy found right in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastWish {
    /// When it last did.
    pub at: Time,
    /// The least of them.
    pub least: u32,
    /// The largest.
    pub most: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let read = |text: &str| serde_json::from_str::<PolicyOptions>(text);
        assert_eq!(read("{}").unwrap(), PolicyOptions::default());
        assert!(PolicyOptions::default().check().is_ok());
        for (text, told) in [
            (
                r#"{"min_reporting": 1.5}"#,
                "min_reporting 1.5 is not 0 to 1",
            ),
            (
                r#"{"scale_in": {"max_step_percent": 101}}"#,
                "scale_in.max_step_percent 101 is not 1 to 100",
            ),
            (
                r#"{"scale_out": {"stabilization_secs": 3601}}"#,
                "scale_out.stabilization_secs 3601 is not 0 to 3600",
            ),
            (
                r#"{"flap": {"reversals": 1, "within_secs": 59}}"#,
                "flap.within_secs 59 is not 60 to 86400",
            ),
        ] {
            let refused = read(text).unwrap().check().unwrap_err();
            assert_eq!(refused.to_string(), told);
        }
        for text in [
            r#"{"shadows": true}"#,
            r#"{"missing_data": "zero"}"#,
            r#"{"scale_in": {"step": 1}}"#,
            r#"{"flap": {"reversals": 1}}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
