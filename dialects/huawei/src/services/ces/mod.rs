//! Cloud Eye (CES), as far as scaling policies lean on it: alarm rules in both generations over one store, pushed values of
//! metrics, and what the metrics of groups come to (spec `facets.ces`).
//!
//! `V1.0` shows a rule by its first condition and its first resource, as the real one does; what else it has is kept.

mod data;
mod list;
mod metrics;
mod rule;
mod shown;
mod v1;
mod v1_change;
mod v2;
mod v2_parts;

use std::collections::BTreeSet;
use std::sync::Arc;

use http::{Method, StatusCode};
use muster_model::{
    AlarmAction, AlarmRule, AlarmRuleId, AlarmRuleSpec, Command, Created, Error, GroupView,
    PolicyKind, RecordCommand, RecordId, RecordSpec,
};
use serde_json::{Value, json};

use super::{Beside, Codes, Service, Wrong, route};
use crate::routes::Route;

/// How often a change is made anew because the rule was judged meanwhile.
const TRIES: u32 = 8;

/// The service.
pub(super) static SERVICE: Service = Service {
    name: "ces",
    routes: ROUTES,
    write,
    codes: Codes {
        malformed: "ces.0014",
        absent: "ces.0016",
        conflict: "ces.0011",
        quota: "ces.0011",
        denied: "ces.0017",
        system: "ces.0007",
    },
};

/// An error in both of its shapes: what the second generation documents, and what the first does.
fn write(wrong: &Wrong, request_id: &str) -> Value {
    json!({
        "error_code": wrong.code,
        "error_msg": wrong.message,
        "request_id": request_id,
        "http_code": wrong.status.as_u16(),
        "message": { "code": wrong.code, "details": wrong.message },
    })
}

static ROUTES: &[Route<Beside>] = &[
    route::<v1::CreateAlarm>(Method::POST, "/V1.0/{project_id}/alarms", 201),
    route::<v1::ListAlarms>(Method::GET, "/V1.0/{project_id}/alarms", 200),
    route::<v1::ShowAlarm>(Method::GET, "/V1.0/{project_id}/alarms/{alarm_id}", 200),
    route::<v1_change::UpdateAlarm>(Method::PUT, "/V1.0/{project_id}/alarms/{alarm_id}", 204),
    route::<v1_change::DeleteAlarm>(Method::DELETE, "/V1.0/{project_id}/alarms/{alarm_id}", 204),
    route::<v1_change::UpdateAlarmAction>(
        Method::PUT,
        "/V1.0/{project_id}/alarms/{alarm_id}/action",
        204,
    ),
    route::<data::CreateMetricData>(Method::POST, "/V1.0/{project_id}/metric-data", 201),
    route::<data::ShowMetricData>(Method::GET, "/V1.0/{project_id}/metric-data", 200),
    route::<data::BatchListMetricData>(
        Method::POST,
        "/V1.0/{project_id}/batch-query-metric-data",
        200,
    ),
    route::<list::ListMetrics>(Method::GET, "/V1.0/{project_id}/metrics", 200),
    route::<v2::CreateAlarmRules>(Method::POST, "/v2/{project_id}/alarms", 201),
    route::<v2::ListAlarmRules>(Method::GET, "/v2/{project_id}/alarms", 200),
    route::<v2::BatchEnableAlarmRules>(Method::POST, "/v2/{project_id}/alarms/action", 200),
    route::<v2::BatchDeleteAlarmRules>(Method::POST, "/v2/{project_id}/alarms/batch-delete", 200),
    route::<v2_parts::ListAlarmRuleResources>(
        Method::GET,
        "/v2/{project_id}/alarms/{alarm_id}/resources",
        200,
    ),
    route::<v2_parts::AddAlarmRuleResources>(
        Method::POST,
        "/v2/{project_id}/alarms/{alarm_id}/resources/batch-create",
        200,
    ),
    route::<v2_parts::DeleteAlarmRuleResources>(
        Method::POST,
        "/v2/{project_id}/alarms/{alarm_id}/resources/batch-delete",
        200,
    ),
    route::<v2_parts::ListAlarmRulePolicies>(
        Method::GET,
        "/v2/{project_id}/alarms/{alarm_id}/policies",
        200,
    ),
    route::<v2_parts::UpdateAlarmRulePolicies>(
        Method::PUT,
        "/v2/{project_id}/alarms/{alarm_id}/policies",
        200,
    ),
    route::<v2_parts::UpdateAlarmNotifications>(
        Method::PUT,
        "/v2/{project_id}/alarms/{alarm_id}/notifications",
        200,
    ),
    route::<v2_parts::ListAlarmHistories>(Method::GET, "/v2/{project_id}/alarm-histories", 200),
];

/// The rule that an id names.
async fn rule(beside: &Beside, id: &str) -> Result<Arc<AlarmRule>, Wrong> {
    let absent = || beside.absent("The alarm rule", id);
    let id = AlarmRuleId::parse_alarm_id(id).map_err(|_| absent())?;
    let records = beside.records().await?;
    records.alarm_rules.get(&id).cloned().ok_or_else(absent)
}

/// All rules, oldest first.
async fn rules(beside: &Beside) -> Result<Vec<Arc<AlarmRule>>, Wrong> {
    let records = beside.records().await?;
    let mut rules: Vec<_> = records.alarm_rules.values().cloned().collect();
    rules.sort_by_key(|rule| (rule.head.created_at, rule.head.ordinal, rule.id));
    Ok(rules)
}

/// Makes a rule; its id.
async fn create(beside: &Beside, spec: AlarmRuleSpec) -> Result<String, Wrong> {
    let spec = RecordSpec::AlarmRule(Box::new(spec));
    let commands = vec![RecordCommand::Create(spec)];
    let made = beside
        .ctx
        .api
        .execute(beside.caller(), Command::Records(commands));
    match made.await.map_err(|error| beside.refused(&error))? {
        Created::Record(RecordId::AlarmRule(id)) => Ok(id.alarm_id()),
        _ => Err(beside.broken("The request made nothing")),
    }
}

/// Changes a rule. It may be judged at the same time: then the change is made of what it is now.
async fn change(
    beside: &Beside,
    id: &str,
    with: impl Fn(&mut AlarmRuleSpec) -> Result<(), Wrong> + Send + Sync,
) -> Result<AlarmRuleSpec, Wrong> {
    let mut tries = 0;
    loop {
        let old = rule(beside, id).await?;
        let mut spec = old.spec.clone();
        with(&mut spec)?;
        let replace = RecordCommand::Replace {
            id: RecordId::AlarmRule(old.id),
            version: old.head.version,
            spec: RecordSpec::AlarmRule(Box::new(spec.clone())),
        };
        let commands = Command::Records(vec![replace]);
        tries += 1;
        match beside.ctx.api.execute(beside.caller(), commands).await {
            Ok(_) => return Ok(spec),
            Err(Error::Changed { .. }) if tries < TRIES => {}
            Err(error) => return Err(beside.refused(&error)),
        }
    }
}

/// Switches rules on or off. One that is switched is judged afresh.
async fn switch(beside: &Beside, id: &str, enabled: bool) -> Result<(), Wrong> {
    let set = |spec: &mut AlarmRuleSpec| {
        if spec.enabled != enabled {
            spec.enabled = enabled;
            rule::judge_afresh(spec);
        }
        Ok(())
    };
    change(beside, id, set).await.map(|_| ())
}

/// Deletes rules: all of them or none.
async fn delete(beside: &Beside, ids: &[String]) -> Result<(), Wrong> {
    let mut commands = Vec::new();
    let mut seen = BTreeSet::new();
    for id in ids {
        let rule = rule(beside, id).await?;
        if seen.insert(rule.id) {
            let id = RecordId::AlarmRule(rule.id);
            commands.push(RecordCommand::Delete { id });
        }
    }
    let deleted = beside
        .ctx
        .api
        .execute(beside.caller(), Command::Records(commands));
    deleted.await.map_err(|error| beside.refused(&error))?;
    Ok(())
}

/// The rules that policies of groups name: they have the action that AS gives them, as long as there is such a policy
/// (rule P5).
struct Named(BTreeSet<String>);

impl Named {
    async fn of(beside: &Beside) -> Result<Named, Wrong> {
        let views = beside.views().await?;
        let policies = views
            .iter()
            .flat_map(|view: &Arc<GroupView>| view.parts.policies.values());
        let named = policies.filter_map(|policy| match &policy.kind {
            PolicyKind::External { alarm_id, .. } => Some(alarm_id.clone()),
            PolicyKind::Simple { .. }
            | PolicyKind::Target(_)
            | PolicyKind::Timed { .. }
            | PolicyKind::Unhealthy => None,
        });
        Ok(Named(named.collect()))
    }

    /// The actions of a rule, with the one that AS gives it.
    fn alarm_actions(&self, rule: &AlarmRule) -> Vec<AlarmAction> {
        let mut actions = rule.spec.alarm_actions.clone();
        let has = actions
            .iter()
            .any(|action| action.kind == AlarmAction::AUTO_SCALING);
        if !has && self.0.contains(&rule.id.alarm_id()) {
            actions.push(AlarmAction {
                kind: AlarmAction::AUTO_SCALING.to_owned(),
                targets: Vec::new(),
            });
        }
        actions
    }
}

impl Beside {
    /// A parameter of the URL that is not right.
    fn bad_query(&self, parameter: &str, value: &str, wanted: &str) -> Wrong {
        let message =
            format!("The value `{value}` of the parameter `{parameter}` is not valid: {wanted}.");
        self.wrong(StatusCode::BAD_REQUEST, "ces.0013", message)
    }

    /// A whole number of the query, within bounds.
    fn query_number(
        &self,
        name: &str,
        default: Option<i64>,
        min: i64,
        max: i64,
    ) -> Result<i64, Wrong> {
        let Some(text) = self.asked(name) else {
            let absent = || {
                let message = format!("The parameter `{name}` is missing.");
                self.wrong(StatusCode::BAD_REQUEST, "ces.0013", message)
            };
            return default.ok_or_else(absent);
        };
        match text.trim().parse::<i64>() {
            Ok(number) if (min..=max).contains(&number) => Ok(number),
            Ok(_) | Err(_) => Err(self.bad_query(name, text, &format!("{min} to {max} is right"))),
        }
    }

    /// The part of a list by `offset` and `limit`.
    fn cut<T>(&self, items: Vec<T>) -> Result<Vec<T>, Wrong> {
        let offset = self.query_number("offset", Some(0), 0, 10_000)?;
        let limit = self.query_number("limit", Some(10), 1, 100)?;
        let items = items.into_iter().skip(offset.unsigned_abs() as usize);
        Ok(items.take(limit.unsigned_abs() as usize).collect())
    }
}
