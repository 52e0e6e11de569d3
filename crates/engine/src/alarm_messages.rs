//! Messages of alarm rules: topics are told when a rule comes to stand in alarm, and when all is well again.

use muster_model::{
    AlarmAction, AlarmCheck, AlarmRule, AlarmRuleId, AlarmRuleSpec, Event, EventKind, GroupId,
    MetricSource, NotificationTarget, Standing, Time,
};
use serde_json::json;

use crate::alarms::{CheckLook, Known, in_words};

/// Tells topics of what has become of a rule, in the change that says so.
pub(crate) fn tell(
    known: &Known<'_>,
    rule: &AlarmRule,
    next: &AlarmRuleSpec,
    fired: bool,
    said: Option<&(usize, CheckLook)>,
    events: &mut Vec<Event>,
) {
    let was = rule.spec.state.standing;
    let turned = next.state.standing != was;
    let (word, actions) = match next.state.standing {
        Standing::Breach if fired => ("alarm", &next.alarm_actions),
        // All is well again only after it was not.
        Standing::Ok if turned && rule.spec.state.fired.is_some() => ("ok", &next.ok_actions),
        Standing::Unknown if turned && rule.spec.state.since.is_some() => {
            ("insufficient_data", &next.insufficient_actions)
        }
        Standing::Breach | Standing::Ok | Standing::Unknown => return,
    };
    if !next.notify || !within_hours(next, known.now) {
        return;
    }
    let Some((number, look)) = said else {
        return;
    };
    let Some(check) = next.checks.get(*number) else {
        return;
    };
    let topics = actions
        .iter()
        .filter(|action| action.kind == AlarmAction::NOTIFICATION)
        .flat_map(|action| &action.targets);
    for urn in topics {
        events.push(Event {
            group: group_of(check).unwrap_or(GroupId::new(rule.id.key())),
            account: Some(rule.head.account),
            at: known.now,
            kind: EventKind::Notification,
            to: Some(NotificationTarget::Topic {
                kind: "URN".to_owned(),
                name: urn.clone(),
            }),
            body: message(rule.id, next, word, check, look, known.now),
        });
    }
}

fn group_of(check: &AlarmCheck) -> Option<GroupId> {
    match &check.source {
        MetricSource::Group { group, .. } => Some(*group),
        MetricSource::Account(_) => None,
    }
}

fn message(
    id: AlarmRuleId,
    rule: &AlarmRuleSpec,
    word: &str,
    check: &AlarmCheck,
    look: &CheckLook,
    now: Time,
) -> serde_json::Value {
    let resource = rule.resources.get(check.resource);
    let policy = rule.policies.get(check.policy);
    json!({
        "message_type": "alarm",
        "alarm_id": id.alarm_id(),
        "alarm_name": rule.name,
        "alarm_status": word,
        "time": now.0,
        "namespace": rule.namespace,
        "metric_name": policy.map(|policy| policy.metric.as_str()),
        "dimensions": resource,
        "alarm_level": policy.map(|policy| policy.level),
        "AlarmName": rule.name,
        "data_points": look.levels.iter().map(|level| level.value()).collect::<Vec<_>>(),
        "words": in_words(check, look),
    })
}

/// Whether topics are told at this time of the day.
fn within_hours(rule: &AlarmRuleSpec, now: Time) -> bool {
    let (begin, end) = (rule.begin_time.as_deref(), rule.end_time.as_deref());
    within(begin, end, rule.timezone.as_deref(), now)
}

/// Without both ends there is no bound.
fn within(begin: Option<&str>, end: Option<&str>, zone: Option<&str>, now: Time) -> bool {
    let minutes = |text: Option<&str>| {
        let (hours, minutes) = text?.split_once(':')?;
        let minutes = minutes.split(':').next().unwrap_or(minutes);
        Some(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
    };
    let (Some(begin), Some(end)) = (minutes(begin), minutes(end)) else {
        return true;
    };
    let at = (now.0.div_euclid(60_000) + offset_minutes(zone)).rem_euclid(1440);
    match begin <= end {
        true => begin <= at && at <= end,
        false => at >= begin || at <= end,
    }
}

/// Minutes that `GMT+08:00` is ahead; without a zone it is that one, as the service's own default.
fn offset_minutes(zone: Option<&str>) -> i64 {
    let Some(rest) = zone.and_then(|zone| zone.strip_prefix("GMT")) else {
        return 480;
    };
    let (sign, rest) = match rest.split_at_checked(1) {
        Some(("-", rest)) => (-1, rest),
        Some(("+", rest)) => (1, rest),
        Some(_) | None => return 0,
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let read = |text: &str| text.parse::<i64>().unwrap_or(0);
    sign * (read(hours) * 60 + read(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_told_within_hours_of_their_zone() {
        assert!(hours("", "", None, 0), "no hours, no bound");
        for (begin, end, zone, minute, told) in [
            ("08:00", "20:00", "GMT+0:00", 8 * 60, true),
            ("08:00", "20:00", "GMT+0:00", 8 * 60 - 1, false),
            ("08:00", "20:00", "GMT+0:00", 20 * 60, true),
            ("08:00", "20:00", "GMT+0:00", 20 * 60 + 1, false),
            // Over midnight.
            ("22:00", "06:00", "GMT+0:00", 23 * 60, true),
            ("22:00", "06:00", "GMT+0:00", 5 * 60, true),
            ("22:00", "06:00", "GMT+0:00", 12 * 60, false),
            // In its own zone.
            ("08:00", "20:00", "GMT+08:00", 0, true),
            ("08:00", "20:00", "GMT-08:00", 6 * 60, false),
        ] {
            assert_eq!(
                hours(begin, end, Some(zone), minute),
                told,
                "{begin} {end} {zone}"
            );
        }
    }

    fn hours(begin: &str, end: &str, zone: Option<&str>, minute: i64) -> bool {
        within(Some(begin), Some(end), zone, Time(minute * 60_000))
    }

    #[test]
    fn zones_are_read_as_they_are_written() {
        for (zone, minutes) in [
            (None, 480),
            (Some("GMT+08:00"), 480),
            (Some("GMT-08:00"), -480),
            (Some("GMT+0:00"), 0),
            (Some("GMT+05:30"), 330),
            (Some("GMT"), 0),
        ] {
            assert_eq!(offset_minutes(zone), minutes, "{zone:?}");
        }
    }
}
