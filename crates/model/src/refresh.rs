//! Instance refreshes: members are reinstalled or replaced, batch by batch. Rules R1-R9 (Tencent 3.0).

use serde::{Deserialize, Serialize};

use crate::{ActivityId, ConfigVersion, GroupId, InstanceId, RefreshId, Time};

/// An instance refresh, or the roll-back of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refresh {
    /// Its id.
    pub id: RefreshId,
    /// Its group.
    pub group: GroupId,
    /// The refresh that this one undoes.
    pub origin: Option<RefreshId>,
    /// How members are refreshed.
    pub mode: RefreshMode,
    /// What was asked for.
    pub settings: RefreshSettings,
    /// Where it stands.
    pub status: RefreshStatus,
    /// Which part of it is being done.
    pub stage: RefreshStage,
    /// The batches, in order.
    pub batches: Vec<RefreshBatch>,
    /// The batch in progress, or the last one begun, from 1; 0 before the first.
    pub current: u32,
    /// What is rolled out: taken down at the start and again at each resumption, apart from what the group has by then.
    pub config: ConfigVersion,
    /// The activity that works for it now.
    pub activity: Option<ActivityId>,
    /// Members that were made on top, to go at the end.
    pub surge: Vec<InstanceId>,
    /// Whether the group was enabled before, and is to be again (rule R2).
    pub was_enabled: bool,
    /// When it was asked for.
    pub created_at: Time,
    /// Of two that were made in the same millisecond, the later one has the larger number: the version of the group then.
    pub ordinal: u64,
    /// When it began.
    pub started_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
}

/// How members are refreshed (spec RefreshMode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefreshMode {
    /// Reinstalled in place.
    #[default]
    Reset,
    /// Replaced by new ones.
    Replace,
}

/// What is asked of a refresh (spec RefreshSettings, RollingUpdateSettings).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshSettings {
    /// In how many batches; 1 or more.
    pub batches: u32,
    /// Where to pause by itself.
    pub pause: BatchPause,
    /// Members to make on top first.
    pub max_surge: u32,
    /// What follows a failure.
    pub on_failure: OnFailure,
    /// Whether the balancer's verdict counts.
    pub check_target_health: bool,
    /// How long it is waited for, seconds (SDK only).
    pub target_health_timeout_secs: u32,
}

/// Where a refresh pauses by itself (spec BatchPause).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BatchPause {
    /// Nowhere.
    #[default]
    Never,
    /// After the first batch.
    AfterFirst,
    /// After each batch but the last.
    AfterEach,
}

/// What follows a failure (spec FailProcess).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnFailure {
    /// It pauses.
    #[default]
    Pause,
    /// It is rolled back.
    RollBack,
    /// It is cancelled.
    Cancel,
}

/// Where a refresh stands (spec Status of RefreshActivity, L31347).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum RefreshStatus {
    Init,
    Running,
    Successful,
    FailedPause,
    AutoPause,
    ManualPause,
    Cancelled,
    Failed,
}

impl RefreshStatus {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_ended(self) -> bool {
        match self {
            Self::Init
            | Self::Running
            | Self::FailedPause
            | Self::AutoPause
            | Self::ManualPause => false,
            Self::Successful | Self::Cancelled | Self::Failed => true,
        }
    }
}

/// Which part of a refresh is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefreshStage {
    /// Members are made on top.
    SurgeOut,
    /// The batches.
    Batches,
    /// What was made on top goes.
    SurgeIn,
}

/// A batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefreshBatch {
    /// Where it stands.
    pub status: BatchStatus,
    /// Its members.
    pub instances: Vec<RefreshInstance>,
    /// When it began.
    pub started_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
}

/// Where a batch stands (spec RefreshBatchStatus, L31436; its INIT never lasts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum BatchStatus {
    Waiting,
    Running,
    Failed,
    PartiallySuccessful,
    Cancelled,
    Successful,
}

/// A member in a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefreshInstance {
    /// Which.
    pub instance: InstanceId,
    /// Where it stands.
    pub status: RefreshedStatus,
    /// The newest activity that worked on it.
    pub activity: Option<ActivityId>,
    /// What is to be said of it.
    pub message: String,
    /// Image of its machine before; a roll-back goes back to it (rule R8).
    pub image_before: String,
    /// The member that took its place.
    pub replacement: Option<InstanceId>,
}

/// Where a member in a batch stands (spec InstanceStatus, L31500; its INIT never lasts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum RefreshedStatus {
    Waiting,
    Running,
    Failed,
    Cancelled,
    Successful,
    NotFound,
}

/// What can be asked of refreshes.
#[derive(Clone, Debug, PartialEq)]
pub enum RefreshCommand {
    /// Begin one (rule R1).
    Start {
        /// How.
        mode: RefreshMode,
        /// What.
        settings: RefreshSettings,
    },
    /// Undo one (rule R8).
    RollBack {
        /// Which.
        origin: RefreshId,
        /// How.
        settings: RefreshSettings,
    },
    /// Pause it (rule R6).
    Stop {
        /// Which.
        id: RefreshId,
    },
    /// Go on (rule R6).
    Resume {
        /// Which.
        id: RefreshId,
        /// Try the failed ones of the batch again, or go on past them.
        retry: bool,
    },
    /// Give it up (rule R7).
    Cancel {
        /// Which.
        id: RefreshId,
    },
}
