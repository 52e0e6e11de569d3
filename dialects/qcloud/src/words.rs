//! This door's words for the model's, in both directions: one exhaustive table each.

pub(crate) use muster_kit::ancestor::{SHOWN_ACTIVITIES, activity_type, attempt_number, lifecycle};
use muster_model::{self as model, ActivityStatus, HookTransition, HookVerdict};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $model:ty { $($word:literal $here:ident = $there:ident $(| $also:ident)*,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($here,)* }

        impl $name {
            /// The words.
            pub(crate) const WORDS: &'static [&'static str] = &[$($word,)*];

            /// The one that a word means, in any case.
            pub(crate) fn of(word: &str) -> Option<$name> {
                let word = word.trim();
                $(if word.eq_ignore_ascii_case($word) { return Some($name::$here); })*
                None
            }

            /// Its word.
            pub(crate) fn word(self) -> &'static str {
                match self { $($name::$here => $word,)* }
            }
        }

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

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    )*};
}

words! {
    /// removePolicy.
    RemovePolicy = model::TerminationPolicy {
        "RemoveOldestInstance" Oldest = OldestInstance | OldestConfigOldestInstance,
        "RemoveNewestInstance" Newest = NewestInstance | OldestConfigNewestInstance,
    }
    /// healthyCheckType, which only the command line knows.
    HealthyCheckType = model::HealthKind {
        "CVM" Cvm = Machine,
        "CLB" Clb = Balancer,
    }
    /// creationType.
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
}

/// healthStatus.
pub(crate) fn health(health: model::Health) -> &'static str {
    match health.is_healthy() {
        true => "Healthy",
        false => "UnHealthy",
    }
}

/// status of an activity (L1874).
pub(crate) fn activity_status(status: ActivityStatus) -> u8 {
    match status {
        ActivityStatus::Init => 0,
        ActivityStatus::Running => 1,
        ActivityStatus::Successful => 2,
        ActivityStatus::PartiallySuccessful => 3,
        ActivityStatus::Failed => 4,
        ActivityStatus::Cancelled => 5,
    }
}

/// errorCode of what stood in an activity's way (L1895-1908).
pub(crate) fn obstacle_number(obstacle: model::Obstacle) -> u32 {
    match obstacle {
        model::Obstacle::Image => 10_000,
        model::Obstacle::Balancer => 10_001,
        model::Obstacle::Snapshot => 10_002,
        model::Obstacle::SecurityGroup => 10_003,
        model::Obstacle::Subnet => 10_004,
        model::Obstacle::SoldOut => 20_000,
        model::Obstacle::InstanceType => 20_001,
        model::Obstacle::Balance => 30_001,
        model::Obstacle::Busy => 40_000,
        model::Obstacle::Cooldown => 40_001,
        model::Obstacle::KeyPair => 50_000,
    }
}

/// defaultResult and lifeCycleHookResult.
pub(crate) fn verdict_number(verdict: HookVerdict) -> u8 {
    match verdict {
        HookVerdict::Continue => 0,
        HookVerdict::Abandon => 1,
    }
}

/// The verdict of a number.
pub(crate) fn verdict(number: i64) -> Option<HookVerdict> {
    match number {
        0 => Some(HookVerdict::Continue),
        1 => Some(HookVerdict::Abandon),
        _ => None,
    }
}

/// transition.
pub(crate) fn transition_number(transition: HookTransition) -> u8 {
    match transition {
        HookTransition::Launching => 0,
        HookTransition::Terminating => 1,
    }
}

/// The transition of a number.
pub(crate) fn transition(number: i64) -> Option<HookTransition> {
    match number {
        0 => Some(HookTransition::Launching),
        1 => Some(HookTransition::Terminating),
        _ => None,
    }
}
