//! Stopped members that come back into service instead of new machines (rule G15).

use muster_model::{
    ActivityId, ActivityKind, CallKind, InstanceId, Lifecycle, ScalingMode, Time, TriggerKind,
};

use crate::draft::Draft;
use crate::lifecycle::Event;
use crate::pool;

/// Starts a stopped member for an activity.
pub(crate) fn wake(draft: &mut Draft<'_>, activity: ActivityId, id: InstanceId) {
    let now = draft.now;
    draft.relate(activity, id);
    draft.happen(id, Event::Start);
    draft.call(id, CallKind::Start, now);
}

/// Stopped members that an activity starts instead of making new ones, oldest first (rule G15). Alarms always create.
pub(crate) fn sleepers(draft: &Draft<'_>, id: ActivityId) -> Vec<InstanceId> {
    let Some(activity) = draft.activity(id) else {
        return Vec::new();
    };
    let wakes = activity.kind == ActivityKind::ScaleOut
        && !matches!(
            activity.trigger.kind,
            TriggerKind::Policy { .. } | TriggerKind::Refresh { .. }
        );
    match wakes {
        true => stopped(draft, draft.launches_left(id)),
        false => Vec::new(),
    }
}

/// Up to `count` stopped members of a group that wakes such, oldest first.
fn stopped(draft: &Draft<'_>, count: u32) -> Vec<InstanceId> {
    if draft.group().spec.service.scaling_mode != ScalingMode::WakeUpStopped {
        return Vec::new();
    }
    let mut found: Vec<(Time, InstanceId)> = draft
        .instances()
        .filter(|i| i.state == Lifecycle::Stopped && i.call.is_none())
        .map(|i| (i.created_at, i.id))
        .collect();
    found.sort_unstable();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    found.into_iter().take(count).map(|(_, id)| id).collect()
}

/// How many of `wanted` can come into service: new ones as far as there is room, and stopped ones that are woken.
pub(crate) fn room(draft: &Draft<'_>, wanted: u32) -> u32 {
    let woken = stopped(draft, wanted).len();
    // What the warm pool holds ready takes no room but a member's.
    let ready = u32::try_from(pool::ready(draft).len()).unwrap_or(u32::MAX);
    let new = draft.room().saturating_add(ready).min(draft.member_room());
    new.saturating_add(u32::try_from(woken).unwrap_or(u32::MAX))
}
