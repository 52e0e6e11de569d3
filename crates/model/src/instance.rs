//! Instances: the membership of a machine in a group, and where that membership stands.

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, ActivityId, Binding, ConfigVersion, GroupId, HookId, HookWait, InstanceId, Machine,
    StepOutcome, Time,
};

/// A member of a group. Its id is the id of its machine.
///
/// A row exists from before the back end is first asked for the machine until the machine is proved gone (or handed
/// back): counting rows is counting every machine asked for and not yet proved gone (promise P1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Its id, and its machine's.
    pub id: InstanceId,
    /// Its group.
    pub group: GroupId,
    /// Whose it is.
    pub account: AccountId,
    /// Made by the group, or attached.
    pub origin: Origin,
    /// Where it stands.
    pub state: Lifecycle,
    /// How it is.
    pub health: Health,
    /// Not chosen by scale-in, nor replaced (rule A12).
    pub protected: bool,
    /// In the warm pool of its group: no member of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pooled: bool,
    /// The configuration version it was made from; `None` for attached ones.
    pub config: Option<ConfigVersion>,
    /// Where it is, or is being put.
    pub placement: Placement,
    /// Its name.
    pub name: String,
    /// Name of its host, if the configuration gave one.
    #[serde(default)]
    pub host_name: Option<String>,
    /// The placement groups that it was made in: a machine does not move.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disaster_recover_groups: Vec<String>,
    /// When the row was made; of one in the warm pool, when its machine was there, and of one that came from it, when it left it.
    pub created_at: Time,
    /// When it last came into service: a listing asked for before says nothing about it.
    pub in_service_at: Option<Time>,
    /// The activity that works on it now.
    pub activity: Option<ActivityId>,
    /// The call to the back end that it waits for.
    pub call: Option<Call>,
    /// Why and how it leaves, once that is decided.
    pub exit: Option<Exit>,
    /// It is to be stopped once no hook holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopping: Option<StopMode>,
    /// The call that brings the tags of its machine up to date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tagging: Option<Call>,
    /// What the back end last told of its machine.
    pub machine: Option<Machine>,
    /// Warm-up.
    pub warmup: Warmup,
    /// Hooks it waits for.
    pub hooks: Vec<HookWait>,
    /// Where it is, or may be, a member of a balancer; empty = certainly nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bindings: Vec<Binding>,
    /// When the balancers said that `bindings` are as they are: a listing asked for before that proves nothing.
    /// `None` = they have not said it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_at: Option<Time>,
    /// Bound, and not yet in service: until this moment its balancers may take to find it healthy (rule R5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy_by: Option<Time>,
    /// Since when it is one that the group wants replaced because it is unhealthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sick_since: Option<Time>,
    /// What goes of its memberships keeps the load that it has until this moment; `None` = it is cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain_by: Option<Time>,
}

/// Made by the group, or attached (spec CreationType).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// Made by the group: terminated when it leaves by removal.
    Auto,
    /// Attached by hand: handed back when it leaves by removal.
    Manual,
}

/// Where an instance stands (spec LifeCycleState, L30067-30169, and standby). `engine::lifecycle` has the one
/// transition function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum Lifecycle {
    Creating,
    CreationFailed,
    LaunchingHook,
    Attaching,
    AttachFailed,
    AttachingBalancer,
    InService,
    ModifyingBalancer,
    EnteringStandby,
    Standby,
    ExitingStandby,
    Starting,
    StartFailed,
    Stopping,
    StopFailed,
    Stopped,
    Resetting,
    TerminatingHook,
    DetachingBalancer,
    Terminating,
    TerminationFailed,
    Detaching,
    DetachFailed,
}

/// How an instance is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The machine is called unhealthy.
    pub machine_unhealthy: bool,
    /// The balancer calls it unhealthy.
    pub balancer_unhealthy: bool,
}

impl Health {
    /// Neither calls it unhealthy.
    #[must_use]
    pub fn is_healthy(self) -> bool {
        !self.machine_unhealthy && !self.balancer_unhealthy
    }
}

/// Where a machine is, or is being put.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Placement {
    /// Instance type.
    pub instance_type: String,
    /// Zone; empty when not known.
    pub zone: String,
    /// Subnet; empty in the classic network.
    pub subnet: String,
    /// Bought as a spot machine.
    #[serde(default)]
    pub spot: bool,
}

/// A call to the back end: intent, committed before it is made. It is made at least once, always with the same key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What is asked for.
    pub kind: CallKind,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// Attempts whose outcome is unknown: the back end may have done it.
    pub unanswered: u32,
    /// Waiting, or made.
    pub phase: CallPhase,
    /// When it was first decided.
    pub since: Time,
}

impl Call {
    /// Whether this is the call that an outcome tells of, and it is still waited for.
    #[must_use]
    pub fn awaits(&self, outcome: &StepOutcome) -> bool {
        let until = outcome.until;
        self.kind == outcome.kind
            && self.attempt == outcome.attempt
            && self.phase == CallPhase::InFlight { until }
    }
}

/// What is asked of the back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CallKind {
    /// Make the machine.
    Launch,
    /// Destroy the machine, and see to it that a late launch leaves none.
    Terminate,
    /// Put our key on an existing machine.
    Adopt,
    /// Take our key off, leave it running.
    Release,
    /// Start it.
    Start,
    /// Stop it.
    Stop(StopMode),
    /// Reinstall it in place; the moment of the decision tells one reset from the next.
    Reset(Time),
    /// Make it a member of its balancers.
    Bind,
    /// Take it off its balancers.
    Unbind,
    /// Make its memberships as they are to be.
    Rebind,
    /// Run the command of a hook on its machine.
    Command(HookId),
    /// Put the tags of its group on its machine.
    Tag,
}

/// Whether a stopped machine is paid for (spec StoppedMode).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum StopMode {
    /// It is.
    #[default]
    KeepCharging,
    /// It is not.
    StopCharging,
}

/// Waiting to be made, or made and not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallPhase {
    /// To be made at this moment.
    Due {
        /// When.
        at: Time,
    },
    /// Made; counts as unanswered at this moment.
    InFlight {
        /// Until when an answer is waited for.
        until: Time,
    },
}

/// Why and how an instance leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Destroy the machine (true) or hand it back (false).
    pub destroy: bool,
    /// In words, for the activity.
    pub reason: String,
}

/// Warm-up (spec WarmupStatus).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Warmup {
    /// None needed.
    #[default]
    NotNeeded,
    /// Not yet begun.
    Waiting,
    /// Until this moment.
    Until(Time),
    /// Over.
    Done,
}

impl Instance {
    /// The calls to the back end that it waits for: its own, and those that run commands of
    /// hooks or put tags on its machine.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let runs = self.hooks.iter().filter(|wait| wait.verdict.is_none());
        let runs = runs.filter_map(|wait| wait.run.as_ref()?.call.as_ref());
        self.call.iter().chain(&self.tagging).chain(runs)
    }

    /// Whether the machine could exist as far as we can prove: false only before the first launch attempt was made.
    #[must_use]
    pub fn may_have_machine(&self) -> bool {
        match (&self.state, &self.call) {
            (Lifecycle::Creating, Some(call)) => {
                call.unanswered > 0 || matches!(call.phase, CallPhase::InFlight { .. })
            }
            _ => true,
        }
    }
}

impl CallKind {
    /// Its name in metrics, faults and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Launch => "launch",
            Self::Terminate => "terminate",
            Self::Adopt => "adopt",
            Self::Release => "release",
            Self::Start => "start",
            Self::Stop(_) => "stop",
            Self::Reset(_) => "reset",
            Self::Bind => "bind",
            Self::Unbind => "unbind",
            Self::Rebind => "rebind",
            Self::Command(_) => "command",
            Self::Tag => "tag",
        }
    }
}
