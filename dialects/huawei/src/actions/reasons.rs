//! Why an activity ran, in the words of a log.

use std::sync::Arc;

use muster_model::{
    Activity, ExecutedBy, Execution, ExecutionOutcome, Parts, PolicyId, PolicyKind, ScheduleTimes,
    TriggerKind,
};
use serde_json::json;

use crate::times::second;

/// Whether a policy's activity is due to a call, not to its time or alarm: its last execution until then tells.
fn was_called(activity: &Activity, policy: PolicyId, parts: &Parts) -> bool {
    let until = |execution: &&Arc<Execution>| {
        let failed = matches!(execution.outcome, ExecutionOutcome::Failed(_));
        execution.policy == policy && execution.at <= activity.created_at && !failed
    };
    let done = parts.executions.values().filter(until);
    let last = done.max_by_key(|execution| (execution.at, execution.ordinal));
    last.is_some_and(|execution| execution.by == ExecutedBy::Call)
}

/// The policy that started an activity; a scheduled action of another door is one here. `None` = none, or it is gone.
struct By<'a> {
    id: PolicyId,
    name: &'a str,
    times: Option<&'a ScheduleTimes>,
}

impl<'a> By<'a> {
    fn of(activity: &Activity, parts: &'a Parts) -> Option<By<'a>> {
        match &activity.trigger.kind {
            TriggerKind::Policy { policy, .. } => {
                let policy = parts.policies.get(policy)?;
                Some(By {
                    id: policy.id,
                    name: &policy.name,
                    times: match &policy.kind {
                        PolicyKind::Timed { times, .. } => Some(times),
                        PolicyKind::Simple { .. }
                        | PolicyKind::External { .. }
                        | PolicyKind::Target(_)
                        | PolicyKind::Unhealthy => None,
                    },
                })
            }
            TriggerKind::Schedule { schedule } => {
                let task = parts.schedules.get(schedule)?;
                Some(By {
                    id: PolicyId::new(task.id.key()),
                    name: &task.name,
                    times: Some(&task.times),
                })
            }
            TriggerKind::Manual
            | TriggerKind::Match
            | TriggerKind::Unhealthy
            | TriggerKind::Lost
            | TriggerKind::Reclaim
            | TriggerKind::Refresh { .. } => None,
        }
    }
}

/// Why, as JSON text (rule L3).
pub(super) fn description(activity: &Activity, parts: &Parts) -> String {
    let by = By::of(activity, parts);
    let by_hand = by
        .as_ref()
        .is_some_and(|by| was_called(activity, by.id, parts));
    let times = by.as_ref().and_then(|by| by.times);
    let word = match (&activity.trigger.kind, times) {
        (TriggerKind::Manual, _) => "MANNUAL",
        (TriggerKind::Policy { .. }, _) if by_hand => "MANNUAL",
        (TriggerKind::Match, _) => "DIFF",
        (TriggerKind::Unhealthy | TriggerKind::Lost | TriggerKind::Reclaim, _) => "HEALTH_CHECK",
        (TriggerKind::Refresh { .. }, _) => "REFRESH",
        (TriggerKind::Policy { .. } | TriggerKind::Schedule { .. }, Some(times))
            if times.cron.is_some() =>
        {
            "RECURRENT"
        }
        (TriggerKind::Policy { .. }, Some(_)) | (TriggerKind::Schedule { .. }, _) => "SCHEDULED",
        (TriggerKind::Policy { .. }, None) => "ALARM",
    };
    let mut reason = json!({
        "change_reason": word,
        "old_value": activity.size_before,
        "change_time": second(activity.created_at),
        "new_value": activity.size_wanted,
    });
    if let Some(policy) = by {
        reason["scaling_policy_name"] = json!(policy.name);
        reason["scaling_policy_id"] = json!(policy.id.uuid());
    }
    json!({ "reason": [reason] }).to_string()
}
