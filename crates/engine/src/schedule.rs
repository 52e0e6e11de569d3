//! When scheduled actions fire, and what a firing does (rules S6-S8).
//!
//! A run that was missed (the service was down, the clock was moved) is made up for once, however many were missed. Of
//! several that are due the one whose last run is earlier goes first, so that the latest has the last word. A local time
//! that a change of clocks skips runs at the first moment after the gap; a fixed one that comes twice runs the first time
//! only, one that repeats (`*/30`) runs in both halves.

use std::sync::Arc;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use muster_model::{
    CooldownRule, Door, Group, Obstacle, Part, Repeat, Schedule, ScheduleTimes, Size, Time,
    Trigger, TriggerKind,
};

use crate::draft::Draft;
use crate::obstacle;
use crate::reason::{Clamp, Code};

/// Reads a cron text of five fields: minute, hour, day of month, month, weekday.
fn cron(text: &str) -> Option<Cron> {
    let fields = text.split_ascii_whitespace().count();
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    (fields == 5).then(|| parser.parse(text).ok()).flatten()
}

/// Whether a cron text can be read in a zone, an IANA name.
#[must_use]
pub fn is_readable(text: &str, zone: &str) -> bool {
    cron(text).is_some() && TimeZone::get(zone).is_ok()
}

/// The first firing after `after`; `None` when there is none.
#[must_use]
pub fn next_after(times: &ScheduleTimes, after: Time) -> Option<Time> {
    let Some(text) = &times.cron else {
        return (times.start_at > after).then_some(times.start_at);
    };
    if let Some(Repeat::Days(days)) = times.repeat {
        return every(times, days, |at| at > after).next();
    }
    // The first time may be within a minute that the text names: then it is that time itself.
    let first = Time(times.start_at.0.div_euclid(MINUTE_MS) * MINUTE_MS);
    let from = match times.start_at > after {
        true => first,
        false => after.plus_millis(1),
    };
    let zone = TimeZone::get(&times.zone).ok()?;
    // The search is by whole seconds: a moment within a second starts at the next one.
    let secs = from.0.div_euclid(1000) + i64::from(from.0.rem_euclid(1000) > 0);
    let from = Timestamp::from_second(secs).ok()?.to_zoned(zone);
    let next = cron(text)?.find_next_occurrence(&from, true).ok()?;
    let next = Time(next.timestamp().as_millisecond()).max(times.start_at);
    let over = times.end_at.is_some_and(|end| next > end);
    (!over).then_some(next)
}

/// Seconds in a day.
const DAY_SECS: u64 = 86_400;

/// The firings every so many days that are `wanted`, from the first one that is: days of 24 hours, as in zones whose
/// clocks are never changed.
fn every(
    times: &ScheduleTimes,
    days: u32,
    wanted: impl Fn(Time) -> bool,
) -> impl Iterator<Item = Time> {
    let step = DAY_SECS * u64::from(days.max(1));
    let end = times.end_at.unwrap_or(Time::NEVER);
    std::iter::successors(Some(times.start_at), move |at| Some(at.plus_secs(step)))
        .take_while(move |at| *at <= end && *at < Time::NEVER)
        .skip_while(move |at| !wanted(*at))
}

/// The last firing up to `now` of a schedule that is due.
fn last_due(schedule: &Schedule, now: Time) -> Option<Time> {
    let times = &schedule.times;
    let due = schedule.next_at?;
    let Some(text) = &times.cron else {
        return Some(due);
    };
    let until = times.end_at.map_or(now, |end| end.min(now));
    if let Some(Repeat::Days(days)) = times.repeat {
        let last = every(times, days, |at| {
            at.plus_secs(DAY_SECS * u64::from(days)) > until
        });
        return Some(
            last.take_while(|at| *at <= until)
                .last()
                .map_or(due, |at| at.max(due)),
        );
    }
    let zone = TimeZone::get(&times.zone).ok()?;
    let until = Timestamp::from_second(until.0.div_euclid(1000)).ok()?;
    let last = cron(text)?
        .find_previous_occurrence(&until.to_zoned(zone), true)
        .ok()?;
    Some(Time(last.timestamp().as_millisecond()).max(due))
}

/// The next firings, at most `count`.
#[must_use]
pub fn preview(schedule: &Schedule, count: usize) -> Vec<Time> {
    std::iter::successors(schedule.next_at, |last| next_after(&schedule.times, *last))
        .take(count)
        .collect()
}

/// Firings that are compared to find one that two schedules share.
const COMPARED: usize = 400;
/// A minute, milliseconds: schedules that fire in the same one fire at the same time.
const MINUTE_MS: i64 = 60_000;

/// The first minute from now on in which both fire; of `COMPARED` firings each.
pub(crate) fn shared(a: &ScheduleTimes, b: &ScheduleTimes, now: Time) -> Option<Time> {
    let minute = |at: Time| at.0.div_euclid(MINUTE_MS);
    let (mut one, mut two) = (next_after(a, now)?, next_after(b, now)?);
    for _ in 0..2 * COMPARED {
        // The one that is behind leaps to the minute of the other.
        let before = |at: Time| Time(minute(at) * MINUTE_MS - 1);
        match minute(one).cmp(&minute(two)) {
            std::cmp::Ordering::Equal => return Some(one),
            std::cmp::Ordering::Less => one = next_after(a, before(two))?,
            std::cmp::Ordering::Greater => two = next_after(b, before(one))?,
        }
    }
    None
}

/// Whether the schedules of a group take turns: made through the API of 2017, whose scheduled tasks each wait for the
/// activity of the one before (T:2359). Elsewhere what is due is done at once, and the latest has the last word.
pub(crate) fn take_turns(group: &Group) -> bool {
    match group.door {
        Door::Tencent2 => true,
        Door::Tencent3 | Door::Huawei | Door::Ksyun => false,
    }
}

/// When a schedule wants the next turn of its group. One that waits for an activity is looked at when that ends.
pub(crate) fn wakes(draft: &Draft<'_>, schedule: &Schedule) -> Option<Time> {
    let group = draft.group();
    match schedule.next_at {
        Some(due) if due <= draft.now && take_turns(group) => {
            group.busy.is_none().then(|| draft.now.plus_millis(1))
        }
        other => other,
    }
}

/// Whether a schedule that is due has to wait for its turn.
fn waits(draft: &Draft<'_>, schedule: &Schedule) -> bool {
    let group = draft.group();
    let over = schedule.times.end_at.is_some_and(|end| end < draft.now);
    if !take_turns(group) || !group.spec.enabled || over {
        return false;
    }
    let just_fired = |other: &Arc<Schedule>| other.fired_at == Some(draft.now);
    let asked = matches!(group.asked_by, Some(TriggerKind::Schedule { .. }));
    group.busy.is_some() || (asked && draft.parts().schedules.values().any(just_fired))
}

/// Writes down, once for each, the activity that a schedule waits for; it is tried again (T:2358).
fn wait(draft: &mut Draft<'_>, schedule: &Schedule) {
    let busy = draft.group().busy;
    if busy.is_none() || busy == schedule.waits_for {
        return;
    }
    draft.put_part(Part::Schedule(Arc::new(Schedule {
        waits_for: busy,
        ..schedule.clone()
    })));
    let desired = sizes(draft, schedule).desired;
    let trigger = Trigger {
        kind: TriggerKind::Schedule {
            schedule: schedule.id,
        },
        cooldown: CooldownRule::Ignore,
    };
    obstacle::cancelled(draft, trigger, desired, Obstacle::Busy);
}

/// Fires what is due. A scheduled action or a group that is off lets its firings pass (rules S8, G21).
pub(crate) fn follow(draft: &mut Draft<'_>) {
    let now = draft.now;
    let mut due: Vec<Arc<Schedule>> = draft
        .parts()
        .schedules
        .values()
        .filter(|schedule| schedule.next_at.is_some_and(|at| at <= now))
        .cloned()
        .collect();
    due.sort_by_key(|schedule| {
        let last = last_due(schedule, now);
        (last, schedule.created_at, schedule.ordinal, schedule.id)
    });
    for schedule in due {
        if schedule.enabled && waits(draft, &schedule) {
            let name = &schedule.name;
            let text = format!("scheduled action {name} is due and waits for the activity before");
            draft.because(Code::Schedule, text);
            wait(draft, &schedule);
            continue;
        }
        let group_enabled = draft.group().spec.enabled;
        let enabled = group_enabled && schedule.enabled;
        if enabled {
            fire(draft, &schedule);
        } else {
            let off = match group_enabled {
                true => "it",
                false => "the group",
            };
            draft.held(
                Clamp::Disabled,
                format!(
                    "scheduled action {} is due, but {off} is disabled: it passes",
                    schedule.name
                ),
            );
        }
        let next = Schedule {
            next_at: next_after(&schedule.times, now),
            waits_for: None,
            fired_at: if enabled {
                Some(now)
            } else {
                schedule.fired_at
            },
            ..(*schedule).clone()
        };
        draft.put_part(Part::Schedule(Arc::new(next)));
    }
}

/// The sizes that a group has when a schedule has fired.
fn sizes(draft: &Draft<'_>, schedule: &Schedule) -> Size {
    let old = draft.group().spec.size;
    // A bound that stays holds what is set within it.
    let (min, max) = match (schedule.keeps.min, schedule.keeps.max) {
        (false, false) => (schedule.min, schedule.max.max(schedule.min)),
        (true, false) => (old.min, schedule.max.max(old.min)),
        (false, true) => (schedule.min.min(old.max), old.max),
        (true, true) => (old.min, old.max),
    };
    Size {
        min,
        desired: schedule.desired.unwrap_or(old.desired).clamp(min, max),
        max,
    }
}

/// Writes the sizes into the group; the matching of desired and actual does the rest.
fn fire(draft: &mut Draft<'_>, schedule: &Schedule) {
    let (old, size) = (draft.group().spec.size, sizes(draft, schedule));
    draft.because(
        Code::Schedule,
        format!(
            "scheduled action {} sets min {}, desired {}, max {}",
            schedule.name, size.min, size.desired, size.max
        ),
    );
    draft.release_brake();
    if size != old {
        let group = draft.group_mut();
        group.spec.size = size;
        group.asked_by = Some(TriggerKind::Schedule {
            schedule: schedule.id,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        Time(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn runs(cron: &str, zone: &str, start: &str, end: &str, count: usize) -> Vec<String> {
        let times = ScheduleTimes {
            start_at: time(start),
            end_at: Some(time(end)),
            cron: Some(cron.to_owned()),
            zone: zone.to_owned(),
            repeat: None,
        };
        std::iter::successors(next_after(&times, Time(0)), |last| {
            next_after(&times, *last)
        })
        .take(count)
        .map(|at| Timestamp::from_millisecond(at.0).unwrap().to_string())
        .collect()
    }

    #[test]
    fn cron_is_read_in_its_zone_between_start_and_end() {
        // "0 23 * * *" is 23:00 in UTC+8 (L21084).
        assert_eq!(
            runs(
                "0 23 * * *",
                "Asia/Shanghai",
                "2026-01-01T00:00:00Z",
                "2026-01-03T15:00:00Z",
                9
            ),
            [
                "2026-01-01T15:00:00Z",
                "2026-01-02T15:00:00Z",
                "2026-01-03T15:00:00Z"
            ]
        );
        assert_eq!(
            runs(
                "*/30 9-10 * * 1",
                "UTC",
                "2026-01-01T00:00:00Z",
                "2027-01-01T00:00:00Z",
                5
            ),
            [
                "2026-01-05T09:00:00Z",
                "2026-01-05T09:30:00Z",
                "2026-01-05T10:00:00Z",
                "2026-01-05T10:30:00Z",
                "2026-01-12T09:00:00Z"
            ]
        );
    }

    #[test]
    fn a_first_time_within_a_minute_that_the_text_names_is_one_itself() {
        let three = |start: &str| {
            let end = "2026-01-04T00:00:00Z";
            runs("30 12 * * *", "UTC", start, end, 9)
        };
        let (second, third) = ("2026-01-02T12:30:00Z", "2026-01-03T12:30:00Z");
        assert_eq!(
            three("2026-01-01T12:30:24Z"),
            ["2026-01-01T12:30:24Z", second, third]
        );
        assert_eq!(three("2026-01-01T12:31:00Z"), [second, third]);
        assert_eq!(
            three("2026-01-01T12:29:59Z"),
            ["2026-01-01T12:30:00Z", second, third]
        );
    }

    #[test]
    fn skipped_local_times_run_after_the_gap_and_doubled_ones_once() {
        let zone = "America/New_York";
        assert_eq!(
            runs(
                "30 2 * * *",
                zone,
                "2026-03-07T12:00:00Z",
                "2026-03-10T00:00:00Z",
                9
            ),
            ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]
        );
        assert_eq!(
            runs(
                "30 1 * * *",
                zone,
                "2026-10-31T12:00:00Z",
                "2026-11-03T00:00:00Z",
                9
            ),
            ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]
        );
        assert_eq!(
            runs(
                "*/30 1 * * *",
                zone,
                "2026-10-31T12:00:00Z",
                "2026-11-01T12:00:00Z",
                9
            ),
            [
                "2026-11-01T05:00:00Z",
                "2026-11-01T05:30:00Z",
                "2026-11-01T06:00:00Z",
                "2026-11-01T06:30:00Z"
            ]
        );
    }

    #[test]
    fn every_so_many_days_is_counted_from_the_first_time() {
        let times = ScheduleTimes {
            start_at: time("2026-01-30T15:00:00Z"),
            end_at: Some(time("2026-02-04T00:00:00Z")),
            cron: Some("0 23 */2 * *".to_owned()),
            zone: "Asia/Shanghai".to_owned(),
            repeat: Some(Repeat::Days(2)),
        };
        let runs: Vec<String> = std::iter::successors(next_after(&times, Time(0)), |last| {
            next_after(&times, *last)
        })
        .map(|at| Timestamp::from_millisecond(at.0).unwrap().to_string())
        .collect();
        assert_eq!(
            runs,
            [
                "2026-01-30T15:00:00Z",
                "2026-02-01T15:00:00Z",
                "2026-02-03T15:00:00Z"
            ]
        );
    }

    #[test]
    fn nonsense_is_not_readable_and_never_fires() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "61 * * * *",
            "a b c d e",
            "0 23 * * 9",
        ] {
            assert!(!is_readable(text, "UTC"), "{text}");
        }
        assert!(!is_readable("0 23 * * *", "Nowhere/At_All"));
        assert!(is_readable("0 23 * * *", "Asia/Shanghai"));
        assert_eq!(
            runs(
                "0 0 30 2 *",
                "UTC",
                "2026-01-01T00:00:00Z",
                "2036-01-01T00:00:00Z",
                1
            ),
            Vec::<String>::new()
        );
    }
}
