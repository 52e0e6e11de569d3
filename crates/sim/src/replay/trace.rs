//! Recorded load: a CSV of times and values, with what recordings have: gaps, doubled and out-of-order rows, zeros.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use muster_model::Time;

/// Rows at the most.
const ROWS: usize = 2_000_000;
/// Longest step and longest recording, seconds: a week, and a hundred years.
const STEP_SECS: i64 = 7 * 86_400;
const SPAN_SECS: i64 = 100 * 366 * 86_400;

/// What the values of a recording are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Load, in the units of the service's capacity.
    Load,
    /// Utilisation in percent of this many machines; turned back into load.
    Utilisation {
        /// How many machines were in service when it was recorded.
        machines: f64,
    },
}

/// How a recording is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// What times without a zone are relative to.
    pub offset: Offset,
    /// Seconds between two rows; `None` = the most common distance.
    pub step_secs: Option<u32>,
    /// All values are multiplied by this.
    pub scale: f64,
}

impl Default for Reading {
    fn default() -> Self {
        Reading {
            offset: Offset::UTC,
            step_secs: None,
            scale: 1.0,
        }
    }
}

/// A recording that cannot be read: where, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// A row is wrong.
    #[error("row {row}: {why}")]
    Row {
        /// Which line of the file, from 1.
        row: u64,
        /// What is wrong, with the value.
        why: String,
    },
    /// The recording as a whole is.
    #[error("{0}")]
    Whole(String),
}

/// What is odd about a recording; each has its rule, see [`Trace::read`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Odd {
    /// Rows that are earlier than one before them.
    pub out_of_order: usize,
    /// Rows whose time another row has too.
    pub doubled: usize,
    /// Stretches without a value.
    pub gaps: usize,
}

/// Between two moments the load is one value, or not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// From this moment,
    pub from: Time,
    /// until before this one.
    pub until: Time,
    /// `None` = a gap.
    pub load: Option<f64>,
}

/// A recording: stretches without holes between them, in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The stretches; at least one.
    pub stretches: Vec<Stretch>,
    /// Seconds of a regular step.
    pub step_secs: u32,
    /// What is odd about it.
    pub odd: Odd,
    /// Rows.
    pub rows: usize,
}

impl Trace {
    /// Reads a CSV with a header and a time and a value in its first two columns.
    ///
    /// A value holds until the next row. Rows are put in order of time; of several with one time the last in the file
    /// counts. Where the next row is more than one and a half steps away, the value holds for one step, and what follows
    /// is a gap; so is an empty value. A zero is a value.
    ///
    /// # Errors
    /// See [`TraceError`].
    pub fn read(text: &str, reading: Reading) -> Result<Trace, TraceError> {
        let mut odd = Odd::default();
        let mut rows: BTreeMap<Time, Option<f64>> = BTreeMap::new();
        let mut latest: Option<Time> = None;
        let mut count = 0;
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        header(reader.headers().map_err(unreadable)?)?;
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let row = record.position().map_or(0, csv::Position::line);
            let (at, value) =
                read_row(&record, reading).map_err(|why| TraceError::Row { row, why })?;
            count += 1;
            if count > ROWS {
                return Err(TraceError::Whole(format!("more than {ROWS} rows")));
            }
            odd.out_of_order += usize::from(latest.is_some_and(|latest| at < latest));
            latest = latest.max(Some(at));
            odd.doubled += usize::from(rows.insert(at, value).is_some());
        }
        let step_secs = match reading.step_secs {
            Some(secs) => i64::from(secs),
            None => common_step(&rows)?,
        };
        let (first, last) = match (rows.first_key_value(), rows.last_key_value()) {
            (Some((first, _)), Some((last, _))) => (first.0, last.0),
            (None, _) | (_, None) => return Err(TraceError::Whole("no rows".to_owned())),
        };
        if !(1..=STEP_SECS).contains(&step_secs) || (last - first) / 1000 > SPAN_SECS {
            return Err(TraceError::Whole(format!(
                "steps of {step_secs} s over {} s are out of range: steps of 1 s to a week over at most a hundred years are right",
                (last - first) / 1000
            )));
        }
        let stretches = stretches(&rows, step_secs * 1000, &mut odd);
        Ok(Trace {
            stretches,
            step_secs: u32::try_from(step_secs).unwrap_or(u32::MAX),
            odd,
            rows: count,
        })
    }

    /// The first moment.
    #[must_use]
    pub fn start(&self) -> Time {
        self.stretches.first().map_or(Time(0), |first| first.from)
    }

    /// The moment after the last.
    #[must_use]
    pub fn end(&self) -> Time {
        self.stretches.last().map_or(Time(0), |last| last.until)
    }

    /// The same with its values turned into load.
    #[must_use]
    pub fn as_load(mut self, kind: Kind, capacity: f64) -> Trace {
        let factor = match kind {
            Kind::Load => 1.0,
            Kind::Utilisation { machines } => machines * capacity / 100.0,
        };
        for stretch in &mut self.stretches {
            stretch.load = stretch.load.map(|value| value * factor);
        }
        self
    }
}

fn unreadable(error: csv::Error) -> TraceError {
    match error.position() {
        Some(position) => TraceError::Row {
            row: position.line(),
            why: error.to_string(),
        },
        None => TraceError::Whole(error.to_string()),
    }
}

/// A file without a header would silently lose its first row.
fn header(names: &csv::StringRecord) -> Result<(), TraceError> {
    let wrong = |why: String| TraceError::Row { row: 1, why };
    match (names.get(0), names.get(1)) {
        (Some(first), Some(_)) if first.starts_with(|c: char| c.is_ascii_digit()) => {
            Err(wrong(format!(
                "`{first}` is no name of a column: the first row is a header like `timestamp,value`"
            )))
        }
        (Some(_), Some(_)) => Ok(()),
        (None, _) | (_, None) => Err(wrong(
            "a header of at least two columns is missing, like `timestamp,value`".to_owned(),
        )),
    }
}

fn read_row(record: &csv::StringRecord, reading: Reading) -> Result<(Time, Option<f64>), String> {
    let (Some(time), Some(value)) = (record.get(0), record.get(1)) else {
        return Err("a time and a value are right".to_owned());
    };
    let at = read_time(time, reading.offset).ok_or_else(|| {
        format!("`{time}` is not a time: `YYYY-MM-DD hh:mm:ss` or RFC 3339 is right")
    })?;
    if value.is_empty() {
        return Ok((at, None));
    }
    let number: f64 = value
        .parse()
        .map_err(|_| format!("`{value}` is not a number"))?;
    let number = number * reading.scale;
    match number.is_finite() && number >= 0.0 {
        true => Ok((at, Some(number))),
        false => Err(format!("`{value}` is not a finite number of 0 or more")),
    }
}

fn read_time(text: &str, offset: Offset) -> Option<Time> {
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => offset.to_timestamp(text.parse::<DateTime>().ok()?).ok()?,
    };
    Some(Time(at.as_millisecond()))
}

/// The most common distance between two rows, seconds; of equally common ones the shorter.
fn common_step(rows: &BTreeMap<Time, Option<f64>>) -> Result<i64, TraceError> {
    let times: Vec<i64> = rows.keys().map(|at| at.0).collect();
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for pair in times.windows(2) {
        *counts.entry((pair[1] - pair[0]) / 1000).or_default() += 1;
    }
    let most = counts
        .iter()
        .max_by_key(|(step, count)| (**count, std::cmp::Reverse(**step)));
    most.map(|(step, _)| *step).ok_or_else(|| {
        TraceError::Whole("fewer than two rows: how long a step is cannot be told".to_owned())
    })
}

fn stretches(rows: &BTreeMap<Time, Option<f64>>, step: i64, odd: &mut Odd) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::with_capacity(rows.len());
    let nexts = rows.keys().skip(1).map(|at| Some(*at)).chain([None]);
    for ((from, load), next) in rows.iter().zip(nexts) {
        let (from, load) = (*from, *load);
        let over = from.plus_millis(step);
        let until = match next {
            Some(next) if next.0 - from.0 <= step + step / 2 => next,
            Some(_) | None => over,
        };
        odd.gaps += usize::from(load.is_none());
        all.push(Stretch { from, until, load });
        if let Some(next) = next.filter(|next| *next > until) {
            odd.gaps += 1;
            all.push(Stretch {
                from: until,
                until: next,
                load: None,
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Trace, TraceError> {
        Trace::read(text, Reading::default())
    }

    fn shape(trace: &Trace) -> Vec<(i64, i64, Option<f64>)> {
        let start = trace.start().0;
        let secs = |at: Time| (at.0 - start) / 1000;
        trace
            .stretches
            .iter()
            .map(|s| (secs(s.from), secs(s.until), s.load))
            .collect()
    }

    #[test]
    fn values_hold_until_the_next_row_and_holes_are_gaps() {
        let trace = read(
            "timestamp,value\n2014-01-01 00:00:00,1\n2014-01-01 00:05:00,0\n2014-01-01T00:10:07Z,3\n\
             2014-01-01 00:30:00,4\n2014-01-01 00:35:00,\n2014-01-01 00:40:00,5\n",
        )
        .unwrap();
        assert_eq!(
            shape(&trace),
            [
                (0, 300, Some(1.0)),
                (300, 607, Some(0.0)),
                (607, 907, Some(3.0)),
                (907, 1800, None),
                (1800, 2100, Some(4.0)),
                (2100, 2400, None),
                (2400, 2700, Some(5.0)),
            ]
        );
        assert_eq!(trace.odd.gaps, 2);
    }

    #[test]
    fn rows_are_put_in_order_and_the_last_of_a_time_counts() {
        let trace = read("t,v\n2014-01-01 00:10:00,3\n2014-01-01 00:00:00,1\n2014-01-01 00:05:00,9\n2014-01-01 00:05:00,2\n")
            .unwrap();
        let loads: Vec<_> = trace.stretches.iter().map(|s| s.load).collect();
        assert_eq!(loads, [Some(1.0), Some(2.0), Some(3.0)]);
        let odd = Odd {
            out_of_order: 3,
            doubled: 1,
            gaps: 0,
        };
        assert_eq!(trace.odd, odd);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_row_and_value() {
        let table = [
            (
                "",
                "row 1: a header of at least two columns is missing, like `timestamp,value`",
            ),
            (
                "timestamp,value\n",
                "fewer than two rows: how long a step is cannot be told",
            ),
            (
                "2014-01-01 00:00:00,1\n",
                "row 1: `2014-01-01 00:00:00` is no name of a column: the first row is a header like `timestamp,value`",
            ),
            (
                "t,v\n2014-01-01 00:00:00,1\nyesterday,2\n",
                "row 3: `yesterday` is not a time: `YYYY-MM-DD hh:mm:ss` or RFC 3339 is right",
            ),
            (
                "t,v\n2014-01-01 00:00:00,many\n",
                "row 2: `many` is not a number",
            ),
            (
                "t,v\n2014-01-01 00:00:00,-1\n",
                "row 2: `-1` is not a finite number of 0 or more",
            ),
            (
                "t,v\n2014-01-01 00:00:00,NaN\n",
                "row 2: `NaN` is not a finite number of 0 or more",
            ),
            (
                "t,v\n2014-01-01 00:00:00\n",
                "row 2: a time and a value are right",
            ),
            (
                "t,v\n2014-02-30 00:00:00,1\n",
                "row 2: `2014-02-30 00:00:00` is not a time: `YYYY-MM-DD hh:mm:ss` or RFC 3339 is right",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn times_without_a_zone_are_in_the_given_one() {
        let reading = Reading {
            offset: Offset::constant(8),
            step_secs: Some(60),
            scale: 2.0,
        };
        let trace = Trace::read("t,v\n2014-01-01 08:00:00,1\n", reading).unwrap();
        assert_eq!(trace.start(), Time(1_388_534_400_000));
        assert_eq!(trace.stretches[0].load, Some(2.0));
        let trace = trace.as_load(Kind::Utilisation { machines: 3.0 }, 50.0);
        assert_eq!(trace.stretches[0].load, Some(3.0));
    }
}
