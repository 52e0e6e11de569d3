//! Times as this door writes them: `YYYY-MM-DD hh:mm:ss` in China's time, without a zone.

use muster_kit::time::{CHINA_OFFSET_HOURS, format_offset, parse};
use muster_model::Time;

use crate::fault::Fault;

/// The same as a zone in which cron texts are read.
pub(crate) const ZONE: &str = "Asia/Shanghai";
/// The same in milliseconds.
const OFFSET_MS: i64 = CHINA_OFFSET_HOURS as i64 * 3_600_000;
/// A minute, milliseconds.
const MINUTE_MS: i64 = 60_000;

/// A moment as it is shown.
pub(crate) fn shown(at: Time) -> String {
    let text = format_offset(at.0, CHINA_OFFSET_HOURS);
    text.strip_suffix("+08:00")
        .unwrap_or(&text)
        .replace('T', " ")
}

/// A moment as it is given.
pub(crate) fn read(parameter: &str, text: &str) -> Result<Time, Fault> {
    let iso = text.trim().replacen(' ', "T", 1);
    let read = match text.contains('T') {
        true => None,
        false => parse(&format!("{iso}+08:00")).ok(),
    };
    read.map(Time)
        .ok_or_else(|| Fault::value(parameter, text, "YYYY-MM-DD hh:mm:ss"))
}

/// Hour and minute of a moment.
pub(crate) fn clock(at: Time) -> (i64, i64) {
    let minutes =
        at.0.saturating_add(OFFSET_MS)
            .div_euclid(MINUTE_MS)
            .rem_euclid(24 * 60);
    (minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_chinas() {
        let at = Time(1_608_263_424_000);
        assert_eq!(shown(at), "2020-12-18 11:50:24");
        assert_eq!(read("StartTime", "2020-12-18 11:50:24"), Ok(at));
        assert_eq!(clock(at), (11, 50));
        for bad in [
            "",
            "2020-12-18",
            "2020-12-18T11:50:24",
            "2020-12-18 11:50",
            "2020-13-18 11:50:24",
        ] {
            assert!(read("StartTime", bad).is_err(), "{bad}");
        }
    }
}
