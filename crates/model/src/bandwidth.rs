//! Policies that size a bandwidth (Huawei v2 policies with `scaling_resource_type` BANDWIDTH). The bandwidth itself is nobody's
//! here: its id is text, and its size is what these policies have made of it.

use serde::{Deserialize, Serialize};

use crate::{ExecutedBy, ExecutionId, ScheduleTimes, Time};

/// A bandwidth, as far as it is known: how wide its policies have made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandwidthSpec {
    /// Its id, as callers write it.
    pub bandwidth: String,
    /// Mbit/s.
    pub size: u32,
}

impl BandwidthSpec {
    /// What a bandwidth has that no policy has sized yet, Mbit/s: the least there is.
    pub const LEAST: u32 = 1;
    /// The widest there is, Mbit/s.
    pub const MOST: u32 = 2000;
}

/// A policy that sizes a bandwidth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BandwidthPolicySpec {
    /// Its name; need not be unique.
    pub name: String,
    /// Words about it.
    pub description: Option<String>,
    /// The id of the bandwidth.
    pub bandwidth: String,
    /// Acts or rests.
    pub enabled: bool,
    /// Seconds after a change for which an alarm changes nothing.
    pub cooldown_secs: u32,
    /// What it waits for.
    pub trigger: BandwidthTrigger,
    /// What it does.
    pub change: Resize,
    /// What it does by the value of its alarm; empty = always `change`.
    pub steps: Vec<BandwidthStep>,
    /// Up to when its times have been looked at.
    pub looked_at: Time,
    /// When it last changed the size.
    pub changed_at: Option<Time>,
    /// What it was executed for, the oldest first: a bounded number.
    pub executions: Vec<BandwidthExecution>,
}

/// What a policy of a bandwidth waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BandwidthTrigger {
    /// An alarm rule.
    Alarm {
        /// Its id.
        alarm_id: String,
        /// Called INTERVAL_ALARM: what is done depends on the value.
        interval: bool,
    },
    /// A time.
    Timed(ScheduleTimes),
}

/// A change of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resize {
    /// Which way.
    pub way: ResizeWay,
    /// By how much, or to what, Mbit/s.
    pub size: u32,
    /// No wider (of what grows) or no narrower (of what shrinks) than this, Mbit/s.
    pub limit: Option<u32>,
}

/// Which way a size is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum ResizeWay {
    Add,
    Reduce,
    Set,
}

/// What is done for values in a range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BandwidthStep {
    /// From this value on; `None` = from any.
    pub lower: Option<f64>,
    /// Below this value; `None` = to any.
    pub upper: Option<f64>,
    /// What is done.
    pub change: Resize,
}

/// One execution of a policy of a bandwidth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandwidthExecution {
    /// Its id.
    pub id: ExecutionId,
    /// When.
    pub at: Time,
    /// What led to it.
    pub by: ExecutedBy,
    /// The bandwidth.
    pub bandwidth: String,
    /// What was asked for.
    pub change: Resize,
    /// The size before, Mbit/s.
    pub old: u32,
    /// The size that was asked for, within the limit, Mbit/s.
    pub wanted: u32,
    /// Why nothing was changed; `None` = it was.
    pub failed: Option<String>,
}
