//! The log of what policies were executed for.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{Execution, ExecutionId, ExecutionOutcome};
use serde::{Deserialize, Serialize};

use super::Numbers;
use crate::checks::{filled, page, word_if_given};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times::{second, span};
use crate::words::{ExecuteType, ExecutionStatus, Operation, ResourceType};

/// ListScalingPolicyExecuteLogs.
#[derive(Deserialize)]
pub(crate) struct ListScalingPolicyExecuteLogs {
    scaling_policy_id: String,
    log_id: Option<String>,
    scaling_resource_type: Option<String>,
    scaling_resource_id: Option<String>,
    execute_type: Option<String>,
    start_time: Option<String>,
    end_time: Option<String>,
    start_number: Option<String>,
    limit: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Logs {
    #[serde(flatten)]
    numbers: Numbers,
    scaling_policy_execute_log: Vec<Log>,
}

/// ScalingPolicyExecuteLogList.
#[derive(Serialize)]
pub(crate) struct Log {
    id: String,
    status: ExecutionStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_reason: Option<String>,
    #[serde(rename = "type")]
    operation: Operation,
    tenant_id: String,
    scaling_resource_type: ResourceType,
    scaling_resource_id: String,
    scaling_policy_id: String,
    old_value: String,
    desire_value: String,
    limit_value: String,
    execute_time: String,
    execute_type: ExecuteType,
    job_records: Vec<Job>,
}

/// JobRecords: the one thing that an execution does.
#[derive(Serialize)]
pub(crate) struct Job {
    job_name: &'static str,
    record_type: &'static str,
    record_time: String,
    message: String,
    job_status: ExecutionStatus,
}

impl Log {
    fn new(ctx: &Ctx, execution: &Execution) -> Log {
        let (status, reason) = match &execution.outcome {
            ExecutionOutcome::Waiting => (ExecutionStatus::Executing, None),
            ExecutionOutcome::Done => (ExecutionStatus::Success, None),
            ExecutionOutcome::Failed(reason) => (ExecutionStatus::Fail, Some(reason.clone())),
        };
        let time = second(execution.at);
        let job = |message: String| Job {
            job_name: "ADJUST_VM_NUMBERS",
            record_type: "MEG",
            record_time: time.clone(),
            message,
            job_status: status,
        };
        let jobs = match &execution.outcome {
            ExecutionOutcome::Waiting => Vec::new(),
            ExecutionOutcome::Done => vec![job("the desired number is changed".to_owned())],
            ExecutionOutcome::Failed(reason) => vec![job(reason.clone())],
        };
        Log {
            id: execution.id.uuid(),
            status,
            failed_reason: reason,
            operation: Operation::of(execution.adjust),
            tenant_id: ctx.project.clone(),
            scaling_resource_type: ResourceType::Group,
            scaling_resource_id: execution.group.uuid(),
            scaling_policy_id: execution.policy.uuid(),
            old_value: execution.old.to_string(),
            desire_value: execution.wanted.to_string(),
            // A limit is of bandwidths only.
            limit_value: "0".to_owned(),
            execute_time: time,
            execute_type: execution.by.into(),
            job_records: jobs,
        }
    }
}

impl Action<Ctx> for ListScalingPolicyExecuteLogs {
    const NAME: &'static str = "ListScalingPolicyExecuteLogs";
    type Response = Logs;

    async fn run(self, ctx: &Ctx) -> Result<Logs, Fault> {
        let kind: Option<ResourceType> = word_if_given(
            "AS.0022",
            "scaling_resource_type",
            filled(self.scaling_resource_type).as_ref(),
        )?;
        let by: Option<ExecuteType> = word_if_given(
            "AS.0022",
            "execute_type",
            filled(self.execute_type).as_ref(),
        )?;
        let (start, end) = span(("AS.9007", "AS.9007"), self.start_time, self.end_time)?;
        let page = page(
            ("AS.9008", "AS.9009"),
            self.start_number.as_ref(),
            self.limit.as_ref(),
        )?;
        let id = filled(self.log_id).map(|id| {
            ExecutionId::parse_uuid(&id)
                .map_err(|_| Fault::value("AS.9010", "log_id", id, "the id of a log is right"))
        });
        let id = id.transpose()?;
        let resource = filled(self.scaling_resource_id);
        let (view, policy) = ctx.policy(&self.scaling_policy_id).await?;
        let mut all: Vec<Arc<Execution>> = view.parts.executions.values().cloned().collect();
        all.retain(|one| {
            one.policy == policy.id
                && kind.is_none_or(|kind| kind == ResourceType::Group)
                && by.is_none_or(|by| by == one.by.into())
                && id.is_none_or(|id| id == one.id)
                && resource.as_ref().is_none_or(|id| *id == one.group.uuid())
                && start.is_none_or(|start| one.at >= start)
                && end.is_none_or(|end| one.at <= end)
        });
        all.sort_by_key(|one| std::cmp::Reverse((one.at, one.ordinal, one.id)));
        let cut = page.cut(all);
        Ok(Logs {
            scaling_policy_execute_log: cut.items.iter().map(|one| Log::new(ctx, one)).collect(),
            numbers: Numbers::of(cut.total, page),
        })
    }
}
