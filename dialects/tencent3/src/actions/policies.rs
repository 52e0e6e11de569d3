//! Scaling policies looked up, deleted and executed (rules S1-S5).

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Command, Error, GroupCommand, GroupId, Policy, PolicyCommand, PolicyId, PolicyKind,
    ResourceKind,
};
use serde::{Deserialize, Serialize};

use super::{Empty, Selection, SentFilter, Started, exact, page};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{
    AdjustmentType, MetricName, PredefinedMetric, PredefinedMetricType, ShownAlarm, adjustment,
};

fn id(value: &str, ctx: &Ctx) -> Result<PolicyId, Fault> {
    if !PolicyId::is_well_formed(value) {
        let code = "InvalidParameterValue.InvalidAutoScalingPolicyId";
        return Err(checks::bad_id(code, "AutoScalingPolicyId", value, "asp-"));
    }
    PolicyId::parse(value).map_err(|_| absent(value, ctx))
}

fn absent(value: &str, ctx: &Ctx) -> Fault {
    ctx.refused(&Error::NotFound {
        kind: ResourceKind::Policy,
        id: value.to_owned(),
    })
}

/// What this door shows of a kind of policies; the others are hidden from it, and so are those over metrics of the listeners,
/// for which it has no words (concept map, metrics).
fn type_word(kind: &PolicyKind) -> Option<&'static str> {
    match kind {
        PolicyKind::Simple { alarm, .. } if MetricName::of(&alarm.metric).is_none() => None,
        PolicyKind::Simple { .. } => Some("SIMPLE"),
        PolicyKind::Target(_) => Some("TARGET_TRACKING"),
        PolicyKind::External { .. } | PolicyKind::Timed { .. } | PolicyKind::Unhealthy => None,
    }
}

/// All policies that the caller has and this door shows, by age.
async fn all(ctx: &Ctx) -> Result<Vec<Arc<Policy>>, Fault> {
    let views = ctx.api.views(&ctx.caller).await;
    let mut found: Vec<Arc<Policy>> = views
        .map_err(|error| ctx.refused(&error))?
        .iter()
        .flat_map(|view| view.parts.policies.values().cloned())
        .filter(|policy| type_word(&policy.kind).is_some())
        .collect();
    found.sort_by_key(|policy| (policy.created_at, policy.ordinal, policy.id));
    Ok(found)
}

/// The policy with this id.
pub(super) async fn named(value: &str, ctx: &Ctx) -> Result<Arc<Policy>, Fault> {
    let id = id(value, ctx)?;
    let found = all(ctx).await?.into_iter().find(|policy| policy.id == id);
    found.ok_or_else(|| absent(value, ctx))
}

/// The command on the policy's group.
pub(super) fn on(group: GroupId, command: PolicyCommand) -> Command {
    Command::Group {
        id: group,
        command: GroupCommand::Policy(command),
    }
}

/// DeleteScalingPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteScalingPolicy {
    auto_scaling_policy_id: String,
}

impl Action<Ctx> for DeleteScalingPolicy {
    const NAME: &'static str = "DeleteScalingPolicy";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let old = named(&self.auto_scaling_policy_id, ctx).await?;
        ctx.execute(on(old.group, PolicyCommand::Delete { id: old.id }))
            .await?;
        Ok(Empty {})
    }
}

/// Who triggers: kept apart by the API, the same to us.
#[derive(Clone, Copy, Deserialize)]
pub(crate) enum TriggerSource {
    /// A call.
    #[serde(rename = "API")]
    Api,
    /// The monitor service.
    #[serde(rename = "CLOUD_MONITOR")]
    CloudMonitor,
}

/// ExecuteScalingPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ExecuteScalingPolicy {
    auto_scaling_policy_id: String,
    honor_cooldown: Option<bool>,
    trigger_source: Option<TriggerSource>,
}

impl Action<Ctx> for ExecuteScalingPolicy {
    const NAME: &'static str = "ExecuteScalingPolicy";
    type Response = Started;

    async fn run(self, ctx: &Ctx) -> Result<Started, Fault> {
        let policy = named(&self.auto_scaling_policy_id, ctx).await?;
        match self.trigger_source {
            None | Some(TriggerSource::Api | TriggerSource::CloudMonitor) => {}
        }
        let command = GroupCommand::Policy(PolicyCommand::Execute {
            id: policy.id,
            honor_cooldown: self.honor_cooldown.unwrap_or(false),
        });
        ctx.start(&policy.group.to_string(), command).await
    }
}

/// DescribeScalingPolicies.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeScalingPolicies {
    auto_scaling_policy_ids: Option<Vec<String>>,
    filters: Option<Vec<SentFilter>>,
    limit: Option<i64>,
    offset: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policies {
    scaling_policy_set: Vec<ScalingPolicy>,
    total_count: usize,
}

/// ScalingPolicy: what belongs to the other type is null (L22120).
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScalingPolicy {
    auto_scaling_group_id: String,
    auto_scaling_policy_id: String,
    scaling_policy_type: &'static str,
    scaling_policy_name: String,
    adjustment_type: Option<AdjustmentType>,
    adjustment_value: Option<i64>,
    cooldown: Option<u32>,
    metric_alarm: Option<ShownAlarm>,
    predefined_metric_type: Option<PredefinedMetric>,
    target_value: Option<i64>,
    estimated_instance_warmup: Option<u32>,
    disable_scale_in: Option<bool>,
    metric_alarms: Option<Vec<ShownAlarm>>,
    notification_user_group_ids: Vec<String>,
}

impl From<&Policy> for ScalingPolicy {
    fn from(policy: &Policy) -> Self {
        let mut shown = ScalingPolicy {
            auto_scaling_group_id: policy.group.to_string(),
            auto_scaling_policy_id: policy.id.to_string(),
            scaling_policy_type: type_word(&policy.kind).unwrap_or_default(),
            scaling_policy_name: policy.name.clone(),
            adjustment_type: None,
            adjustment_value: None,
            cooldown: None,
            metric_alarm: None,
            predefined_metric_type: None,
            target_value: None,
            estimated_instance_warmup: None,
            disable_scale_in: None,
            metric_alarms: None,
            notification_user_group_ids: policy.notify_groups.clone(),
        };
        match &policy.kind {
            PolicyKind::Simple { alarm, adjust } => {
                let (kind, value) = adjustment(*adjust);
                shown.adjustment_type = Some(kind);
                shown.adjustment_value = Some(value);
                shown.cooldown = policy.cooldown_secs;
                shown.metric_alarm = Some(ShownAlarm::from(alarm));
            }
            PolicyKind::Target(target) => {
                shown.predefined_metric_type = Some(PredefinedMetricType::shown(&target.metric));
                shown.target_value = Some(target.target.round() as i64);
                shown.estimated_instance_warmup = Some(target.warmup_secs);
                shown.disable_scale_in = Some(target.disable_scale_in);
                let alarms = std::iter::once(target.high()).chain(target.low());
                shown.metric_alarms = Some(alarms.map(|alarm| ShownAlarm::from(&alarm)).collect());
            }
            PolicyKind::External { .. } | PolicyKind::Timed { .. } | PolicyKind::Unhealthy => {}
        }
        shown
    }
}

const SELECTION: Selection = Selection {
    names: &[
        exact("auto-scaling-policy-id"),
        exact("auto-scaling-group-id"),
        exact("scaling-policy-name"),
        exact("scaling-policy-type"),
    ],
    ids: "AutoScalingPolicyIds",
    conflict: "InvalidParameter.Conflict",
    too_many: "LimitExceeded",
    unknown: "InvalidParameterValue.InvalidFilter",
};

impl Action<Ctx> for DescribeScalingPolicies {
    const NAME: &'static str = "DescribeScalingPolicies";
    type Response = Policies;

    async fn run(self, ctx: &Ctx) -> Result<Policies, Fault> {
        let page = page(self.offset, self.limit)?;
        let sent = SELECTION.check(self.auto_scaling_policy_ids.as_ref(), self.filters)?;
        for filter in &sent {
            match filter.name {
                "auto-scaling-group-id" => checks::group_ids(&filter.values).map(|_| ())?,
                "auto-scaling-policy-id" => well_formed(&filter.values, ctx)?,
                _ => {}
            }
        }
        let ids = self.auto_scaling_policy_ids.unwrap_or_default();
        well_formed(&ids, ctx)?;
        let mut found = all(ctx).await?;
        found.retain(|policy| ids.is_empty() || ids.contains(&policy.id.to_string()));
        found.retain(|policy| {
            sent.iter().all(|filter| {
                let shown = match filter.name {
                    "auto-scaling-policy-id" => policy.id.to_string(),
                    "auto-scaling-group-id" => policy.group.to_string(),
                    "scaling-policy-name" => policy.name.clone(),
                    _ => type_word(&policy.kind).unwrap_or_default().to_owned(),
                };
                filter.values.contains(&shown)
            })
        });
        let shown = found.iter().skip(page.offset).take(page.limit);
        Ok(Policies {
            total_count: found.len(),
            scaling_policy_set: shown.map(|policy| ScalingPolicy::from(&**policy)).collect(),
        })
    }
}

/// Ids to look for: one that no policy can have is just not found (rule I2).
fn well_formed(ids: &[String], ctx: &Ctx) -> Result<(), Fault> {
    let bad = ids.iter().find(|value| !PolicyId::is_well_formed(value));
    bad.map_or(Ok(()), |value| id(value, ctx).map(|_| ()))
}
