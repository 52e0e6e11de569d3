//! Alarm policies, and the default policy that every group has.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use muster_kit::action::Action;
use muster_kit::decode::{Many, One};
use muster_model::{
    AdjustBy, Alarm, AlarmDetail, Created, Door, GroupCommand, GroupView, Metric, Policy,
    PolicyCommand, PolicyId, PolicyKind, PolicySpec, ResourceKind, Statistic,
};
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times;
use crate::words::Operator;

/// Periods in a row when nothing is said (L2052).
const DEFAULT_REPEAT: u32 = 3;
/// The service period, seconds (L2038).
const PERIOD_SECS: u32 = 300;
/// Mbit/s in a byte per second: traffic is in Bps here and in Mbit/s inside.
const MBPS: f64 = 8.0 / 1_000_000.0;
/// Name and kind of the default policy (L2153).
const DEFAULT_POLICY: &str = "UnhealthyInstance";
/// Longest name of a policy, characters.
const MOST_NAME: usize = 128;

/// dimensionName.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    /// Use of the processors, percent.
    Cpu,
    /// Use of the memory, percent.
    Mem,
    /// Sent in the private network, Bps.
    LanOut,
    /// Received in the private network, Bps.
    LanIn,
}

impl Dimension {
    const ALL: [Dimension; 4] = [
        Dimension::Cpu,
        Dimension::Mem,
        Dimension::LanOut,
        Dimension::LanIn,
    ];

    /// Its word here.
    fn word(self) -> &'static str {
        match self {
            Dimension::Cpu => "cpu_usage",
            Dimension::Mem => "mem_usage",
            Dimension::LanOut => "lan_outtraffic",
            Dimension::LanIn => "lan_intraffic",
        }
    }

    /// The canonical name of the metric.
    fn canonical(self) -> &'static str {
        match self {
            Dimension::Cpu => "cpu_util",
            Dimension::Mem => "mem_util",
            Dimension::LanOut => "lan_out",
            Dimension::LanIn => "lan_in",
        }
    }

    /// This door's word for a metric; none for what stays on its door (concept map, metrics).
    fn of(metric: &Metric) -> Option<Dimension> {
        let mut all = Dimension::ALL.into_iter();
        all.find(|dimension| dimension.canonical() == metric.0)
    }

    /// A threshold of this door as one of the metric: 0 to 100 percent, or traffic above 0 (L2051).
    fn inside(self, threshold: i64) -> Option<f64> {
        match self {
            Dimension::Cpu | Dimension::Mem => {
                // Exact: it is small.
                (0..=100).contains(&threshold).then_some(threshold as f64)
            }
            Dimension::LanOut | Dimension::LanIn => (1..=1_000_000_000_000)
                .contains(&threshold)
                .then_some(threshold as f64 * MBPS),
        }
    }

    /// The other way round: whole unless another door has set a part.
    fn shown(self, threshold: f64) -> serde_json::Number {
        let value = match self {
            Dimension::Cpu | Dimension::Mem => threshold,
            // What was whole is whole again.
            Dimension::LanOut | Dimension::LanIn => {
                let bytes = threshold / MBPS;
                let whole = (bytes - bytes.round()).abs() <= bytes.abs() * 1e-12;
                if whole { bytes.round() } else { bytes }
            }
        };
        match value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
            // Exact by the check.
            true => serde_json::Number::from(value as i64),
            false => serde_json::Number::from_f64(value).unwrap_or_else(|| 0.into()),
        }
    }
}

/// metric in requests: JSON in a text, or its members one by one (difference U04). Keys are taken in any case
/// (contradiction T26); values are kept as texts.
#[derive(Debug)]
pub(crate) struct SentMetric(BTreeMap<String, String>);

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an alarm rule as JSON")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        // What cannot be read has no members: the action has a code for that.
        let read: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text).unwrap_or_default();
        let member = |(key, value): (String, serde_json::Value)| match value {
            serde_json::Value::String(text) => (key.to_ascii_lowercase(), text),
            other => (key.to_ascii_lowercase(), other.to_string()),
        };
        Ok(read.into_iter().map(member).collect())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, String>()? {
            members.insert(key.to_ascii_lowercase(), value);
        }
        Ok(members)
    }
}

impl<'de> Deserialize<'de> for SentMetric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Members).map(SentMetric)
    }
}

impl SentMetric {
    /// The alarm that is meant; what is left out is as in `old`, if there is one.
    fn alarm(&self, old: Option<&Alarm>, desc: &'static str) -> Result<Alarm, Fault> {
        let missing = |name: &str| Fault::missing(&format!("metric.{name}")).with(desc);
        let wrong = |name: &str, value: &str, wanted: &str| {
            let start: String = value.chars().take(64).collect();
            Fault::coded(desc, &format!("metric.{name}"), &start, wanted)
        };
        let get = |name: &str| self.0.get(&name.to_ascii_lowercase()).map(String::as_str);
        let number = |name: &str, value: &str| {
            let whole = value.trim().parse::<i64>();
            whole.map_err(|_| wrong(name, value, "a whole number"))
        };
        let dimension = match get("dimensionName") {
            Some(word) => {
                let mut all = Dimension::ALL.into_iter();
                let found = all.find(|one| one.word().eq_ignore_ascii_case(word.trim()));
                let words = Dimension::ALL.map(Dimension::word).join(", ");
                found.ok_or_else(|| wrong("dimensionName", word, &format!("one of {words}")))?
            }
            None => old
                .and_then(|old| Dimension::of(&old.metric))
                .ok_or_else(|| missing("dimensionName"))?,
        };
        let comparison = match get("comparisonOperator") {
            Some(word) => {
                let words = format!("one of {}", Operator::WORDS.join(", "));
                let found = Operator::of(word);
                found
                    .ok_or_else(|| wrong("comparisonOperator", word, &words))?
                    .into()
            }
            None => old
                .map(|old| old.comparison)
                .ok_or_else(|| missing("comparisonOperator"))?,
        };
        let same = old.is_some_and(|old| Dimension::of(&old.metric) == Some(dimension));
        let threshold = match (get("threshold"), old) {
            (Some(text), _) => {
                let inside = dimension.inside(number("threshold", text)?);
                let wanted = "0 to 100 percent, or traffic above 0";
                inside.ok_or_else(|| wrong("threshold", text, wanted))?
            }
            (None, Some(old)) if same => old.threshold,
            (None, _) => return Err(missing("threshold")),
        };
        let repeat = match get("repeatTimes") {
            Some(text) => {
                let repeat = number("repeatTimes", text)?;
                checks::number("metric.repeatTimes", repeat, 1, 10).map_err(|f| f.with(desc))?
            }
            None => old.map_or(DEFAULT_REPEAT, |old| old.repeat),
        };
        Ok(Alarm {
            metric: Metric(dimension.canonical().to_owned()),
            comparison,
            threshold,
            period_secs: old.map_or(PERIOD_SECS, |old| old.period_secs),
            repeat,
            statistic: old.map_or(Statistic::Average, |old| old.statistic),
            finer: old.map_or_else(AlarmDetail::default, |old| old.finer),
        })
    }
}

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
        checks::receivers("notifyIds", &ids.0, "InvalidParameter.GroupId")?;
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

/// metric in answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownMetric {
    dimension_name: &'static str,
    comparison_operator: Operator,
    threshold: serde_json::Number,
    repeat_times: u32,
}

/// The metric of a policy; the default policy has none.
#[derive(Serialize)]
#[serde(untagged)]
enum MetricOrNone {
    Metric(ShownMetric),
    None([u8; 0]),
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
        let dimension = Dimension::of(&alarm.metric)?;
        let (kind, value) = shown_adjustment(by);
        Some(ScalingPolicy {
            scaling_policy_id: policy.id.to_string(),
            scaling_policy_name: policy.name.clone(),
            adjustment_type: kind.word(),
            adjustment_value: value,
            metric: MetricOrNone::Metric(ShownMetric {
                dimension_name: dimension.word(),
                comparison_operator: alarm.comparison.into(),
                threshold: dimension.shown(alarm.threshold),
                repeat_times: alarm.repeat,
            }),
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
            metric: MetricOrNone::None([]),
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

/// The id of a policy; it begins with `asp-`, or with the `sp-` of some examples (contradiction T23).
fn spelled(id: &str) -> String {
    match id.strip_prefix("sp-") {
        Some(body) => format!("asp-{body}"),
        None => id.to_owned(),
    }
}

/// The policies of a group that are shown: the default one, then the oldest first.
fn all(view: &GroupView, ctx: &Ctx) -> Vec<(PolicyId, ScalingPolicy)> {
    let mut policies: Vec<&Arc<Policy>> = view.parts.policies.values().collect();
    policies.sort_by_key(|policy| (policy.created_at, policy.ordinal, policy.id));
    let listed = has_default(view) && !ctx.switches.hide_default_policy;
    let first = listed.then(|| (default_id(view), ScalingPolicy::default_of(view)));
    let shown = |policy: &Arc<Policy>| Some((policy.id, ScalingPolicy::of(policy, view)?));
    let others = policies.into_iter().filter_map(shown);
    first.into_iter().chain(others).collect()
}

/// The policy of a group that is named; `desc`: what is said of the default one.
fn named(view: &GroupView, id: &One, desc: &'static str, ctx: &Ctx) -> Result<Arc<Policy>, Fault> {
    let kind = ResourceKind::Policy;
    let key: PolicyId = checks::id("scalingPolicyId", &spelled(&id.0), kind, ctx)?;
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
            let ids: Vec<String> = ids.0.iter().map(|id| spelled(id)).collect();
            checks::ids("scalingPolicyIds", &ids)
        });
        let ids: Option<Vec<PolicyId>> = ids.transpose()?;
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let mut found = all(&view, ctx);
        found.retain(|(id, policy)| {
            let name = self.scaling_policy_name.as_ref();
            ids.as_ref().is_none_or(|ids| ids.contains(id))
                && name.is_none_or(|name| policy.scaling_policy_name.contains(name.as_str()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_read_back() {
        for dimension in Dimension::ALL {
            for threshold in [1, 3, 50, 99, 100] {
                let inside = dimension.inside(threshold).unwrap();
                assert_eq!(dimension.shown(inside), threshold.into());
            }
        }
        for bytes in [7, 1_000_003, 123_456_789, 999_999_999_999] {
            let inside = Dimension::LanIn.inside(bytes).unwrap();
            assert_eq!(Dimension::LanIn.shown(inside), bytes.into());
        }
        assert!((Dimension::LanOut.inside(50).unwrap() - 0.0004).abs() < 1e-12);
        assert_eq!(Dimension::Cpu.inside(101), None);
        assert_eq!(Dimension::Cpu.inside(-1), None);
        assert_eq!(Dimension::LanOut.inside(0), None);
    }
}
