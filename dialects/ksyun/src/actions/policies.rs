//! Alarm policies.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Catalogue, Command, Created, Door, Error, GroupCommand, GroupView, Policy, PolicyCommand,
    PolicyKind, PolicySpec, ResourceKind,
};
use serde::{Deserialize, Serialize};

use super::Returned;
use crate::alarms::{self, AdjustmentType, ShownMetric, shown_adjustment};
use crate::checks::{self, Many, One};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times;

/// At least a minute (L1875).
fn cooldown(value: i64) -> Result<u32, Fault> {
    checks::number("CoolDown", value, 60, i64::from(u32::MAX))
}

/// CreateScalingPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateScalingPolicy {
    scaling_group_id: One,
    scaling_policy_name: String,
    metric: String,
    adjustment_type: AdjustmentType,
    adjustment_value: i64,
    cool_down: i64,
}

/// The id of a policy.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyKey {
    scaling_policy_id: String,
}

impl PolicyKey {
    fn of(policy: &Policy) -> PolicyKey {
        PolicyKey {
            scaling_policy_id: policy.numeral(),
        }
    }
}

/// Its answer: the number of the example, and the text in the set that clients read (contradiction K09).
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedPolicy {
    scaling_policy_id: u64,
    return_set: PolicyKey,
}

impl Action<Ctx> for CreateScalingPolicy {
    const NAME: &'static str = "CreateScalingPolicy";
    type Response = CreatedPolicy;

    async fn run(self, ctx: &Ctx) -> Result<CreatedPolicy, Fault> {
        checks::name("ScalingPolicyName", &self.scaling_policy_name)?;
        let spec = PolicySpec {
            cooldown_secs: Some(cooldown(self.cool_down)?),
            kind: PolicyKind::Simple {
                alarm: alarms::read(&self.metric)?,
                adjust: alarms::adjust(self.adjustment_type, self.adjustment_value, ctx)?,
            },
            enabled: true,
            notify_groups: Vec::new(),
            name: self.scaling_policy_name,
        };
        let group = ctx.group(&self.scaling_group_id).await?.group.id;
        let command = GroupCommand::Policy(PolicyCommand::Create {
            door: Door::Ksyun,
            spec: Box::new(spec),
        });
        let Created::Policy(id) = ctx.on_group(group, command).await? else {
            return Err(Fault::unavailable());
        };
        let view = ctx.view(&self.scaling_group_id).await?;
        let made = view.parts.policies.get(&id);
        // One that somebody was quick to delete has an id all the same.
        let id = made.map_or_else(|| id.decimal(), |policy| policy.numeral());
        Ok(CreatedPolicy {
            scaling_policy_id: id.parse().map_err(|_| Fault::unavailable())?,
            return_set: PolicyKey {
                scaling_policy_id: id,
            },
        })
    }
}

/// ScalingPolicy.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScalingPolicy {
    scaling_group_id: String,
    scaling_policy_id: String,
    scaling_policy_name: String,
    adjustment_type: AdjustmentType,
    adjustment_value: i64,
    metric: ShownMetric,
    create_time: String,
    cool_down: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability_zone: Option<String>,
}

impl ScalingPolicy {
    /// As it is shown; what only other doors have words for is hidden (concept map, policy kind).
    fn of(policy: &Policy, view: &GroupView, catalogue: &Catalogue) -> Option<ScalingPolicy> {
        let (alarm, by) = match &policy.kind {
            PolicyKind::Simple { alarm, adjust } => (alarm, *adjust),
            PolicyKind::External { .. }
            | PolicyKind::Target(_)
            | PolicyKind::Timed { .. }
            | PolicyKind::Unhealthy => return None,
        };
        let metric = ShownMetric::of(alarm)?;
        let (adjustment_type, adjustment_value) = shown_adjustment(by);
        let spec = &view.group.spec;
        Some(ScalingPolicy {
            scaling_group_id: policy.group.decimal(),
            scaling_policy_id: policy.numeral(),
            scaling_policy_name: policy.name.clone(),
            adjustment_type,
            adjustment_value,
            metric,
            create_time: times::shown(policy.created_at),
            cool_down: policy.cooldown_secs.unwrap_or(spec.cooldown_secs),
            availability_zone: catalogue.zones_of(&spec.network).into_iter().next(),
        })
    }
}

/// The policies of a group that are shown, oldest first.
fn all(view: &GroupView, ctx: &Ctx) -> Vec<(Arc<Policy>, ScalingPolicy)> {
    let catalogue = ctx.api.catalogue();
    let mut policies: Vec<&Arc<Policy>> = view.parts.policies.values().collect();
    policies.sort_by_key(|policy| (policy.created_at, policy.ordinal, policy.id));
    let shown = |policy: &Arc<Policy>| {
        let shown = ScalingPolicy::of(policy, view, &catalogue)?;
        Some((Arc::clone(policy), shown))
    };
    policies.into_iter().filter_map(shown).collect()
}

/// The policy of a group that is named.
fn named(view: &GroupView, id: &One, ctx: &Ctx) -> Result<Arc<Policy>, Fault> {
    checks::digits("ScalingPolicyId", &id.0)?;
    let mut policies = all(view, ctx).into_iter().map(|(policy, _)| policy);
    let found = policies.find(|policy| policy.is_called(&id.0));
    found.ok_or_else(|| ctx.absent(ResourceKind::Policy, &id.0))
}

/// Does something with a policy of a group that the request names.
async fn on_policy(
    view: &GroupView,
    command: PolicyCommand,
    named: &One,
    ctx: &Ctx,
) -> Result<(), Fault> {
    let id = view.group.id;
    let command = Command::Group {
        id,
        command: GroupCommand::Policy(command),
    };
    let refused = |error: &Error| match error {
        Error::NotFound {
            kind: ResourceKind::Policy,
            ..
        } => ctx.absent(ResourceKind::Policy, &named.0),
        other => ctx.refused(other, &id.decimal()),
    };
    ctx.execute_or(command, refused).await.map(|_| ())
}

/// DescribeScalingPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeScalingPolicy {
    scaling_group_id: One,
    scaling_policy_id: Option<Many>,
    scaling_policy_name: Option<String>,
    marker: Option<i64>,
    max_results: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policies {
    scaling_policy_size: usize,
    scaling_policy_set: Vec<ScalingPolicy>,
    marker: usize,
    max_results: usize,
}

impl Action<Ctx> for DescribeScalingPolicy {
    const NAME: &'static str = "DescribeScalingPolicy";
    type Response = Policies;

    async fn run(self, ctx: &Ctx) -> Result<Policies, Fault> {
        let page = checks::page(self.marker, self.max_results, checks::PAGES, ctx)?;
        let ids = self.scaling_policy_id.map(|ids| ids.0);
        for id in ids.iter().flatten() {
            checks::digits("ScalingPolicyId", id)?;
        }
        let view = ctx.view(&self.scaling_group_id).await?;
        let mut found = all(&view, ctx);
        found.retain(|(policy, _)| {
            let name = self.scaling_policy_name.as_ref();
            let is_called = |ids: &Vec<String>| ids.iter().any(|id| policy.is_called(id));
            ids.as_ref().is_none_or(is_called)
                && name.is_none_or(|name| policy.name.contains(name.as_str()))
        });
        let count = found.len();
        let shown = checks::cut(found, page).into_iter();
        Ok(Policies {
            scaling_policy_size: count,
            scaling_policy_set: shown.map(|(_, policy)| policy).collect(),
            marker: page.offset,
            max_results: page.limit,
        })
    }
}

/// ModifyScalingPolicy: what is left out stays.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyScalingPolicy {
    scaling_policy_id: One,
    scaling_group_id: One,
    scaling_policy_name: Option<String>,
    metric: Option<String>,
    adjustment_type: Option<AdjustmentType>,
    adjustment_value: Option<i64>,
    cool_down: Option<i64>,
}

impl Action<Ctx> for ModifyScalingPolicy {
    const NAME: &'static str = "ModifyScalingPolicy";
    type Response = Returned<PolicyKey>;

    async fn run(self, ctx: &Ctx) -> Result<Returned<PolicyKey>, Fault> {
        let view = ctx.view(&self.scaling_group_id).await?;
        let old = named(&view, &self.scaling_policy_id, ctx)?;
        if let Some(name) = self
            .scaling_policy_name
            .as_ref()
            .filter(|n| **n != old.name)
        {
            checks::name("ScalingPolicyName", name)?;
        }
        let kind = match &old.kind {
            PolicyKind::Simple {
                alarm: rule,
                adjust: by,
            } => {
                let (kind, value) = shown_adjustment(*by);
                let given = (
                    self.adjustment_type.unwrap_or(kind),
                    self.adjustment_value.unwrap_or(value),
                );
                PolicyKind::Simple {
                    alarm: match self.metric.as_deref() {
                        None => rule.clone(),
                        Some(text) => alarms::over(text, rule)?,
                    },
                    // What is written back as it was shown may be another door's.
                    adjust: match given == (kind, value) {
                        true => *by,
                        false => alarms::adjust(given.0, given.1, ctx)?,
                    },
                }
            }
            other @ (PolicyKind::External { .. }
            | PolicyKind::Target(_)
            | PolicyKind::Timed { .. }
            | PolicyKind::Unhealthy) => other.clone(),
        };
        let spec = PolicySpec {
            name: self.scaling_policy_name.unwrap_or_else(|| old.name.clone()),
            enabled: old.enabled,
            cooldown_secs: match self.cool_down {
                Some(secs) if old.cooldown_secs.map(i64::from) == Some(secs) => old.cooldown_secs,
                Some(secs) => Some(cooldown(secs)?),
                None => old.cooldown_secs,
            },
            kind,
            notify_groups: old.notify_groups.clone(),
        };
        let command = PolicyCommand::Modify {
            id: old.id,
            spec: Box::new(spec),
        };
        on_policy(&view, command, &self.scaling_policy_id, ctx).await?;
        Ok(Returned::done(PolicyKey::of(&old)))
    }
}

/// DeleteScalingPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteScalingPolicy {
    scaling_group_id: One,
    scaling_policy_id: One,
}

impl Action<Ctx> for DeleteScalingPolicy {
    const NAME: &'static str = "DeleteScalingPolicy";
    type Response = Returned<PolicyKey>;

    async fn run(self, ctx: &Ctx) -> Result<Returned<PolicyKey>, Fault> {
        let view = ctx.view(&self.scaling_group_id).await?;
        let old = named(&view, &self.scaling_policy_id, ctx)?;
        let command = PolicyCommand::Delete { id: old.id };
        on_policy(&view, command, &self.scaling_policy_id, ctx).await?;
        Ok(Returned::set(PolicyKey::of(&old)))
    }
}
