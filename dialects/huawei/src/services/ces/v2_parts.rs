//! Parts of alarm rules of the second generation: resources, conditions, and who is told.

use muster_kit::action::Action;
use muster_model::AlarmRuleSpec;
use serde::{Deserialize, Serialize};

use super::super::{Beside, Wrong};
use super::metrics::Dim;
use super::rule as rules;
use super::shown::{NotificationShown, PolicyShown, notifications};
use super::v2::{ACTIONS, PolicyOf, look_afresh, policies, resources};
use super::{Named, change, rule, told};

/// ListAlarmRuleResources.
#[derive(Deserialize)]
pub(super) struct ListAlarmRuleResources {
    alarm_id: String,
}

/// Its answer.
#[derive(Serialize)]
pub(super) struct Resources {
    resources: Vec<Vec<Dim>>,
    count: usize,
}

impl Action<Beside> for ListAlarmRuleResources {
    const NAME: &'static str = "ListAlarmRuleResources";
    type Response = Resources;

    async fn run(self, beside: &Beside) -> Result<Resources, Wrong> {
        let rule = rule(beside, &self.alarm_id).await?;
        let all = &rule.spec.resources;
        let shown = all.iter().map(|one| one.iter().map(Dim::from).collect());
        Ok(Resources {
            resources: beside.cut(shown.collect())?,
            count: all.len(),
        })
    }
}

/// AddAlarmRuleResources.
#[derive(Deserialize)]
pub(super) struct AddAlarmRuleResources {
    alarm_id: String,
    resources: Option<Vec<Vec<Dim>>>,
}

/// DeleteAlarmRuleResources.
#[derive(Deserialize)]
pub(super) struct DeleteAlarmRuleResources {
    alarm_id: String,
    resources: Option<Vec<Vec<Dim>>>,
}

/// An empty answer.
#[derive(Serialize)]
pub(super) struct Nothing {}

/// Adds resources, or takes them away.
async fn edit(
    beside: &Beside,
    id: &str,
    given: Option<Vec<Vec<Dim>>>,
    add: bool,
) -> Result<Nothing, Wrong> {
    let given = given.filter(|list| !list.is_empty());
    let given = given.ok_or_else(|| beside.missing("resources"))?;
    let given = resources(beside, given)?;
    let views = beside.views().await?;
    let set = |spec: &mut AlarmRuleSpec| {
        match add {
            true => {
                for one in &given {
                    if !spec.resources.contains(one) {
                        spec.resources.push(one.clone());
                    }
                }
            }
            false => spec.resources.retain(|one| !given.contains(one)),
        }
        look_afresh(beside, spec, &views)
    };
    change(beside, id, set).await?;
    Ok(Nothing {})
}

impl Action<Beside> for AddAlarmRuleResources {
    const NAME: &'static str = "AddAlarmRuleResources";
    type Response = Nothing;

    async fn run(self, beside: &Beside) -> Result<Nothing, Wrong> {
        edit(beside, &self.alarm_id, self.resources, true).await
    }
}

impl Action<Beside> for DeleteAlarmRuleResources {
    const NAME: &'static str = "DeleteAlarmRuleResources";
    type Response = Nothing;

    async fn run(self, beside: &Beside) -> Result<Nothing, Wrong> {
        edit(beside, &self.alarm_id, self.resources, false).await
    }
}

/// ListAlarmRulePolicies.
#[derive(Deserialize)]
pub(super) struct ListAlarmRulePolicies {
    alarm_id: String,
}

/// Its answer.
#[derive(Serialize)]
pub(super) struct Policies {
    policies: Vec<PolicyShown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
}

impl Action<Beside> for ListAlarmRulePolicies {
    const NAME: &'static str = "ListAlarmRulePolicies";
    type Response = Policies;

    async fn run(self, beside: &Beside) -> Result<Policies, Wrong> {
        let rule = rule(beside, &self.alarm_id).await?;
        let all = PolicyShown::all(&rule.spec);
        let count = Some(all.len());
        Ok(Policies {
            policies: beside.cut(all)?,
            count,
        })
    }
}

/// UpdateAlarmRulePolicies: all of them.
#[derive(Deserialize)]
pub(super) struct UpdateAlarmRulePolicies {
    alarm_id: String,
    policies: Option<Vec<PolicyOf>>,
}

impl Action<Beside> for UpdateAlarmRulePolicies {
    const NAME: &'static str = "UpdateAlarmRulePolicies";
    type Response = Policies;

    async fn run(self, beside: &Beside) -> Result<Policies, Wrong> {
        let given = self.policies.filter(|list| !list.is_empty());
        let given = given.ok_or_else(|| beside.missing("policies"))?;
        let old = rule(beside, &self.alarm_id).await?;
        let of_events = old.spec.kind.as_deref().is_some_and(rules::is_of_events);
        let given = policies(beside, given, of_events)?;
        let views = beside.views().await?;
        let set = |spec: &mut AlarmRuleSpec| {
            if spec.policies == given {
                return Ok(());
            }
            spec.policies.clone_from(&given);
            look_afresh(beside, spec, &views)
        };
        let spec = change(beside, &self.alarm_id, set).await?;
        Ok(Policies {
            policies: PolicyShown::all(&spec),
            count: None,
        })
    }
}

/// UpdateAlarmNotifications: all of it.
#[derive(Deserialize)]
pub(super) struct UpdateAlarmNotifications {
    alarm_id: String,
    notification_enabled: Option<bool>,
    alarm_notifications: Option<Vec<told::Action>>,
    ok_notifications: Option<Vec<told::Action>>,
    notification_begin_time: Option<String>,
    notification_end_time: Option<String>,
    effective_timezone: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(super) struct Notified {
    notification_enabled: bool,
    alarm_notifications: Vec<NotificationShown>,
    ok_notifications: Vec<NotificationShown>,
    notification_begin_time: String,
    notification_end_time: String,
    effective_timezone: String,
    notification_manner: &'static str,
    /// There are none.
    notification_policy_ids: Vec<String>,
}

impl Action<Beside> for UpdateAlarmNotifications {
    const NAME: &'static str = "UpdateAlarmNotifications";
    type Response = Notified;

    async fn run(self, beside: &Beside) -> Result<Notified, Wrong> {
        let enabled = self.notification_enabled;
        let enabled = enabled.ok_or_else(|| beside.missing("notification_enabled"))?;
        let actions = |at, list| told::actions(beside, at, list, ACTIONS);
        let alarm_actions = actions("alarm_notifications", self.alarm_notifications)?;
        let ok_actions = actions("ok_notifications", self.ok_notifications)?;
        let begin = self.notification_begin_time;
        let begin = told::time_of_day(beside, "notification_begin_time", begin)?;
        let end = self.notification_end_time;
        let end = told::time_of_day(beside, "notification_end_time", end)?;
        let zone = self.effective_timezone;
        let zone = told::timezone(beside, "effective_timezone", zone)?;
        let set = |spec: &mut AlarmRuleSpec| {
            spec.notify = enabled;
            spec.alarm_actions.clone_from(&alarm_actions);
            spec.ok_actions.clone_from(&ok_actions);
            spec.begin_time.clone_from(&begin);
            spec.end_time.clone_from(&end);
            spec.timezone.clone_from(&zone);
            Ok(())
        };
        let spec = change(beside, &self.alarm_id, set).await?;
        let rule = rule(beside, &self.alarm_id).await?;
        let named = Named::of(beside).await?;
        let text = |text: Option<String>| text.unwrap_or_default();
        Ok(Notified {
            notification_enabled: spec.notify,
            alarm_notifications: notifications(&named.alarm_actions(&rule)),
            ok_notifications: notifications(&spec.ok_actions),
            notification_begin_time: text(spec.begin_time),
            notification_end_time: text(spec.end_time),
            effective_timezone: text(spec.timezone),
            notification_manner: "TOPIC_SUBSCRIPTION",
            notification_policy_ids: Vec::new(),
        })
    }
}
