//! Alarm policies, and the default policy that every group has.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_kit::decode::{Many, One};
use muster_model::{
    AdjustBy, Created, Door, GroupCommand, GroupView, Policy, PolicyCommand, PolicyId, PolicyKind,
    PolicySpec, ResourceKind,
};
use serde::{Deserialize, Serialize};

use super::Nothing;
use super::metric::{SentMetric, ShownMetric};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times;

/// Name and kind of the default policy (L2153).
const DEFAULT_POLICY: &str = "UnhealthyInstance";
/// Longest name of a policy, characters.
const MOST_NAME: usize = 128;

/// adjustmentType.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AdjustmentType {
    Total,
    Quantity,
    Percent,
}

impl AdjustmentType {
    const WORDS: [&'static str; 3] = [
        "TotalCapacity",
        "QuantityChangeInCapacity",
        "PercentChangeInCapacity",
    ];

    fn of(word: &str) -> Option<AdjustmentType> {
        match word.trim() {
            "TotalCapacity" => Some(AdjustmentType::Total),
            "QuantityChangeInCapacity" => Some(AdjustmentType::Quantity),
            "PercentChangeInCapacity" => Some(AdjustmentType::Percent),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            AdjustmentType::Total => AdjustmentType::WORDS[0],
            AdjustmentType::Quantity => AdjustmentType::WORDS[1],
            AdjustmentType::Percent => AdjustmentType::WORDS[2],
        }
    }
}

/// An adjustment as type and value. To a percentage, for which there is no word, is by what is missing from it.
fn shown_adjustment(by: AdjustBy) -> (AdjustmentType, i64) {
    match by {
        AdjustBy::To(value) => (AdjustmentType::Total, value),
        AdjustBy::By(value) => (AdjustmentType::Quantity, value),
        AdjustBy::ByPercent(value) => (AdjustmentType::Percent, value),
        AdjustBy::ToPercent(value) => (AdjustmentType::Percent, value - 100),
    }
}

/// The ranges of L2042; the number of instances is bounded as everywhere.
fn adjust(kind: AdjustmentType, value: i64, ctx: &Ctx) -> Result<AdjustBy, Fault> {
    let most = i64::from(ctx.switches.most_instances);
    let (min, max) = match kind {
        AdjustmentType::Total => (0, most),
        AdjustmentType::Quantity => (-most, most),
        AdjustmentType::Percent => (-100, 100),
    };
    if !(min..=max).contains(&value) {
        let (desc, wanted) = (
            "InvalidParameter.AdjustmentValue",
            format!("{min} to {max}"),
        );
        return Err(Fault::coded(
            desc,
            "adjustmentValue",
            &value.to_string(),
            &wanted,
        ));
    }
    Ok(match kind {
        AdjustmentType::Total => AdjustBy::To(value),
        AdjustmentType::Quantity => AdjustBy::By(value),
        AdjustmentType::Percent => AdjustBy::ByPercent(value),
    })
}

fn cooldown(value: i64) -> Result<u32, Fault> {
    checks::number("cooldown", value, 0, 86_400 * 365)
}

fn policy_name(name: &str) -> Result<(), Fault> {
    let desc = "InvalidParameter.ScalingPolicyNameError";
    checks::text("scalingPolicyName", name, 1, MOST_NAME).map_err(|fault| fault.with(desc))
}

/// The code of an adjustmentType that is not right: in two spellings (L2077, L2263).
fn adjustment_type(word: &str, desc: &'static str) -> Result<AdjustmentType, Fault> {
    let found = AdjustmentType::of(word);
    checks::word("adjustmentType", word, found, &AdjustmentType::WORDS, desc)
}

fn notified(given: Option<Many>) -> Result<Option<Vec<String>>, Fault> {
    if let Some(ids) = &given {
        checks::receivers(
            "notifyIds",
            &ids.0,
            checks::MOST_RECEIVERS,
            "InvalidParameter.GroupId",
        )?;
    }
    Ok(given.map(|ids| ids.0))
}

/// CreateScalingPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateScalingPolicy {
    scaling_group_id: Option<One>,
    scaling_policy_name: Option<String>,
    metric: Option<SentMetric>,
    adjustment_type: Option<String>,
    adjustment_value: Option<i64>,
    cooldown: i64,
    notify_ids: Option<Many>,
}

/// The ids of new policies.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedPolicies {
    scaling_policy_id_set: [String; 1],
}

impl Action<Ctx> for CreateScalingPolicy {
    const NAME: &'static str = "CreateScalingPolicy";
    type Response = CreatedPolicies;

    async fn run(self, ctx: &Ctx) -> Result<CreatedPolicies, Fault> {
        let wrong_name = "InvalidParameter.ScalingPolicyNameError";
        let wrong_metric = "InvalidParameter.Metric";
        let wrong_type = "InvalidParameter.ScalingPolicyAdjustmentTypeError";
        let wrong_value = "InvalidParameter.AdjustmentValue";
        let name = checks::needed_as(wrong_name, "scalingPolicyName", self.scaling_policy_name)?;
        policy_name(&name)?;
        let metric = checks::needed_as(wrong_metric, "metric", self.metric)?;
        let kind = checks::needed_as(wrong_type, "adjustmentType", self.adjustment_type)?;
        let value = checks::needed_as(wrong_value, "adjustmentValue", self.adjustment_value)?;
        let spec = PolicySpec {
            cooldown_secs: Some(cooldown(self.cooldown)?),
            kind: PolicyKind::Simple {
                alarm: metric.alarm(None, wrong_metric)?,
                adjust: adjust(adjustment_type(&kind, wrong_type)?, value, ctx)?,
            },
            enabled: true,
            notify_groups: notified(self.notify_ids)?.unwrap_or_default(),
            name,
        };
        let group = ctx.group(self.scaling_group_id.as_ref()).await?.group.id;
        let command = GroupCommand::Policy(PolicyCommand::Create {
            door: Door::Tencent2,
            spec: Box::new(spec),
        });
        let Created::Policy(id) = ctx.on_group(group, command).await? else {
            return Err(Fault::internal());
        };
        Ok(CreatedPolicies {
            scaling_policy_id_set: [id.to_string()],
        })
    }
}

/// The metric of a policy; the default policy has none.
#[derive(Serialize)]
#[serde(untagged)]
enum MetricOrNone {
    Metric(ShownMetric),
    None {},
}

/// ScalingPolicy.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScalingPolicy {
    scaling_policy_id: String,
    scaling_policy_name: String,
    adjustment_type: &'static str,
    adjustment_value: i64,
    metric: MetricOrNone,
    notify_id_set: Vec<String>,
    create_time: String,
    cooldown: u32,
}

impl ScalingPolicy {
    /// As it is shown; what only other doors have words for is hidden (concept map, policy kind).
    fn of(policy: &Policy, view: &GroupView) -> Option<ScalingPolicy> {
        let (alarm, by) = match &policy.kind {
            PolicyKind::Simple { alarm, adjust } => (alarm, *adjust),
            PolicyKind::External { .. }
            | PolicyKind::Target(_)
            | PolicyKind::Timed { .. }
            | PolicyKind::Unhealthy => return None,
        };
        let metric = ShownMetric::of(alarm)?;
        let (kind, value) = shown_adjustment(by);
        Some(ScalingPolicy {
            scaling_policy_id: policy.id.to_string(),
            scaling_policy_name: policy.name.clone(),
            adjustment_type: kind.word(),
            adjustment_value: value,
            metric: MetricOrNone::Metric(metric),
            notify_id_set: policy.notify_groups.clone(),
            create_time: times::shown(policy.created_at),
            cooldown: policy
                .cooldown_secs
                .unwrap_or(view.group.spec.cooldown_secs),
        })
    }

    /// The default policy: not a policy of its own, but that unhealthy instances are replaced.
    fn default_of(view: &GroupView) -> ScalingPolicy {
        ScalingPolicy {
            scaling_policy_id: default_id(view).to_string(),
            scaling_policy_name: DEFAULT_POLICY.to_owned(),
            adjustment_type: DEFAULT_POLICY,
            adjustment_value: 0,
            metric: MetricOrNone::None {},
            notify_id_set: Vec::new(),
            create_time: times::shown(view.group.created_at),
            cooldown: 0,
        }
    }
}

/// The id of the default policy of a group: no key is used for two things, so that the group's own is free for it.
fn default_id(view: &GroupView) -> PolicyId {
    PolicyId::new(view.group.id.key())
}

/// Whether a group has it: one made elsewhere need not replace unhealthy instances.
fn has_default(view: &GroupView) -> bool {
    view.group.spec.service.replace_unhealthy
}

/// How ids of policies begin: so, and so in some examples (contradiction T23).
const PREFIXES: [&str; 2] = ["asp-", "sp-"];

/// How an id begins.
fn prefix(id: &str) -> &'static str {
    match id.starts_with(PREFIXES[1]) {
        true => PREFIXES[1],
        false => PREFIXES[0],
    }
}

/// The policies of a group that are shown: the oldest first, and after them the default one, which the examples do without.
fn all(view: &GroupView, ctx: &Ctx) -> Vec<(PolicyId, ScalingPolicy)> {
    let mut policies: Vec<&Arc<Policy>> = view.parts.policies.values().collect();
    policies.sort_by_key(|policy| (policy.created_at, policy.ordinal, policy.id));
    let listed = has_default(view) && !ctx.switches.hide_default_policy;
    let default = listed.then(|| (default_id(view), ScalingPolicy::default_of(view)));
    let shown = |policy: &Arc<Policy>| Some((policy.id, ScalingPolicy::of(policy, view)?));
    let others = policies.into_iter().filter_map(shown);
    others.chain(default).collect()
}

/// The policy of a group that is named; `desc`: what is said of the default one.
fn named(view: &GroupView, id: &One, desc: &'static str, ctx: &Ctx) -> Result<Arc<Policy>, Fault> {
    let kind = ResourceKind::Policy;
    let key: PolicyId = checks::id_as("scalingPolicyId", &id.0, prefix(&id.0), kind, ctx)?;
    if has_default(view) && key == default_id(view) {
        let text = format!("the policy `{key}` is the default one of its group: it stays as it is");
        return Err(Fault::refused(desc, text));
    }
    let found = view.parts.policies.get(&key);
    let found = found.filter(|policy| ScalingPolicy::of(policy, view).is_some());
    found.cloned().ok_or_else(|| ctx.absent(kind, &id.0))
}

/// DescribeScalingPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeScalingPolicy {
    scaling_group_id: Option<One>,
    scaling_policy_ids: Option<Many>,
    scaling_policy_name: Option<String>,
    offset: Option<i64>,
    limit: Option<i64>,
}

/// Its answer (contradiction T25).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Policies {
    total_count: usize,
    scaling_policy_set: Vec<ScalingPolicy>,
}

impl Action<Ctx> for DescribeScalingPolicy {
    const NAME: &'static str = "DescribeScalingPolicy";
    type Response = Policies;

    async fn run(self, ctx: &Ctx) -> Result<Policies, Fault> {
        let page = checks::page(self.offset, self.limit)?;
        let ids = self.scaling_policy_ids.map(|ids| {
            let other = ids.0.iter().find(|id| prefix(id) == PREFIXES[1]);
            let own = other.map_or(PREFIXES[0], |_| PREFIXES[1]);
            checks::ids_as("scalingPolicyIds", &ids.0, own, checks::MOST_NAMED)
        });
        let ids: Option<Vec<PolicyId>> = ids.transpose()?;
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let mut found = all(&view, ctx);
        found.retain(|(id, policy)| {
            let name = self.scaling_policy_name.as_ref();
            ids.as_ref().is_none_or(|ids| ids.contains(id))
                && name.is_none_or(|name| policy.scaling_policy_name == *name)
        });
        Ok(Policies {
            total_count: found.len(),
            scaling_policy_set: checks::cut(found, page)
                .into_iter()
                .map(|(_, policy)| policy)
                .collect(),
        })
    }
}

/// ModifyScalingPolicy: what is left out stays, in the metric too.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModifyScalingPolicy {
    scaling_group_id: Option<One>,
    scaling_policy_id: One,
    scaling_policy_name: Option<String>,
    metric: Option<SentMetric>,
    adjustment_type: Option<String>,
    adjustment_value: Option<i64>,
    cooldown: Option<i64>,
    notify_ids: Option<Many>,
}

impl ModifyScalingPolicy {
    fn kind(&self, old: &PolicyKind, ctx: &Ctx) -> Result<PolicyKind, Fault> {
        let PolicyKind::Simple { alarm, adjust: by } = old else {
            return Ok(old.clone());
        };
        let (kind, value) = shown_adjustment(*by);
        let desc = "InvalidParameter.ScalingPolicyAdjustmenttypeError";
        let word = self.adjustment_type.as_deref();
        let given = (
            word.map(|word| adjustment_type(word, desc))
                .transpose()?
                .unwrap_or(kind),
            self.adjustment_value.unwrap_or(value),
        );
        let metric = self.metric.as_ref();
        let metric = metric.map(|metric| metric.alarm(Some(alarm), "InvalidParameter.MetricError"));
        Ok(PolicyKind::Simple {
            alarm: metric.transpose()?.unwrap_or_else(|| alarm.clone()),
            // What is written back as it was shown may be another door's.
            adjust: match given == (kind, value) {
                true => *by,
                false => adjust(given.0, given.1, ctx)?,
            },
        })
    }
}

impl Action<Ctx> for ModifyScalingPolicy {
    const NAME: &'static str = "ModifyScalingPolicy";
    type Response = Nothing;

    async fn run(self, ctx: &Ctx) -> Result<Nothing, Fault> {
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let desc = "Conflict.ModifyDefaultScalingPolicyError";
        let old = named(&view, &self.scaling_policy_id, desc, ctx)?;
        let kind = self.kind(&old.kind, ctx)?;
        if let Some(name) = &self.scaling_policy_name {
            policy_name(name)?;
        }
        let spec = PolicySpec {
            name: self.scaling_policy_name.unwrap_or_else(|| old.name.clone()),
            enabled: old.enabled,
            cooldown_secs: self
                .cooldown
                .map(cooldown)
                .transpose()?
                .or(old.cooldown_secs),
            kind,
            notify_groups: notified(self.notify_ids)?.unwrap_or_else(|| old.notify_groups.clone()),
        };
        let command = PolicyCommand::Modify {
            id: old.id,
            spec: Box::new(spec),
        };
        ctx.on_group(view.group.id, GroupCommand::Policy(command))
            .await?;
        Ok(())
    }
}

/// DeleteScalingPolicy.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteScalingPolicy {
    scaling_group_id: Option<One>,
    scaling_policy_id: One,
}

impl Action<Ctx> for DeleteScalingPolicy {
    const NAME: &'static str = "DeleteScalingPolicy";
    type Response = super::Empty;

    async fn run(self, ctx: &Ctx) -> Result<super::Empty, Fault> {
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let desc = "Conflict.DeleteDefaultScalingPolicyError";
        let old = named(&view, &self.scaling_policy_id, desc, ctx)?;
        let command = PolicyCommand::Delete { id: old.id };
        ctx.on_group(view.group.id, GroupCommand::Policy(command))
            .await?;
        Ok(super::EMPTY)
    }
}
