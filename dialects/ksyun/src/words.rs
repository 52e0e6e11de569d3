//! This door's words for the model's, in both directions: one exhaustive table each.

pub(crate) use muster_kit::ancestor::{SHOWN_ACTIVITIES, activity_type, attempt_number, lifecycle};
use muster_model::{self as model, ActivityStatus};
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

/// Status of an activity (L2480).
pub(crate) fn activity_status(status: ActivityStatus) -> u8 {
    match status {
        ActivityStatus::Init | ActivityStatus::Running => 1,
        ActivityStatus::Successful => 2,
        ActivityStatus::PartiallySuccessful | ActivityStatus::Failed => 3,
        ActivityStatus::Cancelled => 4,
    }
}
