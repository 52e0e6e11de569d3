//! Activities: the record of everything a group did, and the plan of what it is doing.

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, ActivityId, Balancer, ChargeType, GroupId, HookOutcome, InstanceId, Placement,
    PolicyId, RefreshId, ScheduleId, Time,
};

/// One activity of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Its id.
    pub id: ActivityId,
    /// Its group.
    pub group: GroupId,
    /// Whose it is.
    pub account: AccountId,
    /// What it does.
    pub kind: ActivityKind,
    /// Where it stands.
    pub status: ActivityStatus,
    /// What started it.
    pub trigger: Trigger,
    /// Why it started, in the words of the API.
    pub cause: String,
    /// What it does, in words.
    pub description: String,
    /// What the evaluation that started it said, with the numbers; bounded. The words of the APIs stay as documented.
    #[serde(default)]
    pub why: String,
    /// How it went, in words: `Success`, or the first failure.
    pub status_message: String,
    /// When it was decided.
    pub created_at: Time,
    /// When it started.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// It ends at this moment whatever happens (promise P3).
    pub deadline: Time,
    /// How many instances it is to add (or remove, or move).
    pub wanted: u32,
    /// It works on its machines where they are: none is launched for those it touches.
    #[serde(default)]
    pub in_place: bool,
    /// It replaces machines that run well, because balancers call them unhealthy.
    #[serde(default)]
    pub by_balancers: bool,
    /// What it changes of the balancers of the group; empty for all but [`ActivityKind::ModifyBalancers`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balancers: Option<BalancerMoves>,
    /// Instances it touched, in order.
    pub instances: Vec<RelatedInstance>,
    /// Failed attempts, also of activities that succeeded (rule A16). Bounded.
    pub attempts: Vec<Attempt>,
    /// Places that were sold out during this activity: not tried again by it.
    pub sold_out: Vec<Placement>,
    /// Group size before and wanted after (Huawei instance_value, desire_value).
    pub size_before: u32,
    /// See `size_before`.
    pub size_wanted: u32,
    /// How the hooks ended.
    pub hooks: Vec<HookOutcome>,
    /// What stood in its way, as far as its attempts do not tell; only of what did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<Obstacle>,
}

/// What stands in the way of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Obstacle {
    /// The image of the configuration is gone.
    Image,
    /// A snapshot of the configuration is gone.
    Snapshot,
    /// A security group of the configuration is gone.
    SecurityGroup,
    /// A key pair of the configuration is gone.
    KeyPair,
    /// A balancer of the group is gone, or does not fit.
    Balancer,
    /// The subnets of the group are gone.
    Subnet,
    /// Nobody pays.
    Balance,
    /// There are no such instance types.
    InstanceType,
    /// There is no place with one of the instance types.
    SoldOut,
    /// The group performs another activity.
    Busy,
    /// The group cools down.
    Cooldown,
}

/// What an activity does (spec ActivityType, L28881-28916, and values of our own where it has none).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum ActivityKind {
    ScaleOut,
    ScaleIn,
    Attach,
    Detach,
    Remove,
    /// Machines that vanished behind our back. A record, not exclusive.
    TerminateUnexpectedly,
    ReplaceUnhealthy,
    Start,
    Stop,
    InvokeCommand,
    EnterStandby,
    ExitStandby,
    ModifyBalancers,
    InstanceRefresh,
}

/// What a change of balancers is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalancerMoves {
    /// Members are bound there, or bound there in another way.
    pub bind: Vec<Balancer>,
    /// Members are taken off there.
    pub unbind: Vec<Balancer>,
}

/// Where an activity stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum ActivityStatus {
    Init,
    Running,
    Successful,
    PartiallySuccessful,
    Failed,
    Cancelled,
}

impl ActivityStatus {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_ended(self) -> bool {
        match self {
            Self::Init | Self::Running => false,
            Self::Successful | Self::PartiallySuccessful | Self::Failed | Self::Cancelled => true,
        }
    }
}

/// What started an activity, and the cooldown rule that goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// What it was.
    pub kind: TriggerKind,
    /// Whether a cooldown holds it back.
    pub cooldown: CooldownRule,
}

/// What started an activity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TriggerKind {
    /// A call by hand.
    Manual,
    /// Desired and actual differ.
    Match,
    /// A health verdict.
    Unhealthy,
    /// A machine vanished.
    Lost,
    /// The back end announced that it takes machines back.
    Reclaim,
    /// A policy.
    Policy {
        /// Which.
        policy: PolicyId,
        /// Its own cooldown, if it has one.
        cooldown_secs: Option<u32>,
    },
    /// A scheduled action.
    Schedule {
        /// Which.
        schedule: ScheduleId,
    },
    /// An instance refresh.
    Refresh {
        /// Which.
        refresh: RefreshId,
    },
}

/// Whether a cooldown holds a trigger back: the rule of the door that made the trigger (concept map, "cooldown scope").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CooldownRule {
    /// Never: manual actions, everywhere.
    Ignore,
    /// Held back while the group cools down.
    Honor,
}

/// Why an activity started; the text of the APIs comes from here, in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Desired and actual differ.
    Difference,
    /// Somebody asked for it.
    Request,
    /// A machine vanished.
    Vanished,
    /// Machines are going to be taken back.
    Reclaim,
    /// A health verdict.
    Unhealthy,
    /// A policy.
    Policy,
    /// A scheduled action.
    Schedule,
    /// An instance refresh.
    Refresh,
}

impl Cause {
    /// The words of the API (L4394); the others are made after that pattern.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Difference => {
                "Activity was launched in response to a difference between desired capacity and actual capacity."
            }
            Self::Request => "Activity was launched in response to a user request.",
            Self::Vanished => {
                "Activity was launched in response to instances terminated or stopped outside of the auto scaling group."
            }
            Self::Reclaim => {
                "Activity was launched in response to a notice that spot instances will be reclaimed."
            }
            Self::Unhealthy => "Activity was launched in response to unhealthy instances.",
            Self::Policy => "Activity was launched in response to a scaling policy.",
            Self::Schedule => "Activity was launched in response to a scheduled action.",
            Self::Refresh => "Activity was launched in response to an instance refresh.",
        }
    }
}

/// An instance that an activity touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelatedInstance {
    /// Which.
    pub instance: InstanceId,
    /// How far it is.
    pub outcome: Outcome,
    /// What went wrong, or nothing.
    pub message: String,
    /// Name of its machine: it is shown when the machine is gone.
    #[serde(default)]
    pub name: String,
    /// It leaves.
    #[serde(default)]
    pub leaves: bool,
    /// It leaves, and its machine is handed back instead of destroyed.
    #[serde(default)]
    pub kept: bool,
}

/// How far an activity is with one instance (spec RelatedInstance).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub enum Outcome {
    Init,
    Running,
    Successful,
    Failed,
}

/// A failed attempt within an activity (spec DetailedStatusMessage).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What went wrong, as a canonical word; doors have their codes for it.
    pub code: AttemptCode,
    /// Which instance.
    pub instance: InstanceId,
    /// Where it was to go.
    pub placement: Placement,
    /// How it was to be paid.
    #[serde(default)]
    pub charge: ChargeType,
    /// In words.
    pub message: String,
}

/// What went wrong in an attempt. Tencent 2017 has numbers for these (20000 sold out, 30000 quota, ...).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptCode {
    /// Sold out there.
    SoldOut,
    /// A quota of the back end.
    Quota,
    /// The back end refused the request.
    Refused,
    /// The back end failed.
    Failed,
    /// No answer in time.
    NoAnswer,
    /// The machine died on the way.
    Died,
    /// The activity ran out of time.
    TimedOut,
    /// A command ran on the machine, and failed.
    CommandFailed,
}

impl AttemptCode {
    /// The code of the APIs; they name no list of them.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SoldOut => "ResourceInsufficient.SpecifiedInstanceType",
            Self::Quota => "LimitExceeded.InstanceQuota",
            Self::Refused => "InvalidParameterValue",
            Self::Failed => "InternalError",
            Self::NoAnswer => "InternalError.NoAnswer",
            Self::Died => "FailedOperation.InstanceDied",
            Self::TimedOut => "FailedOperation.Timeout",
            Self::CommandFailed => "FailedOperation.CommandFailed",
        }
    }
}
