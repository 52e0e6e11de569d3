//! Cron texts of five fields, said in another zone, and what of them other words can say.
//!
//! Each door writes the times of a repetition in a zone of its own. What one of them has made is shown by another only if
//! its words say the same firings exactly: a text that would be read as other days is none.

/// Hours that a zone is ahead of UTC, of the zones in which doors read cron texts.
#[must_use]
pub fn zone_hours(zone: &str) -> Option<i8> {
    match zone {
        "UTC" => Some(0),
        "Asia/Shanghai" => Some(crate::time::CHINA_OFFSET_HOURS),
        _ => None,
    }
}

/// The same firings in a zone that is `to` hours ahead of UTC; `None` = no cron text says them there, as for days of the
/// month that would become the last or the first one.
#[must_use]
pub fn in_zone(cron: &str, zone: &str, to: i8) -> Option<String> {
    let from = zone_hours(zone)?;
    let hours = i32::from(to) - i32::from(from);
    match hours {
        0 => Some(cron.to_owned()),
        _ => moved(cron, hours),
    }
}

fn moved(cron: &str, by: i32) -> Option<String> {
    let fields: Vec<&str> = cron.split_ascii_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return None;
    };
    let every_day = [day, month, weekday].iter().all(|field| is_any(field));
    if is_any(hour) {
        return every_day.then(|| cron.to_owned());
    }
    let hours: Vec<i32> = numbers(hour, 0, 23)?
        .iter()
        .map(|hour| i32::try_from(*hour).unwrap_or(0) + by)
        .collect();
    let first = hours.first()?.div_euclid(24);
    let same_day = hours.iter().all(|hour| hour.div_euclid(24) == first);
    if !every_day && !same_day {
        return None;
    }
    let hour = joined(hours.iter().map(|hour| hour.rem_euclid(24)));
    let (day, weekday) = match every_day {
        true => ("*".to_owned(), "*".to_owned()),
        false => (
            moved_days(day, month, first)?,
            moved_weekdays(weekday, first)?,
        ),
    };
    Some(format!("{minute} {hour} {day} {month} {weekday}"))
}

/// Days of the month by so many later. Those next to the end of a month are not moved: which days they are there differs.
fn moved_days(field: &str, month: &str, by: i32) -> Option<String> {
    if by == 0 {
        return Some(field.to_owned());
    }
    if !is_any(month) {
        return None;
    }
    if is_any(field) {
        return Some("*".to_owned());
    }
    let days = numbers(field, 1, 31)?;
    let certain = |day: &i32| (1..=28).contains(day);
    let old: Vec<i32> = days
        .iter()
        .filter_map(|day| i32::try_from(*day).ok())
        .collect();
    let new: Vec<i32> = old.iter().map(|day| day + by).collect();
    (old.iter().all(certain) && new.iter().all(certain)).then(|| joined(new.into_iter()))
}

fn moved_weekdays(field: &str, by: i32) -> Option<String> {
    if by == 0 || is_any(field) {
        return Some(field.to_owned());
    }
    let days = weekdays(field)?;
    let days = days.iter().filter_map(|day| i32::try_from(*day).ok());
    Some(joined(days.map(|day| (day + by).rem_euclid(7))))
}

/// Whether a field allows everything.
#[must_use]
pub fn is_any(field: &str) -> bool {
    matches!(field, "*" | "?")
}

/// The days of a weekday field, 0 = Sunday, in their order; `None` if it says more than which days.
#[must_use]
pub fn weekdays(field: &str) -> Option<Vec<u32>> {
    const NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    let mut text = field.to_ascii_uppercase();
    for (number, name) in NAMES.iter().enumerate() {
        text = text.replace(name, &number.to_string());
    }
    let mut days: Vec<u32> = numbers(&text, 0, 7)?.iter().map(|day| day % 7).collect();
    days.sort_unstable();
    days.dedup();
    Some(days)
}

/// The numbers of a field in their order, each once; `None` if it is not made of numbers, ranges and steps.
#[must_use]
pub fn numbers(field: &str, min: u32, max: u32) -> Option<Vec<u32>> {
    let mut all = Vec::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1usize),
        };
        let (from, to) = match range.split_once('-') {
            _ if is_any(range) => (min, max),
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            None if step > 1 => (range.parse().ok()?, max),
            None => {
                let one = range.parse().ok()?;
                (one, one)
            }
        };
        if from < min || to > max || from > to {
            return None;
        }
        all.extend((from..=to).step_by(step));
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}

fn joined(numbers: impl Iterator<Item = i32>) -> String {
    let mut numbers: Vec<i32> = numbers.collect();
    numbers.sort_unstable();
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    texts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_firings_are_said_in_another_zone_or_not_at_all() {
        for (china, utc) in [
            ("5 23 * * *", Some("5 15 * * *")),
            ("5 3 * * *", Some("5 19 * * *")),
            ("0,30 3 * * *", Some("0,30 19 * * *")),
            ("0 6,20 * * *", Some("0 12,22 * * *")),
            ("5 * * * *", Some("5 * * * *")),
            ("*/5 9 * * 1", Some("*/5 1 * * 1")),
            // Monday before eight is Sunday in UTC, and Sunday is Saturday.
            ("0 3 * * 1", Some("0 19 * * 0")),
            ("0 3 * * 0,3", Some("0 19 * * 2,6")),
            ("0 3 2,28 * *", Some("0 19 1,27 * *")),
            // What day the last one of a month is differs.
            ("0 3 1 * *", None),
            ("0 3 31 * *", None),
            ("0 3 * 5 *", None),
            ("0 9 1 5 *", Some("0 1 1 5 *")),
            // Some of the hours on the day before.
            ("0 3,9 * * 1", None),
            ("5 * * * 1", None),
            ("0 9 L * *", Some("0 1 L * *")),
            ("0 3 L * *", None),
            ("0 3 * *", None),
        ] {
            assert_eq!(
                in_zone(china, "Asia/Shanghai", 0).as_deref(),
                utc,
                "{china}"
            );
            assert_eq!(in_zone(china, "Asia/Shanghai", 8).as_deref(), Some(china));
        }
        for (utc, china) in [
            ("5 16 * * 0,2,6", Some("5 0 * * 0,1,3")),
            ("5 15 31 * *", Some("5 23 31 * *")),
            ("5 16 27 * *", Some("5 0 28 * *")),
            ("5 16 28 * *", None),
        ] {
            assert_eq!(in_zone(utc, "UTC", 8).as_deref(), china, "{utc}");
        }
        assert_eq!(in_zone("0 3 * * *", "Europe/Paris", 8), None);
    }

    #[test]
    fn fields_are_read_as_numbers() {
        assert_eq!(numbers("1-5", 0, 7), Some(vec![1, 2, 3, 4, 5]));
        assert_eq!(numbers("*/10", 1, 31), Some(vec![1, 11, 21, 31]));
        assert_eq!(numbers("3,1,3", 0, 7), Some(vec![1, 3]));
        assert_eq!(numbers("5-9/2", 0, 23), Some(vec![5, 7, 9]));
        for bad in ["", "a", "5-", "9-5", "32", "*/0", "1-99", "-1"] {
            assert_eq!(numbers(bad, 1, 31), None, "{bad}");
        }
        assert_eq!(weekdays("MON-fri"), Some(vec![1, 2, 3, 4, 5]));
        assert_eq!(weekdays("7,0,6"), Some(vec![0, 6]));
        assert_eq!(weekdays("MON#2"), None);
    }
}
