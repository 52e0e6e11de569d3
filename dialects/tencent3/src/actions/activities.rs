//! Activities.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_kit::filter::Filter;
use muster_kit::time::{format_utc, parse};
use muster_model::{ActivityFilter, ActivityKind, ActivityStatus, RunStatus, Time};
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::{Deserialize, Serialize};

use super::{Selection, SentFilter, exact, page};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::{
    ActivityType, ChargeType, HookReason, HookResult, RelatedStatus, StatusCode, TaskStatus,
};

/// DescribeAutoScalingActivities.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeAutoScalingActivities {
    activity_ids: Option<Vec<String>>,
    filters: Option<Vec<SentFilter>>,
    limit: Option<i64>,
    offset: Option<i64>,
    start_time: Option<String>,
    end_time: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Activities {
    total_count: usize,
    activity_set: Vec<Activity>,
}

/// Activity.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Activity {
    auto_scaling_group_id: String,
    activity_id: String,
    activity_type: ActivityType,
    status_code: StatusCode,
    status_message: String,
    cause: String,
    description: String,
    start_time: String,
    end_time: Option<String>,
    created_time: String,
    activity_related_instance_set: Vec<RelatedInstance>,
    status_message_simplified: String,
    lifecycle_action_result_set: Vec<LifecycleActionResultInfo>,
    detailed_status_message_set: Vec<DetailedStatusMessage>,
    invocation_result_set: Vec<InvocationResult>,
    related_instance_set: Vec<RelatedInstance>,
}

/// InvocationResult: a command that ran on a machine. There is one task to each run.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InvocationResult {
    instance_id: String,
    invocation_id: String,
    invocation_task_id: String,
    command_id: String,
    task_status: TaskStatus,
    error_message: String,
}

impl InvocationResult {
    fn of(outcome: &muster_model::HookOutcome) -> Option<Self> {
        let run = outcome.run.as_ref()?;
        let id = &run.invocation;
        Some(InvocationResult {
            instance_id: outcome.instance.to_string(),
            invocation_task_id: id.replacen("inv-", "invt-", 1),
            invocation_id: id.clone(),
            command_id: run.command.clone(),
            task_status: run.status.into(),
            error_message: run.message.clone(),
        })
    }
}

/// RelatedInstance.
#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RelatedInstance {
    instance_id: String,
    instance_status: RelatedStatus,
}

/// LifecycleActionResultInfo.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LifecycleActionResultInfo {
    lifecycle_hook_id: String,
    instance_id: String,
    invocation_id: String,
    invoke_command_result: &'static str,
    notification_result: &'static str,
    lifecycle_action_result: HookResult,
    result_reason: HookReason,
}

impl From<&muster_model::HookOutcome> for LifecycleActionResultInfo {
    fn from(outcome: &muster_model::HookOutcome) -> Self {
        LifecycleActionResultInfo {
            lifecycle_hook_id: outcome.hook.to_string(),
            instance_id: outcome.instance.to_string(),
            invocation_id: outcome
                .run
                .as_ref()
                .map(|run| run.invocation.clone())
                .unwrap_or_default(),
            // Whether it was called, not how it ended (L30822).
            invoke_command_result: match outcome.run.as_ref().map(|run| run.status) {
                None => "NONE",
                Some(RunStatus::NotRun) => "FAILED",
                Some(
                    RunStatus::Succeeded
                    | RunStatus::Failed
                    | RunStatus::TimedOut
                    | RunStatus::Unknown
                    | RunStatus::Overtaken,
                ) => "SUCCESSFUL",
            },
            notification_result: match (outcome.notified, outcome.reason) {
                (false, _) => "NONE",
                (true, muster_model::HookReason::NotificationFailure) => "FAILED",
                (true, _) => "SUCCESSFUL",
            },
            lifecycle_action_result: outcome.verdict.into(),
            result_reason: outcome.reason.into(),
        }
    }
}

/// DetailedStatusMessage.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DetailedStatusMessage {
    code: &'static str,
    zone: String,
    instance_id: String,
    instance_charge_type: ChargeType,
    subnet_id: String,
    message: String,
    instance_type: String,
}

impl From<&muster_model::Activity> for Activity {
    fn from(activity: &muster_model::Activity) -> Self {
        let related: Vec<RelatedInstance> = activity
            .instances
            .iter()
            .map(|related| RelatedInstance {
                instance_id: related.instance.to_string(),
                instance_status: related.outcome.into(),
            })
            .collect();
        Activity {
            auto_scaling_group_id: activity.group.to_string(),
            activity_id: activity.id.to_string(),
            activity_type: activity.kind.into(),
            status_code: activity.status.into(),
            status_message: activity.status_message.clone(),
            cause: activity.cause.clone(),
            description: activity.description.clone(),
            start_time: format_utc(activity.started_at.0),
            end_time: activity.ended_at.map(|at| format_utc(at.0)),
            created_time: format_utc(activity.created_at.0),
            activity_related_instance_set: related.clone(),
            status_message_simplified: activity.status_message.clone(),
            lifecycle_action_result_set: activity.hooks.iter().map(Into::into).collect(),
            detailed_status_message_set: activity
                .attempts
                .iter()
                .map(|attempt| DetailedStatusMessage {
                    code: attempt.code.word(),
                    zone: attempt.placement.zone.clone(),
                    instance_id: attempt.instance.to_string(),
                    instance_charge_type: attempt.charge.into(),
                    subnet_id: attempt.placement.subnet.clone(),
                    message: attempt.message.clone(),
                    instance_type: attempt.placement.instance_type.clone(),
                })
                .collect(),
            invocation_result_set: activity
                .hooks
                .iter()
                .filter_map(InvocationResult::of)
                .collect(),
            related_instance_set: related,
        }
    }
}

fn shown(activities: &[Arc<muster_model::Activity>]) -> Vec<Activity> {
    activities
        .iter()
        .map(|activity| Activity::from(&**activity))
        .collect()
}

const SELECTION: Selection = Selection {
    names: &[
        exact("auto-scaling-group-id"),
        exact("activity-status-code"),
        exact("activity-type"),
        exact("activity-id"),
    ],
    ids: "ActivityIds",
    conflict: "InvalidParameter.Conflict",
    too_many: "InvalidParameterValue.LimitExceeded",
    unknown: "InvalidParameterValue.Filter",
};

/// Values of a filter that are words of this door; others match nothing.
fn words<'de, W: Deserialize<'de>, T: From<W>>(values: &'de [String]) -> Vec<T> {
    let word = |value: &'de String| {
        let text: StrDeserializer<'de, WordError> = value.as_str().into_deserializer();
        W::deserialize(text).ok().map(T::from)
    };
    values.iter().filter_map(word).collect()
}

fn filter(sent: &Filter) -> Result<ActivityFilter, Fault> {
    Ok(match sent.name {
        "auto-scaling-group-id" => ActivityFilter::Groups(checks::group_ids(&sent.values)?),
        "activity-status-code" => {
            ActivityFilter::Statuses(words::<StatusCode, ActivityStatus>(&sent.values))
        }
        "activity-type" => ActivityFilter::Kinds(words::<ActivityType, ActivityKind>(&sent.values)),
        _ => ActivityFilter::Ids(checks::activity_ids(&sent.values)?),
    })
}

fn time(parameter: &str, value: &str) -> Result<Time, Fault> {
    parse(value)
        .map(Time)
        .map_err(|_| Fault::value(parameter, value, "a time of the form YYYY-MM-DDThh:mm:ssZ"))
}

impl Action<Ctx> for DescribeAutoScalingActivities {
    const NAME: &'static str = "DescribeAutoScalingActivities";
    type Response = Activities;

    async fn run(self, ctx: &Ctx) -> Result<Activities, Fault> {
        let page = page(self.offset, self.limit)?;
        let sent = SELECTION.check(self.activity_ids.as_ref(), self.filters)?;
        let start = self
            .start_time
            .map(|value| time("StartTime", &value))
            .transpose()?;
        let end = self
            .end_time
            .map(|value| time("EndTime", &value))
            .transpose()?;
        let mut filters = sent.iter().map(filter).collect::<Result<Vec<_>, _>>()?;
        // With ids the times do not count (rule I8).
        match self.activity_ids.filter(|ids| !ids.is_empty()) {
            Some(ids) => filters.push(ActivityFilter::Ids(checks::activity_ids(&ids)?)),
            None => {
                filters.extend(start.map(ActivityFilter::StartedFrom));
                filters.extend(end.map(ActivityFilter::EndedUntil));
            }
        }
        let found = ctx
            .api
            .activities(&ctx.caller, &filters, page)
            .await
            .map_err(|error| ctx.refused(&error))?;
        Ok(Activities {
            total_count: found.total,
            activity_set: shown(&found.items),
        })
    }
}

/// DescribeAutoScalingGroupLastActivities.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeAutoScalingGroupLastActivities {
    auto_scaling_group_ids: Vec<String>,
    exclude_cancelled_activity: Option<bool>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LastActivities {
    activity_set: Vec<Activity>,
}

impl Action<Ctx> for DescribeAutoScalingGroupLastActivities {
    const NAME: &'static str = "DescribeAutoScalingGroupLastActivities";
    type Response = LastActivities;

    async fn run(self, ctx: &Ctx) -> Result<LastActivities, Fault> {
        let ids = &self.auto_scaling_group_ids;
        checks::count(
            "InvalidParameterValue.LimitExceeded",
            "AutoScalingGroupIds",
            ids,
            checks::MAX_IDS,
        )?;
        let groups = checks::group_ids(ids)?;
        let exclude = self.exclude_cancelled_activity.unwrap_or(false);
        let found = ctx.api.last_activities(&ctx.caller, &groups, exclude).await;
        Ok(LastActivities {
            activity_set: shown(&found.map_err(|error| ctx.refused(&error))?),
        })
    }
}
