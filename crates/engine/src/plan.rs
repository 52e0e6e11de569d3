//! The planner: what a group needs next.

use muster_model::{
    ActivityKind, Brake, BrakeKind, CallPhase, Change, CooldownRule, GroupView, Ids, Instance,
    InstanceId, Lifecycle, Origin, RetryState, Time, Trigger, TriggerKind,
};

use crate::calls::{self, PlannedCall};
use crate::draft::Draft;
use crate::lifecycle::Role;
use crate::reason::{Clamp, Code, Record};
use crate::{
    Settings, balancers, draining, health, hooks, names, obstacle, placement, pool, refresh,
    replace, runs, scaling, schedule, tags, termination, timed, wake,
};

/// What a group needs next. Nothing of it has happened: the shell commits `change` first (guarded by the version that
/// the view had), and only then makes the `calls`.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is written down: the intent.
    pub change: Change,
    /// What is then asked of the back end. Each answer comes back as `GroupCommand::StepDone`.
    pub calls: Vec<PlannedCall>,
    /// Why, and why not: for `explain`.
    pub record: Record,
}

/// Plans a turn of a group. Deterministic: the same view, time and ids give the same plan. When the plan's change is
/// empty there is nothing to commit; `view.group.wake_at` then still is when to look again.
#[must_use]
pub fn plan(view: &GroupView, now: Time, ids: &mut Ids, settings: &Settings) -> Plan {
    let mut draft = Draft::new(view, now, ids, settings);
    calls::give_up_on_silence(&mut draft);
    if !draft.group().deleting {
        schedule::follow(&mut draft);
        scaling::follow(&mut draft);
    }
    decide(&mut draft);
    let mut made = calls::make_calls(&mut draft);
    made.extend(runs::ask(&mut draft));
    made.extend(tags::ask(&mut draft));
    if !made.is_empty() {
        set_wake(&mut draft);
    }
    let (change, record) = draft.finish(view);
    Plan {
        change,
        calls: made,
        record,
    }
}

/// Follows the activities and starts what the group needs: the end of every command and of every turn.
pub(crate) fn decide(draft: &mut Draft<'_>) {
    balancers::wait_no_longer(draft);
    draining::follow(draft);
    hooks::follow(draft);
    // Before anything is launched: it may lower the maximum (promise P1).
    if !draft.group().deleting {
        schedule::follow(draft);
    }
    pool::retire(draft);
    follow_activities(draft);
    // After an activity has ended: what waited for that may go.
    if !draft.group().deleting && timed::follow(draft) {
        follow_activities(draft);
    }
    health::follow(draft);
    refresh::follow(draft);
    if draft.group().deleting {
        empty_out(draft);
    } else if let Some(busy) = draft.group().busy {
        let activity = busy.to_string();
        let text = format!("activity {activity} is running: nothing else starts");
        draft.held(Clamp::Busy { activity }, text);
        wait_for_hooks(draft);
    } else if !draft.group().spec.enabled {
        draft.held(
            Clamp::Disabled,
            "the group is disabled: nothing starts by itself",
        );
    } else {
        replace::watch(draft);
        replace::rebalance(draft);
        if draft.group().busy.is_none() {
            replace::replace_unhealthy(draft);
        }
        if draft.group().busy.is_none() {
            match_desired(draft);
        }
        pool::fill(draft);
    }
    scaling::warm(draft);
    tags::follow(draft);
    set_wake(draft);
}

/// Says that hooks hold members.
fn wait_for_hooks(draft: &mut Draft<'_>) {
    let held = match draft.parts().hooks.is_empty() {
        true => 0,
        false => draft.instances().filter(|i| !i.hooks.is_empty()).count(),
    };
    if held > 0 {
        let text = format!("{held} instance(s) wait for lifecycle hooks");
        draft.held(Clamp::Hook { held }, text);
    }
}

/// Launches what running activities still have to launch, ends those that are done or out of time.
pub(crate) fn follow_activities(draft: &mut Draft<'_>) {
    let open: Vec<_> = draft
        .activities()
        .filter(|a| !a.status.is_ended())
        .map(|a| (a.id, a.deadline))
        .collect();
    for (id, deadline) in open {
        if deadline <= draft.now {
            draft.time_out(id);
            continue;
        }
        for member in wake::sleepers(draft, id) {
            wake::wake(draft, id, member);
        }
        pool::take(draft, id);
        let launches = draft.launches_left(id).min(draft.room());
        for _ in 0..launches {
            let unnamed = names::exhausted(draft).map(|why| (Clamp::Quota { of: "names" }, why));
            let unnamed = unnamed.map(|(clamp, why)| (clamp, None, why));
            let hindered = || {
                let (what, why) = obstacle::hindrance(draft)?;
                Some((Clamp::NoPlace, what, why))
            };
            if let Some((clamp, what, why)) = unnamed.or_else(hindered) {
                draft.held(clamp, why.clone());
                draft.say(id, &why, what);
                give_up_launches(draft, id);
                break;
            }
            let sold_out = draft
                .activity(id)
                .map(|a| a.sold_out.clone())
                .unwrap_or_default();
            match placement::choose(draft, &sold_out, None) {
                Some(place) => draft.launch(id, place),
                None => {
                    draft.held(
                        Clamp::NoPlace,
                        "no instance type is left that is not sold out in every place",
                    );
                    give_up_launches(draft, id);
                    break;
                }
            }
        }
        let leaving = draft.count(Role::Leaving) > 0 || pool::is_leaving(draft);
        if draft.launches_left(id) > 0 && draft.room() == 0 && !leaving {
            let clamp = no_room(draft, draft.launches_left(id));
            draft.held(
                clamp,
                "the maximum leaves no room for what the activity still has to launch",
            );
            give_up_launches(draft, id);
        }
        draft.end_if_done(id);
    }
}

/// An activity that cannot launch any more wants no more than it has.
fn give_up_launches(draft: &mut Draft<'_>, id: muster_model::ActivityId) {
    let open = draft.activity(id).is_some_and(|a| {
        a.instances.iter().any(|related| {
            matches!(
                related.outcome,
                muster_model::Outcome::Init | muster_model::Outcome::Running
            )
        })
    });
    if !open {
        draft.end_activity(id);
    }
}

/// A group that is being deleted: what can leave leaves; the last one takes the group along.
fn empty_out(draft: &mut Draft<'_>) {
    // What runs ends first (rule G24 of Huawei).
    if draft.group().busy.is_some() {
        return;
    }
    let members: Vec<(InstanceId, Lifecycle, Origin)> = draft
        .view()
        .rows()
        .filter(|i| i.exit.is_none())
        .map(|i| (i.id, i.state, i.origin))
        .collect();
    for (id, _, origin) in &members {
        draft.leave(*id, *origin == Origin::Auto, "the group is being deleted");
    }
    if draft.view().machines() == 0 && draft.group().busy.is_none() {
        draft.delete_group();
    }
}

/// Why launches wait, if they do: the brake, or the wait after a failure.
pub(crate) fn held_back(draft: &Draft<'_>) -> Option<(Clamp, String)> {
    let retry = &draft.group().retry;
    if let Some(brake) = launch_brake(retry) {
        return Some((brake.into(), braked(brake)));
    }
    let until = retry.not_before.filter(|until| *until > draft.now)?;
    let failures = retry.failures.max(retry.early_deaths).max(retry.early_sick);
    let until_ms = until.0;
    let clamp = Clamp::BackOff { until_ms, failures };
    let text = format!("{failures} failure(s) in a row, the next attempt is at {until_ms}");
    Some((clamp, text))
}

/// The brake, if it is one on launches.
pub(crate) fn launch_brake(retry: &RetryState) -> Option<&Brake> {
    let brake = retry.brake.as_ref()?;
    match brake.kind {
        BrakeKind::Launches | BrakeKind::Deaths => Some(brake),
        BrakeKind::Replacements => None,
    }
}

/// A brake in words.
pub(crate) fn braked(brake: &Brake) -> String {
    let what = match brake.kind {
        BrakeKind::Launches | BrakeKind::Deaths => "",
        BrakeKind::Replacements => ", and so do members that turn healthy",
    };
    format!(
        "the brake is on since {} after {} failure(s) in a row, the last: {}; a change of capacity or configuration, or enabling the group, releases it{what}",
        brake.since.0, brake.failures, brake.reason
    )
}

/// Desired and actual are made to match (rules G2, G21).
fn match_desired(draft: &mut Draft<'_>) {
    let size = draft.group().spec.size;
    let have = draft.count(Role::Serving) + draft.count(Role::Coming);
    let trigger = Trigger {
        kind: draft.group().asked_by.clone().unwrap_or(TriggerKind::Match),
        cooldown: CooldownRule::Ignore,
    };
    if have < size.desired {
        launch_missing(draft, have, trigger);
    } else if have > size.desired {
        let wanted = (have - size.desired).min(draft.settings.activity_batch);
        let victims = termination::choose(draft, wanted);
        if victims.is_empty() {
            draft.held(
                Clamp::Protection { wanted },
                format!("{wanted} instance(s) too many, but none in service is unprotected"),
            );
            return;
        }
        draft.because(
            Code::Leaving,
            format!(
                "desired is {}, actual is {have}: {victims:?} leave",
                size.desired
            ),
        );
        start_scale_in(draft, trigger, &victims, size.desired);
        answered(draft);
    } else {
        answered(draft);
        draft.because(
            Code::Matched,
            format!(
                "desired is {}, actual is {have}: nothing to do",
                size.desired
            ),
        );
    }
}

/// Launches what is missing of the desired number, if nothing stands in the way.
fn launch_missing(draft: &mut Draft<'_>, have: u32, trigger: Trigger) {
    let size = draft.group().spec.size;
    let wanted = (size.desired - have).min(draft.settings.activity_batch);
    if draft.view().config.is_none() {
        draft.held(
            Clamp::NoConfiguration { wanted },
            format!("{wanted} instance(s) are missing, but the group has no launch configuration"),
        );
    } else if let Some((clamp, why)) = held_back(draft) {
        draft.held(
            clamp,
            format!("{wanted} instance(s) are missing, but {why}"),
        );
    } else if wake::room(draft, wanted) == 0 {
        let text = format!(
            "{wanted} instance(s) are missing, but {} machine(s) asked for and not yet proved gone fill the maximum of {}",
            draft.view().machines(),
            size.max
        );
        draft.held(no_room(draft, wanted), text);
    } else {
        let wanted = wanted.min(wake::room(draft, wanted));
        draft.because(
            Code::Launching,
            format!(
                "desired is {}, actual is {have}: {wanted} are launched",
                size.desired
            ),
        );
        draft.start_activity(ActivityKind::ScaleOut, trigger, wanted, size.desired);
        answered(draft);
        follow_activities(draft);
    }
}

/// That the maximum leaves no room for `wanted` more.
fn no_room(draft: &Draft<'_>, wanted: u32) -> Clamp {
    Clamp::Room {
        wanted,
        room: draft.room(),
        machines: draft.view().machines(),
        max: draft.group().spec.size.max,
    }
}

/// The matching that follows from what last set the desired number has begun, or there is nothing to match.
fn answered(draft: &mut Draft<'_>) {
    if draft.group().asked_by.is_some() {
        draft.group_mut().asked_by = None;
    }
}

/// Starts the activity that sends `victims` away.
pub(crate) fn start_scale_in(
    draft: &mut Draft<'_>,
    trigger: Trigger,
    victims: &[InstanceId],
    size_wanted: u32,
) -> muster_model::ActivityId {
    let count = u32::try_from(victims.len()).unwrap_or(u32::MAX);
    let activity = draft.start_activity(ActivityKind::ScaleIn, trigger, count, size_wanted);
    for id in victims {
        let destroy = draft
            .instance(*id)
            .is_some_and(|instance| instance.origin == Origin::Auto);
        draft.relate(activity, *id);
        draft.leave(*id, destroy, "the group was scaled in");
    }
    activity
}

/// Stores when the group wants its next turn.
fn set_wake(draft: &mut Draft<'_>) {
    let wake = next_wake(draft);
    if draft.group().wake_at != wake {
        draft.group_mut().wake_at = wake;
    }
}

fn next_wake(draft: &Draft<'_>) -> Option<Time> {
    let rows = || draft.view().rows();
    let in_flight = rows().filter(|i| calls::is_in_flight(i)).count();
    let full = in_flight >= usize::try_from(draft.settings.group_calls).unwrap_or(usize::MAX);
    let members = rows().flat_map(|i| waits_of(i, full));
    let deadlines = draft
        .activities()
        .filter(|a| !a.status.is_ended())
        .map(|a| a.deadline);
    let group = draft.group();
    let retry = group.retry.not_before.filter(|until| {
        *until > draft.now
            && group.spec.enabled
            && launch_brake(&group.retry).is_none()
            && group.busy.is_none()
    });
    let retry = retry
        .into_iter()
        .chain(replace::next_look(draft))
        .chain(pool::next_look(draft));
    let schedules = draft.parts().schedules.values();
    // Those of a group that is being deleted do not fire.
    let schedules = schedules
        .filter(|_| !group.deleting)
        .filter_map(|schedule| schedule::wakes(draft, schedule));
    let waits = members.chain(deadlines).chain(retry).chain(schedules);
    let timed = timed::next_look(draft);
    waits.chain(scaling::next_look(draft)).chain(timed).min()
}

/// The moments that a member waits for. `full`: no more calls of the group are made just now.
fn waits_of(instance: &Instance, full: bool) -> impl Iterator<Item = Time> {
    let call = instance.call.as_ref().and_then(|call| match call.phase {
        CallPhase::Due { at } => (!full).then_some(at),
        CallPhase::InFlight { until } => Some(until.plus_secs(calls::SHELL_GRACE_SECS)),
    });
    let hooks = instance.hooks.iter().flat_map(hooks::waits_of);
    let own = call
        .into_iter()
        .chain(instance.healthy_by)
        .chain(instance.drain_by);
    own.chain(hooks)
        .chain(tags::due(instance))
        .chain(scaling::warm_until(instance))
}
