//! Policies and alarms. Rules S1-S5 (Tencent 3.0), 1.5 (Huawei), section 5 of the concept map.

use serde::{Deserialize, Serialize};

use crate::{Door, GroupId, PolicyId, PolicyMemory, PolicyOptions, ScheduleTimes, Time};

/// A scaling policy of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// Its group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// The door that made it: decides the cooldown rule.
    pub door: Door,
    /// Acts or rests.
    pub enabled: bool,
    /// Seconds, if it has its own.
    pub cooldown_secs: Option<u32>,
    /// What it does.
    pub kind: PolicyKind,
    /// When it was made.
    pub created_at: Time,
    /// Of two that were made in the same millisecond, the later one has the larger number: the version of the group then.
    #[serde(default)]
    pub ordinal: u64,
    /// A number that no other policy of the account has or had; `None` = it was made before there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// User groups that are told when it acts, if it was made through the API of 2017: numbers as text. Retired on the
    /// Tencent 3.0 door (L22757), kept and shown.
    #[serde(default)]
    pub notify_groups: Vec<String>,
    /// How far its alarms have been looked at.
    #[serde(default)]
    pub watch: Watch,
    /// What is set of it natively.
    #[serde(default)]
    pub options: PolicyOptions,
    /// What it remembers of its own past.
    #[serde(default, skip_serializing_if = "PolicyMemory::is_empty")]
    pub memory: PolicyMemory,
    /// Words about it (Huawei v2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Policy {
    /// Its id at the door whose ids of policies are short numbers (Kingsoft, K:1901): too few digits for its key, so this
    /// number alone is stored. That of its key is its id as well ([`Policy::is_called`]).
    #[must_use]
    pub fn numeral(&self) -> String {
        match self.number {
            Some(number) => number.to_string(),
            None => self.id.decimal(),
        }
    }

    /// Whether a text is its id, in any spelling.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        self.numeral() == text || PolicyId::parse_any(text) == Ok(self.id)
    }
}

/// How far the alarms of a policy have been looked at. Periods are counted from when the policy was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// End of the last period that was evaluated; `None` = look again, a late point has come.
    pub evaluated: Option<Time>,
    /// When it last asked for a change: it asks once a period.
    pub acted: Option<Time>,
    /// How its alarm stands; of a metric that is held at a value the one that asks for more.
    #[serde(default)]
    pub high: Stood,
    /// How the one that asks for less stands.
    #[serde(default)]
    pub low: Stood,
    /// It was executed by hand while an activity went the other way: it acts when that has ended (Huawei L502).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waiting: bool,
    /// A firing of the alarm rule that it names, not yet acted upon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rung: Option<Rung>,
}

/// An alarm rule has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// When.
    pub at: Time,
    /// It had to wait for an activity that went the other way: cooldown does not hold it back then (L502).
    pub waited: bool,
}

/// How an alarm stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is not known: data is missing.
    #[default]
    Unknown,
    /// The metric is where it should be.
    Ok,
    /// It is not.
    Breach,
}

/// How an alarm stands, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood {
    /// How it stands.
    pub standing: Standing,
    /// End of the period with which it came to stand so; `None` = it has not been looked at.
    pub since: Option<Time>,
    /// When it last asked for something.
    pub fired: Option<Time>,
}

/// What a caller can set of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySpec {
    /// Its name, unique in the account and site.
    pub name: String,
    /// Acts or rests.
    pub enabled: bool,
    /// Seconds, if it has its own.
    pub cooldown_secs: Option<u32>,
    /// What it does.
    pub kind: PolicyKind,
    /// User groups, numbers as text.
    pub notify_groups: Vec<String>,
}

/// What can be done with policies.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyCommand {
    /// Make one.
    Create {
        /// The door that asks.
        door: Door,
        /// What.
        spec: Box<PolicySpec>,
    },
    /// Change it, as a whole.
    Modify {
        /// Which.
        id: PolicyId,
        /// What it is to be.
        spec: Box<PolicySpec>,
    },
    /// Make one that has words about it (Huawei v2).
    CreateDescribed {
        /// The door that asks.
        door: Door,
        /// What.
        spec: Box<PolicySpec>,
        /// The words.
        description: Option<String>,
    },
    /// Change it and the words about it, as a whole (Huawei v2).
    ModifyDescribed {
        /// Which.
        id: PolicyId,
        /// What it is to be.
        spec: Box<PolicySpec>,
        /// The words.
        description: Option<String>,
    },
    /// Delete it.
    Delete {
        /// Which.
        id: PolicyId,
    },
    /// Do now what its alarm would (rule S5).
    Execute {
        /// Which.
        id: PolicyId,
        /// A cooldown holds it back.
        honor_cooldown: bool,
    },
    /// Set what no cloud's API knows, as a whole.
    SetOptions {
        /// Which.
        id: PolicyId,
        /// What is to hold; within its ranges.
        options: Box<PolicyOptions>,
    },
}

impl PolicyCommand {
    /// The name that it gives, and the policy that has it then, if that is there already.
    #[must_use]
    pub fn names(&self) -> Option<(&str, Option<PolicyId>)> {
        match self {
            PolicyCommand::Create { spec, .. } | PolicyCommand::CreateDescribed { spec, .. } => {
                Some((&spec.name, None))
            }
            PolicyCommand::Modify { id, spec }
            | PolicyCommand::ModifyDescribed { id, spec, .. } => Some((&spec.name, Some(*id))),
            PolicyCommand::Delete { .. }
            | PolicyCommand::Execute { .. }
            | PolicyCommand::SetOptions { .. } => None,
        }
    }
}

/// What a policy does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PolicyKind {
    /// An alarm leads to an adjustment.
    Simple {
        /// The alarm.
        alarm: Alarm,
        /// The adjustment.
        adjust: AdjustBy,
    },
    /// An alarm kept elsewhere (Huawei alarm_id) leads to an adjustment.
    External {
        /// Its id.
        alarm_id: String,
        /// The adjustment.
        adjust: AdjustBy,
    },
    /// A metric is held at a value.
    Target(TargetTracking),
    /// A time leads to an adjustment (Huawei SCHEDULED, RECURRENCE).
    Timed {
        /// When.
        times: ScheduleTimes,
        /// The adjustment.
        adjust: AdjustBy,
    },
    /// The default policy of Tencent 2017: unhealthy instances are replaced.
    Unhealthy,
}

/// How capacity is changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum AdjustBy {
    /// To this number.
    To(i64),
    /// By this number.
    By(i64),
    /// By this percentage of the present size.
    ByPercent(i64),
    /// To this percentage of the present size (Huawei only).
    ToPercent(i64),
}

/// A metric is held at a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetTracking {
    /// The metric.
    pub metric: Metric,
    /// The value, in the metric's unit.
    pub target: f64,
    /// Warm-up of new instances, seconds.
    pub warmup_secs: u32,
    /// Only ever grow.
    pub disable_scale_in: bool,
}

impl TargetTracking {
    /// Seconds of the periods in which it looks for more load, and how many in a row count.
    pub const HIGH: (u32, u32) = (60, 3);
    /// The same for less load: it is slower to give back.
    pub const LOW: (u32, u32) = (300, 3);
    /// Below this part of the target there are more machines than needed.
    pub const LOW_PART: f64 = 0.9;

    /// The alarm that asks for more.
    #[must_use]
    pub fn high(&self) -> Alarm {
        self.alarm(Self::HIGH, Comparison::Greater, self.target)
    }

    /// The alarm that asks for less, unless that is switched off.
    #[must_use]
    pub fn low(&self) -> Option<Alarm> {
        let alarm = self.alarm(Self::LOW, Comparison::Less, self.target * Self::LOW_PART);
        (!self.disable_scale_in).then_some(alarm)
    }

    fn alarm(
        &self,
        (period_secs, repeat): (u32, u32),
        comparison: Comparison,
        threshold: f64,
    ) -> Alarm {
        Alarm {
            metric: self.metric.clone(),
            comparison,
            threshold,
            period_secs,
            repeat,
            statistic: Statistic::Average,
            finer: AlarmDetail::default(),
        }
    }
}

/// A rule over a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// The metric.
    pub metric: Metric,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what, in the metric's unit.
    pub threshold: f64,
    /// Seconds in a period.
    pub period_secs: u32,
    /// Periods in a row.
    pub repeat: u32,
    /// How a period is summed up.
    pub statistic: Statistic,
    /// What only some of the clouds can say.
    #[serde(default, skip_serializing_if = "AlarmDetail::is_default")]
    pub finer: AlarmDetail,
}

/// What only some of the clouds can say of an alarm (Huawei's Cloud Eye: count, suppress_duration, alarm_level).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlarmDetail {
    /// How many of the periods have to be over the threshold (or under it); `None` = all.
    pub breaches: Option<u32>,
    /// When it asks.
    pub asks: Asks,
    /// How bad it is, 1 (critical) to 4 (informational); carried along, nothing is decided by it.
    pub level: Option<u8>,
}

impl AlarmDetail {
    /// It says nothing that every cloud does not say.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == AlarmDetail::default()
    }
}

/// When an alarm asks for what it leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// At the end of each period for which it stands in breach (Tencent, Kingsoft).
    #[default]
    EachPeriod,
    /// When it comes to stand in breach, and again while it does.
    OnChange {
        /// Seconds between two of its requests; `None` = it asks once (Huawei suppress_duration 0).
        again_secs: Option<u32>,
    },
}

/// A metric by its canonical name: `cpu_util`, `mem_util` in percent, `lan_in`, `lan_out`, `wan_in`, `wan_out` in
/// Mbit/s, `tcp_established`, or a custom name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metric(pub String);

/// How a value is compared with a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
}

impl Comparison {
    /// Whether `value` stands so to `threshold`, exactly: both are finite, and -0 is 0.
    #[must_use]
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Comparison::Greater => value > threshold,
            Comparison::GreaterOrEqual => value >= threshold,
            Comparison::Less => value < threshold,
            Comparison::LessOrEqual => value <= threshold,
            Comparison::Equal => value == threshold,
            Comparison::NotEqual => value != threshold,
        }
    }

    /// Its sign.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Equal => "=",
            Comparison::NotEqual => "!=",
        }
    }
}

/// How a period is summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum Statistic {
    #[default]
    Average,
    Maximum,
    Minimum,
    Sum,
    Variance,
}
