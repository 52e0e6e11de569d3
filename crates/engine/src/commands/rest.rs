//! Members out of service on purpose, and back: stop and start (rule A10), standby (rule A11). All or nothing at validation.

use std::collections::BTreeSet;

use muster_model::{
    ActivityId, ActivityKind, Created, Error, HookTransition, InstanceId, Lifecycle, Outcome,
    StopMode,
};

use super::capacity::{check_idle, manual};
use super::members::members;
use crate::balancers::wanted;
use crate::draft::Draft;
use crate::lifecycle::{Event, Role};
use crate::wake;

/// Of the named members those that are to be worked on: in one of the states `from`. Those that are where they are to be
/// already are left out; the rest is in the middle of something.
fn chosen(
    draft: &Draft<'_>,
    ids: &[InstanceId],
    from: &[Lifecycle],
    already: Lifecycle,
) -> Result<BTreeSet<InstanceId>, Error> {
    let ids = members(draft, ids)?;
    check_idle(draft)?;
    let mut chosen = BTreeSet::new();
    for id in ids {
        match draft.instance(id).map(|instance| instance.state) {
            Some(state) if from.contains(&state) => {
                chosen.insert(id);
            }
            Some(state) if state == already => {}
            Some(_) | None => return Err(Error::InstanceBusy { instance: id }),
        }
    }
    match chosen.is_empty() {
        true => Err(Error::NothingToDo),
        false => Ok(chosen),
    }
}

/// How many of these are in service.
fn serving(draft: &Draft<'_>, ids: &BTreeSet<InstanceId>) -> u32 {
    let serves = |id: &&InstanceId| {
        draft
            .instance(**id)
            .is_some_and(|instance| instance.state == Lifecycle::InService)
    };
    u32::try_from(ids.iter().filter(serves).count()).unwrap_or(u32::MAX)
}

fn begin(draft: &mut Draft<'_>, kind: ActivityKind, count: usize, desired: u32) -> ActivityId {
    draft.release_brake();
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    draft.start_activity(kind, manual(), count, desired)
}

/// Desired shrinks by those that no longer serve, not under the minimum.
fn shrink(draft: &mut Draft<'_>, by: u32) -> u32 {
    let size = &mut draft.group_mut().spec.size;
    size.desired = size.desired.saturating_sub(by).max(size.min);
    size.desired
}

pub(super) fn stop(
    draft: &mut Draft<'_>,
    ids: &[InstanceId],
    mode: StopMode,
) -> Result<Created, Error> {
    let from = [
        Lifecycle::InService,
        Lifecycle::Standby,
        Lifecycle::StopFailed,
    ];
    let ids = chosen(draft, ids, &from, Lifecycle::Stopped)?;
    let leaving = serving(draft, &ids);
    let min = draft.group().spec.size.min;
    let remaining = draft.count(Role::Serving).saturating_sub(leaving);
    if leaving > 0 && remaining < min && draft.group().spec.enabled {
        return Err(Error::InServiceBelowMin {
            wanted: remaining,
            min,
        });
    }
    let desired = shrink(draft, leaving);
    let activity = begin(draft, ActivityKind::Stop, ids.len(), desired);
    for id in ids {
        draft.relate(activity, id);
        if let Some(instance) = draft.instance_mut(id) {
            instance.stopping = Some(mode);
        }
        if !draft.hold(id, HookTransition::Terminating) {
            draft.halt(id);
        }
    }
    Ok(Created::Activity(activity))
}

pub(super) fn start(draft: &mut Draft<'_>, ids: &[InstanceId]) -> Result<Created, Error> {
    let from = [Lifecycle::Stopped, Lifecycle::StartFailed];
    let ids = chosen(draft, ids, &from, Lifecycle::InService)?;
    let size = draft.group().spec.size;
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let sum = size.desired.saturating_add(count);
    if sum > size.max {
        return Err(Error::AboveMax {
            wanted: sum,
            max: size.max,
        });
    }
    // More than what is wanted may serve already: where a group is disabled, nothing brings that down.
    let serving = draft.count(Role::Serving).saturating_add(count);
    if serving > size.max {
        return Err(Error::InServiceAboveMax {
            wanted: serving,
            max: size.max,
        });
    }
    let activity = begin(draft, ActivityKind::Start, ids.len(), sum);
    for id in ids {
        wake::wake(draft, activity, id);
    }
    Ok(Created::Activity(activity))
}

pub(super) fn enter_standby(draft: &mut Draft<'_>, ids: &[InstanceId]) -> Result<Created, Error> {
    let ids = chosen(draft, ids, &[Lifecycle::InService], Lifecycle::Standby)?;
    let desired = shrink(draft, serving(draft, &ids));
    let activity = begin(draft, ActivityKind::EnterStandby, ids.len(), desired);
    for id in ids {
        draft.relate(activity, id);
        draft.happen(id, Event::EnterStandby);
        stand_by(draft, id);
    }
    Ok(Created::Activity(activity))
}

/// An instance on its way into standby keeps its memberships, without new load; it stands by once that is so.
fn stand_by(draft: &mut Draft<'_>, id: InstanceId) {
    let bound = draft
        .instance(id)
        .is_some_and(|instance| !instance.bindings.is_empty());
    if bound || !wanted(draft.group(), Lifecycle::EnteringStandby).is_empty() {
        draft.rebind(id);
        return;
    }
    draft.happen(id, Event::StoodBy);
    draft.conclude(id, Outcome::Successful, "");
}

pub(super) fn exit_standby(draft: &mut Draft<'_>, ids: &[InstanceId]) -> Result<Created, Error> {
    let ids = chosen(draft, ids, &[Lifecycle::Standby], Lifecycle::InService)?;
    let size = draft.group().spec.size;
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let sum = size.desired.saturating_add(count).min(size.max);
    let activity = begin(draft, ActivityKind::ExitStandby, ids.len(), sum);
    for id in ids {
        draft.relate(activity, id);
        draft.happen(id, Event::ExitStandby);
        draft.admit(id);
    }
    Ok(Created::Activity(activity))
}
