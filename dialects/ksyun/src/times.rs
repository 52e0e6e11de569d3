//! Times as this door writes them: `YYYY-MM-DD hh:mm:ss` in China's time, without a zone.

use muster_kit::time::{china_clock, format_china, parse_china};
use muster_model::Time;

use crate::fault::Fault;

/// The same as a zone in which cron texts are read.
pub(crate) const ZONE: &str = "Asia/Shanghai";

/// A moment as it is shown.
pub(crate) fn shown(at: Time) -> String {
    format_china(at.0)
}

/// A moment as it is given.
pub(crate) fn read(parameter: &str, text: &str) -> Result<Time, Fault> {
    let read = parse_china(text);
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
