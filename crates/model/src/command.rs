//! Commands: everything that can change the state, from a door or from the shell.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{
    ActivityId, AdjustBy, Allocation, AttemptCode, Balancer, BalancerChange, BalancerPlace,
    CallKind, ConfigId, ConfigPatch, ConfigSpec, Door, GroupId, GroupSpec, HealthKind, HookChange,
    HookId, HuaweiExtras, InstanceId, Machine, Member, Metric, NameIndex, NotificationCommand,
    NotificationId, NotificationTarget, Placement, Point, PolicyCommand, PolicyId, Publication,
    RecordCommand, RecordId, RefreshCommand, RefreshId, RetryPolicy, ScheduleCommand, ScheduleId,
    ServerCommand, ServiceSettings, Site, Spread, StopMode, Tag, TagEdit, TerminationPolicy, Time,
    TopicId, Trigger, WarmPoolCommand, ZonesCheck,
};

/// A command from a door.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make a launch configuration.
    CreateConfig {
        /// The door that asks.
        door: Door,
        /// Where.
        site: Site,
        /// What.
        spec: Box<ConfigSpec>,
    },
    /// Change some of it (rule C8).
    ModifyConfig {
        /// Which.
        id: ConfigId,
        /// What changes.
        patch: Box<ConfigPatch>,
    },
    /// Empty some of it (rule C9).
    ClearConfig {
        /// Which.
        id: ConfigId,
        /// What is emptied.
        fields: ClearFields,
    },
    /// Replace all of it but the login (rule C9).
    UpgradeConfig {
        /// Which.
        id: ConfigId,
        /// What by.
        spec: Box<ConfigSpec>,
    },
    /// Delete it.
    DeleteConfig {
        /// The door that asks: what is in the way is not the same everywhere.
        door: Door,
        /// Which.
        id: ConfigId,
    },
    /// Make a group.
    CreateGroup {
        /// The door that asks.
        door: Door,
        /// Where.
        site: Site,
        /// What.
        spec: Box<GroupSpec>,
    },
    /// Make a configuration and a group out of a machine (rule G25). What the machine says goes into both.
    CreateGroupFrom {
        /// The door that asks.
        door: Door,
        /// Where.
        site: Site,
        /// The machine: it runs, and stays what it is.
        instance: InstanceId,
        /// The group, but for its configuration and network.
        spec: Box<GroupSpec>,
        /// The machine's tags become the group's.
        inherit_tags: bool,
    },
    /// Change records of the account, all of it or nothing.
    Records(Vec<RecordCommand>),
    /// Do something with machines that are asked for by themselves; it comes back with the job.
    Servers(ServerCommand),
    /// Publish to a topic of the account.
    Publish {
        /// Which.
        topic: TopicId,
        /// What.
        publication: Box<Publication>,
    },
    /// Do something with a group.
    Group {
        /// Which.
        id: GroupId,
        /// What.
        command: GroupCommand,
    },
}

/// What [`Command::ClearConfig`] empties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is the member of ConfigSpec of the same name"
)]
pub struct ClearFields {
    pub data_disks: bool,
    pub host_names: bool,
    pub instance_names: bool,
    pub disaster_recover_groups: bool,
    pub instance_tags: bool,
    pub metadata: bool,
    pub network_interfaces: bool,
}

/// Something to do with one group. The last five come from the shell, not from doors.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupCommand {
    /// Change what is wanted of it.
    Modify(Box<GroupPatch>),
    /// Set the desired number, and the bounds in the same go (rule G20).
    SetDesired {
        /// Desired.
        desired: u32,
        /// Minimum, if it changes.
        min: Option<u32>,
        /// Maximum, if it changes.
        max: Option<u32>,
    },
    /// Let things start by themselves.
    Enable,
    /// Let nothing start by itself (rule G21).
    Disable,
    /// Delete it; `force` removes its members first (Huawei).
    Delete {
        /// Remove members first.
        force: bool,
    },
    /// Add this many (rule A5).
    ScaleOut {
        /// At least 1.
        count: u32,
    },
    /// Remove this many (rule A6).
    ScaleIn {
        /// At least 1.
        count: u32,
    },
    /// Take existing machines in (rule A7). The shell fills in what the back end says of them.
    Attach {
        /// Which.
        instances: Vec<InstanceId>,
        /// What the back end says; one that is missing does not exist.
        machines: Vec<Machine>,
    },
    /// Hand machines back (rule A8).
    Detach {
        /// Which.
        instances: Vec<InstanceId>,
    },
    /// Take machines out; those the group made are terminated (rule A8).
    Remove {
        /// Which.
        instances: Vec<InstanceId>,
    },
    /// Stop machines of members (rule A10).
    Stop {
        /// Which.
        instances: Vec<InstanceId>,
        /// Whether they are paid for meanwhile.
        mode: StopMode,
    },
    /// Start stopped ones (rule A10).
    Start {
        /// Which.
        instances: Vec<InstanceId>,
    },
    /// Take members out of load (rule A11).
    EnterStandby {
        /// Which.
        instances: Vec<InstanceId>,
    },
    /// Take them into load again (rule A11).
    ExitStandby {
        /// Which.
        instances: Vec<InstanceId>,
    },
    /// Protect from scale-in, or no longer (rule A12).
    Protect {
        /// Which.
        instances: Vec<InstanceId>,
        /// On or off.
        protected: bool,
    },
    /// Change the balancers, of the group and of what is in service (rules B1, B2).
    Balancers(BalancerChange),
    /// Change capacity for a policy or a schedule: clamped to the bounds, held back by cooldown as its trigger says.
    Adjust(Adjustment),
    /// Make, change or delete a lifecycle hook, or answer one.
    Hook(HookChange),
    /// Make, change or delete a scheduled action.
    Schedule(ScheduleCommand),
    /// Make, change or delete a scaling policy, or do what it does.
    Policy(PolicyCommand),
    /// Make, change or delete a notification.
    Notification(NotificationCommand),
    /// Open, change or close the warm pool.
    WarmPool(WarmPoolCommand),
    /// Begin, pause, go on with, give up or undo an instance refresh.
    Refresh(RefreshCommand),
    /// Values of metrics have come in.
    Measured(Vec<(Metric, Point)>),
    /// An alarm rule of the account has fired: policies that name it take that up, each firing once.
    Rung {
        /// The rule, as policies name it.
        alarm_id: String,
        /// When.
        at: Time,
        /// What it saw, in words.
        why: String,
    },
    /// The machines of the group as the back end lists them.
    Observed(Observation),
    /// A call to the back end came back, or is given up.
    StepDone(StepOutcome),
    /// The message of a hook could not be delivered (rule H6).
    Untold {
        /// The secret of the wait that it told of.
        token: String,
    },
    /// The shell restarted: calls that were in flight are unanswered.
    Recover,
    /// The group's configuration has a new version: retries start afresh.
    ConfigChanged,
}

impl GroupCommand {
    /// Its name, in `explain`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Modify(_) => "modify",
            Self::SetDesired { .. } => "set_desired",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Delete { .. } => "delete",
            Self::ScaleOut { .. } => "scale_out",
            Self::ScaleIn { .. } => "scale_in",
            Self::Attach { .. } => "attach",
            Self::Detach { .. } => "detach",
            Self::Remove { .. } => "remove",
            Self::Stop { .. } => "stop",
            Self::Start { .. } => "start",
            Self::EnterStandby { .. } => "enter_standby",
            Self::ExitStandby { .. } => "exit_standby",
            Self::Protect { .. } => "protect",
            Self::Balancers(_) => "balancers",
            Self::Adjust(_) => "adjust",
            Self::Hook(_) => "hook",
            Self::Schedule(_) => "schedule",
            Self::Policy(_) => "policy",
            Self::Measured(_) => "measured",
            Self::Rung { .. } => "rung",
            Self::Notification(_) => "notification",
            Self::WarmPool(_) => "warm_pool",
            Self::Refresh(_) => "refresh",
            Self::Observed(_) => "observed",
            Self::StepDone(_) => "step_done",
            Self::Untold { .. } => "untold",
            Self::Recover => "recover",
            Self::ConfigChanged => "config_changed",
        }
    }
}

/// A change of capacity by a policy or a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjustment {
    /// How.
    pub by: AdjustBy,
    /// What for.
    pub trigger: Trigger,
}

/// The machines that carry the group's key, as listed by the back end. A listing that failed is no observation.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// When the listing was asked for: it says nothing about what came into being later.
    pub asked_at: Time,
    /// The machines.
    pub machines: Vec<MachineReport>,
    /// The members of the group at its balancers; `None` = they could not be listed: nothing is concluded.
    pub members: Option<Vec<Arc<Member>>>,
    /// Where a balancer did not answer: of members there nothing is known, and nothing is concluded.
    pub silent: Vec<BalancerPlace>,
}

/// One machine in a listing.
pub type MachineReport = Arc<Machine>;

/// How a call to the back end ended.
#[derive(Clone, Debug, PartialEq)]
pub struct StepOutcome {
    /// The instance it was for.
    pub instance: InstanceId,
    /// What was asked.
    pub kind: CallKind,
    /// Which attempt: an answer to an older one is ignored.
    pub attempt: u32,
    /// When that attempt was to count as unanswered: an answer to an earlier call of the same kind is ignored too.
    pub until: Time,
    /// The answer.
    pub result: StepResult,
}

/// The answer of the back end.
#[derive(Clone, Debug, PartialEq)]
pub enum StepResult {
    /// Done; the machine as it now is, where there is one.
    Done(Option<Arc<Machine>>),
    /// Asked for and not over: members that go still have load in their hands. Only balancers say that: ask again.
    Draining {
        /// Requests or connections, as far as the balancers count them; 0 = some that they do not count.
        left: u32,
    },
    /// Certainly not done.
    Refused {
        /// Why.
        code: AttemptCode,
        /// In words.
        message: String,
    },
    /// Nobody knows: ask again with the same key.
    Unknown {
        /// In words.
        message: String,
    },
}

impl GroupCommand {
    /// Whom the command names to be told, if it names anybody.
    #[must_use]
    pub fn target(&self) -> Option<&NotificationTarget> {
        match self {
            GroupCommand::Hook(HookChange::Create(spec)) => spec.target.as_ref(),
            GroupCommand::Hook(HookChange::Modify { patch, .. }) => patch.target.as_ref(),
            GroupCommand::Hook(HookChange::Upgrade { spec, .. }) => spec.target.as_ref(),
            GroupCommand::Notification(NotificationCommand::Create(spec)) => spec.target.as_ref(),
            GroupCommand::Notification(NotificationCommand::Modify { target, .. }) => {
                target.as_ref()
            }
            _ => None,
        }
    }

    /// The balancers that the command names.
    #[must_use]
    pub fn balancers(&self) -> &[Balancer] {
        let change = match self {
            GroupCommand::Balancers(change) => Some(change),
            GroupCommand::Modify(patch) => patch.balancers.as_ref(),
            _ => None,
        };
        match change {
            Some(
                BalancerChange::Attach(list)
                | BalancerChange::Detach(list)
                | BalancerChange::SetTargets(list)
                | BalancerChange::Replace {
                    balancers: list, ..
                },
            ) => list,
            None => &[],
        }
    }
}

/// What a command made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// Nothing with an id.
    Nothing,
    /// A configuration.
    Config(ConfigId),
    /// A group.
    Group(GroupId),
    /// An activity.
    Activity(ActivityId),
    /// An instance refresh.
    Refresh(RefreshId),
    /// A lifecycle hook.
    Hook(HookId),
    /// A scheduled action.
    Schedule(ScheduleId),
    /// A scaling policy.
    Policy(PolicyId),
    /// A notification.
    Notification(NotificationId),
    /// The first record that was made.
    Record(RecordId),
    /// A message, by its number: 32 hex digits.
    Message(u128),
}

/// A partial change of a group: `None` keeps (rule G19).
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "each is the member of GroupSpec, Size, Network or HealthCheck of the same name; `balancers` is a change of them, `heard` says of which the verdict on health counts"
)]
pub struct GroupPatch {
    pub name: Option<String>,
    pub config: Option<ConfigId>,
    pub min: Option<u32>,
    pub desired: Option<u32>,
    pub max: Option<u32>,
    pub cooldown_secs: Option<u32>,
    pub vpc: Option<String>,
    pub subnets: Option<Vec<String>>,
    pub zones: Option<Vec<String>>,
    pub security_groups: Option<Vec<String>>,
    pub ipv6_addresses: Option<u32>,
    pub spread: Option<Spread>,
    pub zones_check: Option<ZonesCheck>,
    pub termination: Option<TerminationPolicy>,
    pub retry: Option<RetryPolicy>,
    pub health_kind: Option<HealthKind>,
    pub health_period_secs: Option<u32>,
    pub health_grace_secs: Option<u32>,
    pub project: Option<i64>,
    pub tags: Option<Vec<Tag>>,
    pub tag_edit: Option<TagEdit>,
    pub service: Option<ServiceSettings>,
    pub allocation: Option<Allocation>,
    pub capacity_rebalance: Option<bool>,
    pub name_index: Option<NameIndex>,
    pub host_name_index: Option<NameIndex>,
    pub concurrent_scale_out: Option<bool>,
    pub huawei: Option<HuaweiExtras>,
    pub balancers: Option<BalancerChange>,
    pub heard: BTreeMap<BalancerPlace, bool>,
}

/// A place that an instance could be put, for errors and explanations.
pub type Place = Placement;
