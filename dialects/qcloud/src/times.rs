//! Times as this door writes them: `YYYY-MM-DD hh:mm:ss` by China's clock.

use muster_kit::time::{china_clock, format_china, parse_china};
use muster_model::Time;

use crate::fault::Fault;

/// The same as a zone in which cron texts are read.
pub(crate) const ZONE: &str = "Asia/Shanghai";
/// The time that switches a repetition off (L2540).
pub(crate) const OFF: &str = "0000-00-00 00:00:00";

/// A moment as it is shown.
pub(crate) fn shown(at: Time) -> String {
    format_china(at.0)
}

/// The text without the blanks that the documentation has after colons (contradiction T19).
pub(crate) fn tidied(text: &str) -> String {
    text.trim().replace(": ", ":")
}

/// A moment as it is given.
pub(crate) fn read(parameter: &str, text: &str) -> Result<Time, Fault> {
    let read = parse_china(&tidied(text));
    read.map(Time)
        .map_err(|_| Fault::value(parameter, text, "YYYY-MM-DD hh:mm:ss"))
}

/// Hour and minute of a moment.
pub(crate) fn clock(at: Time) -> (i64, i64) {
    china_clock(at.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_chinas() {
        let at = Time(1_608_263_424_000);
        assert_eq!(shown(at), "2020-12-18 11:50:24");
        for text in ["2020-12-18 11:50:24", " 2020-12-18 11: 50: 24"] {
            assert_eq!(read("startTime", text), Ok(at));
        }
        assert_eq!(clock(at), (11, 50));
        assert_eq!(tidied("0000-00-00 00: 00: 00"), OFF);
        for bad in [
            "",
            "2020-12-18",
            "2020-12-18T11:50:24",
            OFF,
            "2020-13-18 11:50:24",
        ] {
            assert!(read("startTime", bad).is_err(), "{bad}");
        }
    }
}
