//! Executions of policies: what each asked for, and what became of that.

use serde::{Deserialize, Serialize};

use crate::{AdjustBy, ExecutionId, GroupId, PolicyId, Time};

/// One execution of a policy that adjusts its group (spec `ListScalingPolicyExecuteLogs`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// Its id.
    pub id: ExecutionId,
    /// The group of the policy.
    pub group: GroupId,
    /// The policy.
    pub policy: PolicyId,
    /// When.
    pub at: Time,
    /// The group's version then: tells apart what was of one moment.
    pub ordinal: u64,
    /// What led to it.
    pub by: ExecutedBy,
    /// What it asked for.
    pub adjust: AdjustBy,
    /// The desired number before.
    pub old: u32,
    /// The desired number that it asked for, within the bounds.
    pub wanted: u32,
    /// What became of it.
    pub outcome: ExecutionOutcome,
}

/// What led to an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutedBy {
    /// A call.
    Call,
    /// A time that came once.
    Time,
    /// A time that comes again and again.
    Recurrence,
    /// An alarm.
    Alarm,
}

/// What became of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionOutcome {
    /// It waits for the end of an activity that goes the other way.
    Waiting,
    /// The desired number was changed.
    Done,
    /// Nothing was changed, in words.
    Failed(String),
}
