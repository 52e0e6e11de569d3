//! The invariants of a group: what must hold after every step, whatever happened. For tests, seeds and tools.

use muster_model::{ActivityStatus, CallKind, GroupView, HealthKind, Instance, Lifecycle, Outcome};

use crate::activity::is_exclusive;
use crate::lifecycle::{Role, role};

/// Everything that is wrong with a view, in words; empty when all invariants hold.
#[must_use]
pub fn problems(view: &GroupView) -> Vec<String> {
    let mut found = Vec::new();
    sizes(view, &mut found);
    verdicts(view, &mut found);
    activities(view, &mut found);
    instances(view, &mut found);
    pool(view, &mut found);
    refreshes(view, &mut found);
    found
}

fn sizes(view: &GroupView, found: &mut Vec<String>) {
    let size = view.group.spec.size;
    if !(size.min <= size.desired && size.desired <= size.max) {
        found.push(format!("sizes are out of order: {size:?}"));
    }
}

/// What one door says of the group is what another says of its balancers.
fn verdicts(view: &GroupView, found: &mut Vec<String>) {
    let spec = &view.group.spec;
    let (places, unheard) = (spec.places(), &spec.unheard);
    if !unheard.is_subset(&places) {
        found.push(format!("not bound, but not to be heard: {unheard:?}"));
    }
    let judged = spec.health.kind == HealthKind::Balancer && !places.is_empty();
    if judged && spec.heard().is_empty() {
        found.push(format!(
            "judged by balancers, but none of them counts: {unheard:?}"
        ));
    }
}

fn activities(view: &GroupView, found: &mut Vec<String>) {
    let open: Vec<_> = view
        .activities
        .values()
        .filter(|a| is_exclusive(a.kind) && !a.status.is_ended())
        .map(|a| a.id)
        .collect();
    if open.len() > 1 {
        found.push(format!("more than one exclusive activity: {open:?}"));
    }
    if view.group.busy != open.first().copied() {
        found.push(format!(
            "busy is {:?}, but open is {open:?}",
            view.group.busy
        ));
    }
    for activity in view.activities.values() {
        let ended = activity.status.is_ended();
        if ended != activity.ended_at.is_some() {
            found.push(format!(
                "{} is {:?} but ended at {:?}",
                activity.id, activity.status, activity.ended_at
            ));
        }
        for related in &activity.instances {
            let working = matches!(related.outcome, Outcome::Init | Outcome::Running);
            if working && ended {
                found.push(format!(
                    "{} ended, but {} is not concluded",
                    activity.id, related.instance
                ));
            }
            let there = view
                .instances
                .get(&related.instance)
                .is_some_and(|i| i.activity == Some(activity.id));
            if working && !ended && !there {
                found.push(format!(
                    "{} waits for {}, which is not under it",
                    activity.id, related.instance
                ));
            }
        }
        if activity.status == ActivityStatus::Init && !activity.instances.is_empty() {
            found.push(format!("{} has instances but has not begun", activity.id));
        }
    }
}

fn refreshes(view: &GroupView, found: &mut Vec<String>) {
    let open: Vec<_> = view
        .parts
        .refreshes
        .values()
        .filter(|refresh| !refresh.status.is_ended())
        .collect();
    if open.len() > 1 {
        found.push("more than one refresh is under way".to_owned());
    }
    for refresh in open {
        if view.group.spec.enabled {
            found.push(format!("{} is under way in an enabled group", refresh.id));
        }
        if refresh.activity.is_some() && refresh.activity != view.group.busy {
            found.push(format!(
                "{} waits for {:?}, which does not run",
                refresh.id, refresh.activity
            ));
        }
    }
    for refresh in view.parts.refreshes.values() {
        if refresh.status.is_ended() != refresh.ended_at.is_some() {
            found.push(format!(
                "{} is {:?} but ended at {:?}",
                refresh.id, refresh.status, refresh.ended_at
            ));
        }
    }
}

/// What is in the warm pool is no member: nothing that members have or wait for.
fn pool(view: &GroupView, found: &mut Vec<String>) {
    for (id, instance) in &view.instances {
        if instance.pooled {
            found.push(format!("{id} is a member, and in the warm pool"));
        }
    }
    for (id, instance) in &view.pool {
        let state = instance.state;
        let fits = matches!(
            state,
            Lifecycle::Creating
                | Lifecycle::Stopping
                | Lifecycle::Stopped
                | Lifecycle::Terminating
                | Lifecycle::TerminationFailed
        );
        let bare = instance.activity.is_none()
            && instance.bindings.is_empty()
            && instance.hooks.is_empty()
            && instance.in_service_at.is_none()
            && instance.config.is_some();
        if !instance.pooled || !fits || !bare {
            found.push(format!(
                "{id} is in the warm pool, but {state:?}: {instance:?}"
            ));
        }
    }
}

/// Whether an instance in a state waits for a call of the kind that belongs to it.
fn fits(instance: &Instance) -> bool {
    let call = instance.call.as_ref().map(|call| call.kind);
    match instance.state {
        Lifecycle::Creating => call == Some(CallKind::Launch),
        Lifecycle::Attaching => call == Some(CallKind::Adopt),
        Lifecycle::Terminating | Lifecycle::TerminationFailed => call == Some(CallKind::Terminate),
        Lifecycle::Detaching | Lifecycle::DetachFailed => call == Some(CallKind::Release),
        // It is taken off its balancers first, and what was on its way to them comes before that.
        Lifecycle::Resetting => matches!(
            call,
            Some(CallKind::Reset(_) | CallKind::Unbind | CallKind::Rebind)
        ),
        Lifecycle::Starting => call == Some(CallKind::Start),
        Lifecycle::Stopping => matches!(
            call,
            Some(CallKind::Stop(_) | CallKind::Unbind | CallKind::Rebind)
        ),
        Lifecycle::AttachingBalancer => match instance.healthy_by {
            Some(_) => call.is_none(),
            None => call == Some(CallKind::Bind),
        },
        Lifecycle::ModifyingBalancer => call == Some(CallKind::Rebind),
        // What was on its way when it was to leave comes first.
        Lifecycle::DetachingBalancer => matches!(
            call,
            Some(CallKind::Unbind | CallKind::Bind | CallKind::Rebind)
        ),
        Lifecycle::InService | Lifecycle::LaunchingHook => call.is_none(),
        // Only their weight at the balancers may be changing.
        Lifecycle::Standby | Lifecycle::Stopped | Lifecycle::TerminatingHook => {
            matches!(call, None | Some(CallKind::Rebind))
        }
        _ => true,
    }
}

fn instances(view: &GroupView, found: &mut Vec<String>) {
    for instance in view.rows() {
        let (id, state) = (instance.id, instance.state);
        if instance.group != view.group.id || instance.account != view.group.account {
            found.push(format!("{id} belongs to another group or account"));
        }
        let call = instance.call.as_ref().map(|call| call.kind);
        if !fits(instance) {
            found.push(format!("{id} is {state:?} but waits for {call:?}"));
        }
        let held = matches!(state, Lifecycle::LaunchingHook | Lifecycle::TerminatingHook);
        let open = instance.hooks.iter().any(|wait| wait.verdict.is_none());
        if held != open || held == instance.hooks.is_empty() {
            found.push(format!(
                "{id} is {state:?} but waits for {:?}",
                instance.hooks
            ));
        }
        // One that a hook holds before it is stopped stays a member.
        let leaving = role(state) == Role::Leaving && instance.stopping.is_none();
        if instance.stopping.is_some()
            && !matches!(state, Lifecycle::TerminatingHook | Lifecycle::Stopping)
        {
            found.push(format!("{id} is {state:?} but is to be stopped"));
        }
        if leaving != instance.exit.is_some() {
            found.push(format!(
                "{id} is {state:?} but its exit is {:?}",
                instance.exit
            ));
        }
        let at_balancers = matches!(
            call,
            Some(CallKind::Bind | CallKind::Unbind | CallKind::Rebind)
        );
        if instance.drain_by.is_some() && !at_balancers {
            found.push(format!("{id} is drained, but waits for {call:?}"));
        }
        let under = instance
            .activity
            .and_then(|activity| view.activities.get(&activity));
        if instance.activity.is_some() && under.is_none_or(|activity| activity.status.is_ended()) {
            found.push(format!(
                "{id} is under an activity that is not running: {:?}",
                instance.activity
            ));
        }
    }
}
