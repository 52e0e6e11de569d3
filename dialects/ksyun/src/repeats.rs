//! The two languages of repetition: cron texts whose hour and minute are those of the first time, and units with a cycle.

use muster_kit::cron::in_zone;
use muster_kit::time::CHINA_OFFSET_HOURS;
use muster_model::{Repeat, ScheduleTimes, Time};
use serde::Serialize;

use crate::fault::Fault;
use crate::times;

/// RepeatUnit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum RepeatUnit {
    /// Every so many days.
    Day,
    /// From one day of the month to another.
    Month,
    /// On days of the week, 1 = Monday.
    Week,
}

/// The numbers of a cycle: `1,2,3`, also as the list that the documentation shows, `["1","2","3"]`.
fn cycle(text: &str) -> Result<Vec<u32>, Fault> {
    let wrong = || Fault::value("RepeatCycle", text, "numbers, joined by commas");
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    let number = |part: &str| {
        let part = part.trim().trim_matches('"').trim_matches('\'');
        part.trim().parse().map_err(|_| wrong())
    };
    bare.split(',').map(number).collect()
}

/// A repetition as it is given (L2175, L2182).
fn repeat(unit: RepeatUnit, text: &str) -> Result<Repeat, Fault> {
    let wrong = |wanted| Err(Fault::value("RepeatCycle", text, wanted));
    let mut numbers = cycle(text)?;
    match (unit, numbers.as_slice()) {
        (RepeatUnit::Day, [days @ 1..=366]) => Ok(Repeat::Days(*days)),
        (RepeatUnit::Day, _) => wrong("a number of days, 1 to 366"),
        (RepeatUnit::Month, [day @ 1..=31]) => Ok(Repeat::Month(*day, *day)),
        (RepeatUnit::Month, [from @ 1..=31, to @ 1..=31]) if from <= to => {
            Ok(Repeat::Month(*from, *to))
        }
        (RepeatUnit::Month, _) => wrong("one day of the month or the first and the last, 1 to 31"),
        (RepeatUnit::Week, days) if days.iter().all(|day| (1..=7).contains(day)) => {
            numbers.sort_unstable();
            numbers.dedup();
            Ok(Repeat::Week(numbers))
        }
        (RepeatUnit::Week, _) => wrong("days of the week, 1 to 7"),
    }
}

/// A repetition in the words of this door.
pub(crate) fn shown_repeat(repeat: &Repeat) -> (RepeatUnit, String) {
    let joined = |numbers: &[u32]| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        numbers.join(",")
    };
    match repeat {
        Repeat::Days(days) => (RepeatUnit::Day, joined(&[*days])),
        Repeat::Week(days) => (RepeatUnit::Week, joined(days)),
        Repeat::Month(from, to) if from == to => (RepeatUnit::Month, joined(&[*from])),
        Repeat::Month(from, to) => (RepeatUnit::Month, joined(&[*from, *to])),
    }
}

/// The last three fields of the cron text that a repetition is, or that stands in for it.
fn days_of(repeat: &Repeat) -> String {
    match repeat {
        Repeat::Days(days @ 2..=31) => format!("*/{days} * *"),
        Repeat::Days(_) => "* * *".to_owned(),
        Repeat::Month(from, to) if from == to => format!("{from} * *"),
        Repeat::Month(from, to) => format!("{from}-{to} * *"),
        Repeat::Week(days) => {
            // In cron texts Sunday is 0.
            let days: Vec<String> = days.iter().map(|day| (day % 7).to_string()).collect();
            format!("* * {}", days.join(","))
        }
    }
}

/// At the hour and minute of the first time.
pub(crate) fn at_start(days: &str, start: Time) -> String {
    let (hour, minute) = times::clock(start);
    format!("{minute} {hour} {days}")
}

/// The days of a cron text whose hour and minute are those of the first time.
pub(crate) fn days_at_start(cron: &str, start: Time) -> Option<&str> {
    let (hour, minute) = times::clock(start);
    let mut fields = cron.splitn(3, ' ');
    let own = (fields.next()?.parse(), fields.next()?.parse());
    (own == (Ok(minute), Ok(hour))).then_some(fields.next()?)
}

/// The days of a cron text as it is given: minute and hour stay `*` (L2168).
fn given_days(text: &str) -> Result<String, Fault> {
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    match fields.as_slice() {
        ["*", "*", days @ ..] if days.len() == 3 => Ok(days.join(" ")),
        _ => Err(Fault::value(
            "Recurrence",
            text,
            "five fields of crontab, of which minute and hour are *",
        )),
    }
}

/// What is said of a repetition.
pub(crate) struct Said {
    pub(crate) recurrence: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) cycle: Option<String>,
}

/// What it says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Repetition {
    /// Nothing.
    Unsaid,
    /// Unit and cycle are given empty: it repeats by them no longer.
    Ended,
    /// Days as a cron text says them, and what they were made from.
    Days(String, Option<Repeat>),
}

/// A unit as it is given.
fn unit(text: &str) -> Result<RepeatUnit, Fault> {
    match text {
        "Day" => Ok(RepeatUnit::Day),
        "Month" => Ok(RepeatUnit::Month),
        "Week" => Ok(RepeatUnit::Week),
        _ => Err(Fault::value("RepeatUnit", text, "one of Day, Month, Week")),
    }
}

impl Said {
    /// What is said, checked.
    pub(crate) fn read(&self) -> Result<Repetition, Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let repeat = match (given(&self.unit), given(&self.cycle)) {
            (None, None) => None,
            (Some(text), Some(cycle)) => Some(repeat(unit(&text)?, &cycle)?),
            (Some(text), None) => {
                return Err(unit(&text)
                    .err()
                    .unwrap_or_else(|| Fault::missing("RepeatCycle")));
            }
            (None, Some(_)) => return Err(Fault::missing("RepeatUnit")),
        };
        let days = self.recurrence.as_deref().map(given_days).transpose()?;
        match (days, repeat) {
            (None, None) if self.unit.is_some() || self.cycle.is_some() => Ok(Repetition::Ended),
            (None, None) => Ok(Repetition::Unsaid),
            (Some(days), None) => Ok(Repetition::Days(days, None)),
            (None, Some(repeat)) => Ok(Repetition::Days(days_of(&repeat), Some(repeat))),
            // Both, if they mean the same.
            (Some(days), Some(repeat)) if days == days_of(&repeat) => {
                Ok(Repetition::Days(days, Some(repeat)))
            }
            (Some(_), Some(_)) => Err(Fault::value(
                "Recurrence",
                self.recurrence.as_deref().unwrap_or_default(),
                "the same as RepeatUnit and RepeatCycle say",
            )),
        }
    }
}

/// The cron text of another door or this one as it is read here: at the hour and minute of the first time only its days are
/// said, else the whole of it. `None` = no such text says the same times here.
pub(crate) fn shown_cron(times: &ScheduleTimes) -> Option<Option<String>> {
    let Some(cron) = &times.cron else {
        return Some(None);
    };
    let here = in_zone(cron, &times.zone, CHINA_OFFSET_HOURS)?;
    Some(Some(match days_at_start(&here, times.start_at) {
        Some(days) => format!("* * {days}"),
        None => here,
    }))
}

/// The times with another first one: hour and minute of a cron text that follows it move with it.
pub(crate) fn started_at(old: &ScheduleTimes, start_at: Time) -> ScheduleTimes {
    let moved = |cron: &String| {
        let here = in_zone(cron, &old.zone, CHINA_OFFSET_HOURS)?;
        let days = days_at_start(&here, old.start_at)?;
        (start_at != old.start_at).then(|| at_start(days, start_at))
    };
    match old.cron.as_ref().and_then(moved) {
        Some(cron) => ScheduleTimes {
            start_at,
            cron: Some(cron),
            zone: times::ZONE.to_owned(),
            ..old.clone()
        },
        None => ScheduleTimes {
            start_at,
            ..old.clone()
        },
    }
}
