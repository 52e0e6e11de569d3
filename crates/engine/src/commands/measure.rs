//! Values of metrics come in: kept with the group, so that what follows from them is decided from the view alone.

use std::sync::Arc;

use muster_model::{Created, Error, Metric, Part, Point, Policy, Quota, Series, Time, Watch};

use crate::draft::Draft;
use crate::scaling;

/// Metrics of a group at the most.
const SERIES: usize = 32;
/// Points of a metric that are kept at the most.
const POINTS: usize = 1000;
/// Points older than this are forgotten, seconds: more than ten periods of five minutes.
const KEPT_SECS: i64 = 7200;

/// Keeps the points. A point that lies in a period which was evaluated already makes that be looked at again.
pub(super) fn measured(
    draft: &mut Draft<'_>,
    points: &[(Metric, Point)],
) -> Result<Created, Error> {
    let forgotten = draft.now.plus_millis(-KEPT_SECS * 1000);
    for (metric, point) in points {
        debug_assert!(point.value.is_finite(), "the shell checks values");
        if point.at <= forgotten {
            continue;
        }
        keep(draft, metric, *point, forgotten)?;
        look_again(draft, metric, point.at);
    }
    Ok(Created::Nothing)
}

fn keep(
    draft: &mut Draft<'_>,
    metric: &Metric,
    point: Point,
    forgotten: Time,
) -> Result<(), Error> {
    let all = &draft.parts().series;
    let known = all.values().find(|series| series.metric == *metric);
    let mut series = match known {
        Some(series) => (**series).clone(),
        None if all.len() >= SERIES => {
            return Err(Error::QuotaExceeded {
                quota: Quota::Metrics,
                limit: SERIES as u32,
            });
        }
        None => Series {
            id: draft.ids.next_id(),
            group: draft.group().id,
            metric: metric.clone(),
            points: Vec::new(),
        },
    };
    series.points.retain(|old| old.at > forgotten);
    let place = series.points.partition_point(|old| old.at <= point.at);
    series.points.insert(place, point);
    let surplus = series.points.len().saturating_sub(POINTS);
    series.points.drain(..surplus);
    draft.put_part(Part::Series(Arc::new(series)));
    Ok(())
}

fn look_again(draft: &mut Draft<'_>, metric: &Metric, at: Time) {
    let late: Vec<Arc<Policy>> = draft
        .parts()
        .policies
        .values()
        .filter(|policy| scaling::watches(policy, metric))
        .filter(|policy| policy.watch.evaluated.is_some_and(|end| at < end))
        .cloned()
        .collect();
    for policy in late {
        let watch = Watch {
            evaluated: None,
            ..policy.watch
        };
        draft.put_part(Part::Policy(Arc::new(Policy {
            watch,
            ..(*policy).clone()
        })));
    }
}
