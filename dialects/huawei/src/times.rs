//! Times as this API writes them: UTC, to the second in answers and to the minute in policies.

use muster_kit::time::{format_utc, parse};
use muster_model::Time;

use crate::checks::filled;
use crate::fault::Fault;

/// `YYYY-MM-DDThh:mm:ssZ`.
pub(crate) fn second(time: Time) -> String {
    format_utc(time.0)
}

/// `YYYY-MM-DDThh:mmZ`.
pub(crate) fn minute(time: Time) -> String {
    let text = format_utc(time.0);
    text.strip_suffix("Z")
        .and_then(|text| text.get(..text.len().saturating_sub(3)))
        .map_or_else(|| text.clone(), |cut| format!("{cut}Z"))
}

/// Reads `YYYY-MM-DDThh:mm:ssZ`.
pub(crate) fn read_second(text: &str) -> Option<Time> {
    text.ends_with('Z').then(|| parse(text).ok().map(Time))?
}

/// The span of time that a list is asked for: from, and until the end of the second that is given.
pub(crate) fn span(
    codes: (&'static str, &'static str),
    start: Option<String>,
    end: Option<String>,
) -> Result<(Option<Time>, Option<Time>), Fault> {
    let time = |code, name: &str, text: Option<String>| {
        let read = |text: String| {
            let wanted = "YYYY-MM-DDThh:mm:ssZ is right";
            read_second(&text).ok_or_else(|| Fault::value(code, name, text, wanted))
        };
        filled(text).map(read).transpose()
    };
    let start = time(codes.0, "start_time", start)?;
    let end = time(codes.1, "end_time", end)?;
    Ok((start, end.map(|end| Time(end.0 + 999))))
}

/// Reads `YYYY-MM-DDThh:mmZ`; seconds are taken too, because one client sends them.
pub(crate) fn read_minute(text: &str) -> Option<Time> {
    if text.len() == 17 && text.is_ascii() {
        return read_second(&format!("{}:00Z", text.strip_suffix('Z')?));
    }
    read_second(text)
}

/// Reads `hh:mm` as hours and minutes.
pub(crate) fn read_clock(text: &str) -> Option<(u32, u32)> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, end: u32| {
        let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|number| plain && *number < end)
    };
    Some((number(hours, 24)?, number(minutes, 60)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_back_as_they_are_written() {
        let time = read_minute("2015-12-14T03:34Z").unwrap();
        assert_eq!(minute(time), "2015-12-14T03:34Z");
        assert_eq!(second(time), "2015-12-14T03:34:00Z");
        assert_eq!(read_minute("2015-12-14T03:34:00Z"), Some(time));
        assert_eq!(read_second("2015-12-14T03:34:00Z"), Some(time));
        for bad in [
            "",
            "2015-12-14",
            "2015-12-14T03:34",
            "2015-13-14T03:34Z",
            "2015-12-14 03:34Z",
        ] {
            assert_eq!(read_minute(bad), None, "{bad}");
        }
        assert_eq!(read_second("2015-12-14T03:34Z"), None);
        assert_eq!(read_clock("16:00"), Some((16, 0)));
        for bad in ["24:00", "1:00", "16:60", "16:0", "16", "+1:00", ""] {
            assert_eq!(read_clock(bad), None, "{bad}");
        }
    }
}
