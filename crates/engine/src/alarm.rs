//! The core of alarms, pure and small: values of periods with gaps, one comparison, and how an alarm stands then.
//!
//! A gap is a value of its own and never stands for a number (promise P6): an alarm that cannot be decided without the
//! missing values stands [`Standing::Unknown`].

use muster_model::{Alarm, Comparison, MissingData, Standing, Stood, Time};

/// The value of a metric in a period, or that there is none.
#[derive(Clone, Copy, Debug)]
pub struct Level(f64);

impl Level {
    /// There is no value.
    pub const GAP: Level = Level(f64::NAN);

    /// A value; what is no finite number is a gap.
    #[must_use]
    pub fn of(value: f64) -> Level {
        match value.is_finite() {
            true => Level(value),
            false => Level::GAP,
        }
    }

    /// The value, if there is one.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (!self.0.is_nan()).then_some(self.0)
    }
}

impl PartialEq for Level {
    /// A gap is a gap.
    fn eq(&self, other: &Level) -> bool {
        self.value() == other.value()
    }
}

/// When periods come to a breach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// How a value is compared.
    pub comparison: Comparison,
    /// With what; a finite number.
    pub threshold: f64,
    /// How many of the periods have to be in breach.
    pub breaches: u32,
    /// What a gap means.
    pub missing: MissingData,
}

impl Rule {
    /// The rule of an alarm, with what its policy says of gaps.
    #[must_use]
    pub fn of(alarm: &Alarm, missing: MissingData) -> Rule {
        let repeat = alarm.repeat.max(1);
        Rule {
            comparison: alarm.comparison,
            threshold: alarm.threshold,
            breaches: alarm.finer.breaches.unwrap_or(repeat).clamp(1, repeat),
            missing,
        }
    }
}

/// What the periods of an alarm come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// How the alarm stands.
    pub standing: Standing,
    /// Periods in breach.
    pub breaching: u32,
    /// Periods that have a value which is not in breach.
    pub calm: u32,
    /// Periods without a value.
    pub gaps: u32,
}

/// Judges the periods of an alarm. Their order does not matter, so that a ring is judged as it lies in memory.
#[must_use]
#[inline]
pub fn judge(rule: &Rule, periods: &[Level]) -> Judged {
    let threshold = rule.threshold;
    // One loop for each comparison: the choice is made once, not for each value.
    let (breaching, gaps) = match rule.comparison {
        Comparison::Greater => count(periods, |value| value > threshold),
        Comparison::GreaterOrEqual => count(periods, |value| value >= threshold),
        Comparison::Less => count(periods, |value| value < threshold),
        Comparison::LessOrEqual => count(periods, |value| value <= threshold),
        Comparison::Equal => count(periods, |value| value == threshold),
        Comparison::NotEqual => count(periods, |value| value != threshold),
    };
    let known = u32::try_from(periods.len())
        .unwrap_or(u32::MAX)
        .saturating_sub(gaps);
    // How many are in breach at the least and at the most, and how many have to be.
    let (least, most, needed) = match rule.missing {
        MissingData::Hold => (breaching, breaching + gaps, rule.breaches),
        MissingData::Breach => (breaching + gaps, breaching + gaps, rule.breaches),
        MissingData::Ignore | MissingData::OutOnly => {
            (breaching, breaching, rule.breaches.min(known.max(1)))
        }
    };
    let silent = known == 0;
    let standing = if least >= needed {
        Standing::Breach
    } else if silent | (most >= needed) {
        Standing::Unknown
    } else {
        Standing::Ok
    };
    Judged {
        standing,
        breaching,
        calm: known - breaching,
        gaps,
    }
}

/// How many are in breach, and how many are gaps.
fn count(periods: &[Level], breach: impl Fn(f64) -> bool) -> (u32, u32) {
    let (mut breaching, mut gaps) = (0, 0);
    for level in periods {
        let gap = level.0.is_nan();
        gaps += u32::from(gap);
        breaching += u32::from(!gap & breach(level.0));
    }
    (breaching, gaps)
}

/// How an alarm stands once it has been judged at the end of a period. What was said is `since` then when that changed.
#[must_use]
#[inline]
pub fn turn(stood: Stood, standing: Standing, end: Time) -> Stood {
    match stood.standing == standing && stood.since.is_some() {
        true => stood,
        false => Stood {
            standing,
            since: Some(end),
            fired: stood.fired,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(values: &[f64]) -> Vec<Level> {
        values.iter().copied().map(Level::of).collect()
    }

    const GAP: f64 = f64::NAN;

    #[test]
    fn each_comparison_holds_as_its_sign_says() {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        for comparison in [Greater, GreaterOrEqual, Less, LessOrEqual, Equal, NotEqual] {
            for value in [79.9, 80.0, 80.1, -0.0] {
                let rule = Rule {
                    comparison,
                    threshold: 80.0,
                    breaches: 1,
                    missing: MissingData::Hold,
                };
                let judged = judge(&rule, &levels(&[value]));
                let expected = match comparison.holds(value, 80.0) {
                    true => Standing::Breach,
                    false => Standing::Ok,
                };
                assert_eq!(judged.standing, expected, "{value} {comparison:?}");
                let gap = judge(&rule, &levels(&[GAP]));
                assert_eq!(gap.standing, Standing::Unknown, "a gap is no number");
            }
        }
    }

    #[test]
    fn the_table_of_gaps() {
        use MissingData::{Breach, Hold, Ignore, OutOnly};
        let cases: [(&[f64], u32); 9] = [
            (&[90.0, 90.0, 90.0], 3),
            (&[90.0, GAP, 90.0], 3),
            (&[90.0, GAP, 70.0], 3),
            (&[GAP, GAP, GAP], 3),
            (&[70.0, GAP, GAP], 3),
            (&[90.0, GAP, GAP], 3),
            (&[90.0, 70.0, GAP], 2),
            (&[90.0, 90.0, GAP], 2),
            (&[70.0, 70.0, GAP], 2),
        ];
        let mut text = String::new();
        for (values, breaches) in cases {
            text.push_str(&format!("{values:?}, {breaches} over 80:"));
            for missing in [Hold, Ignore, Breach, OutOnly] {
                let rule = Rule {
                    comparison: Comparison::Greater,
                    threshold: 80.0,
                    breaches,
                    missing,
                };
                let judged = judge(&rule, &levels(values));
                text.push_str(&format!(" {missing:?} {:?};", judged.standing));
                let mut turned = levels(values);
                turned.rotate_left(1);
                assert_eq!(judge(&rule, &turned), judged, "a ring lies anyhow");
            }
            text.push('\n');
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_turn_is_dated_and_what_stays_is_not() {
        let first = turn(Stood::default(), Standing::Unknown, Time(1));
        assert_eq!(first.since, Some(Time(1)));
        let same = turn(first, Standing::Unknown, Time(2));
        assert_eq!(same, first);
        let breach = turn(same, Standing::Breach, Time(3));
        assert_eq!(
            (breach.standing, breach.since),
            (Standing::Breach, Some(Time(3)))
        );
    }
}
