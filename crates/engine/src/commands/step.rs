//! Answers of the back end.
//!
//! An answer counts only for the attempt that the instance waits for: a late or doubled one changes nothing. What is
//! not certain is asked again with the same key; what is certainly not done may be tried elsewhere, unless an earlier
//! attempt was never answered: then the key is destroyed first.

use std::sync::Arc;

use muster_model::{
    ActivityKind, AttemptCode, Call, CallKind, CallPhase, Created, InstanceId, Lifecycle, Machine,
    MachineHealth, MachineState, Origin, Outcome, Placement, StepOutcome, StepResult, TriggerKind,
};

use crate::draft::Draft;
use crate::lifecycle::Event;
use crate::reason::Code;
use crate::{placement, pool, runs, tags};

/// Only balancers drain: whoever says that else has not answered what was asked.
const NOT_ASKED: &str = "no answer to what was asked";

/// The shell restarted: calls that were in flight are unanswered and made again at once.
pub(super) fn recover(draft: &mut Draft<'_>) -> Created {
    runs::recover(draft);
    tags::recover(draft);
    let now = draft.now;
    let in_flight: Vec<InstanceId> = draft
        .view()
        .rows()
        .filter(|i| {
            i.call
                .as_ref()
                .is_some_and(|call| matches!(call.phase, CallPhase::InFlight { .. }))
        })
        .map(|i| i.id)
        .collect();
    for id in in_flight {
        if let Some(call) = draft
            .instance_mut(id)
            .and_then(|instance| instance.call.as_mut())
        {
            call.attempt = call.attempt.saturating_add(1);
            call.unanswered = call.unanswered.saturating_add(1);
            call.phase = CallPhase::Due { at: now };
        }
    }
    Created::Nothing
}

/// What is known of the call that an answer is for.
pub(crate) struct Waiting {
    pub(crate) id: InstanceId,
    pub(crate) call: Call,
    pub(crate) state: Lifecycle,
    pub(crate) origin: Origin,
    pub(crate) placement: Placement,
}

pub(crate) fn apply(draft: &mut Draft<'_>, outcome: &StepOutcome) {
    match outcome.kind {
        CallKind::Command(hook) => return runs::answered(draft, hook, outcome),
        CallKind::Tag => return tags::answered(draft, outcome),
        _ => {}
    }
    let Some(instance) = draft.instance(outcome.instance) else {
        return;
    };
    let Some(call) = instance.call.clone() else {
        return;
    };
    if !call.awaits(outcome) {
        draft.because(
            Code::AnswerIgnored,
            format!(
                "an answer for {} that nobody waits for is ignored",
                outcome.instance
            ),
        );
        return;
    }
    let waiting = Waiting {
        id: instance.id,
        call,
        state: instance.state,
        origin: instance.origin,
        placement: instance.placement.clone(),
    };
    match outcome.kind {
        CallKind::Launch | CallKind::Adopt | CallKind::Start | CallKind::Reset(_) => {
            coming(draft, &waiting, &outcome.result)
        }
        CallKind::Terminate | CallKind::Release => leaving(draft, &waiting, &outcome.result),
        CallKind::Stop(_) => stopping(draft, &waiting, &outcome.result),
        CallKind::Bind | CallKind::Unbind | CallKind::Rebind => {
            crate::balancers::answered(draft, &waiting, &outcome.result);
        }
        // Not calls that an instance waits for: they stand beside that.
        CallKind::Command(_) | CallKind::Tag => {}
    }
}

/// Answers to calls that bring an instance into service.
fn coming(draft: &mut Draft<'_>, waiting: &Waiting, result: &StepResult) {
    match result {
        StepResult::Done(Some(machine)) => arrived(draft, waiting, machine),
        StepResult::Done(None) => unanswered(
            draft,
            waiting,
            "the back end said done but told nothing of the machine",
        ),
        StepResult::Draining { .. } => unanswered(draft, waiting, NOT_ASKED),
        StepResult::Unknown { message } => unanswered(draft, waiting, message),
        StepResult::Refused { code, message } => refused(draft, waiting, *code, message),
    }
}

fn arrived(draft: &mut Draft<'_>, waiting: &Waiting, machine: &Arc<Machine>) {
    let id = waiting.id;
    match machine.state {
        MachineState::Pending => {
            draft.retry_call(id, false);
            return;
        }
        MachineState::Dead => {
            died(draft, waiting, "the machine died on the way into service");
            return;
        }
        MachineState::Stopped if waiting.call.kind != CallKind::Adopt => {
            died(
                draft,
                waiting,
                "the machine stopped on the way into service",
            );
            return;
        }
        MachineState::Stopped | MachineState::Running => {}
    }
    if let Some(instance) = draft.instance_mut(id) {
        instance.call = None;
        if waiting.call.kind == CallKind::Adopt {
            instance.placement = machine.placement.clone();
            instance.name.clone_from(&machine.name);
        } else if instance.placement.zone.is_empty() {
            instance.placement.zone.clone_from(&machine.placement.zone);
        }
        // What was said of it before it was started or reinstalled is over.
        instance.health.machine_unhealthy = machine.health == MachineHealth::Unhealthy;
        instance.machine = Some((**machine).clone());
    }
    if draft.instance(id).is_some_and(|instance| instance.pooled) {
        pool::prepare(draft, id);
    } else if machine.state == MachineState::Running {
        draft.enter(id);
    } else {
        draft.happen(id, Event::Halted);
        draft.conclude(id, Outcome::Successful, "");
    }
}

/// It serves from now on.
pub(crate) fn serve(draft: &mut Draft<'_>, id: InstanceId) {
    let now = draft.now;
    draft.happen(id, Event::Serve);
    if let Some(instance) = draft.instance_mut(id) {
        instance.call = None;
        instance.in_service_at = Some(now);
        // What the balancers find of it counts from here, after the grace period (rule G9).
        instance.health.balancer_unhealthy = false;
    }
    grow_desired(draft, id);
    draft.conclude(id, Outcome::Successful, "");
}

fn died(draft: &mut Draft<'_>, waiting: &Waiting, message: &str) {
    draft.attempt_failed(waiting.id, &waiting.placement, AttemptCode::Died, message);
    if matches!(waiting.call.kind, CallKind::Reset(_)) {
        draft.fail_in_place(waiting.id, message);
        return;
    }
    draft.conclude(waiting.id, Outcome::Failed, message);
    draft.leave(waiting.id, waiting.origin == Origin::Auto, message);
}

/// Nobody knows whether it was done: the same is asked again with the same key, up to a point.
fn unanswered(draft: &mut Draft<'_>, waiting: &Waiting, message: &str) {
    draft.attempt_failed(
        waiting.id,
        &waiting.placement,
        AttemptCode::NoAnswer,
        message,
    );
    let patience = u64::from(draft.settings.launch_patience_secs) * 1000;
    if draft.now.millis_since(waiting.call.since) < patience {
        draft.retry_call(waiting.id, true);
        return;
    }
    if is_in_place(waiting.call.kind) {
        draft.fail_in_place(waiting.id, message);
        return;
    }
    draft.conclude(waiting.id, Outcome::Failed, message);
    draft.leave(waiting.id, waiting.origin == Origin::Auto, message);
}

/// Certainly not done.
fn refused(draft: &mut Draft<'_>, waiting: &Waiting, code: AttemptCode, message: &str) {
    let id = waiting.id;
    draft.attempt_failed(id, &waiting.placement, code, message);
    let certain = waiting.call.unanswered == 0;
    let pooled = draft.instance(id).is_some_and(|instance| instance.pooled);
    let elsewhere = waiting.call.kind == CallKind::Launch && code == AttemptCode::SoldOut;
    if elsewhere && certain && !pooled {
        let sold_out = draft
            .instance(id)
            .and_then(|instance| instance.activity)
            .and_then(|activity| draft.activity(activity))
            .map(|activity| activity.sold_out.clone())
            .unwrap_or_else(|| vec![waiting.placement.clone()]);
        if let Some(place) = placement::choose(draft, &sold_out, Some(id)) {
            draft.because(
                Code::SoldOut,
                format!(
                    "{id} is sold out in {:?}: {place:?} is next",
                    waiting.placement
                ),
            );
            let now = draft.now;
            if let Some(instance) = draft.instance_mut(id) {
                instance.placement = place;
            }
            draft.call(id, CallKind::Launch, now);
            if let Some(call) = draft
                .instance_mut(id)
                .and_then(|instance| instance.call.as_mut())
            {
                call.attempt = waiting.call.attempt.saturating_add(1);
                call.since = waiting.call.since;
            }
            return;
        }
    }
    if is_in_place(waiting.call.kind) {
        draft.fail_in_place(id, message);
        return;
    }
    draft.conclude(id, Outcome::Failed, message);
    match certain {
        true => draft.happen(id, Event::Refused),
        false => draft.leave(id, waiting.origin == Origin::Auto, message),
    }
}

/// Whether a call works on the machine of a member that stays a member when it fails.
fn is_in_place(kind: CallKind) -> bool {
    match kind {
        CallKind::Start | CallKind::Stop(_) | CallKind::Reset(_) | CallKind::Rebind => true,
        CallKind::Launch
        | CallKind::Adopt
        | CallKind::Terminate
        | CallKind::Release
        | CallKind::Bind
        | CallKind::Unbind
        | CallKind::Command(_)
        | CallKind::Tag => false,
    }
}

/// Answers to calls that send an instance away.
fn leaving(draft: &mut Draft<'_>, waiting: &Waiting, result: &StepResult) {
    let id = waiting.id;
    let (code, message, unanswered) = match result {
        StepResult::Done(_) => {
            shrink_desired(draft, id);
            draft.conclude(id, Outcome::Successful, "");
            draft.happen(id, Event::Left);
            return;
        }
        StepResult::Refused { code, message } => (*code, message.as_str(), false),
        StepResult::Unknown { message } => (AttemptCode::NoAnswer, message.as_str(), true),
        StepResult::Draining { .. } => (AttemptCode::NoAnswer, NOT_ASKED, true),
    };
    draft.attempt_failed(id, &waiting.placement, code, message);
    let patience = u64::from(draft.settings.leave_patience_secs) * 1000;
    let stuck = draft.now.millis_since(waiting.call.since) >= patience;
    if stuck && matches!(waiting.state, Lifecycle::Terminating | Lifecycle::Detaching) {
        draft.conclude(id, Outcome::Failed, message);
        draft.get_stuck(id);
    }
    draft.retry_call(id, unanswered);
}

/// Answers to stops.
fn stopping(draft: &mut Draft<'_>, waiting: &Waiting, result: &StepResult) {
    let id = waiting.id;
    match result {
        StepResult::Done(machine) => {
            draft.happen(id, Event::Halted);
            if let Some(instance) = draft.instance_mut(id) {
                instance.call = None;
                instance.machine = machine
                    .as_ref()
                    .map(|machine| (**machine).clone())
                    .or(instance.machine.take());
            }
            draft.conclude(id, Outcome::Successful, "");
            pool::filled(draft, id);
        }
        StepResult::Refused { code, message } => {
            draft.attempt_failed(id, &waiting.placement, *code, message);
            draft.fail_in_place(id, message);
        }
        StepResult::Unknown { .. } | StepResult::Draining { .. } => {
            let message = match result {
                StepResult::Unknown { message } => message.as_str(),
                _ => NOT_ASKED,
            };
            draft.attempt_failed(id, &waiting.placement, AttemptCode::NoAnswer, message);
            let patience = u64::from(draft.settings.leave_patience_secs) * 1000;
            match draft.now.millis_since(waiting.call.since) < patience {
                true => draft.retry_call(id, true),
                false => draft.fail_in_place(id, message),
            }
        }
    }
}

/// What the activity that works on an instance is, and whether a person asked for it.
fn working(draft: &Draft<'_>, id: InstanceId) -> Option<(ActivityKind, bool)> {
    let activity = draft.activity(draft.instance(id)?.activity?)?;
    Some((activity.kind, activity.trigger.kind == TriggerKind::Manual))
}

/// Desired grows by what was really added by hand (rules A5, A7).
fn grow_desired(draft: &mut Draft<'_>, id: InstanceId) {
    if let Some((
        ActivityKind::ScaleOut
        | ActivityKind::Attach
        | ActivityKind::Start
        | ActivityKind::ExitStandby,
        true,
    )) = working(draft, id)
    {
        let size = &mut draft.group_mut().spec.size;
        size.desired = size.desired.saturating_add(1).min(size.max);
    }
}

/// Desired shrinks by what was really removed by hand, not under the minimum (rules A6, A8).
fn shrink_desired(draft: &mut Draft<'_>, id: InstanceId) {
    let counted = draft
        .instance(id)
        .is_some_and(|instance| instance.in_service_at.is_some());
    if let Some((ActivityKind::ScaleIn | ActivityKind::Remove | ActivityKind::Detach, true)) =
        working(draft, id)
        && counted
    {
        let size = &mut draft.group_mut().spec.size;
        size.desired = size.desired.saturating_sub(1).max(size.min);
    }
}
