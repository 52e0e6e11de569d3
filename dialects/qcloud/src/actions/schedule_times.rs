//! When scheduled tasks run, as requests say it and answers show it: cron texts whose hour and minute are those of the first
//! time, and stay `*` here.

use muster_kit::cron::in_zone;
use muster_kit::time::CHINA_OFFSET_HOURS;
use muster_model::{
    Command, Created, Error, Field, GroupCommand, GroupId, Problem, ScheduleTimes, Time,
};

use crate::context::Ctx;
use crate::fault::{Class, Fault};
use crate::times::{self, OFF};

/// Every day. In a change it says that nothing is repeated any more (L2541).
pub(super) const DAILY: &str = "* * *";

/// At the hour and minute of the first time.
pub(super) fn at_start(days: &str, start: Time) -> String {
    let (hour, minute) = times::clock(start);
    format!("{minute} {hour} {days}")
}

/// The days of a cron text whose hour and minute are those of the first time.
pub(super) fn days_at_start(cron: &str, start: Time) -> Option<&str> {
    let (hour, minute) = times::clock(start);
    let mut fields = cron.splitn(3, ' ');
    let own = (fields.next()?.parse(), fields.next()?.parse());
    (own == (Ok(minute), Ok(hour))).then_some(fields.next()?)
}

/// The cron text of this door or another as it is read here; `None` = no such text says the same times here.
pub(super) fn here(times: &ScheduleTimes) -> Option<Option<String>> {
    match &times.cron {
        None => Some(None),
        Some(cron) => in_zone(cron, &times.zone, CHINA_OFFSET_HOURS).map(Some),
    }
}

/// A repetition as it is shown. One of another door may have other hours: it is shown as it is.
pub(super) fn shown_cron(cron: &str, start: Time) -> String {
    match days_at_start(cron, start) {
        Some(days) => format!("* * {days}"),
        None => cron.to_owned(),
    }
}

/// The days of a repetition that is given: minute and hour stay `*` (L2374). The documentation also has it without blanks,
/// with some before it, and with a sixth field in front (contradiction T18).
pub(super) fn days(text: &str) -> Result<String, Fault> {
    let trimmed = text.trim();
    let fields: Vec<&str> = match trimmed {
        "*****" => vec!["*"; 5],
        other => other.split_ascii_whitespace().collect(),
    };
    match fields.as_slice() {
        ["*", "*", days @ ..] if days.len() == 3 => Ok(days.join(" ")),
        ["*", "*", "*", days @ ..] if days.len() == 3 => Ok(days.join(" ")),
        _ => {
            let start: String = trimmed.chars().take(64).collect();
            let wanted = "five fields of crontab, of which minute and hour are *";
            Err(Fault::value("recurrence", &start, wanted))
        }
    }
}

/// The end of a repetition as it is given.
pub(super) enum End {
    /// Nothing is repeated.
    Off,
    /// This.
    At(Time),
}

pub(super) fn end(text: &str) -> Result<End, Fault> {
    match times::tidied(text).as_str() {
        OFF => Ok(End::Off),
        _ => times::read("endTime", text).map(End::At),
    }
}

pub(super) fn not_alone() -> Fault {
    let text = "`endTime` and `recurrence` have to be given together";
    Fault::new(
        Class::Parameter,
        "InvalidParameter.EndtimeAndRecurrence",
        text,
    )
}

/// The times of a task as a request says them.
#[derive(Default)]
pub(super) struct Said<'a> {
    pub(super) start: Option<&'a str>,
    pub(super) end: Option<&'a str>,
    pub(super) recurrence: Option<&'a str>,
}

impl Said<'_> {
    /// Does something with a task of a group. What is wrong with a time is said of the text that was given.
    pub(super) async fn execute(
        &self,
        group: GroupId,
        command: GroupCommand,
        ctx: &Ctx,
    ) -> Result<Created, Fault> {
        let command = Command::Group { id: group, command };
        let done = ctx.api.execute(&ctx.caller, command).await;
        done.map_err(|error| self.refused(&error, &group.to_string(), ctx))
    }

    /// The answer to what was refused.
    pub(super) fn refused(&self, error: &Error, group: &str, ctx: &Ctx) -> Fault {
        let own = match error {
            Error::Invalid {
                field,
                problem: Problem::Unusable(why),
            } => self.wrong(*field, why),
            _ => None,
        };
        own.unwrap_or_else(|| ctx.refused(error, group))
    }

    fn wrong(&self, field: Field, why: &str) -> Option<Fault> {
        let (name, given) = match field {
            Field::Start => ("startTime", self.start?),
            Field::End => ("endTime", self.end?),
            Field::Recurrence => ("recurrence", self.recurrence?),
            _ => return None,
        };
        let start: String = given.trim().chars().take(64).collect();
        // The text that it became inside is in quotes.
        let why = match why.rsplit_once('`') {
            Some((_, why)) => format!("it{why}"),
            None => why.to_owned(),
        };
        Some(Fault::value(name, &start, &why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_read_in_every_form_of_the_documentation() {
        for (text, right) in [
            (" * * 1 * *", "1 * *"),
            ("* * * * 1", "* * 1"),
            ("* * * * * 1", "* * 1"),
            ("*****", "* * *"),
            ("*  *  1,15  *  *", "1,15 * *"),
        ] {
            assert_eq!(days(text).as_deref(), Ok(right), "{text}");
        }
        for bad in [
            "",
            "0 9 * * *",
            "* 9 * * *",
            "* * * *",
            "* * * * * * 1",
            "******",
        ] {
            assert!(days(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hour_and_minute_are_those_of_the_first_time() {
        // 2020-12-18 11:50:24 in China.
        let start = Time(1_608_263_424_000);
        let cron = at_start("* * 1", start);
        assert_eq!(cron, "50 11 * * 1");
        assert_eq!(shown_cron(&cron, start), "* * * * 1");
        assert_eq!(shown_cron("0 9 * * *", start), "0 9 * * *");
    }
}
