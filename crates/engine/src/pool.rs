//! The warm pool: machines that are made, left to run for a while, and stopped. They are rows of the group, but no members.
//! A scale-out starts those that are ready before it has new ones made.
//!
//! A pool machine goes Creating → Stopping (its stop is due when it has run long enough) → Stopped, which is ready. What
//! cannot stay in the pool is destroyed from wherever it is.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use muster_model::{
    ActivityKind, AttemptCode, CallKind, CallPhase, Instance, InstanceId, Lifecycle, Machine,
    MachineHealth, MachineState, Placement, StopMode, Time, WarmPool,
};

use crate::draft::Draft;
use crate::lifecycle::{Event, Role};
use crate::market::markets;
use crate::reason::{Clamp, Code};
use crate::{leave, names, obstacle, placement, plan, wake};

/// Wait after the first failure to fill a pool, seconds; doubles with each, up to an hour.
const BACKOFF_SECS: u64 = 10;
/// Longest wait between two attempts to fill a pool, seconds.
const BACKOFF_MAX_SECS: u64 = 3600;

/// Whether a pool machine is there to stay: its end is not decided.
fn stays(row: &Instance) -> bool {
    row.exit.is_none()
}

/// Whether any of the pool is on its way out.
pub(crate) fn is_leaving(draft: &Draft<'_>) -> bool {
    draft.view().pool.values().any(|row| !stays(row))
}

/// Why a pool machine would not do as a member, if so: it was made from what the group no longer asks for.
fn stale(draft: &Draft<'_>, row: &Instance) -> Option<&'static str> {
    let config = draft.view().config.as_ref()?;
    let made = row.config.as_ref()?;
    let (own, now) = ((made.id, made.version), leave::version_of(config));
    if own != (now.id, now.version) {
        return Some("the group has another configuration than this machine of its warm pool");
    }
    match placement::rank(draft, &row.placement) {
        Some(_) => None,
        None => Some("this machine of the warm pool is where the group is no longer"),
    }
}

/// How near a pool machine is to being ready.
fn progress(row: &Instance) -> u8 {
    match row.state {
        Lifecycle::Stopped => 2,
        Lifecycle::Stopping => 1,
        _ => 0,
    }
}

/// What cannot stay leaves: all of a pool that is closed, what no longer fits the group, and what is too much.
pub(crate) fn retire(draft: &mut Draft<'_>) {
    let mut going: Vec<(InstanceId, &'static str)> = Vec::new();
    let mut staying: Vec<&Arc<Instance>> = Vec::new();
    for row in draft.view().pool.values().filter(|row| stays(row)) {
        let why = match draft.group().warm_pool {
            None => Some("the warm pool is closed"),
            Some(_) => stale(draft, row),
        };
        match why {
            Some(why) => going.push((row.id, why)),
            None => staying.push(row),
        }
    }
    staying.sort_by_key(|row| (Reverse(progress(row)), row.created_at, row.id));
    let surplus = staying.iter().skip(draft.view().pool_capacity());
    going.extend(surplus.map(|row| (row.id, "the warm pool holds more than it is to")));
    for (id, why) in going {
        draft.because(Code::Leaving, format!("{id} leaves the warm pool: {why}"));
        draft.leave(id, true, why);
    }
}

/// The pool machines that can be started now, best first.
pub(crate) fn ready(draft: &Draft<'_>) -> Vec<InstanceId> {
    let Some(spot) = markets(draft, None).first().copied() else {
        return Vec::new();
    };
    let rows = draft.view().pool.values();
    let ready = rows.filter(|row| {
        row.state == Lifecycle::Stopped && row.call.is_none() && row.placement.spot == spot
    });
    let mut ranked: Vec<_> = ready
        .filter_map(|row| {
            let rank = placement::rank(draft, &row.placement)?;
            Some((rank, row.created_at, row.id))
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, _, id)| id).collect()
}

/// Starts what the pool holds ready for an activity that brings members, one by one: each changes where the next one is best.
pub(crate) fn take(draft: &mut Draft<'_>, activity: muster_model::ActivityId) {
    let brings = draft.activity(activity).is_some_and(|activity| {
        matches!(
            activity.kind,
            ActivityKind::ScaleOut | ActivityKind::ReplaceUnhealthy
        )
    });
    if !brings || draft.view().pool.is_empty() {
        return;
    }
    let wanted = draft.launches_left(activity).min(draft.member_room());
    for _ in 0..wanted {
        let Some(id) = ready(draft).first().copied() else {
            return;
        };
        draft.because(
            Code::Launching,
            format!("{id} is taken from the warm pool and started"),
        );
        draft.join(id);
        wake::wake(draft, activity, id);
    }
}

/// Has machines made for a pool that holds fewer than it is to. Members come first: only a group that is on, idle and has
/// what it wants fills its pool.
pub(crate) fn fill(draft: &mut Draft<'_>) {
    let Some(missing) = missing(draft) else {
        return;
    };
    if let Some((clamp, why)) = plan::held_back(draft) {
        draft.held(clamp, format!("the warm pool is not filled: {why}"));
        return;
    }
    let Some(pool) = draft.group().warm_pool.clone() else {
        return;
    };
    if let Some(until) = pool.not_before.filter(|until| *until > draft.now) {
        let (until_ms, failures) = (until.0, pool.failures);
        let clamp = Clamp::BackOff { until_ms, failures };
        let text = format!(
            "the warm pool is not filled: {failures} failure(s) in a row, the next attempt is at {until_ms}"
        );
        draft.held(clamp, text);
        return;
    }
    let batch = missing
        .min(draft.machine_room())
        .min(draft.settings.activity_batch);
    for _ in 0..batch {
        let hindrance =
            names::exhausted(draft).or_else(|| obstacle::hindrance(draft).map(|(_, why)| why));
        if let Some(why) = hindrance {
            draft.held(None, format!("the warm pool is not filled: {why}"));
            return;
        }
        let Some(place) = placement::choose_for_pool(draft, &pool.sold_out) else {
            return;
        };
        if let Some(id) = draft.ask_for_machine(place, true) {
            draft.because(
                Code::Launching,
                format!("{id} is launched for the warm pool"),
            );
        }
    }
}

/// How many machines the pool is short of, if it is its turn.
fn missing(draft: &Draft<'_>) -> Option<u32> {
    let view = draft.view();
    let group = draft.group();
    if view.config.is_none() || group.busy.is_some() || !group.spec.enabled || group.deleting {
        return None;
    }
    let have = draft.count(Role::Serving) + draft.count(Role::Coming);
    let missing = view.pool_capacity().saturating_sub(view.pool.len());
    let missing = u32::try_from(missing).unwrap_or(u32::MAX);
    (missing > 0 && have >= group.spec.size.desired).then_some(missing)
}

/// When the pool is to be looked at again.
pub(crate) fn next_look(draft: &Draft<'_>) -> Option<Time> {
    missing(draft)?;
    let until = draft.group().warm_pool.as_ref()?.not_before?;
    let held = plan::held_back(draft).is_some();
    (until > draft.now && !held).then_some(until)
}

/// A machine of the pool is there: it runs for as long as the pool says, then it is stopped.
pub(crate) fn prepare(draft: &mut Draft<'_>, id: InstanceId) {
    let now = draft.now;
    let pool = draft.group().warm_pool.as_ref();
    let wait = pool.map_or(0, |pool| u64::from(pool.init_wait_secs));
    draft.happen(id, Event::Stop);
    if let Some(row) = draft.instance_mut(id) {
        row.created_at = now;
    }
    draft.call(
        id,
        CallKind::Stop(StopMode::KeepCharging),
        now.plus_secs(wait),
    );
}

/// A machine has stopped: if it is one of the pool, filling it goes well.
pub(crate) fn filled(draft: &mut Draft<'_>, id: InstanceId) {
    let pooled = draft.instance(id).is_some_and(|row| row.pooled);
    let failing = |pool: &WarmPool| pool.failures > 0 || !pool.sold_out.is_empty();
    if pooled && draft.group().warm_pool.as_ref().is_some_and(failing) {
        change(draft, |pool| {
            pool.failures = 0;
            pool.not_before = None;
            pool.sold_out.clear();
        });
    }
}

fn change(draft: &mut Draft<'_>, with: impl FnOnce(&mut WarmPool)) {
    if draft.group().warm_pool.is_some()
        && let Some(pool) = draft.group_mut().warm_pool.as_mut()
    {
        with(pool);
    }
}

/// A machine of the pool was not made, or not stopped: the next attempt waits, unless there is another place for it.
pub(crate) fn attempt_failed(
    draft: &mut Draft<'_>,
    id: InstanceId,
    placement: &Placement,
    code: AttemptCode,
) {
    let comes = draft.instance(id).is_some_and(|row| stays(row));
    let Some(pool) = draft.group().warm_pool.as_ref().filter(|_| comes) else {
        return;
    };
    // Those that were asked for together are one attempt.
    if pool.not_before.is_some_and(|until| until > draft.now) {
        return;
    }
    let mut sold_out = pool.sold_out.clone();
    if code == AttemptCode::SoldOut {
        if !sold_out.contains(placement) {
            sold_out.push(placement.clone());
        }
        if placement::choose_for_pool(draft, &sold_out).is_some() {
            change(draft, |pool| pool.sold_out = sold_out);
            return;
        }
    }
    let now = draft.now;
    change(draft, |pool| {
        let step = pool.failures.min(20);
        let wait = (BACKOFF_SECS << step).min(BACKOFF_MAX_SECS);
        pool.failures = pool.failures.saturating_add(1);
        pool.not_before = Some(now.plus_secs(wait));
        // Where it was sold out may not be by then.
        pool.sold_out.clear();
    });
}

/// What a listing says of the pool: machines that are gone, dead or unhealthy leave it, and are made up for.
pub(crate) fn see(
    draft: &mut Draft<'_>,
    asked_at: Time,
    listed: &BTreeMap<InstanceId, &Arc<Machine>>,
) {
    let rests = |row: &Instance| match (row.state, &row.call) {
        (Lifecycle::Stopped, None) => true,
        (Lifecycle::Stopping, Some(call)) => matches!(call.phase, CallPhase::Due { .. }),
        _ => false,
    };
    let lost: Vec<InstanceId> = draft
        .view()
        .pool
        .values()
        .filter(|row| stays(row) && rests(row) && row.created_at < asked_at)
        .filter(|row| {
            listed.get(&row.id).is_none_or(|machine| {
                machine.state == MachineState::Dead || machine.health == MachineHealth::Unhealthy
            })
        })
        .map(|row| row.id)
        .collect();
    for id in lost {
        draft.because(
            Code::Vanished,
            format!("{id} of the warm pool vanished, died or is unhealthy"),
        );
        draft.leave(id, true, "the machine vanished, died or is unhealthy");
    }
}
