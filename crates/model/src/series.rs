//! What is known of the metrics of a group: points in windows of a fixed size.

use serde::{Deserialize, Serialize};

use crate::{GroupId, InstanceId, Metric, SeriesId, Statistic, Time};

/// A measured value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// When it was so.
    pub at: Time,
    /// Of which member; `None` = of the group as a whole.
    pub instance: Option<InstanceId>,
    /// The value, in the metric's unit; a finite number.
    pub value: f64,
}

/// A stretch of one metric of a group: one row of the store, so that points that come in write little of what was known
/// before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its id.
    pub id: SeriesId,
    /// Its group.
    pub group: GroupId,
    /// The metric.
    pub metric: Metric,
    /// Points of a row that was written before there were windows, oldest first. Still read, never written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<Point>,
    /// Where the stretch begins: a multiple of [`Series::STRETCH_MS`]. It ends before the next one.
    #[serde(default)]
    pub from: Time,
    /// What was measured, by member; that of the group as a whole first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<MemberWindows>,
}

/// What was measured of one member, or of the group as a whole, in a stretch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberWindows {
    /// Of which member; `None` = of the group as a whole.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// Its windows that have points, oldest first.
    #[serde(rename = "w")]
    pub windows: Vec<Window>,
}

/// A window of [`Window::MS`]. Its first points are kept as they are: so a doubled one is told, sums do not depend on the
/// order in which points come, and periods that begin or end inside the window are exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Its number in its stretch, from 0.
    #[serde(rename = "n")]
    pub number: u8,
    /// Its points: milliseconds since its begin, and the value; in this order, none twice. At most [`Window::POINTS`].
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<(u16, f64)>,
    /// It had more points than are kept: what all of them come to, instead of them. It counts where the window begins, and
    /// a doubled point counts twice.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub folded: Option<Summary>,
}

/// What values come to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many.
    pub count: u32,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub squares: f64,
    /// The least.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Summary {
    /// Of one value.
    #[must_use]
    pub fn of(value: f64) -> Summary {
        Summary {
            count: 1,
            sum: value,
            squares: value * value,
            min: value,
            max: value,
        }
    }

    /// Of both.
    #[must_use]
    pub fn with(self, other: Summary) -> Summary {
        Summary {
            count: self.count.saturating_add(other.count),
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// The statistic of the values.
    #[must_use]
    pub fn statistic(&self, statistic: Statistic) -> f64 {
        let mean = self.sum / f64::from(self.count.max(1));
        match statistic {
            Statistic::Average => mean,
            Statistic::Maximum => self.max,
            Statistic::Minimum => self.min,
            Statistic::Sum => self.sum,
            Statistic::Variance => {
                (self.squares / f64::from(self.count.max(1)) - mean * mean).max(0.0)
            }
        }
    }
}

impl Window {
    /// Length, milliseconds. Sources look every five seconds or so: a window has two points of each, and the shortest
    /// period that an API knows, a minute, has six windows.
    pub const MS: i64 = 10_000;
    /// Points that are kept as they are.
    pub const POINTS: usize = 32;

    /// Takes a point in; one that is there already, with the same time and value, changes nothing. Whether it changed.
    pub fn take(&mut self, offset_ms: u16, value: f64) -> bool {
        if let Some(folded) = &mut self.folded {
            *folded = folded.with(Summary::of(value));
            return true;
        }
        let order = |known: &(u16, f64)| known.0.cmp(&offset_ms).then(known.1.total_cmp(&value));
        let Err(place) = self.points.binary_search_by(order) else {
            return false;
        };
        self.points.insert(place, (offset_ms, value));
        if self.points.len() > Window::POINTS {
            let all = self.points.drain(..).map(|(_, value)| Summary::of(value));
            self.folded = all.reduce(Summary::with);
        }
        true
    }
}

impl Series {
    /// Length of a stretch, milliseconds: short, for a row is written anew with each point that comes into it.
    pub const STRETCH_MS: i64 = 60_000;

    /// Begin of the stretch that a moment is in.
    #[must_use]
    pub fn stretch_of(at: Time) -> Time {
        Time(at.0.div_euclid(Series::STRETCH_MS) * Series::STRETCH_MS)
    }

    /// Takes in a point of this stretch; whether that changed anything.
    pub fn take(&mut self, point: Point) -> bool {
        let measured = match self
            .measured
            .binary_search_by_key(&point.instance, |measured| measured.instance)
        {
            Ok(place) => &mut self.measured[place],
            Err(place) => {
                let windows = Vec::new();
                let instance = point.instance;
                self.measured
                    .insert(place, MemberWindows { instance, windows });
                &mut self.measured[place]
            }
        };
        let offset = (point.at.0 - self.from.0).clamp(0, Series::STRETCH_MS - 1);
        take(&mut measured.windows, offset, point.value)
    }

    /// What is known, each value (or folded window) with its moment and its member: by member, then by time.
    pub fn values(&self) -> impl Iterator<Item = (Option<InstanceId>, Time, Summary)> {
        let old = self.points.iter();
        let old = old.map(|point| (point.instance, point.at, Summary::of(point.value)));
        let new = self.measured.iter().flat_map(move |measured| {
            values(self.from, &measured.windows)
                .map(move |(at, summary)| (measured.instance, at, summary))
        });
        old.chain(new)
    }
}

/// Takes a value in that was so `offset` milliseconds after the begin of its stretch; whether that changed anything.
pub(crate) fn take(windows: &mut Vec<Window>, offset: i64, value: f64) -> bool {
    let number = (offset / Window::MS) as u8;
    let place = match windows.binary_search_by_key(&number, |window| window.number) {
        Ok(place) => place,
        Err(place) => {
            let window = Window {
                number,
                points: Vec::new(),
                folded: None,
            };
            windows.insert(place, window);
            place
        }
    };
    windows[place].take((offset % Window::MS) as u16, value)
}

/// What is known in the windows of a stretch, each value (or folded window) with its moment, oldest first.
pub(crate) fn values(from: Time, windows: &[Window]) -> impl Iterator<Item = (Time, Summary)> {
    windows.iter().flat_map(move |window| {
        let begin = from.plus_millis(i64::from(window.number) * Window::MS);
        let points = window.points.iter().map(move |(offset, value)| {
            let at = begin.plus_millis(i64::from(*offset));
            (at, Summary::of(*value))
        });
        let folded = window.folded.iter();
        points.chain(folded.map(move |all| (begin, *all)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> Series {
        Series {
            id: SeriesId::new(crate::Key::from_bits(1)),
            group: GroupId::new(crate::Key::from_bits(2)),
            metric: Metric("m".to_owned()),
            points: Vec::new(),
            from: Time(60_000),
            measured: Vec::new(),
        }
    }

    fn point(at: i64, value: f64) -> Point {
        Point {
            at: Time(at),
            instance: None,
            value,
        }
    }

    #[test]
    fn a_point_lands_in_its_window_once_in_whatever_order() {
        let points = [
            point(119_999, 0.3),
            point(60_000, 0.1),
            point(70_000, 0.2),
            point(60_000, 0.7),
        ];
        let mut one = series();
        assert!(points.iter().all(|point| one.take(*point)));
        let mut other = series();
        for point in points.iter().rev() {
            assert!(other.take(*point) && !other.take(*point));
        }
        assert_eq!(one, other);
        let text = serde_json::to_value(&one.measured).unwrap();
        let expected = serde_json::json!([{"w": [
            {"n": 0, "p": [[0, 0.1], [0, 0.7]]}, {"n": 1, "p": [[0, 0.2]]}, {"n": 5, "p": [[9999, 0.3]]},
        ]}]);
        assert_eq!(text, expected);
        let back: Series = serde_json::from_value(serde_json::to_value(&one).unwrap()).unwrap();
        assert_eq!(back, one);
        let times: Vec<i64> = one.values().map(|(_, at, _)| at.0).collect();
        assert_eq!(times, [60_000, 60_000, 70_000, 119_999]);
    }

    #[test]
    fn a_full_window_keeps_what_its_points_come_to() {
        let mut full = series();
        for n in 0..40 {
            full.take(point(60_000 + n, n as f64));
        }
        let values: Vec<_> = full.values().collect();
        let [(None, Time(60_000), all)] = values.as_slice() else {
            panic!("{values:?}");
        };
        assert_eq!(
            (all.count, all.sum, all.min, all.max),
            (40, 780.0, 0.0, 39.0)
        );
        assert_eq!(all.statistic(Statistic::Average), 19.5);
        assert_eq!(all.statistic(Statistic::Variance), 133.25);
        assert_eq!(all.statistic(Statistic::Sum), 780.0);
    }

    #[test]
    fn rows_of_points_are_still_read() {
        let id = series().id;
        let text = serde_json::json!({
            "id": id, "group": series().group, "metric": "m",
            "points": [{"at": 5, "instance": null, "value": 1.5}],
        });
        let old: Series = serde_json::from_value(text).unwrap();
        let values: Vec<_> = old.values().collect();
        assert_eq!(values, [(None, Time(5), Summary::of(1.5))]);
    }
}
