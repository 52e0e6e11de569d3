//! Alarms: a metric over periods against a threshold. A period without a point is a gap, and a gap is no verdict
//! (promise P6).

use muster_model::{Alarm, Point, Statistic, Time};

/// What an alarm says at the end of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Every period that counts is over the threshold (or under it); the value of the last one.
    Breach(f64),
    /// At least one period is not; the value of the newest such.
    Calm(f64),
    /// None of those with points is, but this many periods have no point: nothing is concluded.
    Gap(u32),
}

/// The last end of a period up to `now`. Periods are counted from `anchor`.
pub(crate) fn period_end(anchor: Time, period_secs: u32, now: Time) -> Time {
    let period = i64::from(period_secs.max(1)) * 1000;
    anchor.plus_millis((now.0 - anchor.0).div_euclid(period) * period)
}

/// The periods that count up to `end`, newest first: from the first moment on, until before the second.
fn periods(alarm: &Alarm, end: Time) -> impl Iterator<Item = (Time, Time)> {
    let period = i64::from(alarm.period_secs) * 1000;
    (0..i64::from(alarm.repeat.max(1))).map(move |back| {
        let last = end.plus_millis(-back * period);
        (last.plus_millis(-period), last)
    })
}

/// Whether there is any point in the periods that count up to `end`.
pub(crate) fn has_data(alarm: &Alarm, points: &[Point], end: Time) -> bool {
    let Some((first, _)) = periods(alarm, end).last() else {
        return false;
    };
    points.iter().any(|p| p.at >= first && p.at < end)
}

fn summary(statistic: Statistic, values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut count, mut sum) = (0u32, 0.0);
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        count += 1;
        sum += value;
        least = least.min(value);
        most = most.max(value);
    }
    (count > 0).then(|| match statistic {
        Statistic::Average => sum / f64::from(count),
        Statistic::Maximum => most,
        Statistic::Minimum => least,
    })
}

/// What the alarm says at `end`.
pub(crate) fn judge(alarm: &Alarm, points: &[Point], end: Time) -> Verdict {
    let mut gaps = 0;
    let mut newest = None;
    for (from, until) in periods(alarm, end) {
        let within = points.iter().filter(|p| p.at >= from && p.at < until);
        match summary(alarm.statistic, within.map(|p| p.value)) {
            None => gaps += 1,
            Some(value) if alarm.comparison.holds(value, alarm.threshold) => {
                newest = newest.or(Some(value));
            }
            Some(value) => return Verdict::Calm(value),
        }
    }
    match newest {
        Some(value) if gaps == 0 => Verdict::Breach(value),
        Some(_) | None => Verdict::Gap(gaps),
    }
}

/// An alarm and its verdict in words.
pub(crate) fn told(alarm: &Alarm, verdict: Verdict) -> String {
    let rule = format!(
        "{} {} {} over {} period(s) of {} s",
        alarm.metric.0,
        alarm.comparison.sign(),
        alarm.threshold,
        alarm.repeat,
        alarm.period_secs
    );
    match verdict {
        Verdict::Breach(value) => format!("{rule}: yes, the last is {value:.2}"),
        Verdict::Calm(value) => format!("{rule}: no, one is {value:.2}"),
        Verdict::Gap(gaps) => {
            format!("{rule}: unknown, {gaps} period(s) have no point, and a gap is no value")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_model::{Comparison, Metric};

    fn alarm(comparison: Comparison, threshold: f64, repeat: u32, statistic: Statistic) -> Alarm {
        Alarm {
            metric: Metric("cpu_util".to_owned()),
            comparison,
            threshold,
            period_secs: 60,
            repeat,
            statistic,
        }
    }

    fn points(at_secs: &[(i64, f64)]) -> Vec<Point> {
        let point = |&(secs, value): &(i64, f64)| Point {
            at: Time(secs * 1000),
            instance: None,
            value,
        };
        at_secs.iter().map(point).collect()
    }

    #[test]
    fn periods_are_counted_from_the_anchor() {
        for (now, end) in [(100, 100), (159, 100), (160, 160), (399, 340)] {
            let found = period_end(Time(100_000), 60, Time(now * 1000));
            assert_eq!(found, Time(end * 1000), "{now}");
        }
    }

    #[test]
    fn a_verdict_needs_every_period() {
        let high = |repeat| alarm(Comparison::Greater, 80.0, repeat, Statistic::Average);
        let end = Time(180_000);
        for (given, repeat, verdict) in [
            (
                &[(30, 90.0), (90, 91.0), (150, 92.0)][..],
                3,
                Verdict::Breach(92.0),
            ),
            (&[(30, 90.0), (90, 91.0)][..], 3, Verdict::Gap(1)),
            (&[(30, 90.0), (150, 92.0)][..], 3, Verdict::Gap(1)),
            (
                &[(30, 90.0), (90, 80.0), (150, 92.0)][..],
                3,
                Verdict::Calm(80.0),
            ),
            (&[(90, 80.0)][..], 3, Verdict::Calm(80.0)),
            (&[][..], 3, Verdict::Gap(3)),
            // A point at the beginning of a period is in it, one at its end is not.
            (&[(120, 90.0)][..], 1, Verdict::Breach(90.0)),
            (&[(180, 90.0)][..], 1, Verdict::Gap(1)),
            (&[(130, 70.0), (140, 100.0)][..], 1, Verdict::Breach(85.0)),
        ] {
            assert_eq!(
                judge(&high(repeat), &points(given), end),
                verdict,
                "{given:?}"
            );
        }
    }

    #[test]
    fn each_statistic_sums_up_its_own_way() {
        let given = points(&[(130, 10.0), (140, 30.0), (150, 20.0)]);
        for (statistic, value) in [
            (Statistic::Average, 20.0),
            (Statistic::Maximum, 30.0),
            (Statistic::Minimum, 10.0),
        ] {
            let equal = alarm(Comparison::Equal, value, 1, statistic);
            let verdict = judge(&equal, &given, Time(180_000));
            assert_eq!(verdict, Verdict::Breach(value), "{statistic:?}");
        }
    }
}
