//! The log of what policies were executed for.

use muster_kit::action::Action;
use muster_model::{
    BandwidthExecution, BandwidthPolicy, Execution, ExecutionOutcome, ResizeWay, Time,
};
use serde::{Deserialize, Serialize};

use super::Numbers;
use crate::checks::{filled, page, uuid_if_given, word_if_given};
use crate::context::{AnyPolicy, Ctx};
use crate::fault::Fault;
use crate::shapes::bandwidth::limit_value;
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

impl Log {
    /// One of a policy of a bandwidth.
    fn of_bandwidth(ctx: &Ctx, policy: &BandwidthPolicy, execution: &BandwidthExecution) -> Log {
        let status = match execution.failed {
            None => ExecutionStatus::Success,
            Some(_) => ExecutionStatus::Fail,
        };
        let time = second(execution.at);
        let done = || format!("the bandwidth has {} Mbit/s", execution.wanted);
        Log {
            id: execution.id.uuid(),
            status,
            failed_reason: execution.failed.clone(),
            operation: match execution.change.way {
                ResizeWay::Add => Operation::Add,
                ResizeWay::Reduce => Operation::Remove,
                ResizeWay::Set => Operation::Set,
            },
            tenant_id: ctx.project.clone(),
            scaling_resource_type: ResourceType::Bandwidth,
            scaling_resource_id: execution.bandwidth.clone(),
            scaling_policy_id: policy.id.uuid(),
            old_value: execution.old.to_string(),
            desire_value: execution.wanted.to_string(),
            limit_value: limit_value(execution).to_string(),
            execute_time: time.clone(),
            execute_type: execution.by.into(),
            job_records: vec![Job {
                job_name: "ADJUST_BANDWIDTH",
                record_type: "MEG",
                record_time: time,
                message: execution.failed.clone().unwrap_or_else(done),
                job_status: status,
            }],
        }
    }
}

/// The whole log of a policy, the newest first, each with its moment.
fn log(ctx: &Ctx, policy: &AnyPolicy) -> Vec<(Time, Log)> {
    match policy {
        AnyPolicy::OfGroup(view, policy) => {
            let all = view.parts.executions.values();
            let mut own: Vec<_> = all.filter(|one| one.policy == policy.id).collect();
            own.sort_by_key(|one| std::cmp::Reverse((one.at, one.ordinal, one.id)));
            own.iter().map(|one| (one.at, Log::new(ctx, one))).collect()
        }
        AnyPolicy::OfBandwidth(policy) => {
            let all = policy.spec.executions.iter().rev();
            all.map(|one| (one.at, Log::of_bandwidth(ctx, policy, one)))
                .collect()
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
        let id = filled(self.log_id);
        uuid_if_given("AS.9010", "log_id", id.as_ref())?;
        let id = id.map(|id| id.to_ascii_lowercase());
        let resource = filled(self.scaling_resource_id);
        let policy = ctx.any_policy(&self.scaling_policy_id).await?;
        let mut all = log(ctx, &policy);
        all.retain(|(at, log)| {
            kind.is_none_or(|kind| kind == log.scaling_resource_type)
                && by.is_none_or(|by| by == log.execute_type)
                && id.as_ref().is_none_or(|id| *id == log.id)
                && resource
                    .as_ref()
                    .is_none_or(|id| *id == log.scaling_resource_id)
                && start.is_none_or(|start| *at >= start)
                && end.is_none_or(|end| *at <= end)
        });
        let cut = page.cut(all);
        Ok(Logs {
            numbers: Numbers::of(cut.total, page),
            scaling_policy_execute_log: cut.items.into_iter().map(|(_, log)| log).collect(),
        })
    }
}
