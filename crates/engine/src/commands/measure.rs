//! Values of metrics come in: kept with the group, so that what follows from them is decided from the view alone.

use std::sync::Arc;

use muster_model::{Created, Error, Metric, Part, Point, Policy, Time, Watch};

use crate::Facts;
use crate::draft::Draft;
use crate::scaling;

/// Keeps the points. One that lies in a period which was evaluated already makes that be looked at again; one that is
/// known already changes nothing.
pub(super) fn measured(
    draft: &mut Draft<'_>,
    points: &[(Metric, Point)],
    facts: &Facts,
) -> Result<Created, Error> {
    for (metric, earliest) in scaling::keep(draft, points, &facts.looks_back_secs)? {
        look_again(draft, &metric, earliest);
    }
    Ok(Created::Nothing)
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
