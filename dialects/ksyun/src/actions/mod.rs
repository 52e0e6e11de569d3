//! The actions, one file per family, and the lists that dispatch them.

mod activities;
mod configs;
mod configs_write;
mod groups;
mod groups_write;
mod instances;
mod notifications;
mod policies;
mod projects;
mod schedules;

use serde::Serialize;

use crate::context::Ctx;

muster_kit::actions!(
    /// Every action that this door answers.
    pub(crate) ACTIONS: Ctx = [
        groups_write::CreateScalingGroup,
        groups::EnableScalingGroup,
        groups::DisableScalingGroup,
        groups::DeleteScalingGroup,
        activities::DescribeScalingActivity,
        instances::AttachInstance,
        instances::DetachInstance,
        instances::DescribeScalingInstance,
        instances::SetKvmProtectedDetach,
        groups_write::ModifyScalingGroup,
        groups::DescribeScalingGroup,
        groups_write::ModifyScalingLoadBalancers,
        configs_write::CreateScalingConfiguration,
        configs_write::ModifyScalingConfiguration,
        configs::DescribeScalingConfiguration,
        configs::DeleteScalingConfiguration,
        policies::CreateScalingPolicy,
        policies::DescribeScalingPolicy,
        policies::ModifyScalingPolicy,
        policies::DeleteScalingPolicy,
        schedules::CreateScheduledTask,
        schedules::DescribeScheduledTask,
        schedules::ModifyScheduledTask,
        schedules::DeleteScheduledTask,
        notifications::CreateScalingNotification,
        notifications::DescribeScalingNotification,
        notifications::ModifyScalingNotification,
    ]
);

muster_kit::actions!(
    /// The call of IAM that is answered here.
    pub(crate) IAM_ACTIONS: Ctx = [projects::GetAccountAllProjectList]
);

/// `{"Return": true}`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Done {
    r#return: bool,
}

/// It was done.
pub(crate) const DONE: Done = Done { r#return: true };

/// `{"ReturnSet": {...}}`, where it is documented with `Return` before it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Returned<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    r#return: Option<bool>,
    return_set: T,
}

impl<T> Returned<T> {
    /// The set alone.
    pub(crate) fn set(return_set: T) -> Returned<T> {
        Returned {
            r#return: None,
            return_set,
        }
    }

    /// With `Return`.
    pub(crate) fn done(return_set: T) -> Returned<T> {
        Returned {
            r#return: Some(true),
            return_set,
        }
    }
}

/// The id of a group.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupKey {
    pub(crate) scaling_group_id: String,
}
