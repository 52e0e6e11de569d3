//! This door's words for the model's, in both directions: one exhaustive table each.

use muster_model as model;
use serde::{Serialize, Serializer};

/// A closed list of words.
pub(crate) trait Word: Sized {
    /// All words, for messages.
    const ALL: &'static [&'static str];

    /// Reads one.
    fn read(text: &str) -> Option<Self>;
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($word:literal $(/ $other:literal)* $here:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($here,)* }

        impl $name {
            /// The word itself.
            #[allow(dead_code, reason = "not every word is needed as text")]
            pub(crate) fn word(self) -> &'static str {
                match self { $($name::$here => $word,)* }
            }
        }

        impl Word for $name {
            const ALL: &'static [&'static str] = &[$($word),*];

            fn read(text: &str) -> Option<Self> {
                match text { $($word $(| $other)* => Some($name::$here),)* _ => None }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    )*};
}

/// The same word in both directions.
macro_rules! maps {
    ($($name:ident = $model:ty { $($here:ident = $there:ident,)* })*) => {$(
        impl From<$name> for $model {
            fn from(word: $name) -> $model {
                match word { $($name::$here => <$model>::$there,)* }
            }
        }

        impl From<$model> for $name {
            fn from(value: $model) -> $name {
                match value { $(<$model>::$there => $name::$here,)* }
            }
        }
    )*};
}

words! {
    /// health_periodic_audit_method.
    AuditMethod { "ELB_AUDIT" Elb, "NOVA_AUDIT" Nova, }
    /// instance_terminate_policy.
    TerminatePolicy {
        "OLD_CONFIG_OLD_INSTANCE" OldConfigOld,
        "OLD_CONFIG_NEW_INSTANCE" OldConfigNew,
        "OLD_INSTANCE" Old,
        "NEW_INSTANCE" New,
    }
    /// multi_az_priority_policy.
    ZonePolicy { "EQUILIBRIUM_DISTRIBUTE" Balanced, "PICK_FIRST" First, }
    /// scaling_group_status.
    GroupStatus {
        "INSERVICE" InService,
        "PAUSED" Paused,
        "ERROR" Error,
        "DELETING" Deleting,
        "FREEZED" Freezed,
    }
    /// action on a group.
    GroupAction { "resume" Resume, "pause" Pause, }
    /// life_cycle_state.
    LifeCycleState {
        "INSERVICE" InService,
        "PENDING" Pending,
        "PENDING_WAIT" PendingWait,
        "REMOVING" Removing,
        "REMOVING_WAIT" RemovingWait,
        "STANDBY" Standby,
        "ENTERING_STANDBY" EnteringStandby,
    }
    /// health_status.
    HealthStatus { "INITIALIZING" / "INITAILIZING" Initializing, "NORMAL" Normal, "ERROR" Error, }
    /// action on instances.
    InstanceAction {
        "ADD" Add,
        "REMOVE" Remove,
        "PROTECT" Protect,
        "UNPROTECT" Unprotect,
        "ENTER_STANDBY" EnterStandby,
        "EXIT_STANDBY" ExitStandby,
    }
    /// disk_type.
    DiskType { "SYS" System, "DATA" Data, }
    /// scaling_policy_type.
    PolicyType { "ALARM" Alarm, "SCHEDULED" Scheduled, "RECURRENCE" Recurrence, }
    /// operation of a policy. REDUCE is REMOVE.
    Operation { "ADD" Add, "REMOVE" / "REDUCE" Remove, "SET" Set, }
    /// recurrence_type.
    RecurrenceType { "Daily" Daily, "Weekly" Weekly, "Monthly" Monthly, }
    /// scaling_policy_type of the second version.
    PolicyTypeV2 {
        "ALARM" Alarm,
        "SCHEDULED" Scheduled,
        "RECURRENCE" Recurrence,
        "INTERVAL_ALARM" IntervalAlarm,
    }
    /// operation on a bandwidth. REMOVE is REDUCE.
    ResizeOperation { "ADD" Add, "REDUCE" / "REMOVE" Reduce, "SET" Set, }
    /// sort_by.
    PolicySort {
        "POLICY_NAME" Name,
        "TRIGGER_CONDITION" Trigger,
        "CREATE_TIME" Created,
    }
    /// order.
    SortOrder { "ASC" Ascending, "DESC" Descending, }
    /// recurrence_type of a scheduled task.
    TaskRecurrence { "DAILY" Daily, "WEEKLY" Weekly, "MONTHLY" Monthly, }
    /// policy_status.
    PolicyStatus { "INSERVICE" InService, "PAUSED" Paused, "EXECUTING" Executing, }
    /// action on a policy.
    PolicyAction { "execute" Execute, "resume" Resume, "pause" Pause, }
    /// action on several policies.
    PoliciesAction { "delete" Delete, "resume" Resume, "pause" Pause, }
    /// lifecycle_hook_type.
    HookType { "INSTANCE_LAUNCHING" Launching, "INSTANCE_TERMINATING" Terminating, }
    /// default_result, and the verdict of a wait.
    HookResult { "ABANDON" Abandon, "CONTINUE" Continue, }
    /// lifecycle_action_result.
    CallbackResult { "ABANDON" Abandon, "CONTINUE" Continue, "EXTEND" Extend, }
    /// topic_scene.
    Scene {
        "SCALING_UP" Up,
        "SCALING_UP_FAIL" UpFail,
        "SCALING_DOWN" Down,
        "SCALING_DOWN_FAIL" DownFail,
        "SCALING_GROUP_ABNORMAL" Abnormal,
    }
    /// status of a warm pool.
    PoolStatus { "ACTIVE" Active, "CLOSING" Closing, "CLOSED" Closed, }
    /// status of a machine in a warm pool; no document names them.
    PooledStatus {
        "PENDING" Pending,
        "INITIALIZING" Initializing,
        "STOPPED" Stopped,
        "REMOVING" Removing,
    }
    /// action on tags.
    TagsAction { "create" Create, "delete" Delete, }
    /// action of a search by tags.
    SearchAction { "filter" Filter, "count" Count, }
    /// execute_type of an execution.
    ExecuteType { "SCHEDULED" Scheduled, "RECURRENCE" Recurrence, "ALARM" Alarm, "MANUAL" Manual, }
    /// scaling_resource_type.
    ResourceType { "SCALING_GROUP" Group, "BANDWIDTH" Bandwidth, }
    /// status of an execution.
    ExecutionStatus { "SUCCESS" Success, "FAIL" Fail, "EXECUTING" Executing, }
    /// status of an activity.
    LogStatus { "SUCCESS" Success, "FAIL" Fail, "DOING" Doing, }
    /// type of an activity.
    LogType {
        "NORMAL" Normal,
        "MANUAL_REMOVE" / "MANNUAL_REMOVE" ManualRemove,
        "MANUAL_DELETE" / "MANNUAL_DELETE" ManualDelete,
        "MANUAL_ADD" / "MANNUAL_ADD" ManualAdd,
        "ELB_CHECK_DELETE" ElbCheckDelete,
        "AUDIT_CHECK_DELETE" AuditCheckDelete,
        "DIFF" Diff,
        "MODIFY_ELB" ModifyElb,
        "ENTER_STANDBY" EnterStandby,
        "EXIT_STANDBY" ExitStandby,
    }
}

maps! {
    ResizeOperation = model::ResizeWay { Add = Add, Reduce = Reduce, Set = Set, }
    TaskRecurrence = RecurrenceType { Daily = Daily, Weekly = Weekly, Monthly = Monthly, }
    ExecuteType = model::ExecutedBy {
        Scheduled = Time,
        Recurrence = Recurrence,
        Alarm = Alarm,
        Manual = Call,
    }
    AuditMethod = model::HealthKind { Elb = Balancer, Nova = Machine, }
    TerminatePolicy = model::TerminationPolicy {
        OldConfigOld = OldestConfigOldestInstance,
        OldConfigNew = OldestConfigNewestInstance,
        Old = OldestInstance,
        New = NewestInstance,
    }
    ZonePolicy = model::Spread { Balanced = Balanced, First = Ordered, }
    HookType = model::HookTransition { Launching = Launching, Terminating = Terminating, }
    HookResult = model::HookVerdict { Abandon = Abandon, Continue = Continue, }
}

impl From<model::Lifecycle> for LifeCycleState {
    fn from(state: model::Lifecycle) -> LifeCycleState {
        use model::Lifecycle as L;
        match state {
            L::InService | L::ModifyingBalancer => LifeCycleState::InService,
            L::Creating
            | L::Attaching
            | L::AttachingBalancer
            | L::ExitingStandby
            | L::Starting
            | L::Resetting => LifeCycleState::Pending,
            L::LaunchingHook => LifeCycleState::PendingWait,
            L::TerminatingHook => LifeCycleState::RemovingWait,
            L::CreationFailed
            | L::AttachFailed
            | L::DetachingBalancer
            | L::Terminating
            | L::TerminationFailed
            | L::Detaching
            | L::DetachFailed => LifeCycleState::Removing,
            L::EnteringStandby | L::Stopping => LifeCycleState::EnteringStandby,
            // Stopped machines are another door's; here they are members without load.
            L::Standby | L::Stopped | L::StopFailed | L::StartFailed => LifeCycleState::Standby,
        }
    }
}

impl Operation {
    /// The word for an adjustment.
    pub(crate) fn of(by: model::AdjustBy) -> Operation {
        use model::AdjustBy as A;
        match by {
            A::To(_) | A::ToPercent(_) => Operation::Set,
            A::By(number) | A::ByPercent(number) if number < 0 => Operation::Remove,
            A::By(_) | A::ByPercent(_) => Operation::Add,
        }
    }
}

impl From<model::ActivityStatus> for LogStatus {
    fn from(status: model::ActivityStatus) -> LogStatus {
        use model::ActivityStatus as S;
        match status {
            S::Init | S::Running => LogStatus::Doing,
            S::Successful => LogStatus::Success,
            S::PartiallySuccessful | S::Failed | S::Cancelled => LogStatus::Fail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_back<W: Word + Copy + PartialEq + std::fmt::Debug>(word: fn(W) -> &'static str) {
        for text in W::ALL {
            assert_eq!(W::read(text).map(word), Some(*text));
        }
        assert_eq!(W::read("nothing"), None);
    }

    #[test]
    fn words_read_back() {
        reads_back(AuditMethod::word);
        reads_back(TerminatePolicy::word);
        reads_back(ZonePolicy::word);
        reads_back(GroupStatus::word);
        reads_back(LifeCycleState::word);
        reads_back(InstanceAction::word);
        reads_back(PolicyType::word);
        reads_back(LogType::word);
        reads_back(Scene::word);
        assert_eq!(Operation::read("REDUCE"), Some(Operation::Remove));
        assert_eq!(
            HealthStatus::read("INITAILIZING"),
            Some(HealthStatus::Initializing)
        );
    }

    #[test]
    fn words_map_both_ways() {
        for text in TerminatePolicy::ALL {
            let word = TerminatePolicy::read(text).unwrap();
            assert_eq!(
                TerminatePolicy::from(model::TerminationPolicy::from(word)),
                word
            );
        }
        for text in ZonePolicy::ALL {
            let word = ZonePolicy::read(text).unwrap();
            assert_eq!(ZonePolicy::from(model::Spread::from(word)), word);
        }
    }
}
