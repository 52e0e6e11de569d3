//! Lifecycle hooks. Rules H1-H7 (Tencent 3.0), 1.8 (Huawei), section 2 (Tencent 2017).

use serde::{Deserialize, Serialize};

use crate::{Call, GroupId, HookId, InstanceId, NotificationTarget, Tag, Time};

/// A lifecycle hook of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Its id.
    pub id: HookId,
    /// Its group.
    pub group: GroupId,
    /// Its name, unique in the group.
    pub name: String,
    /// When an instance comes, or goes.
    pub transition: HookTransition,
    /// Verdict when nobody says anything in time.
    pub default_result: HookVerdict,
    /// Seconds to wait.
    pub timeout_secs: u32,
    /// Also for attach, detach, remove, stop, start and refresh (spec EXTENSION).
    pub extended: bool,
    /// Free text for the receiver.
    pub metadata: String,
    /// Who is told.
    pub target: Option<NotificationTarget>,
    /// What is run on the machine instead.
    pub command: Option<HookCommand>,
    /// One that is not bound (Tencent 2017) is kept but does not act.
    pub active: bool,
    /// It acts while it is bound only, and at most one such of a group does (Tencent 2017).
    #[serde(default)]
    pub bindable: bool,
    /// When it was made.
    pub created_at: Time,
    /// Of two that were made in the same millisecond, the later one has the larger number: the version of the group then.
    #[serde(default)]
    pub ordinal: u64,
}

/// When a hook acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HookTransition {
    /// Before an instance comes into service.
    Launching,
    /// Before an instance goes.
    Terminating,
}

/// What becomes of an instance that waits for a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum HookVerdict {
    Continue,
    Abandon,
}

/// A command run on the machine (spec LifecycleCommand).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookCommand {
    /// Command id.
    pub command: String,
    /// Parameters.
    pub parameters: Vec<Tag>,
}

/// An instance waiting for a hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookWait {
    /// The hook.
    pub hook: HookId,
    /// Secret that the receiver answers with.
    pub token: String,
    /// When it began.
    pub since: Time,
    /// When the default result applies.
    pub deadline: Time,
    /// The verdict, once given.
    pub verdict: Option<HookVerdict>,
    /// The command that is run on the machine, if the hook has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<HookRun>,
}

/// A command of a hook, being run on a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRun {
    /// Names the run: `inv-` and 8 base-36 characters. Asked for twice under this name, it is run once.
    pub invocation: String,
    /// What is run.
    pub command: HookCommand,
    /// The call that asks for it; `None` = it has come back.
    pub call: Option<Call>,
    /// What went wrong with it, in words.
    pub message: String,
}

/// How a command of a hook ended (spec InvocationResult).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOutcome {
    /// The name of the run.
    pub invocation: String,
    /// The command's id.
    pub command: String,
    /// How it ended.
    pub status: RunStatus,
    /// In words; empty when it ended well.
    pub message: String,
}

/// How a command of a hook ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunStatus {
    /// Well.
    Succeeded,
    /// It ran, and failed.
    Failed,
    /// It was not run.
    NotRun,
    /// It had not ended when time was up.
    TimedOut,
    /// Nobody knows.
    Unknown,
    /// The hook ended otherwise before it did.
    Overtaken,
}

/// How a hook ended for an instance (spec LifecycleActionResultInfo).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookOutcome {
    /// The hook.
    pub hook: HookId,
    /// The instance.
    pub instance: InstanceId,
    /// The secret of the wait.
    #[serde(default)]
    pub token: String,
    /// The verdict.
    pub verdict: HookVerdict,
    /// Why.
    pub reason: HookReason,
    /// Whether there was a target that was told.
    #[serde(default)]
    pub notified: bool,
    /// The command that was run, if the hook had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunOutcome>,
}

/// Why a hook ended (spec ResultReason, L30848).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum HookReason {
    HeartbeatTimeout,
    NotificationFailure,
    CallInterface,
    AnotherActionAbandon,
    CommandCallFailure,
    CommandExecFinish,
    CommandExecFailure,
    CommandExecResultCheckFailure,
}

/// What a door says of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the member of Hook of the same name")]
pub struct HookSpec {
    pub name: String,
    pub transition: HookTransition,
    pub default_result: HookVerdict,
    pub timeout_secs: u32,
    pub extended: bool,
    pub metadata: String,
    pub target: Option<NotificationTarget>,
    pub command: Option<HookCommand>,
}

/// A partial change of a hook: `None` keeps (rule H7). A command takes the place of target and text, and the other way
/// round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the member of Hook of the same name")]
pub struct HookPatch {
    pub name: Option<String>,
    pub transition: Option<HookTransition>,
    pub default_result: Option<HookVerdict>,
    pub timeout_secs: Option<u32>,
    pub extended: Option<bool>,
    pub metadata: Option<String>,
    pub target: Option<NotificationTarget>,
    pub command: Option<HookCommand>,
}

/// Something to do with a hook of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookChange {
    /// Make one.
    Create(Box<HookSpec>),
    /// Make one that does not act before it is bound (Tencent 2017).
    CreateUnbound(Box<HookSpec>),
    /// Of those that act while they are bound, this one does and no other; `None` = none does (Tencent 2017).
    Bind {
        /// Which.
        id: Option<HookId>,
    },
    /// Change some of it.
    Modify {
        /// Which.
        id: HookId,
        /// What changes.
        patch: Box<HookPatch>,
    },
    /// Replace all of it.
    Upgrade {
        /// Which.
        id: HookId,
        /// What by.
        spec: Box<HookSpec>,
    },
    /// Delete it: what waits for it goes on with its default result.
    Delete {
        /// Which.
        id: HookId,
    },
    /// Delete it if it is not in use: neither bound, nor waited for (Tencent 2017).
    DeleteUnused {
        /// Which.
        id: HookId,
        /// What it has to be called, if that is said.
        name: Option<String>,
    },
    /// Give the verdict on an instance that waits (rule H5).
    Complete {
        /// Which.
        id: HookId,
        /// For whom.
        who: HookWaiter,
        /// The verdict.
        verdict: HookVerdict,
    },
    /// Wait longer for the verdict on an instance that waits (Huawei EXTEND).
    Extend {
        /// Which.
        id: HookId,
        /// For whom.
        who: HookWaiter,
        /// Seconds more.
        secs: u32,
    },
    /// Wait for the verdict on an instance that waits until so long from now (Tencent 2017).
    Renew {
        /// Which.
        id: HookId,
        /// For whom.
        who: HookWaiter,
        /// Seconds from now.
        secs: u32,
    },
}

/// Who waits for a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookWaiter {
    /// This instance.
    Instance(InstanceId),
    /// The one with this secret.
    Token(String),
}
