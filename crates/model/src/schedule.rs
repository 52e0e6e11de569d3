//! Scheduled actions. Rules S6-S8 (Tencent 3.0), scheduled tasks (Huawei).

use serde::{Deserialize, Serialize};

use crate::{ActivityId, GroupId, ScheduleId, Time};

/// A scheduled action: sets sizes at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// Its group.
    pub group: GroupId,
    /// Its name, unique in the group.
    pub name: String,
    /// Acts, or lets its times pass (Huawei pause).
    #[serde(default = "yes")]
    pub enabled: bool,
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
    /// What it leaves as it is.
    #[serde(default, skip_serializing_if = "KeptBounds::is_none")]
    pub keeps: KeptBounds,
    /// It was made as a scheduled task of Huawei's, which has policies besides.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_task: bool,
    /// The activity of its group that it waits for (2017).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<ActivityId>,
    /// When it was changed last; `None` = never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Time>,
}

/// A scheduled task that stays when its group is deleted, as tasks of the API of 2017 do (T:1973): it never fires again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftTaskSpec {
    /// What it was, under the ids that it and its group had.
    pub task: Schedule,
}

/// Which bounds a scheduled action leaves as they are: those that its `instance_number` does not say (Huawei). What stands in
/// `min` and `max` then is what the group had when the action was written, and is only shown where an API has to show one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBounds {
    /// The minimum.
    pub min: bool,
    /// The maximum.
    pub max: bool,
}

impl KeptBounds {
    /// Both bounds are set.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == KeptBounds::default()
    }
}

/// What was stored before there was a switch acts.
fn yes() -> bool {
    true
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
    /// Make one through the API of 2017, which allows fewer.
    Create2017(Box<ScheduleSpec>),
    /// Change it, as a whole.
    Modify {
        /// Which.
        id: ScheduleId,
        /// What it is to be.
        spec: Box<ScheduleSpec>,
        /// Its first time is given anew: it may not be past.
        restart: bool,
    },
    /// Let it act, or let its times pass.
    Switch {
        /// Which.
        id: ScheduleId,
        /// Acts.
        enabled: bool,
    },
    /// Make one that may leave bounds as they are (Huawei).
    CreateTask {
        /// What it is to be.
        spec: Box<ScheduleSpec>,
        /// What it leaves as it is.
        keeps: KeptBounds,
    },
    /// Change one so, as a whole.
    ModifyTask {
        /// Which.
        id: ScheduleId,
        /// What it is to be.
        spec: Box<ScheduleSpec>,
        /// What it leaves as it is.
        keeps: KeptBounds,
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
    /// The repetition that `cron` was made from (Kingsoft).
    #[serde(default)]
    pub repeat: Option<Repeat>,
}

/// A repetition by a unit (Kingsoft RepeatUnit, RepeatCycle).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Repeat {
    /// Every so many days from the first time on. A cron text cannot say that; what it says is a stand-in.
    Days(u32),
    /// On these days of the week, 1 = Monday.
    Week(Vec<u32>),
    /// From this to that day of the month.
    Month(u32, u32),
}
