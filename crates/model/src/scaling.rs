//! Policies, alarms and schedules. Rules S1-S8 (Tencent 3.0), 1.5 (Huawei), section 5 of the concept map.

use serde::{Deserialize, Serialize};

use crate::{Door, GroupId, PolicyId, ScheduleId, Time};

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

/// How a period is summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum Statistic {
    #[default]
    Average,
    Maximum,
    Minimum,
}

/// A scheduled action: sets sizes at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// Its group.
    pub group: GroupId,
    /// Its name, unique in the group.
    pub name: String,
    /// When.
    pub times: ScheduleTimes,
    /// Minimum to set.
    pub min: u32,
    /// Maximum to set.
    pub max: u32,
    /// Desired to set; `None` = clamp what is there.
    pub desired: Option<u32>,
    /// When it was made.
    pub created_at: Time,
    /// Of two that were made in the same millisecond, the later one has the larger number: the version of the group then.
    #[serde(default)]
    pub ordinal: u64,
    /// When it last fired.
    pub fired_at: Option<Time>,
    /// When it fires next; `None` = never again.
    pub next_at: Option<Time>,
}

/// What a caller can set of a scheduled action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// Its name, unique in the group.
    pub name: String,
    /// When.
    pub times: ScheduleTimes,
    /// Minimum to set.
    pub min: u32,
    /// Maximum to set.
    pub max: u32,
    /// Desired to set; `None` = clamp what is there.
    pub desired: Option<u32>,
}

/// What can be done with scheduled actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleCommand {
    /// Make one.
    Create(Box<ScheduleSpec>),
    /// Change it, as a whole.
    Modify {
        /// Which.
        id: ScheduleId,
        /// What it is to be.
        spec: Box<ScheduleSpec>,
        /// Its first time is given anew: it may not be past.
        restart: bool,
    },
    /// Delete it.
    Delete {
        /// Which.
        id: ScheduleId,
    },
}

/// When a schedule fires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleTimes {
    /// First time.
    pub start_at: Time,
    /// Nothing after this.
    pub end_at: Option<Time>,
    /// Five-field cron text; `None` = once.
    pub cron: Option<String>,
    /// Zone in which the cron text is read, an IANA name.
    pub zone: String,
}
