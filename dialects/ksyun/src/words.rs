//! This door's words for the model's, in both directions: one exhaustive table each.

use muster_model::{self as model, ActivityKind, ActivityStatus, Lifecycle};
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $model:ty { $($word:literal $here:ident = $there:ident $(| $also:ident)*,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum $name { $(#[serde(rename = $word)] $here,)* }

        impl From<$name> for $model {
            fn from(word: $name) -> $model {
                match word { $($name::$here => <$model>::$there,)* }
            }
        }

        impl From<$model> for $name {
            fn from(value: $model) -> $name {
                match value { $(<$model>::$there $(| <$model>::$also)* => $name::$here,)* }
            }
        }
    )*};
}

words! {
    /// RemovePolicy.
    RemovePolicy = model::TerminationPolicy {
        "RemoveOldestInstance" Oldest = OldestInstance | OldestConfigOldestInstance,
        "RemoveNewestInstance" Newest = NewestInstance | OldestConfigNewestInstance,
    }
    /// SubnetStrategy.
    SubnetStrategy = model::Spread {
        "balanced-distribution" Balanced = Balanced,
        "choice-first" First = Ordered,
    }
    /// HealthCheckType of a balancer.
    HealthCheckType = model::HealthKind {
        "kec" Kec = Machine,
        "slb" Slb = Balancer,
    }
    /// CreationType.
    CreationType = model::Origin {
        "Auto" Auto = Auto,
        "Manual" Manual = Manual,
    }
    /// comparisonOperator.
    Operator = model::Comparison {
        "Greater" Greater = Greater,
        "EqualOrGreater" EqualOrGreater = GreaterOrEqual,
        "Less" Less = Less,
        "EqualOrLess" EqualOrLess = LessOrEqual,
        "Equal" Equal = Equal,
        "NotEqual" NotEqual = NotEqual,
    }
    /// function.
    Function = model::Statistic {
        "avg" Avg = Average | Sum | Variance,
        "min" Min = Minimum,
        "max" Max = Maximum,
    }
}

/// Status of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    /// It acts by itself.
    Active,
    /// It does not.
    UnActive,
}

impl Status {
    /// The word for a switch.
    pub(crate) fn of(enabled: bool) -> Status {
        match enabled {
            true => Status::Active,
            false => Status::UnActive,
        }
    }
}

/// HealthStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HealthStatus {
    /// Fine.
    Healthy,
    /// Called unhealthy by machine or balancer.
    UnHealthy,
}

impl From<model::Health> for HealthStatus {
    fn from(health: model::Health) -> HealthStatus {
        match health.is_healthy() {
            true => HealthStatus::Healthy,
            false => HealthStatus::UnHealthy,
        }
    }
}

/// LifeCycleState; `None` = not shown: what failed is listed by its activity only (concept map, instance states).
pub(crate) fn lifecycle(state: Lifecycle) -> Option<&'static str> {
    match state {
        Lifecycle::Creating => Some("Creating"),
        Lifecycle::LaunchingHook => Some("Preheating"),
        Lifecycle::Attaching => Some("Attaching"),
        Lifecycle::AttachingBalancer | Lifecycle::ModifyingBalancer => Some("AttachLb"),
        // There are no words for machines at rest.
        Lifecycle::InService
        | Lifecycle::EnteringStandby
        | Lifecycle::Standby
        | Lifecycle::ExitingStandby
        | Lifecycle::Starting
        | Lifecycle::StartFailed
        | Lifecycle::Stopping
        | Lifecycle::StopFailed
        | Lifecycle::Stopped
        | Lifecycle::Resetting => Some("InService"),
        Lifecycle::TerminatingHook | Lifecycle::Terminating => Some("Removing"),
        Lifecycle::DetachingBalancer => Some("DetachLb"),
        Lifecycle::Detaching => Some("Detaching"),
        Lifecycle::CreationFailed
        | Lifecycle::AttachFailed
        | Lifecycle::TerminationFailed
        | Lifecycle::DetachFailed => None,
    }
}

/// Status of an activity (L2480).
pub(crate) fn activity_status(status: ActivityStatus) -> u8 {
    match status {
        ActivityStatus::Init | ActivityStatus::Running => 1,
        ActivityStatus::Successful => 2,
        ActivityStatus::PartiallySuccessful | ActivityStatus::Failed => 3,
        ActivityStatus::Cancelled => 4,
    }
}

/// Type of an activity (L2506); `None` = not shown.
pub(crate) fn activity_type(kind: ActivityKind) -> Option<u8> {
    match kind {
        ActivityKind::ScaleOut => Some(0),
        ActivityKind::ScaleIn | ActivityKind::TerminateUnexpectedly => Some(1),
        ActivityKind::Attach => Some(2),
        ActivityKind::Detach | ActivityKind::Remove => Some(3),
        ActivityKind::ReplaceUnhealthy => Some(10),
        ActivityKind::Start
        | ActivityKind::Stop
        | ActivityKind::InvokeCommand
        | ActivityKind::EnterStandby
        | ActivityKind::ExitStandby
        | ActivityKind::ModifyBalancers
        | ActivityKind::InstanceRefresh => None,
    }
}

/// The kinds of activities that are shown.
pub(crate) const SHOWN_ACTIVITIES: [ActivityKind; 7] = [
    ActivityKind::ScaleOut,
    ActivityKind::ScaleIn,
    ActivityKind::TerminateUnexpectedly,
    ActivityKind::Attach,
    ActivityKind::Detach,
    ActivityKind::Remove,
    ActivityKind::ReplaceUnhealthy,
];

/// ErrorCode of an activity: the numbers of the API of 2017, which has the same ancestor.
pub(crate) fn attempt_number(code: model::AttemptCode) -> u32 {
    match code {
        model::AttemptCode::SoldOut => 20_000,
        model::AttemptCode::Quota => 30_000,
        model::AttemptCode::Refused => 20_001,
        model::AttemptCode::Failed
        | model::AttemptCode::NoAnswer
        | model::AttemptCode::Died
        | model::AttemptCode::TimedOut
        | model::AttemptCode::CommandFailed => 20_002,
    }
}
