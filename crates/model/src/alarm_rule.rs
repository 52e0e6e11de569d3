//! Alarm rules of an account: metrics, thresholds, how they stand, and who is told (Huawei Cloud Eye, spec `facets.ces`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::kind;
use crate::{
    Alarm, AlarmRuleId, GroupId, Id, IdError, InstanceId, Key, Metric, Standing, Stood, Time,
};

/// A name and a value that say which thing a metric is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dimension {
    /// Its name, `AutoScalingGroup` for one.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A metric as monitoring knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MetricName {
    /// `SYS.AS`, `MINE.APP`, ...
    pub namespace: String,
    /// Its name there.
    pub name: String,
    /// Of what; by name.
    pub dimensions: Vec<Dimension>,
}

/// Where the values of a metric are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MetricSource {
    /// With a group: what its members do, and what was pushed of it.
    Group {
        /// Which.
        group: GroupId,
        /// The metric by its canonical name.
        metric: Metric,
        /// The canonical value times this is the value in monitoring's unit; more than 0.
        factor: f64,
    },
    /// With the account, as it was pushed.
    Account(MetricName),
}

/// A value that was pushed.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Of which metric.
    pub source: MetricSource,
    /// Of this member of the group, and not of the group as a whole.
    pub member: Option<InstanceId>,
    /// When it was so.
    pub at: Time,
    /// The value in monitoring's unit; finite.
    pub value: f64,
    /// The unit as given; empty = none.
    pub unit: String,
}

/// One condition of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmPolicy {
    /// Name of the metric.
    pub metric: String,
    /// Its namespace, where it is not that of the rule.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Its dimensions by name, where given.
    #[serde(default)]
    pub dimension_name: Option<String>,
    /// Seconds in a period; 0 = at once (events), 1 = each value by itself.
    pub period_secs: u32,
    /// How a period is summed up: `average`, `max`, `min`, `sum`, `variance`.
    pub filter: String,
    /// `>`, `>=`, `<`, `<=`, `=`, `!=`; or the word of a [`Cycle`].
    pub operator: String,
    /// The threshold.
    #[serde(default)]
    pub value: Option<f64>,
    /// Thresholds by level, critical first; they count instead of `value`.
    #[serde(default)]
    pub levels: [Option<f64>; 4],
    /// Unit of the threshold, as given.
    #[serde(default)]
    pub unit: String,
    /// Periods in a row.
    pub count: u32,
    /// Seconds until it asks again while it stands in alarm; 0 = it asks once, `None` = as 0, and not given.
    #[serde(default)]
    pub suppress_secs: Option<u32>,
    /// How bad it is, 1 (critical) to 4 (informational).
    pub level: u8,
    /// It is looked at.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What else was said of it and means nothing here, as it was given.
    #[serde(default)]
    pub kept: BTreeMap<String, serde_json::Value>,
}

fn yes() -> bool {
    true
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmAction {
    /// `notification`, `autoscaling`, `contact`, ...
    pub kind: String,
    /// Topics and the like.
    #[serde(default)]
    pub targets: Vec<String>,
}

impl AlarmAction {
    /// What the policies of a group are to a rule that they name.
    pub const AUTO_SCALING: &'static str = "autoscaling";
    /// Topics are told.
    pub const NOTIFICATION: &'static str = "notification";
}

/// A comparison with the period before: by how many per cent of its value the next one differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cycle {
    /// Less than before.
    Decrease,
    /// More than before.
    Increase,
    /// Either.
    Wave,
}

impl Cycle {
    /// All of them.
    pub const ALL: [Cycle; 3] = [Cycle::Decrease, Cycle::Increase, Cycle::Wave];

    /// The word of Cloud Eye.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Cycle::Decrease => "cycle_decrease",
            Cycle::Increase => "cycle_increase",
            Cycle::Wave => "cycle_wave",
        }
    }

    /// Per cent of `before` that `value` is away from it, in this direction; finite. From 0 on every step is as large as can
    /// be.
    #[must_use]
    pub fn percent(self, value: f64, before: f64) -> f64 {
        let rise = match value == before {
            true => 0.0,
            false => (value - before) / before.abs() * 100.0,
        };
        let away = match self {
            Cycle::Decrease => -rise,
            Cycle::Increase => rise,
            Cycle::Wave => rise.abs(),
        };
        away.clamp(f64::MIN, f64::MAX)
    }
}

/// One metric of one thing against one threshold: what of a rule is looked at by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmCheck {
    /// Which of the rule's resources.
    pub resource: usize,
    /// Which of its policies.
    pub policy: usize,
    /// Where the values are.
    pub source: MetricSource,
    /// What makes an alarm. A period of 1 s means each value by itself.
    pub alarm: Alarm,
    /// What is compared with the threshold is not the value but how far it is away from the one before.
    #[serde(default)]
    pub cycle: Option<Cycle>,
}

impl AlarmCheck {
    /// The period that means each value by itself.
    pub const EACH_VALUE_SECS: u32 = 1;
    /// A value that stands for itself counts for this long, seconds; then there is a gap.
    pub const VALUE_COUNTS_SECS: u32 = 300;

    /// Periods that it looks at: one more where each is compared with the one before.
    #[must_use]
    pub fn periods(&self) -> u32 {
        self.alarm.repeat.max(1) + u32::from(self.cycle.is_some())
    }

    /// What is compared with the threshold, in words.
    #[must_use]
    pub fn sign(&self) -> String {
        match self.cycle {
            None => self.alarm.comparison.sign().to_owned(),
            Some(cycle) => format!("{} % {}", cycle.word(), self.alarm.comparison.sign()),
        }
    }

    /// How far back it looks, seconds.
    #[must_use]
    pub fn looks_back_secs(&self) -> u64 {
        let period = match self.alarm.period_secs {
            Self::EACH_VALUE_SECS => Self::VALUE_COUNTS_SECS,
            secs => secs,
        };
        u64::from(period) * u64::from(self.periods())
    }
}

/// How a check stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckState {
    /// How it stands, since when, and when it last asked.
    pub stood: Stood,
    /// It stood in breach when it was last known how it stands: a gap neither ends an alarm nor begins one.
    #[serde(default)]
    pub in_breach: bool,
}

/// A change of how a rule stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmTurn {
    /// Its number: the first is 1.
    pub number: u64,
    /// When.
    pub at: Time,
    /// How it stands from then on.
    pub standing: Standing,
    /// The check that did it.
    pub check: usize,
    /// The values of its periods then, the newest first; `None` is a gap.
    pub values: Vec<Option<f64>>,
}

/// How a rule stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmState {
    /// Of each check.
    pub checks: Vec<CheckState>,
    /// Of the rule: in breach when any check is, unknown when nothing is known of any.
    pub standing: Standing,
    /// Since when.
    pub since: Option<Time>,
    /// When it last asked for what it leads to. Policies that name the rule take up what is later than what they know.
    pub fired: Option<Time>,
    /// Its last changes, the oldest first; at most [`AlarmState::TURNS`].
    #[serde(default)]
    pub turns: Vec<AlarmTurn>,
}

impl AlarmState {
    /// Changes that are kept.
    pub const TURNS: usize = 50;
}

/// What an alarm rule says, and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmRuleSpec {
    /// Its name.
    pub name: String,
    /// In words.
    #[serde(default)]
    pub description: String,
    /// Namespace of its metrics.
    pub namespace: String,
    /// `MULTI_INSTANCE`, `ALL_INSTANCE`, `RESOURCE_GROUP`, `EVENT.SYS`, ...; as given.
    pub kind: Option<String>,
    /// A group of resources, kept as text.
    #[serde(default)]
    pub resource_group: Option<String>,
    /// The things it is about, each by its dimensions.
    pub resources: Vec<Vec<Dimension>>,
    /// Its conditions: each is looked at by itself, for each thing.
    pub policies: Vec<AlarmPolicy>,
    /// It is looked at.
    pub enabled: bool,
    /// Topics are told.
    pub notify: bool,
    /// Who is told of an alarm.
    #[serde(default)]
    pub alarm_actions: Vec<AlarmAction>,
    /// Who is told that all is well again.
    #[serde(default)]
    pub ok_actions: Vec<AlarmAction>,
    /// Who is told that data is missing (V1.0 only).
    #[serde(default)]
    pub insufficient_actions: Vec<AlarmAction>,
    /// Topics are told from this time of the day on, `hh:mm`.
    #[serde(default)]
    pub begin_time: Option<String>,
    /// Until this one.
    #[serde(default)]
    pub end_time: Option<String>,
    /// In this zone, `GMT+08:00`.
    #[serde(default)]
    pub timezone: Option<String>,
    /// Kept as text.
    pub enterprise_project: String,
    /// Kept as text.
    #[serde(default)]
    pub template: Option<String>,
    /// Kept as text.
    #[serde(default)]
    pub product_name: Option<String>,
    /// Kept as text.
    #[serde(default)]
    pub resource_level: Option<String>,
    /// Key and value.
    #[serde(default)]
    pub tags: Vec<(String, String)>,
    /// What is looked at: follows from resources and policies.
    pub checks: Vec<AlarmCheck>,
    /// How it stands.
    #[serde(default)]
    pub state: AlarmState,
}

impl AlarmRuleSpec {
    /// The checks of a metric of a group.
    pub fn checks_of(&self, group: GroupId) -> impl Iterator<Item = (&Metric, &AlarmCheck)> {
        self.checks
            .iter()
            .filter_map(move |check| match &check.source {
                MetricSource::Group {
                    group: of, metric, ..
                } => (*of == group).then_some((metric, check)),
                MetricSource::Account(_) => None,
            })
    }
}

/// Letters and digits that fill an id up.
const FILL: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Id<kind::AlarmRule> {
    /// `al` and 22 letters or digits: the key as 13 digits, and nine characters that follow from it.
    #[must_use]
    pub fn alarm_id(self) -> String {
        let bits = self.key().bits();
        let mut rest =
            crate::id::mix(bits ^ (u64::from(<kind::AlarmRule as crate::id::Kind>::TAG) << 56));
        let mut text = format!("al{bits:013}");
        for _ in 0..9 {
            text.push(char::from(FILL[(rest % 62) as usize]));
            rest /= 62;
        }
        text
    }

    /// Reads [`Id::alarm_id`].
    ///
    /// # Errors
    /// Any text that it does not print for some key.
    pub fn parse_alarm_id(text: &str) -> Result<AlarmRuleId, IdError> {
        let digits = text.strip_prefix("al").and_then(|body| body.get(..13));
        let bits = digits.and_then(|digits| digits.parse().ok());
        let id = AlarmRuleId::new(Key::from_bits(bits.ok_or(IdError::Malformed)?));
        match id.alarm_id() == text {
            true => Ok(id),
            false => Err(IdError::Malformed),
        }
    }
}

/// Values of a metric of the account in a stretch of time: one row, so that a value that comes in writes little anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadingsSpec {
    /// The metric.
    pub metric: MetricName,
    /// Its unit, as last given.
    #[serde(default)]
    pub unit: String,
    /// Where the stretch begins: a multiple of [`ReadingsSpec::STRETCH_MS`].
    pub from: Time,
    /// Windows that have values, oldest first.
    pub windows: Vec<crate::Window>,
}

impl ReadingsSpec {
    /// Length of a stretch, milliseconds.
    pub const STRETCH_MS: i64 = 600_000;

    /// Begin of the stretch that a moment is in.
    #[must_use]
    pub fn stretch_of(at: Time) -> Time {
        Time(at.0.div_euclid(Self::STRETCH_MS) * Self::STRETCH_MS)
    }

    /// Takes in a value of this stretch; whether that changed anything.
    pub fn take(&mut self, at: Time, value: f64) -> bool {
        let offset = (at.0 - self.from.0).clamp(0, Self::STRETCH_MS - 1);
        crate::series::take(&mut self.windows, offset, value)
    }

    /// What is known, oldest first.
    pub fn values(&self) -> impl Iterator<Item = (Time, crate::Summary)> {
        crate::series::values(self.from, &self.windows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_in_per_cent_of_what_was_before() {
        for (value, before, rise) in [
            (150.0, 100.0, 50.0),
            (50.0, 100.0, -50.0),
            (100.0, 100.0, 0.0),
            (0.0, 0.0, 0.0),
            (-50.0, -100.0, 50.0),
            (100.0, -100.0, 200.0),
            (1.0, 0.0, f64::MAX),
            (-1.0, 0.0, f64::MIN),
            (0.0, 10.0, -100.0),
        ] {
            assert_eq!(Cycle::Increase.percent(value, before), rise);
            assert_eq!(Cycle::Decrease.percent(value, before), -rise);
            assert_eq!(Cycle::Wave.percent(value, before), rise.abs());
        }
    }
    use crate::Ids;

    #[test]
    fn an_alarm_id_is_al_and_22_characters_and_reads_back() {
        let mut ids = Ids::new(3);
        for _ in 0..500 {
            let id: AlarmRuleId = ids.next_id();
            let text = id.alarm_id();
            assert!(text.len() == 24 && text.bytes().all(|b| b.is_ascii_alphanumeric()));
            assert_eq!(AlarmRuleId::parse_alarm_id(&text), Ok(id));
        }
        for bad in [
            "",
            "al",
            "al1450321795427dR8p5mQBo",
            "al0000000000001000000000",
        ] {
            assert_eq!(AlarmRuleId::parse_alarm_id(bad), Err(IdError::Malformed));
        }
    }
}
