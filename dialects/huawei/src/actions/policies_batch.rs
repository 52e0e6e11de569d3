//! Many policies at once: deleted, paused, resumed.

use muster_kit::action::Action;
use muster_model::{Command, Policy, PolicyKind, RecordCommand, RecordId};
use serde::{Deserialize, Serialize};

use super::policies_write::{delete, switch};
use super::{Empty, policies_bandwidth};
use crate::checks;
use crate::context::{AnyPolicy, Ctx};
use crate::fault::Fault;
use crate::shapes::policy::is_executing;
use crate::words::{PoliciesAction, PolicyAction};

/// Policies that one call may name.
const BATCH: usize = 20;

/// BatchDeleteScalingPolicies, BatchPauseScalingPolicies, BatchResumeScalingPolicies.
#[derive(Deserialize)]
pub(crate) struct BatchScalingPolicies {
    scaling_policy_id: Option<Vec<String>>,
    force_delete: Option<String>,
    action: Option<String>,
    delete_alarm: Option<String>,
}

/// One that was not done, as clients read it.
#[derive(Serialize)]
struct Left {
    id: String,
    #[serde(rename = "errorCode")]
    error_code: &'static str,
}

impl BatchScalingPolicies {
    async fn one(id: &str, action: PoliciesAction, force: bool, ctx: &Ctx) -> Result<(), Fault> {
        let (view, policy) = match ctx.any_policy(id).await? {
            AnyPolicy::OfGroup(view, policy) => (view, policy),
            AnyPolicy::OfBandwidth(policy) => {
                return match action {
                    PoliciesAction::Delete => policies_bandwidth::delete(&policy, ctx).await,
                    PoliciesAction::Resume => {
                        policies_bandwidth::act(&policy, PolicyAction::Resume, ctx).await
                    }
                    PoliciesAction::Pause => {
                        policies_bandwidth::act(&policy, PolicyAction::Pause, ctx).await
                    }
                };
            }
        };
        match action {
            PoliciesAction::Delete if is_executing(&view, &policy) && !force => {
                Err(Fault::new("AS.3038", ""))
            }
            PoliciesAction::Delete => delete(&view, &policy, ctx).await,
            PoliciesAction::Resume => switch(&view, &policy, true, ctx).await,
            PoliciesAction::Pause => switch(&view, &policy, false, ctx).await,
        }
    }
}

/// The alarm rule that a policy names, if it names one.
async fn alarm_of(id: &str, ctx: &Ctx) -> Result<Option<String>, Fault> {
    match ctx.policy(id).await {
        Ok((_, policy)) => Ok(match &policy.kind {
            PolicyKind::External { alarm_id, .. } => Some(alarm_id.clone()),
            PolicyKind::Simple { .. }
            | PolicyKind::Target(_)
            | PolicyKind::Timed { .. }
            | PolicyKind::Unhealthy => None,
        }),
        // Said when it comes to the policy itself.
        Err(fault) if fault.code == "AS.0007" => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Deletes an alarm rule that no policy names any more.
async fn forget_alarm(alarm: &str, ctx: &Ctx) -> Result<(), Fault> {
    let names_it = |policy: &Policy| matches!(&policy.kind, PolicyKind::External { alarm_id, .. } if alarm_id == alarm);
    let views = ctx.views().await?;
    let mut policies = views.iter().flat_map(|view| view.parts.policies.values());
    if policies.any(|policy| names_it(policy)) {
        return Ok(());
    }
    let Some(id) = ctx.alarm_rule(alarm).await? else {
        return Ok(());
    };
    let id = RecordId::AlarmRule(id);
    let commands = vec![RecordCommand::Delete { id }];
    ctx.execute(Command::Records(commands)).await.map(|_| ())
}

impl Action<Ctx> for BatchScalingPolicies {
    const NAME: &'static str = "BatchDeleteScalingPolicies";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let word = self
            .action
            .ok_or_else(|| Fault::missing("AS.3022", "action"))?;
        let action: PoliciesAction = checks::word("AS.3022", "action", &word)?;
        let force = checks::yes("AS.3048", "force_delete", self.force_delete.as_ref())?;
        let delete_alarm = checks::yes("AS.3056", "delete_alarm", self.delete_alarm.as_ref())?;
        let ids = self.scaling_policy_id.unwrap_or_default();
        if ids.is_empty() {
            return Err(Fault::missing("AS.3049", "scaling_policy_id"));
        }
        checks::count("AS.0022", "scaling_policy_id", &ids, BATCH)?;
        let mut left = Vec::new();
        for id in ids {
            let alarm = match delete_alarm && action == PoliciesAction::Delete {
                true => alarm_of(&id, ctx).await?,
                false => None,
            };
            match Self::one(&id, action, force, ctx).await {
                Ok(()) => {
                    if let Some(alarm) = alarm {
                        forget_alarm(&alarm, ctx).await?;
                    }
                }
                Err(fault) if fault.code == "AS.0011" => return Err(fault),
                Err(fault) => left.push(Left {
                    id,
                    error_code: match fault.code {
                        "AS.0007" => "AS.3020",
                        code => code,
                    },
                }),
            }
        }
        if left.is_empty() {
            return Ok(Empty {});
        }
        let code = match action {
            PoliciesAction::Delete => "AS.3045",
            PoliciesAction::Resume => "AS.3046",
            PoliciesAction::Pause => "AS.3047",
        };
        let text =
            serde_json::to_string(&left).map_err(|error| Fault::system(&error.to_string()))?;
        Err(Fault::new(code, text))
    }
}
