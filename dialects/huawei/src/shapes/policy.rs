//! A policy as it is sent and shown.

use muster_kit::cron;
use muster_model::{
    AdjustBy, ExecutionOutcome, GroupView, Policy, PolicyKind, ScheduleTimes, Time, TriggerKind,
};
use serde::{Deserialize, Serialize};

use crate::checks;
use crate::fault::Fault;
use crate::times::{minute, read_clock, read_minute, second};
use crate::words::{Operation, PolicyStatus, PolicyType, RecurrenceType};

/// Instances that a policy may set or change at the most (L2306).
const MOST_INSTANCES: i64 = 200;
/// The same in the second version, as the SDK documents it.
pub(crate) const MOST_INSTANCES_V2: i64 = 300;
/// The largest percentage.
const MOST_PERCENT: i64 = 20_000;

/// ScheduledPolicy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Scheduled {
    pub(crate) launch_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recurrence_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recurrence_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_time: Option<String>,
}

/// ScalingPolicyActionV1.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Adjust {
    pub(crate) operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance_number: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance_percentage: Option<i64>,
}

impl Adjust {
    /// What it does; nothing said is one more (rule P2).
    pub(crate) fn by(&self) -> Result<AdjustBy, Fault> {
        self.by_named("instance_number", "instance_percentage", MOST_INSTANCES)
    }

    /// The same, when its numbers have these names and go this far.
    pub(crate) fn by_named(
        &self,
        size: &str,
        percent_name: &str,
        most: i64,
    ) -> Result<AdjustBy, Fault> {
        let operation = self.operation.as_ref();
        let name = "scaling_policy_action.operation";
        if operation.is_some_and(String::is_empty) {
            return Err(Fault::missing("AS.3016", name));
        }
        let operation = checks::word_if_given("AS.3017", name, operation)?;
        let operation = operation.unwrap_or(Operation::Add);
        let least = i64::from(operation != Operation::Set);
        match (self.instance_number, self.instance_percentage) {
            (Some(_), Some(_)) => {
                let detail = format!("`{size}` and `{percent_name}` exclude each other.");
                Err(Fault::new("AS.3036", detail))
            }
            (number, None) => {
                let number = number.unwrap_or(1);
                let name = format!("scaling_policy_action.{size}");
                checks::number("AS.3018", &name, number, least, most)?;
                Ok(match operation {
                    Operation::Add => AdjustBy::By(number),
                    Operation::Remove => AdjustBy::By(-number),
                    Operation::Set => AdjustBy::To(number),
                })
            }
            (None, Some(percent)) => {
                let name = format!("scaling_policy_action.{percent_name}");
                checks::number("AS.3035", &name, percent, least, MOST_PERCENT)?;
                Ok(match operation {
                    Operation::Add => AdjustBy::ByPercent(percent),
                    Operation::Remove => AdjustBy::ByPercent(-percent),
                    Operation::Set => AdjustBy::ToPercent(percent),
                })
            }
        }
    }

    /// How it is shown.
    pub(crate) fn of(by: AdjustBy) -> Adjust {
        let (number, percent) = match by {
            AdjustBy::To(number) | AdjustBy::By(number) => (Some(number.saturating_abs()), None),
            AdjustBy::ToPercent(percent) | AdjustBy::ByPercent(percent) => {
                (None, Some(percent.saturating_abs()))
            }
        };
        Adjust {
            operation: Some(Operation::of(by).word().to_owned()),
            instance_number: number,
            instance_percentage: percent,
        }
    }
}

/// The numbers of a comma list, each within a range.
fn numbers(text: &str, max: u32) -> Result<Vec<u32>, Fault> {
    let name = "scheduled_policy.recurrence_value";
    let number = |part: &str| {
        let read = part.trim().parse().ok();
        read.filter(|number| (1..=max).contains(number))
            .ok_or_else(|| {
                let wanted = format!("numbers from 1 to {max}, joined by commas, are right");
                Fault::value("AS.3025", name, text, &wanted)
            })
    };
    text.split(',').map(number).collect()
}

fn joined(numbers: impl Iterator<Item = u32>) -> String {
    numbers
        .map(|number| number.to_string())
        .collect::<Vec<_>>()
        .join(",")
}

impl Scheduled {
    /// What of the times is not said stays.
    pub(crate) fn over(self, old: Scheduled) -> Scheduled {
        Scheduled {
            launch_time: self.launch_time.or(old.launch_time),
            recurrence_value: match self.recurrence_type {
                Some(_) => self.recurrence_value,
                None => self.recurrence_value.or(old.recurrence_value),
            },
            recurrence_type: self.recurrence_type.or(old.recurrence_type),
            start_time: self.start_time.or(old.start_time),
            end_time: self.end_time.or(old.end_time),
        }
    }

    /// The times of a SCHEDULED policy (rule P6). `old`: that time again is no mistake.
    pub(crate) fn once(
        &self,
        now: Time,
        old: Option<&ScheduleTimes>,
    ) -> Result<ScheduleTimes, Fault> {
        let name = "scheduled_policy.launch_time";
        let text = self.launch_time.as_deref().filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Fault::missing("AS.3008", name))?;
        let at = read_minute(text)
            .ok_or_else(|| Fault::value("AS.3009", name, text, "YYYY-MM-DDThh:mmZ is right"))?;
        let is_old = old.is_some_and(|old| old.start_at == at && old.cron.is_none());
        if at <= now && !is_old {
            let wanted = format!("it is {} now", minute(now));
            return Err(Fault::value("AS.3010", name, text, &wanted));
        }
        Ok(ScheduleTimes {
            start_at: at,
            end_at: None,
            cron: None,
            zone: "UTC".to_owned(),
            repeat: None,
        })
    }

    /// The times of a RECURRENCE policy (rules P6-P8).
    pub(crate) fn recurring(&self, now: Time) -> Result<ScheduleTimes, Fault> {
        let name = "scheduled_policy.launch_time";
        let text = self.launch_time.as_deref().filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Fault::missing("AS.3008", name))?;
        let (hour, minute_of) = read_clock(text)
            .ok_or_else(|| Fault::value("AS.3009", name, text, "hh:mm is right"))?;
        let days = self.days()?;
        let (start_at, end_at) = self.window(now)?;
        Ok(ScheduleTimes {
            start_at,
            end_at: Some(end_at),
            cron: Some(format!("{minute_of} {hour} {days}")),
            zone: "UTC".to_owned(),
            repeat: None,
        })
    }

    /// The last three fields of the cron text.
    fn days(&self) -> Result<String, Fault> {
        let name = "scheduled_policy.recurrence_type";
        let kind = self
            .recurrence_type
            .as_deref()
            .filter(|text| !text.is_empty());
        let kind = kind.ok_or_else(|| Fault::missing("AS.3023", name))?;
        let kind: RecurrenceType = checks::word("AS.3004", name, kind)?;
        let value = self
            .recurrence_value
            .as_deref()
            .filter(|text| !text.is_empty());
        let needed = || {
            let name = "scheduled_policy.recurrence_value";
            value.ok_or_else(|| Fault::missing("AS.3024", name))
        };
        Ok(match kind {
            RecurrenceType::Daily => "* * *".to_owned(),
            // Day 1 is Sunday, which is 0 in cron.
            RecurrenceType::Weekly => {
                format!(
                    "* * {}",
                    joined(numbers(needed()?, 7)?.into_iter().map(|day| day - 1))
                )
            }
            RecurrenceType::Monthly => {
                format!("{} * *", joined(numbers(needed()?, 31)?.into_iter()))
            }
        })
    }

    /// From when until when (rule P8).
    fn window(&self, now: Time) -> Result<(Time, Time), Fault> {
        let read = |code, name: &str, text: &str| {
            read_minute(text)
                .ok_or_else(|| Fault::value(code, name, text, "YYYY-MM-DDThh:mmZ is right"))
        };
        let name = "scheduled_policy.start_time";
        let start = match self.start_time.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => read("AS.3028", name, text)?,
            None => Time(now.0 - now.0.rem_euclid(60_000)),
        };
        let name = "scheduled_policy.end_time";
        let text = self.end_time.as_deref().filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Fault::missing("AS.3005", name))?;
        let end = read("AS.3006", name, text)?;
        if end <= now {
            let wanted = format!("it is {} now", minute(now));
            return Err(Fault::value("AS.3007", name, text, &wanted));
        }
        match end > start {
            true => Ok((start, end)),
            false => {
                let wanted = format!("`start_time` is {}", minute(start));
                Err(Fault::value("AS.3029", name, text, &wanted))
            }
        }
    }

    /// How times are shown.
    pub(crate) fn of(times: &ScheduleTimes) -> Scheduled {
        Scheduled::words(times).unwrap_or_default()
    }

    /// The words for times; `None` = there are none for another door's cron text.
    pub(crate) fn words(times: &ScheduleTimes) -> Option<Scheduled> {
        let Some(cron) = &times.cron else {
            return Some(Scheduled {
                launch_time: Some(minute(times.start_at)),
                ..Scheduled::default()
            });
        };
        let cron = cron::in_zone(cron, &times.zone, 0)?;
        let fields: Vec<&str> = cron.split_ascii_whitespace().collect();
        let [at_minute, at_hour, days, month, weekdays] = fields.as_slice() else {
            return None;
        };
        let (kind, value) = match (cron::is_any(days), cron::is_any(weekdays)) {
            _ if !cron::is_any(month) => return None,
            (true, true) => (RecurrenceType::Daily, None),
            // Sunday is 0 in cron, and day 1.
            (true, false) => {
                let days = listed(weekdays).or_else(|| cron::weekdays(weekdays))?;
                let days = days.into_iter().map(|day| day % 7 + 1);
                (RecurrenceType::Weekly, Some(joined(days)))
            }
            (false, true) => {
                let days = listed(days).or_else(|| cron::numbers(days, 1, 31))?;
                (RecurrenceType::Monthly, Some(joined(days.into_iter())))
            }
            (false, false) => return None,
        };
        let (hours, minutes): (u32, u32) = (at_hour.parse().ok()?, at_minute.parse().ok()?);
        Some(Scheduled {
            launch_time: Some(format!("{hours:02}:{minutes:02}")),
            recurrence_type: Some(kind.word().to_owned()),
            recurrence_value: value,
            start_time: Some(minute(times.start_at)),
            end_time: times.end_at.map(minute),
        })
    }
}

/// The numbers of a field that is a list of them, in the order that they were given in.
fn listed(field: &str) -> Option<Vec<u32>> {
    field.split(',').map(|part| part.parse().ok()).collect()
}

/// Whether this door has words for a policy (concept map, policy kind): those that hold a metric at a value and the default
/// one of the API of 2017 are hidden.
pub(crate) fn is_shown(policy: &Policy) -> bool {
    match &policy.kind {
        PolicyKind::Timed { times, .. } => Scheduled::words(times).is_some(),
        PolicyKind::Simple { .. } | PolicyKind::External { .. } => true,
        PolicyKind::Target(_) | PolicyKind::Unhealthy => false,
    }
}

/// ScalingV1PolicyDetail.
#[derive(Serialize)]
pub(crate) struct PolicyDetail {
    scaling_policy_id: String,
    scaling_group_id: String,
    scaling_policy_name: String,
    policy_status: PolicyStatus,
    scaling_policy_type: PolicyType,
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_policy: Option<Scheduled>,
    scaling_policy_action: Adjust,
    cool_down_time: u32,
    create_time: String,
}

/// The word for what a policy waits for; another door's alarms are alarms here too.
pub(crate) fn policy_type(policy: &Policy) -> PolicyType {
    match &policy.kind {
        PolicyKind::Timed { times, .. } if times.cron.is_some() => PolicyType::Recurrence,
        PolicyKind::Timed { .. } => PolicyType::Scheduled,
        PolicyKind::Simple { .. }
        | PolicyKind::External { .. }
        | PolicyKind::Target(_)
        | PolicyKind::Unhealthy => PolicyType::Alarm,
    }
}

/// Whether an execution of it waits for the activity that runs.
pub(crate) fn is_waiting(view: &GroupView, policy: &Policy) -> bool {
    let mut all = view.parts.executions.values();
    all.any(|one| one.policy == policy.id && one.outcome == ExecutionOutcome::Waiting)
}

/// Whether the activity that runs is this policy's doing, or what it does waits for that one.
pub(crate) fn is_executing(view: &GroupView, policy: &Policy) -> bool {
    if is_waiting(view, policy) {
        return true;
    }
    let running = view.group.busy.and_then(|id| view.activities.get(&id));
    running.is_some_and(|activity| {
        matches!(&activity.trigger.kind, TriggerKind::Policy { policy: by, .. } if *by == policy.id)
    })
}

/// Where a policy stands.
pub(crate) fn policy_status(view: &GroupView, policy: &Policy) -> PolicyStatus {
    match (is_executing(view, policy), policy.enabled) {
        (true, _) => PolicyStatus::Executing,
        (false, true) => PolicyStatus::InService,
        (false, false) => PolicyStatus::Paused,
    }
}

impl PolicyDetail {
    /// A policy as it is shown.
    pub(crate) fn new(view: &GroupView, policy: &Policy) -> PolicyDetail {
        let (alarm_id, times, by) = match &policy.kind {
            PolicyKind::Timed { times, adjust } => (None, Some(times), Some(*adjust)),
            PolicyKind::External { alarm_id, adjust } => {
                (Some(alarm_id.clone()), None, Some(*adjust))
            }
            PolicyKind::Simple { adjust, .. } => (Some(String::new()), None, Some(*adjust)),
            PolicyKind::Target(_) | PolicyKind::Unhealthy => (Some(String::new()), None, None),
        };
        PolicyDetail {
            scaling_policy_id: policy.id.uuid(),
            scaling_group_id: policy.group.uuid(),
            scaling_policy_name: policy.name.clone(),
            policy_status: policy_status(view, policy),
            scaling_policy_type: policy_type(policy),
            alarm_id,
            scheduled_policy: times.map(Scheduled::of),
            scaling_policy_action: by.map(Adjust::of).unwrap_or_default(),
            cool_down_time: policy
                .cooldown_secs
                .unwrap_or(view.group.spec.cooldown_secs),
            create_time: second(policy.created_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn times_are_shown_as_they_were_given() {
        let now = read_minute("2026-11-26T12:00Z").unwrap();
        for (kind, value, cron) in [
            ("Daily", None, "5 16 * * *"),
            ("Weekly", Some("1,3,7"), "5 16 * * 0,2,6"),
            ("Monthly", Some("31,1"), "5 16 31,1 * *"),
        ] {
            let given = Scheduled {
                launch_time: text("16:05"),
                recurrence_type: text(kind),
                recurrence_value: value.map(str::to_owned),
                start_time: text("2026-11-25T12:00Z"),
                end_time: text("2027-11-25T12:00Z"),
            };
            let times = given.recurring(now).unwrap();
            assert_eq!(times.cron.as_deref(), Some(cron));
            assert_eq!(format!("{:?}", Scheduled::of(&times)), format!("{given:?}"));
        }
        let once = Scheduled {
            launch_time: text("2026-11-26T12:01Z"),
            ..Scheduled::default()
        };
        let times = once.once(now, None).unwrap();
        assert_eq!(format!("{:?}", Scheduled::of(&times)), format!("{once:?}"));
        assert_eq!(
            once.once(now.plus_secs(60), None).unwrap_err().code,
            "AS.3010"
        );
        assert!(once.once(now.plus_secs(60), Some(&times)).is_ok());
    }

    #[test]
    fn adjustments_are_shown_as_they_were_given() {
        for (operation, number, percent, by) in [
            ("ADD", Some(2), None, AdjustBy::By(2)),
            ("REMOVE", Some(2), None, AdjustBy::By(-2)),
            ("SET", Some(0), None, AdjustBy::To(0)),
            ("ADD", None, Some(50), AdjustBy::ByPercent(50)),
            ("REMOVE", None, Some(50), AdjustBy::ByPercent(-50)),
            ("SET", None, Some(0), AdjustBy::ToPercent(0)),
        ] {
            let given = Adjust {
                operation: text(operation),
                instance_number: number,
                instance_percentage: percent,
            };
            assert_eq!(given.by(), Ok(by));
            assert_eq!(format!("{:?}", Adjust::of(by)), format!("{given:?}"));
        }
        assert_eq!(Adjust::default().by(), Ok(AdjustBy::By(1)));
    }
}
