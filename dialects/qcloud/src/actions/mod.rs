//! The actions, one file per family, and the list that dispatches them.

mod activities;
mod configs;
mod configs_write;
mod groups;
mod groups_write;
mod hooks;
mod instances;
mod metric;
mod notifications;
mod policies;
mod schedule_times;
mod schedules;
mod schedules_named;

use serde::Serialize;

use crate::context::Ctx;

muster_kit::actions!(
    /// Every action that this door answers.
    pub(crate) ACTIONS: Ctx = [
        configs_write::CreateScalingConfiguration,
        configs::DescribeScalingConfiguration,
        configs::DeleteScalingConfiguration,
        groups_write::CreateScalingGroup,
        groups::DescribeScalingGroup,
        groups_write::ModifyScalingGroup,
        groups::DeleteScalingGroup,
        instances::SetCvmProtectedDetach,
        instances::DescribeScalingInstance,
        instances::AttachInstance,
        instances::DetachInstance,
        activities::DescribeScalingActivity,
        policies::CreateScalingPolicy,
        policies::DescribeScalingPolicy,
        policies::ModifyScalingPolicy,
        policies::DeleteScalingPolicy,
        schedules::CreateScheduledTask,
        schedules::DescribeScheduledTask,
        schedules::ModifyScheduledTask,
        schedules::DeleteScheduledTask,
        hooks::ModifyLifecycleHook,
        hooks::DeleteLifecycleHook,
        hooks::DescribeLifecycleHook,
        hooks::CompleteLifecycleHookAction,
        hooks::RecordLifecycleHookTimeout,
        hooks::AttachLifecycleHookId,
        hooks::DetachLifecycleHookId,
        hooks::CreateLifecycleHook,
        notifications::CreateScalingNotification,
        notifications::DescribeScalingNotification,
        notifications::ModifyScalingNotification,
        notifications::DeleteScalingNotification,
    ]
);

/// No data: the answer of an action that is documented without any (contradiction T02).
pub(crate) type Nothing = ();

/// `[]`: the answer of an action that is documented with empty data.
#[derive(Serialize)]
pub(crate) struct Empty([u8; 0]);

/// `[]`.
pub(crate) const EMPTY: Empty = Empty([]);
