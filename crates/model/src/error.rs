//! The one error of the model: closed, so that every door has to say its code for every case.

use crate::{
    ActivityId, AttemptCode, InstanceId, Listed, Misfit, PolicyId, RefreshId, RefreshStatus,
};

/// A kind of resource, for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the resources of the model")]
pub enum ResourceKind {
    Group,
    Config,
    Instance,
    Activity,
    Policy,
    Schedule,
    Notification,
    Hook,
    Refresh,
    Balancer,
    Record,
}

/// A quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Launch configurations per account.
    Configs,
    /// Groups per account.
    Groups,
    /// Scheduled actions per group.
    Schedules,
    /// Classic balancers per group.
    ClassicBalancers,
    /// Application balancers per group.
    ForwardBalancers,
    /// Lifecycle hooks per group.
    Hooks,
    /// Scaling policies per group.
    Policies,
    /// Policies per group that hold a metric at a value.
    TargetTracking,
    /// Metrics per group.
    Metrics,
    /// Notifications per group.
    Notifications,
    /// Records of a kind per account.
    Records,
}

/// A parameter by its canonical name; every door has its own name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "members of ConfigSpec, GroupSpec and the commands"
)]
pub enum Field {
    GroupName,
    ConfigName,
    Config,
    Min,
    Desired,
    Max,
    Count,
    Vpc,
    Subnets,
    Zones,
    Balancers,
    ForwardBalancers,
    Allocation,
    SpotBase,
    Image,
    ImageFamily,
    InstanceType,
    InstanceTypes,
    Login,
    LoginPassword,
    LoginKeys,
    Market,
    Prepaid,
    ChargeType,
    PublicIp,
    HostName,
    HookName,
    InstanceName,
    UserData,
    NetworkInterfaces,
    ConcurrentScaleOut,
    ScalingMode,
    Instances,
    NameIndex,
    Tags,
    Start,
    End,
    Recurrence,
    Batches,
    MaxSurge,
    Receiver,
    ReceiverKind,
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Not allowed together with the other.
    ExcludedBy(Field),
    /// This or the other must be given.
    OneOf(Field),
    /// Must be given because of the other.
    NeededBy(Field),
    /// Not allowed because of the other parameter's value.
    NotWith(Field),
    /// Twice the same.
    Duplicate(String),
    /// Larger than the other.
    Above {
        /// The value.
        value: u32,
        /// The other.
        than: Field,
        /// Its value.
        limit: u32,
    },
    /// Outside its range.
    Range {
        /// The value.
        value: i64,
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// Not usable, for the reason given.
    Unusable(String),
}

/// Why a machine cannot be attached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachRefusal {
    /// There is no such machine.
    #[error("there is no such machine")]
    NotFound,
    /// It is in this group.
    #[error("it is in the group already")]
    AlreadyHere,
    /// It is in another group.
    #[error("it is in another group")]
    InOtherGroup,
    /// It is in another VPC.
    #[error("it is in another VPC")]
    OtherVpc,
    /// It is in none of the group's subnets.
    #[error("it is in none of the subnets of the group")]
    OtherSubnet,
    /// It is in none of the group's zones.
    #[error("it is in none of the zones of the group")]
    OtherZone,
    /// It is of none of the kinds of the group's configuration.
    #[error("it is of none of the instance types of the configuration of the group")]
    OtherType,
    /// It does not run, and has to.
    #[error("it does not run")]
    NotRunning,
    /// It neither runs nor is stopped.
    #[error("it neither runs nor is stopped")]
    WrongState,
}

/// Why a command was refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such resource.
    #[error("{kind:?} {id} does not exist")]
    NotFound {
        /// Of which kind.
        kind: ResourceKind,
        /// As given.
        id: String,
    },
    /// Not members of the group.
    #[error("not in the group: {instances:?}")]
    NotMembers {
        /// Which.
        instances: Vec<InstanceId>,
    },
    /// Not in the catalogue, which is strict.
    #[error("{kind:?} {id} does not exist")]
    Unlisted {
        /// Of which kind.
        kind: Listed,
        /// As given.
        id: String,
    },
    /// In the catalogue, but not for this.
    #[error("{id}: {misfit}")]
    Misfit {
        /// What cannot be used.
        id: String,
        /// Why.
        misfit: Misfit,
    },
    /// The name is taken.
    #[error("{kind:?} name {name} is taken")]
    NameTaken {
        /// Of which kind.
        kind: ResourceKind,
        /// The name.
        name: String,
    },
    /// A quota is used up.
    #[error("quota {quota:?} of {limit} is used up")]
    QuotaExceeded {
        /// Which.
        quota: Quota,
        /// How many there may be.
        limit: u32,
    },
    /// `min <= desired <= max` does not hold.
    #[error("sizes do not satisfy min {min} <= desired {desired} <= max {max}")]
    SizeOrder {
        /// Minimum.
        min: u32,
        /// Desired.
        desired: u32,
        /// Maximum.
        max: u32,
    },
    /// A parameter is wrong.
    #[error("{field:?}: {problem:?}")]
    Invalid {
        /// Which.
        field: Field,
        /// What is wrong.
        problem: Problem,
    },
    /// The resource was changed between the look at it and this: look again.
    #[error("{kind:?} {id} was changed meanwhile")]
    Changed {
        /// Of which kind.
        kind: ResourceKind,
        /// Which.
        id: String,
    },
    /// The resource is used.
    #[error("{kind:?} {id} is used by {by}")]
    InUse {
        /// Of which kind.
        kind: ResourceKind,
        /// Which.
        id: String,
        /// By what.
        by: String,
    },
    /// The group still has members.
    #[error("the group still has {count} instances")]
    HasInstances {
        /// How many.
        count: usize,
    },
    /// An activity runs (rule A3).
    #[error("activity {activity} is running")]
    Busy {
        /// Which.
        activity: ActivityId,
    },
    /// The group is disabled.
    #[error("the group is disabled")]
    Disabled,
    /// The group is abnormal.
    #[error("the group is abnormal")]
    Abnormal,
    /// There would be more than the maximum.
    #[error("{wanted} instances would exceed the maximum of {max}")]
    AboveMax {
        /// How many there would be.
        wanted: u32,
        /// Maximum.
        max: u32,
    },
    /// There would be fewer than the minimum.
    #[error("{wanted} instances would fall below the minimum of {min}")]
    BelowMin {
        /// How many there would be.
        wanted: u32,
        /// Minimum.
        min: u32,
    },
    /// Members in service would exceed the maximum (rule A7).
    #[error("{wanted} instances in service would exceed the maximum of {max}")]
    InServiceAboveMax {
        /// How many there would be.
        wanted: u32,
        /// Maximum.
        max: u32,
    },
    /// Members in service would fall below the minimum (rule A8).
    #[error("{wanted} instances in service would fall below the minimum of {min}")]
    InServiceBelowMin {
        /// How many there would be.
        wanted: u32,
        /// Minimum.
        min: u32,
    },
    /// Nothing would change.
    #[error("the request would start no scaling activity")]
    NothingToDo,
    /// A cooldown holds it back.
    #[error("the group is cooling down")]
    CoolingDown,
    /// An instance is in the middle of something.
    #[error("instance {instance} is in operation")]
    InstanceBusy {
        /// Which.
        instance: InstanceId,
    },
    /// A machine cannot be attached.
    #[error("instance {instance} cannot be attached: {refusal}")]
    CannotAttach {
        /// Which.
        instance: InstanceId,
        /// Why.
        refusal: AttachRefusal,
    },
    /// The machine that a group is to be made of is stopped.
    #[error("instance {instance} is stopped")]
    SourceStopped {
        /// Which.
        instance: InstanceId,
    },
    /// The VPC cannot be changed while balancers are bound.
    #[error("the VPC cannot be changed while load balancers are bound")]
    VpcBound,
    /// An instance refresh is under way.
    #[error("instance refresh {refresh} is under way")]
    InRefresh {
        /// Which.
        refresh: RefreshId,
    },
    /// An instance refresh does not stand where this can be done.
    #[error("instance refresh {refresh} is {status:?}")]
    RefreshStands {
        /// Which.
        refresh: RefreshId,
        /// Where it stands.
        status: RefreshStatus,
    },
    /// There is no member in service to refresh.
    #[error("there is no instance in service to refresh")]
    NoneToRefresh,
    /// No member that was refreshed is left to roll back.
    #[error("no refreshed instance is left to roll back")]
    NoneToRollBack,
    /// This refresh cannot be rolled back.
    #[error("instance refresh {refresh} cannot be rolled back")]
    NoRollBack {
        /// Which.
        refresh: RefreshId,
    },
    /// A roll-back is not rolled back.
    #[error("instance refresh {refresh} is a roll-back itself")]
    RollBackOfRollBack {
        /// Which.
        refresh: RefreshId,
    },
    /// No instance waits for the hook that way.
    #[error("no instance waits for the lifecycle hook with the token given")]
    NoSuchToken,
    /// The instance does not wait for the hook.
    #[error("instance {instance} does not wait for the lifecycle hook")]
    NotHeld {
        /// Which.
        instance: InstanceId,
    },
    /// The verdict was given before.
    #[error("the result of the lifecycle action has been set already")]
    VerdictGiven,
    /// A policy that holds a metric at a value acts by itself only.
    #[error("scaling policy {policy} tracks a target: it cannot be executed by a call")]
    NotExecutable {
        /// Which.
        policy: PolicyId,
    },
    /// The configuration is unusable.
    #[error("the launch configuration is abnormal")]
    ConfigAbnormal,
    /// The back end did not answer: nothing was changed, try again.
    #[error("the back end is unavailable: {message}")]
    BackEnd {
        /// What kind of trouble.
        code: AttemptCode,
        /// In words.
        message: String,
    },
    /// The store did not answer: the outcome is unknown to the caller.
    #[error("the store is unavailable: {message}")]
    Store {
        /// In words.
        message: String,
    },
    /// The key may only look.
    #[error("the access key is read-only")]
    ReadOnly,
    /// Too much at once.
    #[error("too many requests are waiting")]
    Overloaded,
}
