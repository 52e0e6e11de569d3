//! Alarm policies.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_kit::decode::decode;
use muster_kit::node::{Limits, json};
use muster_model::{
    AdjustBy, Alarm, AlarmDetail, Created, Door, GroupCommand, GroupView, Metric, Policy,
    PolicyCommand, PolicyId, PolicyKind, PolicySpec, ResourceKind,
};
use serde::{Deserialize, Serialize};

use super::Returned;
use crate::checks::{self, Many, One};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times;
use crate::words::{Function, Operator};

/// Periods in a row when nothing is said (L2039).
const DEFAULT_REPEAT: i64 = 3;
/// A period when nothing is said, seconds (contradiction K17).
const DEFAULT_PERIOD_SECS: i64 = 300;
/// Bits in a byte: traffic is in MByte/s here and in Mbit/s inside.
const BITS: f64 = 8.0;

/// dimensionName.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dimension {
    /// Use of the processors, percent.
    CpuUsage,
    /// Use of the memory, percent.
    MemUsage,
    /// Sent, MByte/s.
    NetOuttraffic,
    /// Received, MByte/s.
    NetIntraffic,
    /// Sent by the listeners, MByte/s.
    ListenerOuttraffic,
    /// Received by the listeners, MByte/s.
    ListenerIntraffic,
}

impl Dimension {
    const ALL: [Dimension; 6] = [
        Dimension::CpuUsage,
        Dimension::MemUsage,
        Dimension::NetOuttraffic,
        Dimension::NetIntraffic,
        Dimension::ListenerOuttraffic,
        Dimension::ListenerIntraffic,
    ];

    /// The canonical name of the metric.
    fn canonical(self) -> &'static str {
        match self {
            Dimension::CpuUsage => "cpu_util",
            Dimension::MemUsage => "mem_util",
            Dimension::NetOuttraffic => "lan_out",
            Dimension::NetIntraffic => "lan_in",
            Dimension::ListenerOuttraffic => "listener_out",
            Dimension::ListenerIntraffic => "listener_in",
        }
    }

    /// This door's word for a metric; none for what stays on its door (concept map, metrics).
    fn of(metric: &Metric) -> Option<Dimension> {
        let mut all = Dimension::ALL.into_iter();
        all.find(|dimension| dimension.canonical() == metric.0)
    }

    /// How many of the metric's units this door's unit has.
    fn factor(self) -> f64 {
        match self {
            Dimension::CpuUsage | Dimension::MemUsage => 1.0,
            Dimension::NetOuttraffic
            | Dimension::NetIntraffic
            | Dimension::ListenerOuttraffic
            | Dimension::ListenerIntraffic => BITS,
        }
    }

    /// 0 to 100 percent, or traffic above 0 (L2038).
    fn check(self, threshold: f64) -> Result<(), Fault> {
        let (good, wanted) = match self {
            Dimension::CpuUsage | Dimension::MemUsage => {
                ((0.0..=100.0).contains(&threshold), "0 to 100")
            }
            Dimension::NetOuttraffic
            | Dimension::NetIntraffic
            | Dimension::ListenerOuttraffic
            | Dimension::ListenerIntraffic => (threshold > 0.0, "above 0"),
        };
        match good {
            true => Ok(()),
            false => Err(Fault::value(
                "Metric.threshold",
                &threshold.to_string(),
                wanted,
            )),
        }
    }
}

/// Metric in requests: JSON in a text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentMetric {
    dimension_name: Dimension,
    comparison_operator: Operator,
    threshold: f64,
    repeat_times: Option<i64>,
    function: Function,
    period: Option<i64>,
}

fn alarm(text: &str) -> Result<Alarm, Fault> {
    let wrong = |why: &str| Fault::value("Metric", text, why);
    let tree = json::parse_object(text.as_bytes(), &Limits::default())
        .map_err(|error| wrong(&error.to_string()))?;
    let sent: SentMetric = decode(&tree)
        .map_err(|error| wrong(&error.to_string()))?
        .value;
    let dimension = sent.dimension_name;
    dimension.check(sent.threshold)?;
    let repeat = sent.repeat_times.unwrap_or(DEFAULT_REPEAT);
    let period = sent.period.unwrap_or(DEFAULT_PERIOD_SECS);
    Ok(Alarm {
        metric: Metric(dimension.canonical().to_owned()),
        comparison: sent.comparison_operator.into(),
        threshold: sent.threshold * dimension.factor(),
        period_secs: checks::number("Metric.period", period, 60, 999_999)?,
        repeat: checks::number("Metric.repeatTimes", repeat, 1, 10)?,
        statistic: sent.function.into(),
        finer: AlarmDetail::default(),
    })
}

/// AdjustmentType.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AdjustmentType {
    /// To a number.
    #[serde(rename = "TotalCapacity")]
    Total,
    /// By a number.
    #[serde(rename = "QuantityChangeInCapacity")]
    Quantity,
    /// By a percentage.
    #[serde(rename = "PercentChangeInCapacity")]
    Percent,
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

/// The ranges of L2056; the number of instances is bounded as everywhere (contradiction K05).
fn adjust(kind: AdjustmentType, value: i64, ctx: &Ctx) -> Result<AdjustBy, Fault> {
    let (min, max) = match kind {
        AdjustmentType::Total => (0, i64::from(ctx.switches.most_instances)),
        AdjustmentType::Quantity => (-10, 10),
        AdjustmentType::Percent => (-100, 100),
    };
    if !(min..=max).contains(&value) {
        return Err(Fault::range("AdjustmentValue", value, min, max));
    }
    Ok(match kind {
        AdjustmentType::Total => AdjustBy::To(value),
        AdjustmentType::Quantity => AdjustBy::By(value),
        AdjustmentType::Percent => AdjustBy::ByPercent(value),
    })
}

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
    fn of(id: PolicyId) -> PolicyKey {
        PolicyKey {
            scaling_policy_id: id.decimal(),
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
                alarm: alarm(&self.metric)?,
                adjust: adjust(self.adjustment_type, self.adjustment_value, ctx)?,
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
        let number = id.decimal().parse();
        Ok(CreatedPolicy {
            scaling_policy_id: number.map_err(|_| Fault::unavailable())?,
            return_set: PolicyKey::of(id),
        })
    }
}

/// Metric in answers.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ShownMetric {
    dimension_name: Dimension,
    comparison_operator: Operator,
    threshold: serde_json::Number,
    repeat_times: u32,
    period: u32,
    function: Function,
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

/// A number without a fraction that is zero.
fn plain(value: f64) -> serde_json::Number {
    let whole = value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0;
    match whole {
        // Exact by the check.
        true => serde_json::Number::from(value as i64),
        false => serde_json::Number::from_f64(value).unwrap_or_else(|| 0.into()),
    }
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
        let dimension = Dimension::of(&alarm.metric)?;
        let (adjustment_type, adjustment_value) = shown_adjustment(by);
        let spec = &view.group.spec;
        Some(ScalingPolicy {
            scaling_group_id: policy.group.decimal(),
            scaling_policy_id: policy.id.decimal(),
            scaling_policy_name: policy.name.clone(),
            adjustment_type,
            adjustment_value,
            metric: ShownMetric {
                dimension_name: dimension,
                comparison_operator: alarm.comparison.into(),
                threshold: plain(alarm.threshold / dimension.factor()),
                repeat_times: alarm.repeat,
                period: alarm.period_secs,
                function: alarm.statistic.into(),
            },
            create_time: times::shown(policy.created_at),
            cool_down: policy.cooldown_secs.unwrap_or(spec.cooldown_secs),
            availability_zone: spec.network.zones.first().cloned(),
        })
    }
}

/// The policies of a group that are shown, oldest first.
fn all(view: &GroupView) -> Vec<(Arc<Policy>, ScalingPolicy)> {
    let mut policies: Vec<&Arc<Policy>> = view.parts.policies.values().collect();
    policies.sort_by_key(|policy| (policy.created_at, policy.ordinal, policy.id));
    let shown = |policy: &Arc<Policy>| Some((Arc::clone(policy), ScalingPolicy::of(policy, view)?));
    policies.into_iter().filter_map(shown).collect()
}

/// The policy of a group that is named.
fn named(view: &GroupView, id: &One, ctx: &Ctx) -> Result<Arc<Policy>, Fault> {
    let key: PolicyId = checks::id("ScalingPolicyId", &id.0, ResourceKind::Policy, ctx)?;
    let found = all(view).into_iter().find(|(policy, _)| policy.id == key);
    found
        .map(|(policy, _)| policy)
        .ok_or_else(|| ctx.absent(ResourceKind::Policy, &id.0))
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
        let page = checks::page(self.marker, self.max_results, 10, ctx)?;
        let ids = self.scaling_policy_id;
        let ids = ids.map(|ids| checks::ids("ScalingPolicyId", &ids.0));
        let ids: Option<Vec<PolicyId>> = ids.transpose()?;
        let view = ctx.view(&self.scaling_group_id).await?;
        let mut found = all(&view);
        found.retain(|(policy, _)| {
            let name = self.scaling_policy_name.as_ref();
            ids.as_ref().is_none_or(|ids| ids.contains(&policy.id))
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
        if let Some(name) = &self.scaling_policy_name {
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
                    alarm: self
                        .metric
                        .as_deref()
                        .map_or_else(|| Ok(rule.clone()), alarm)?,
                    // What is written back as it was shown may be another door's.
                    adjust: match given == (kind, value) {
                        true => *by,
                        false => adjust(given.0, given.1, ctx)?,
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
        let command = GroupCommand::Policy(PolicyCommand::Modify {
            id: old.id,
            spec: Box::new(spec),
        });
        ctx.on_group(view.group.id, command).await?;
        Ok(Returned::done(PolicyKey::of(old.id)))
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
        let command = GroupCommand::Policy(PolicyCommand::Delete { id: old.id });
        ctx.on_group(view.group.id, command).await?;
        Ok(Returned::set(PolicyKey::of(old.id)))
    }
}
