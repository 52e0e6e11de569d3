//! What both lists and changes show of a rule of the second generation: its conditions, its things, who is told.

use std::collections::BTreeMap;

use muster_model::{AlarmAction, AlarmPolicy, AlarmRuleSpec, Dimension};
use serde::Serialize;
use serde_json::Value;

use super::metrics::Dim;
use super::rule::Levels;

/// A condition as it is shown.
#[derive(Serialize)]
pub(super) struct PolicyShown {
    metric_name: String,
    period: u32,
    filter: String,
    comparison_operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hierarchical_value: Option<Levels>,
    unit: String,
    count: u32,
    suppress_duration: u32,
    level: u8,
    namespace: String,
    dimension_name: String,
    enabled: bool,
    #[serde(flatten)]
    kept: BTreeMap<String, Value>,
}

impl PolicyShown {
    /// A condition that says nothing of its own has the namespace of its rule, and looks at the dimensions of its resources.
    fn new(policy: &AlarmPolicy, rule: &AlarmRuleSpec) -> PolicyShown {
        let namespace = policy.namespace.as_ref().unwrap_or(&rule.namespace);
        let names = || {
            let first = rule.resources.first().into_iter().flatten();
            let names: Vec<&str> = first.map(|one| one.name.as_str()).collect();
            names.join(",")
        };
        PolicyShown {
            metric_name: policy.metric.clone(),
            period: policy.period_secs,
            filter: policy.filter.clone(),
            comparison_operator: policy.operator.clone(),
            value: policy.value,
            hierarchical_value: Levels::of(&policy.levels),
            kept: policy.kept.clone(),
            unit: policy.unit.clone(),
            count: policy.count,
            suppress_duration: policy.suppress_secs.unwrap_or(0),
            level: policy.level,
            namespace: namespace.clone(),
            dimension_name: policy.dimension_name.clone().unwrap_or_else(names),
            enabled: policy.enabled,
        }
    }

    /// The conditions of a rule.
    pub(super) fn all(rule: &AlarmRuleSpec) -> Vec<PolicyShown> {
        let all = rule.policies.iter();
        all.map(|policy| PolicyShown::new(policy, rule)).collect()
    }
}

/// An action as it is shown.
#[derive(Serialize)]
pub(super) struct NotificationShown {
    #[serde(rename = "type")]
    kind: String,
    notification_list: Vec<String>,
}

pub(super) fn notifications(actions: &[AlarmAction]) -> Vec<NotificationShown> {
    let shown = |action: &AlarmAction| NotificationShown {
        kind: action.kind.clone(),
        notification_list: action.targets.clone(),
    };
    actions.iter().map(shown).collect()
}

/// A thing that a rule is about, as it is shown.
#[derive(Serialize)]
pub(super) struct ResourceShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_group_id: Option<String>,
    dimensions: Vec<Dim>,
}

impl ResourceShown {
    /// The things of a rule. A group of resources is one, whatever is in it.
    pub(super) fn all(rule: &AlarmRuleSpec) -> Vec<ResourceShown> {
        let group = &rule.resource_group;
        let shown = |dimensions: &[Dimension]| ResourceShown {
            resource_group_id: group.clone(),
            dimensions: dimensions.iter().map(Dim::from).collect(),
        };
        match (rule.resources.as_slice(), group) {
            ([], Some(_)) => vec![shown(&[])],
            (resources, _) => resources.iter().map(|one| shown(one)).collect(),
        }
    }
}
