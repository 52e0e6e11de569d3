//! Alarm rules of the first generation: changed, switched, deleted.

use muster_kit::action::Action;
use muster_model::{AlarmAction, AlarmRuleSpec};
use serde::Deserialize;
use serde_json::Value;

use super::super::form::{Form, may};
use super::super::{Beside, Wrong};
use super::rule as rules;
use super::v1::{ConditionOf, Nothing};
use super::{change, delete, rule, switch, told};

/// UpdateAlarm: what is not given stays.
#[derive(Deserialize)]
pub(super) struct UpdateAlarm {
    alarm_id: String,
    alarm_name: Option<String>,
    alarm_description: Option<String>,
    condition: Option<ConditionOf>,
    alarm_action_enabled: Option<bool>,
    alarm_level: Option<i64>,
    alarm_type: Option<String>,
    alarm_actions: Option<Value>,
    insufficientdata_actions: Option<Value>,
    ok_actions: Option<Value>,
}

/// Texts of an action.
const TARGETS: Form = Form::List(1000, &Form::Text(1024));
/// An action.
const ACTION: Form = Form::Of(&[
    may("type", Form::Text(255)),
    may("notificationList", TARGETS),
    may("notification_list", TARGETS),
]);
/// Actions of a kind at the most, when a rule is changed.
const ACTIONS: usize = 10;

/// Actions, in a list or in a list of lists: clients send both.
fn flattened(
    beside: &Beside,
    at: &str,
    given: Option<Value>,
) -> Result<Option<Vec<AlarmAction>>, Wrong> {
    let items = match given {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) => items,
        Some(other) => return Err(beside.invalid(at, other, "a list of actions is right")),
    };
    let mut flat = Vec::new();
    for item in items {
        match item {
            Value::Array(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    let mut read: Vec<told::Action> = Vec::new();
    for (n, item) in flat.into_iter().enumerate() {
        let item = ACTION.read(beside, &format!("{at}.{n}"), item)?;
        let item = serde_json::from_value(item);
        read.push(item.map_err(|error| beside.invalid(at, error, "actions are right"))?);
    }
    told::actions(beside, at, Some(read), ACTIONS).map(Some)
}

impl Action<Beside> for UpdateAlarm {
    const NAME: &'static str = "UpdateAlarm";
    type Response = Nothing;

    async fn run(self, beside: &Beside) -> Result<Nothing, Wrong> {
        let old = rule(beside, &self.alarm_id).await?;
        let name = self
            .alarm_name
            .map(|name| rules::name(beside, "alarm_name", Some(name)));
        let name = name.transpose()?;
        let text = self.alarm_description;
        let text = text.map(|text| rules::description(beside, "alarm_description", Some(text)));
        let text = text.transpose()?;
        if let Some(kind) = &self.alarm_type {
            rules::word(beside, "alarm_type", kind, &rules::KINDS)?;
        }
        let first = old.spec.policies.first();
        let level = self
            .alarm_level
            .or(first.map(|first| i64::from(first.level)));
        let level_read = rules::level(beside, "alarm_level", level)?;
        let kind = self.alarm_type.clone().or_else(|| old.spec.kind.clone());
        let of_events = kind.as_deref().is_some_and(rules::is_of_events);
        let metric = first.map(|first| first.metric.clone());
        let condition = self
            .condition
            .map(|condition| condition.read(metric, level, of_events));
        let condition = condition
            .map(|condition| condition.read(beside))
            .transpose()?;
        let alarm_actions = flattened(beside, "alarm_actions", self.alarm_actions)?;
        let ok_actions = flattened(beside, "ok_actions", self.ok_actions)?;
        let insufficient = flattened(
            beside,
            "insufficientdata_actions",
            self.insufficientdata_actions,
        )?;
        let views = beside.views().await?;
        let set = |spec: &mut AlarmRuleSpec| {
            spec.name
                .clone_from(name.as_ref().unwrap_or(&old.spec.name));
            spec.description
                .clone_from(text.as_ref().unwrap_or(&old.spec.description));
            spec.kind.clone_from(&kind);
            spec.notify = self.alarm_action_enabled.unwrap_or(spec.notify);
            let was = spec.policies.clone();
            if let Some(first) = spec.policies.first_mut() {
                if let Some(condition) = &condition {
                    *first = muster_model::AlarmPolicy {
                        namespace: first.namespace.clone(),
                        dimension_name: first.dimension_name.clone(),
                        ..condition.clone()
                    };
                }
                first.level = level_read;
            }
            for (list, new) in [
                (&mut spec.alarm_actions, &alarm_actions),
                (&mut spec.ok_actions, &ok_actions),
                (&mut spec.insufficient_actions, &insufficient),
            ] {
                if let Some(new) = new {
                    list.clone_from(new);
                }
            }
            if spec.policies != was {
                spec.checks = rules::checks(spec, &views);
                rules::judge_afresh(spec);
            }
            Ok(())
        };
        change(beside, &self.alarm_id, set).await?;
        Ok(Nothing {})
    }
}

/// UpdateAlarmAction: switches a rule.
#[derive(Deserialize)]
pub(super) struct UpdateAlarmAction {
    alarm_id: String,
    alarm_enabled: Option<bool>,
}

impl Action<Beside> for UpdateAlarmAction {
    const NAME: &'static str = "UpdateAlarmAction";
    type Response = Nothing;

    async fn run(self, beside: &Beside) -> Result<Nothing, Wrong> {
        let enabled = self.alarm_enabled;
        let enabled = enabled.ok_or_else(|| beside.missing("alarm_enabled"))?;
        switch(beside, &self.alarm_id, enabled).await?;
        Ok(Nothing {})
    }
}

/// DeleteAlarm.
#[derive(Deserialize)]
pub(super) struct DeleteAlarm {
    alarm_id: String,
}

impl Action<Beside> for DeleteAlarm {
    const NAME: &'static str = "DeleteAlarm";
    type Response = Nothing;

    async fn run(self, beside: &Beside) -> Result<Nothing, Wrong> {
        delete(beside, &[self.alarm_id]).await?;
        Ok(Nothing {})
    }
}
