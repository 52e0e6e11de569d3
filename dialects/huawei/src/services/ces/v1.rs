//! Alarm rules of the first generation, `V1.0`.

use muster_kit::action::Action;
use muster_model::{AlarmAction, AlarmRule, AlarmRuleSpec, AlarmState};
use serde::{Deserialize, Serialize};

use super::super::{Beside, Wrong};
use super::metrics::{self, Dim};
use super::rule::{self as rules, COUNTS_V1, Condition};
use super::{Named, create, rule, told};

/// Actions of a kind at the most.
const ACTIONS: usize = 20;

/// A metric as it is sent.
#[derive(Deserialize)]
struct MetricOf {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Option<Vec<Dim>>,
    resource_group_id: Option<String>,
}

/// A condition as it is sent.
#[derive(Deserialize)]
pub(super) struct ConditionOf {
    comparison_operator: Option<String>,
    count: Option<i64>,
    filter: Option<String>,
    period: Option<i64>,
    unit: Option<String>,
    value: Option<f64>,
    suppress_duration: Option<i64>,
}

impl ConditionOf {
    pub(super) fn read(
        self,
        metric: Option<String>,
        level: Option<i64>,
        of_events: bool,
    ) -> Condition {
        Condition {
            at: "condition.".to_owned(),
            of_events,
            most: COUNTS_V1,
            metric,
            period: self.period,
            filter: self.filter,
            operator: self.comparison_operator,
            value: self.value,
            unit: self.unit,
            count: self.count,
            suppress: self.suppress_duration,
            level,
            ..Condition::default()
        }
    }
}

/// CreateAlarm.
#[derive(Deserialize)]
pub(super) struct CreateAlarm {
    alarm_name: Option<String>,
    alarm_description: Option<String>,
    metric: Option<MetricOf>,
    condition: Option<ConditionOf>,
    alarm_enabled: Option<bool>,
    alarm_action_enabled: Option<bool>,
    alarm_level: Option<i64>,
    alarm_type: Option<String>,
    alarm_actions: Option<Vec<told::Action>>,
    insufficientdata_actions: Option<Vec<told::Action>>,
    ok_actions: Option<Vec<told::Action>>,
    enterprise_project_id: Option<String>,
    alarm_action_begin_time: Option<String>,
    alarm_action_end_time: Option<String>,
}

/// The id of what was made.
#[derive(Serialize)]
pub(super) struct Made {
    pub(super) alarm_id: String,
}

/// An answer without a body.
#[derive(Serialize)]
pub(super) struct Nothing {}

impl CreateAlarm {
    fn spec(self, beside: &Beside) -> Result<AlarmRuleSpec, Wrong> {
        let name = rules::name(beside, "alarm_name", self.alarm_name)?;
        let text = rules::description(beside, "alarm_description", self.alarm_description)?;
        let metric = self.metric.ok_or_else(|| beside.missing("metric"))?;
        let condition = self.condition.ok_or_else(|| beside.missing("condition"))?;
        let group = "metric.resource_group_id";
        let group = told::resource_group(beside, group, metric.resource_group_id)?;
        let kind = self.alarm_type.filter(|kind| !kind.is_empty());
        let kind = kind.unwrap_or_else(|| match &group {
            Some(_) => "RESOURCE_GROUP".to_owned(),
            None => "MULTI_INSTANCE".to_owned(),
        });
        rules::word(beside, "alarm_type", &kind, &rules::KINDS)?;
        let of_events = rules::is_of_events(&kind);
        let namespace = metric.namespace.unwrap_or_default();
        match namespace.is_empty() {
            true if !of_events => return Err(beside.missing("metric.namespace")),
            true => {}
            false => metrics::namespace(beside, "metric.namespace", &namespace)?,
        }
        let dims = metric.dimensions.unwrap_or_default();
        if dims.is_empty() && group.is_none() && kind == "MULTI_INSTANCE" {
            return Err(beside.missing("metric.dimensions"));
        }
        let dimensions = metrics::dimensions(beside, "metric.dimensions", dims)?;
        rules::level(beside, "alarm_level", self.alarm_level)?;
        if metric.metric_name.as_deref().unwrap_or_default().is_empty() {
            return Err(beside.missing("metric.metric_name"));
        }
        let condition = condition.read(metric.metric_name, self.alarm_level, of_events);
        let actions = |at, list| told::actions(beside, at, list, ACTIONS);
        Ok(AlarmRuleSpec {
            name,
            description: text,
            namespace,
            kind: Some(kind),
            resource_group: group,
            resources: match dimensions.is_empty() {
                true => Vec::new(),
                false => vec![dimensions],
            },
            policies: vec![condition.read(beside)?],
            enabled: self.alarm_enabled.unwrap_or(true),
            notify: self.alarm_action_enabled.unwrap_or(true),
            alarm_actions: actions("alarm_actions", self.alarm_actions)?,
            ok_actions: actions("ok_actions", self.ok_actions)?,
            insufficient_actions: actions(
                "insufficientdata_actions",
                self.insufficientdata_actions,
            )?,
            begin_time: told::time_of_day(
                beside,
                "alarm_action_begin_time",
                self.alarm_action_begin_time,
            )?,
            end_time: told::time_of_day(
                beside,
                "alarm_action_end_time",
                self.alarm_action_end_time,
            )?,
            timezone: None,
            enterprise_project: told::enterprise_project(beside, self.enterprise_project_id)?,
            template: None,
            product_name: None,
            resource_level: None,
            tags: Vec::new(),
            checks: Vec::new(),
            state: AlarmState::default(),
        })
    }
}

impl Action<Beside> for CreateAlarm {
    const NAME: &'static str = "CreateAlarm";
    type Response = Made;

    async fn run(self, beside: &Beside) -> Result<Made, Wrong> {
        let mut spec = self.spec(beside)?;
        spec.checks = rules::checks(&spec, &beside.views().await?);
        let alarm_id = create(beside, spec).await?;
        Ok(Made { alarm_id })
    }
}

/// An action as it is shown.
#[derive(Serialize)]
struct ActionShown {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "notificationList")]
    targets: Vec<String>,
}

fn shown(actions: &[AlarmAction]) -> Vec<ActionShown> {
    let shown = |action: &AlarmAction| ActionShown {
        kind: action.kind.clone(),
        targets: action.targets.clone(),
    };
    actions.iter().map(shown).collect()
}

#[derive(Serialize)]
struct MetricShown {
    namespace: String,
    dimensions: Vec<Dim>,
    metric_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_group_id: Option<String>,
}

#[derive(Serialize)]
struct ConditionShown {
    comparison_operator: String,
    count: u32,
    filter: String,
    period: u32,
    unit: String,
    value: Option<f64>,
    suppress_duration: u32,
}

/// A rule as it is shown.
#[derive(Serialize)]
pub(super) struct MetricAlarm {
    alarm_name: String,
    alarm_description: String,
    metric: MetricShown,
    condition: Option<ConditionShown>,
    alarm_enabled: bool,
    alarm_level: u8,
    alarm_type: Option<String>,
    alarm_action_enabled: bool,
    /// That data is missing is noted among what has become of the rule.
    ignore_insufficient_data: bool,
    alarm_actions: Vec<ActionShown>,
    ok_actions: Vec<ActionShown>,
    insufficientdata_actions: Vec<ActionShown>,
    alarm_action_begin_time: String,
    alarm_action_end_time: String,
    effective_timezone: String,
    alarm_id: String,
    update_time: i64,
    alarm_state: &'static str,
    enterprise_project_id: String,
}

impl MetricAlarm {
    fn new(rule: &AlarmRule, named: &Named) -> MetricAlarm {
        let spec = &rule.spec;
        let policy = spec.policies.first();
        let own = policy.and_then(|policy| policy.namespace.clone());
        let condition = policy.map(|policy| ConditionShown {
            comparison_operator: policy.operator.clone(),
            count: policy.count,
            filter: policy.filter.clone(),
            period: policy.period_secs,
            unit: policy.unit.clone(),
            value: policy
                .value
                .or_else(|| policy.levels.iter().flatten().copied().next()),
            suppress_duration: policy.suppress_secs.unwrap_or(0),
        });
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        MetricAlarm {
            alarm_name: spec.name.clone(),
            alarm_description: spec.description.clone(),
            metric: MetricShown {
                namespace: own.unwrap_or_else(|| spec.namespace.clone()),
                dimensions: spec
                    .resources
                    .first()
                    .into_iter()
                    .flatten()
                    .map(Dim::from)
                    .collect(),
                metric_name: policy
                    .map(|policy| policy.metric.clone())
                    .unwrap_or_default(),
                resource_group_id: spec.resource_group.clone(),
            },
            condition,
            alarm_enabled: spec.enabled,
            alarm_level: policy.map_or(2, |policy| policy.level),
            alarm_type: spec.kind.clone(),
            alarm_action_enabled: spec.notify,
            ignore_insufficient_data: true,
            alarm_actions: shown(&named.alarm_actions(rule)),
            ok_actions: shown(&spec.ok_actions),
            insufficientdata_actions: shown(&spec.insufficient_actions),
            alarm_action_begin_time: text(&spec.begin_time),
            alarm_action_end_time: text(&spec.end_time),
            effective_timezone: text(&spec.timezone),
            alarm_id: rule.id.alarm_id(),
            update_time: rule.head.updated_at.0,
            alarm_state: rules::state_word(spec.state.standing),
            enterprise_project_id: spec.enterprise_project.clone(),
        }
    }
}

/// ListAlarms.
#[derive(Deserialize)]
pub(super) struct ListAlarms {}

/// Where a list stands.
#[derive(Serialize)]
pub(super) struct MetaData {
    pub(super) count: usize,
    pub(super) total: usize,
    pub(super) marker: String,
}

/// Its answer.
#[derive(Serialize)]
pub(super) struct Alarms {
    metric_alarms: Vec<MetricAlarm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta_data: Option<MetaData>,
}

impl Action<Beside> for ListAlarms {
    const NAME: &'static str = "ListAlarms";
    type Response = Alarms;

    async fn run(self, beside: &Beside) -> Result<Alarms, Wrong> {
        let limit = beside
            .query_number("limit", Some(100), 1, 100)?
            .unsigned_abs() as usize;
        let order = beside.asked("order").unwrap_or("desc");
        let mut all = super::rules(beside).await?;
        match order {
            "asc" => {}
            "desc" => all.reverse(),
            other => return Err(beside.bad_query("order", other, "asc or desc is right")),
        }
        let project = beside.asked("enterprise_project_id");
        if let Some(project) = project.filter(|project| *project != "all_granted_eps") {
            all.retain(|rule| rule.spec.enterprise_project == project);
        }
        let total = all.len();
        if let Some(start) = beside.asked("start") {
            let at = all.iter().position(|rule| rule.id.alarm_id() == start);
            let at = at.ok_or_else(|| {
                beside.bad_query("start", start, "the id of an alarm rule is right")
            })?;
            all.drain(..=at);
        }
        all.truncate(limit);
        let named = Named::of(beside).await?;
        let marker = all
            .last()
            .map(|rule| rule.id.alarm_id())
            .unwrap_or_default();
        Ok(Alarms {
            meta_data: Some(MetaData {
                count: all.len(),
                total,
                marker,
            }),
            metric_alarms: all
                .iter()
                .map(|rule| MetricAlarm::new(rule, &named))
                .collect(),
        })
    }
}

/// ShowAlarm.
#[derive(Deserialize)]
pub(super) struct ShowAlarm {
    alarm_id: String,
}

impl Action<Beside> for ShowAlarm {
    const NAME: &'static str = "ShowAlarm";
    type Response = Alarms;

    async fn run(self, beside: &Beside) -> Result<Alarms, Wrong> {
        let rule = rule(beside, &self.alarm_id).await?;
        let named = Named::of(beside).await?;
        Ok(Alarms {
            metric_alarms: vec![MetricAlarm::new(&rule, &named)],
            meta_data: None,
        })
    }
}
