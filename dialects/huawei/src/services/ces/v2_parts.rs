//! Parts of alarm rules of the second generation: resources, conditions, who is told, and what has become of rules.

use muster_kit::action::Action;
use muster_model::{AlarmCheck, AlarmRule, AlarmRuleSpec, AlarmTurn, Standing};
use serde::{Deserialize, Serialize};

use super::super::{Beside, Wrong};
use super::metrics::Dim;
use super::rule as rules;
use super::shown::{NotificationShown, PolicyShown, notifications};
use super::v2::{ACTIONS, PolicyOf, look_afresh, policies, resources};
use super::{Named, change, rule};
use crate::times::second;

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
    alarm_notifications: Option<Vec<rules::Action>>,
    ok_notifications: Option<Vec<rules::Action>>,
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
        let actions = |at, list| rules::actions(beside, at, list, ACTIONS);
        let alarm_actions = actions("alarm_notifications", self.alarm_notifications)?;
        let ok_actions = actions("ok_notifications", self.ok_notifications)?;
        let begin = self.notification_begin_time;
        let begin = rules::time_of_day(beside, "notification_begin_time", begin)?;
        let end = self.notification_end_time;
        let end = rules::time_of_day(beside, "notification_end_time", end)?;
        let zone = self.effective_timezone;
        let zone = rules::timezone(beside, "effective_timezone", zone)?;
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

/// ListAlarmHistories.
#[derive(Deserialize)]
pub(super) struct ListAlarmHistories {}

#[derive(Serialize)]
struct MetricShown {
    namespace: String,
    metric_name: String,
    dimensions: Vec<Dim>,
}

#[derive(Serialize)]
struct ConditionShown {
    period: u32,
    filter: String,
    comparison_operator: String,
    value: f64,
    unit: String,
    count: u32,
    suppress_duration: u32,
}

#[derive(Serialize)]
struct AboutShown {
    resource_id: String,
    resource_name: String,
    event_id: String,
}

#[derive(Serialize)]
struct PointShown {
    time: String,
    value: f64,
}

/// A change of how a rule stands, as it is shown.
#[derive(Serialize)]
struct HistoryShown {
    record_id: String,
    alarm_id: String,
    name: String,
    status: &'static str,
    level: u8,
    #[serde(rename = "type")]
    kind: Option<String>,
    action_enabled: bool,
    begin_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    /// When it first said so, and when last: a rule that asks again says so each time.
    first_alarm_time: String,
    last_alarm_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm_recovery_time: Option<String>,
    metric: MetricShown,
    condition: ConditionShown,
    additional_info: AboutShown,
    alarm_actions: Vec<NotificationShown>,
    ok_actions: Vec<NotificationShown>,
    data_points: Vec<PointShown>,
    mask_status: &'static str,
}

/// Nothing hides alarms here.
const UN_MASKED: &str = "UN_MASKED";

/// Its answer.
#[derive(Serialize)]
pub(super) struct Histories {
    alarm_histories: Vec<HistoryShown>,
    count: usize,
}

/// `ah` and 22 digits: when, and which of the rule's changes.
fn record_id(turn: &AlarmTurn) -> String {
    format!("ah{:013}{:09}", turn.at.0, turn.number)
}

fn shown(rule: &AlarmRule, turn: &AlarmTurn, named: &Named) -> Option<HistoryShown> {
    let spec = &rule.spec;
    let check: &AlarmCheck = spec.checks.get(turn.check)?;
    let policy = spec.policies.get(check.policy)?;
    let dimensions = spec.resources.get(check.resource)?;
    let mut later = spec.state.turns.iter();
    let next = later.find(|next| next.number == turn.number + 1);
    let recovered = next.filter(|next| next.standing == Standing::Ok);
    // What has fired since, as long as this is how it stands.
    let fired = spec
        .state
        .fired
        .filter(|at| next.is_none() && *at > turn.at);
    let last = fired.unwrap_or(turn.at);
    let values: Vec<&str> = dimensions.iter().map(|one| one.value.as_str()).collect();
    let period = i64::from(check.alarm.period_secs) * 1000;
    let points = turn.values.iter().enumerate();
    let points = points.filter_map(|(back, value)| {
        let at = turn.at.plus_millis(-(back as i64) * period);
        value.map(|value| PointShown {
            time: second(at),
            value,
        })
    });
    Some(HistoryShown {
        record_id: record_id(turn),
        alarm_id: rule.id.alarm_id(),
        name: spec.name.clone(),
        status: rules::state_word(turn.standing),
        level: policy.level,
        kind: spec.kind.clone(),
        action_enabled: spec.notify,
        begin_time: second(turn.at),
        end_time: next.map(|next| second(next.at)),
        first_alarm_time: second(turn.at),
        last_alarm_time: second(last),
        alarm_recovery_time: recovered.map(|next| second(next.at)),
        metric: MetricShown {
            namespace: policy
                .namespace
                .clone()
                .unwrap_or_else(|| spec.namespace.clone()),
            metric_name: policy.metric.clone(),
            dimensions: dimensions.iter().map(Dim::from).collect(),
        },
        condition: ConditionShown {
            period: policy.period_secs,
            filter: policy.filter.clone(),
            comparison_operator: policy.operator.clone(),
            value: check.alarm.threshold,
            unit: policy.unit.clone(),
            count: policy.count,
            suppress_duration: policy.suppress_secs.unwrap_or(0),
        },
        additional_info: AboutShown {
            resource_id: values.join(","),
            resource_name: String::new(),
            event_id: String::new(),
        },
        alarm_actions: notifications(&named.alarm_actions(rule)),
        ok_actions: notifications(&spec.ok_actions),
        data_points: points.collect(),
        mask_status: UN_MASKED,
    })
}

impl Action<Beside> for ListAlarmHistories {
    const NAME: &'static str = "ListAlarmHistories";
    type Response = Histories;

    async fn run(self, beside: &Beside) -> Result<Histories, Wrong> {
        let named = Named::of(beside).await?;
        let level = beside.asked("level");
        let (from, to) = (when(beside, "from")?, when(beside, "to")?);
        let made_from = when(beside, "create_time_from")?;
        let made_to = when(beside, "create_time_to")?;
        let order = Order::of(beside)?;
        let kind = asked_word(beside, "alarm_type", &["event", "metric"])?;
        let masked = asked_word(beside, "mask_status", &[UN_MASKED, "MASKED"])?;
        asked_word(beside, "status", &STATES)?;
        let mut found: Vec<(i64, u64, HistoryShown)> = Vec::new();
        for rule in super::rules(beside).await? {
            for turn in &rule.spec.state.turns {
                let Some(one) = shown(&rule, turn, &named) else {
                    continue;
                };
                let is = |name: &str, value: &str| {
                    beside.asked(name).is_none_or(|wanted| wanted == value)
                };
                let wanted = beside.matches("alarm_id", &one.alarm_id)
                    && beside.matches("status", one.status)
                    && is("record_id", &one.record_id)
                    && is("namespace", &one.metric.namespace)
                    && is("resource_id", &one.additional_info.resource_id)
                    && kind.is_none_or(|kind| kind == "metric")
                    && masked.is_none_or(|masked| masked == one.mask_status)
                    && made_from.is_none_or(|from| turn.at.0 >= from)
                    && made_to.is_none_or(|to| turn.at.0 <= to)
                    && level.is_none_or(|level| level == one.level.to_string())
                    && beside
                        .asked("name")
                        .is_none_or(|name| one.name.contains(name))
                    && from.is_none_or(|from| turn.at.0 >= from)
                    && to.is_none_or(|to| turn.at.0 <= to);
                if wanted {
                    found.push((turn.at.0, turn.number, one));
                }
            }
        }
        // The newest first, or the worst.
        found.sort_by_key(|(at, number, one)| match order {
            Order::Time => (0, std::cmp::Reverse((*at, *number))),
            Order::Level => (one.level, std::cmp::Reverse((*at, *number))),
        });
        let count = found.len();
        let offset = beside.query_number("offset", Some(0), 0, 1_000_000_000)?;
        let limit = beside.query_number("limit", Some(100), 1, 100)?;
        let rest = found.into_iter().skip(offset.unsigned_abs() as usize);
        let page = rest.take(limit.unsigned_abs() as usize);
        Ok(Histories {
            alarm_histories: page.map(|(_, _, one)| one).collect(),
            count,
        })
    }
}

/// How a rule may have stood; the last is never so here.
const STATES: [&str; 5] = ["ok", "alarm", "insufficient_data", "invalid", "ok_manual"];

/// The first of the values of the query; all of them are words of this list.
fn asked_word<'b>(
    beside: &'b Beside,
    name: &str,
    words: &[&str],
) -> Result<Option<&'b str>, Wrong> {
    for text in beside.all_asked(name) {
        if !words.contains(&text) {
            let wanted = format!("one of {} is right", words.join(", "));
            return Err(beside.bad_query(name, text, &wanted));
        }
    }
    Ok(beside.asked(name))
}

/// By what histories are sorted.
enum Order {
    /// By when; ids say when, too.
    Time,
    /// By how bad it is.
    Level,
}

impl Order {
    fn of(beside: &Beside) -> Result<Order, Wrong> {
        match beside.asked("order_by") {
            None | Some("first_alarm_time" | "update_time" | "record_id") => Ok(Order::Time),
            Some("alarm_level") => Ok(Order::Level),
            Some(other) => {
                let wanted =
                    "one of first_alarm_time, update_time, alarm_level, record_id is right";
                Err(beside.bad_query("order_by", other, wanted))
            }
        }
    }
}

/// A moment of the query: RFC 3339 or milliseconds.
fn when(beside: &Beside, name: &str) -> Result<Option<i64>, Wrong> {
    let Some(text) = beside.asked(name) else {
        return Ok(None);
    };
    // A plus sign in a URL may arrive as a blank.
    let plain = text.replace(' ', "+");
    let read = text.parse().ok();
    let read = read.or_else(|| muster_kit::time::parse(&plain).ok());
    match read {
        Some(at) => Ok(Some(at)),
        None => Err(beside.bad_query(name, text, "a time of RFC 3339 is right")),
    }
}
