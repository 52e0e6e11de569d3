//! Alarm rules of the second generation, `v2`: made, listed, switched, deleted.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{AlarmPolicy, AlarmRule, AlarmRuleSpec, AlarmState, Dimension, GroupView};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{Beside, Wrong};
use super::metrics::{self, Dim};
use super::rule::{self as rules, COUNTS_V2, Condition, Levels};
use super::shown::{NotificationShown, PolicyShown, ResourceShown, notifications};
use super::v1::Made;
use super::{Named, create, delete, rule, switch};

/// Actions of a kind at the most.
pub(super) const ACTIONS: usize = 10;
/// Conditions of a rule at the most.
const POLICIES: usize = 50;
/// Things that a rule is about at the most.
const RESOURCES: usize = 1000;
/// What a rule may look at, each metric of each thing by itself.
const CHECKS: usize = 2000;
/// Rules that one call may switch, and delete.
const SWITCHED: usize = 100;
const DELETED: usize = 10;

/// A condition as it is sent.
#[derive(Clone, Deserialize)]
pub(super) struct PolicyOf {
    metric_name: Option<String>,
    period: Option<i64>,
    filter: Option<String>,
    comparison_operator: Option<String>,
    value: Option<f64>,
    hierarchical_value: Option<Levels>,
    unit: Option<String>,
    count: Option<i64>,
    suppress_duration: Option<i64>,
    level: Option<i64>,
    namespace: Option<String>,
    dimension_name: Option<String>,
    enabled: Option<bool>,
    /// Of metrics of processes.
    extra_info: Option<Value>,
    /// Said by old clients.
    #[serde(rename = "type")]
    kind: Option<Value>,
}

/// Conditions, checked.
pub(super) fn policies(
    beside: &Beside,
    given: Vec<PolicyOf>,
    of_events: bool,
) -> Result<Vec<AlarmPolicy>, Wrong> {
    if given.len() > POLICIES {
        let wanted = format!("at most {POLICIES} are right");
        return Err(beside.invalid("policies", given.len(), &wanted));
    }
    let numbered = given.into_iter().enumerate();
    let read = |(n, policy): (usize, PolicyOf)| {
        if let Some(namespace) = policy.namespace.as_ref().filter(|text| !text.is_empty()) {
            metrics::namespace(beside, &format!("policies.{n}.namespace"), namespace)?;
        }
        let condition = Condition {
            at: format!("policies.{n}."),
            of_events,
            most: COUNTS_V2,
            metric: policy.metric_name,
            namespace: policy.namespace,
            dimension_name: policy.dimension_name,
            period: policy.period,
            filter: policy.filter,
            operator: policy.comparison_operator,
            value: policy.value,
            levels: policy.hierarchical_value,
            unit: policy.unit,
            count: policy.count,
            suppress: policy.suppress_duration,
            level: policy.level,
            enabled: policy.enabled,
            kept: rules::kept(
                &format!("policies.{n}"),
                beside,
                policy.extra_info,
                policy.kind,
            )?,
        };
        condition.read(beside)
    };
    numbered.map(read).collect()
}

/// Things, each by its dimensions, checked. One that is empty stands for all.
pub(super) fn resources(
    beside: &Beside,
    given: Vec<Vec<Dim>>,
) -> Result<Vec<Vec<Dimension>>, Wrong> {
    if given.len() > RESOURCES {
        let wanted = format!("at most {RESOURCES} are right");
        return Err(beside.invalid("resources", given.len(), &wanted));
    }
    let mut read: Vec<Vec<Dimension>> = Vec::new();
    for (n, dims) in given.into_iter().enumerate() {
        let one = metrics::dimensions(beside, &format!("resources.{n}"), dims)?;
        if !one.is_empty() && !read.contains(&one) {
            read.push(one);
        }
    }
    Ok(read)
}

/// Sets what is looked at because of what the rule says now; it is judged afresh.
pub(super) fn look_afresh(
    beside: &Beside,
    spec: &mut AlarmRuleSpec,
    views: &[Arc<GroupView>],
) -> Result<(), Wrong> {
    spec.checks = rules::checks(spec, views);
    if spec.checks.len() > CHECKS {
        let wanted = format!("at most {CHECKS} metrics of resources are right");
        return Err(beside.invalid("resources", spec.checks.len(), &wanted));
    }
    rules::judge_afresh(spec);
    Ok(())
}

#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Tag {
    key: Option<String>,
    value: Option<String>,
}

/// CreateAlarmRules.
#[derive(Deserialize)]
pub(super) struct CreateAlarmRules {
    name: Option<String>,
    description: Option<String>,
    namespace: Option<String>,
    resource_group_id: Option<String>,
    resources: Option<Vec<Vec<Dim>>>,
    policies: Option<Vec<PolicyOf>>,
    #[serde(rename = "type")]
    kind: Option<String>,
    alarm_notifications: Option<Vec<rules::Action>>,
    ok_notifications: Option<Vec<rules::Action>>,
    notification_begin_time: Option<String>,
    notification_end_time: Option<String>,
    effective_timezone: Option<String>,
    enterprise_project_id: Option<String>,
    enabled: Option<bool>,
    notification_enabled: Option<bool>,
    alarm_template_id: Option<String>,
    tags: Option<Vec<Tag>>,
    product_name: Option<String>,
    resource_level: Option<String>,
}

impl CreateAlarmRules {
    fn spec(self, beside: &Beside) -> Result<AlarmRuleSpec, Wrong> {
        let name = rules::name(beside, "name", self.name)?;
        let description = rules::description(beside, "description", self.description)?;
        let kind = self.kind.ok_or_else(|| beside.missing("type"))?;
        rules::word(beside, "type", &kind, &rules::KINDS)?;
        let of_events = rules::is_of_events(&kind);
        let namespace = self.namespace.unwrap_or_default();
        match namespace.is_empty() {
            true if !of_events && self.resource_group_id.is_none() => {
                return Err(beside.missing("namespace"));
            }
            true => {}
            false => metrics::namespace(beside, "namespace", &namespace)?,
        }
        let resources = resources(beside, self.resources.unwrap_or_default())?;
        if resources.is_empty() && kind == "MULTI_INSTANCE" {
            return Err(beside.missing("resources"));
        }
        let policies = policies(beside, self.policies.unwrap_or_default(), of_events)?;
        if let Some(template) = self.alarm_template_id.filter(|id| !id.is_empty()) {
            let wanted = "there are no alarm templates; say `policies`";
            return Err(beside.invalid("alarm_template_id", template, wanted));
        }
        if policies.is_empty() {
            return Err(beside.missing("policies"));
        }
        if let Some(level) = &self.resource_level {
            rules::word(beside, "resource_level", level, &["product", "dimension"])?;
        }
        let tags = self.tags.unwrap_or_default();
        if tags.len() > 20 {
            return Err(beside.invalid("tags", tags.len(), "at most 20 are right"));
        }
        let actions = |at, list| rules::actions(beside, at, list, ACTIONS);
        let pair = |tag: Tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
        Ok(AlarmRuleSpec {
            name,
            description,
            namespace,
            kind: Some(kind),
            resource_group: self.resource_group_id.filter(|id| !id.is_empty()),
            resources,
            policies,
            enabled: self.enabled.unwrap_or(true),
            notify: self.notification_enabled.unwrap_or(true),
            alarm_actions: actions("alarm_notifications", self.alarm_notifications)?,
            ok_actions: actions("ok_notifications", self.ok_notifications)?,
            insufficient_actions: Vec::new(),
            begin_time: rules::time_of_day(
                beside,
                "notification_begin_time",
                self.notification_begin_time,
            )?,
            end_time: rules::time_of_day(
                beside,
                "notification_end_time",
                self.notification_end_time,
            )?,
            timezone: rules::timezone(beside, "effective_timezone", self.effective_timezone)?,
            enterprise_project: self.enterprise_project_id.unwrap_or_else(|| "0".to_owned()),
            template: None,
            product_name: self.product_name.filter(|text| !text.is_empty()),
            resource_level: self.resource_level,
            tags: tags.into_iter().map(pair).collect(),
            checks: Vec::new(),
            state: AlarmState::default(),
        })
    }
}

impl Action<Beside> for CreateAlarmRules {
    const NAME: &'static str = "CreateAlarmRules";
    type Response = Made;

    async fn run(self, beside: &Beside) -> Result<Made, Wrong> {
        let mut spec = self.spec(beside)?;
        look_afresh(beside, &mut spec, &beside.views().await?)?;
        let alarm_id = create(beside, spec).await?;
        Ok(Made { alarm_id })
    }
}

/// A rule as it is shown.
#[derive(Serialize)]
struct AlarmShown {
    alarm_id: String,
    name: String,
    description: String,
    namespace: String,
    policies: Vec<PolicyShown>,
    resources: Vec<ResourceShown>,
    #[serde(rename = "type")]
    kind: Option<String>,
    enabled: bool,
    notification_enabled: bool,
    alarm_notifications: Vec<NotificationShown>,
    ok_notifications: Vec<NotificationShown>,
    notification_begin_time: String,
    notification_end_time: String,
    effective_timezone: String,
    enterprise_project_id: String,
    alarm_template_id: String,
    product_name: String,
    resource_level: String,
    tags: Vec<Tag>,
}

impl AlarmShown {
    fn new(rule: &AlarmRule, named: &Named) -> AlarmShown {
        let spec = &rule.spec;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let tag = |(key, value): &(String, String)| Tag {
            key: Some(key.clone()),
            value: Some(value.clone()),
        };
        AlarmShown {
            alarm_id: rule.id.alarm_id(),
            name: spec.name.clone(),
            description: spec.description.clone(),
            namespace: spec.namespace.clone(),
            policies: PolicyShown::all(spec),
            resources: ResourceShown::all(spec),
            kind: spec.kind.clone(),
            enabled: spec.enabled,
            notification_enabled: spec.notify,
            alarm_notifications: notifications(&named.alarm_actions(rule)),
            ok_notifications: notifications(&spec.ok_actions),
            notification_begin_time: text(&spec.begin_time),
            notification_end_time: text(&spec.end_time),
            effective_timezone: text(&spec.timezone),
            enterprise_project_id: spec.enterprise_project.clone(),
            alarm_template_id: text(&spec.template),
            product_name: text(&spec.product_name),
            resource_level: text(&spec.resource_level),
            tags: spec.tags.iter().map(tag).collect(),
        }
    }
}

/// ListAlarmRules.
#[derive(Deserialize)]
pub(super) struct ListAlarmRules {}

/// Its answer.
#[derive(Serialize)]
pub(super) struct Listed {
    alarms: Vec<AlarmShown>,
    count: usize,
}

/// Whether a rule is about a thing: the values of its dimensions, joined by commas.
fn is_about(rule: &AlarmRule, resource: &str) -> bool {
    rule.spec.resources.iter().any(|dimensions| {
        let mut values: Vec<&str> = dimensions.iter().map(|one| one.value.as_str()).collect();
        values.sort_unstable();
        values.join(",") == resource || values.contains(&resource)
    })
}

impl Action<Beside> for ListAlarmRules {
    const NAME: &'static str = "ListAlarmRules";
    type Response = Listed;

    async fn run(self, beside: &Beside) -> Result<Listed, Wrong> {
        let mut all = super::rules(beside).await?;
        all.reverse();
        let is = |name: &str, value: &str| beside.asked(name).is_none_or(|wanted| wanted == value);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        all.retain(|rule| {
            let spec = &rule.spec;
            let project = beside.asked("enterprise_project_id");
            let project = project.filter(|project| *project != "all_granted_eps");
            is("alarm_id", &rule.id.alarm_id())
                && is("namespace", &spec.namespace)
                && is("product_name", &text(&spec.product_name))
                && is("resource_level", &text(&spec.resource_level))
                && project.is_none_or(|project| project == spec.enterprise_project)
                && beside
                    .asked("name")
                    .is_none_or(|name| spec.name.contains(name))
                && beside
                    .asked("resource_id")
                    .is_none_or(|id| is_about(rule, id))
        });
        let count = all.len();
        let named = Named::of(beside).await?;
        let page = beside.cut(all)?;
        Ok(Listed {
            alarms: page
                .iter()
                .map(|rule| AlarmShown::new(rule, &named))
                .collect(),
            count,
        })
    }
}

/// The ids that something was done with.
#[derive(Serialize)]
pub(super) struct Done {
    alarm_ids: Vec<String>,
}

/// The ids of a call: some, and not too many.
fn ids(beside: &Beside, ids: Option<Vec<String>>, most: usize) -> Result<Vec<String>, Wrong> {
    let ids = ids.unwrap_or_default();
    if ids.is_empty() {
        return Err(beside.missing("alarm_ids"));
    }
    match ids.len() <= most {
        true => Ok(ids),
        false => {
            let wanted = format!("at most {most} are right");
            Err(beside.invalid("alarm_ids", ids.len(), &wanted))
        }
    }
}

/// BatchEnableAlarmRules.
#[derive(Deserialize)]
pub(super) struct BatchEnableAlarmRules {
    alarm_ids: Option<Vec<String>>,
    alarm_enabled: Option<bool>,
}

impl Action<Beside> for BatchEnableAlarmRules {
    const NAME: &'static str = "BatchEnableAlarmRules";
    type Response = Done;

    async fn run(self, beside: &Beside) -> Result<Done, Wrong> {
        let alarm_ids = ids(beside, self.alarm_ids, SWITCHED)?;
        let enabled = self.alarm_enabled.unwrap_or(true);
        // One that does not exist lets nothing be switched.
        for id in &alarm_ids {
            rule(beside, id).await?;
        }
        for id in &alarm_ids {
            switch(beside, id, enabled).await?;
        }
        Ok(Done { alarm_ids })
    }
}

/// BatchDeleteAlarmRules.
#[derive(Deserialize)]
pub(super) struct BatchDeleteAlarmRules {
    alarm_ids: Option<Vec<String>>,
}

impl Action<Beside> for BatchDeleteAlarmRules {
    const NAME: &'static str = "BatchDeleteAlarmRules";
    type Response = Done;

    async fn run(self, beside: &Beside) -> Result<Done, Wrong> {
        let alarm_ids = ids(beside, self.alarm_ids, DELETED)?;
        delete(beside, &alarm_ids).await?;
        Ok(Done { alarm_ids })
    }
}
