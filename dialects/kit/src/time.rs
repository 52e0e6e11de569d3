//! Times as the APIs write them: to the second, with `Z` or a fixed offset, from and to unix milliseconds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use thiserror::Error;

/// The offset of China's clock, in hours.
pub const CHINA_OFFSET_HOURS: i8 = 8;

/// A text that is no time of the form `YYYY-MM-DDThh:mm:ssZ` or `YYYY-MM-DDThh:mm:ss+08:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a time of the form YYYY-MM-DDThh:mm:ss with Z or an offset")]
pub struct BadTime;

/// `YYYY-MM-DDThh:mm:ssZ`. Milliseconds are cut off; a time outside the years -9999 to 9999 becomes the nearest end.
pub fn format_utc(unix_ms: i64) -> String {
    format!("{}Z", civil(unix_ms, Offset::UTC))
}

/// `YYYY-MM-DDThh:mm:ss+08:00`, or with any other whole-hour offset from -25 to 25 (more is taken as UTC).
pub fn format_offset(unix_ms: i64, offset_hours: i8) -> String {
    let offset = Offset::from_hours(offset_hours).unwrap_or(Offset::UTC);
    let hours = offset.seconds() / 3_600;
    let sign = if hours < 0 { '-' } else { '+' };
    format!("{}{sign}{:02}:00", civil(unix_ms, offset), hours.abs())
}

/// `YYYY-MM-DD hh:mm:ss` by China's clock, without a zone: as the older APIs write it.
pub fn format_china(unix_ms: i64) -> String {
    let offset = Offset::from_hours(CHINA_OFFSET_HOURS).unwrap_or(Offset::UTC);
    civil(unix_ms, offset).to_string().replace('T', " ")
}

/// Reads [`format_china`] to unix milliseconds; blanks around it are left aside.
///
/// # Errors
/// [`BadTime`] for any other form and for a date or time that does not exist.
pub fn parse_china(text: &str) -> Result<i64, BadTime> {
    match text.contains('T') {
        true => Err(BadTime),
        false => parse(&format!("{}+08:00", text.trim().replacen(' ', "T", 1))),
    }
}

/// Hour and minute by China's clock.
pub fn china_clock(unix_ms: i64) -> (i64, i64) {
    let offset_ms = i64::from(CHINA_OFFSET_HOURS) * 3_600_000;
    let minutes = unix_ms
        .saturating_add(offset_ms)
        .div_euclid(60_000)
        .rem_euclid(24 * 60);
    (minutes / 60, minutes % 60)
}

/// `YYYY-MM-DD` in UTC, of unix seconds: the date of a credential scope.
pub fn utc_date(unix_secs: i64) -> String {
    civil(unix_secs.saturating_mul(1_000), Offset::UTC)
        .date()
        .to_string()
}

/// Reads a time to unix milliseconds. The form is kept strictly: `T` in the middle, seconds, and `Z` or `±hh:mm`.
///
/// # Errors
/// [`BadTime`] for any other form and for a date or time that does not exist.
pub fn parse(text: &str) -> Result<i64, BadTime> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 20 || bytes[10] != b'T' {
        return Err(BadTime);
    }
    let (clock, zone) = text.split_at(19);
    if !shaped(clock, "dddd-dd-ddTdd:dd:dd") || clock.ends_with("60") {
        return Err(BadTime);
    }
    let offset = offset(zone)?;
    let civil: DateTime = clock.parse().map_err(|_| BadTime)?;
    offset
        .to_timestamp(civil)
        .map(Timestamp::as_millisecond)
        .map_err(|_| BadTime)
}

fn offset(zone: &str) -> Result<Offset, BadTime> {
    if zone == "Z" {
        return Ok(Offset::UTC);
    }
    if !shaped(zone, "+dd:dd") && !shaped(zone, "-dd:dd") {
        return Err(BadTime);
    }
    let number = |text: &str| text.parse::<i32>().map_err(|_| BadTime);
    let (hours, minutes) = (number(&zone[1..3])?, number(&zone[4..6])?);
    if hours > 23 || minutes > 59 {
        return Err(BadTime);
    }
    let seconds = hours * 3_600 + minutes * 60;
    Offset::from_seconds(if zone.starts_with('-') {
        -seconds
    } else {
        seconds
    })
    .map_err(|_| BadTime)
}

/// Whether `text` has the shape of `pattern`, where `d` is a digit.
fn shaped(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(got, want)| match want {
                b'd' => got.is_ascii_digit(),
                exact => got == exact,
            })
}

fn civil(unix_ms: i64, offset: Offset) -> DateTime {
    let unix_secs = unix_ms.div_euclid(1_000);
    let nearest = if unix_secs < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    offset.to_datetime(Timestamp::from_second(unix_secs).unwrap_or(nearest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_their_zone() {
        assert_eq!(format_utc(1_551_113_065_999), "2019-02-25T16:44:25Z");
        assert_eq!(
            format_offset(1_551_113_065_000, CHINA_OFFSET_HOURS),
            "2019-02-26T00:44:25+08:00"
        );
        assert_eq!(format_offset(0, -5), "1969-12-31T19:00:00-05:00");
        assert_eq!(format_utc(-1), "1969-12-31T23:59:59Z");
        assert_eq!(utc_date(1_551_113_065), "2019-02-25");
        assert!(format_utc(i64::MAX).starts_with("9999-12-"));
        assert!(utc_date(i64::MIN).starts_with("-009999-"));
    }

    #[test]
    fn times_are_read_strictly() {
        assert_eq!(parse("2019-02-25T16:44:25Z"), Ok(1_551_113_065_000));
        assert_eq!(parse("2019-02-26T00:44:25+08:00"), Ok(1_551_113_065_000));
        assert_eq!(parse("1969-12-31T19:00:00-05:00"), Ok(0));
        for bad in [
            "",
            "2019-02-25",
            "2019-02-25 16:44:25",
            "2019-02-25T16:44:25",
            "2019-02-25 16:44:25Z",
            "2019-02-30T16:44:25Z",
            "2019-02-25T24:00:00Z",
            "2019-02-25T23:59:60Z",
            "2019-02-25T16:44Z",
            "2019-02-25T16:44:25z",
            "2019-02-25T16:44:25.5Z",
            "2019-02-25T16:44:25+8:00",
            "2019-02-25T16:44:25+99:00",
            "2019-02-25T16:44:25+0800",
            "٢019-02-25T16:44:25Z",
        ] {
            assert_eq!(parse(bad), Err(BadTime), "{bad}");
        }
    }
}
