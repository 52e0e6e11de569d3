//! Policies that act at a time (Huawei SCHEDULED and RECURRENCE), or when an alarm rule of the account fires (ALARM), and
//! those that wait for their turn.
//!
//! A firing that was missed is made up for once. One that comes while an activity runs waits for its end if it goes the
//! other way, and passes if it goes the same way (L502). A policy or a group that is off lets its firings pass. How far
//! the times of a policy, or the firings of its rule, have been looked at is its `watch.evaluated`: a firing that is brought
//! twice counts once. Alarms are held back by cooldown, unless they had to wait for an activity.

use std::sync::Arc;

use muster_model::{
    ActivityKind, Created, Door, ExecutedBy, Part, Policy, PolicyKind, Rung, ScheduleTimes, Time,
    Watch,
};

use crate::commands::{capacity, policies};
use crate::draft::Draft;
use crate::executions;
use crate::reason::Code;
use crate::schedule::next_after;

fn times(policy: &Policy) -> Option<&ScheduleTimes> {
    match &policy.kind {
        PolicyKind::Timed { times, .. } => Some(times),
        PolicyKind::Simple { .. }
        | PolicyKind::External { .. }
        | PolicyKind::Target(_)
        | PolicyKind::Unhealthy => None,
    }
}

/// Up to when the firings of a policy have been looked at.
fn since(policy: &Policy) -> Time {
    policy.watch.evaluated.unwrap_or(policy.created_at)
}

/// The first firing that has not been looked at.
fn next_of(policy: &Policy) -> Option<Time> {
    match policy.watch.rung {
        Some(rung) => Some(rung.at),
        None => next_after(times(policy)?, since(policy)),
    }
}

/// Whether a policy does not know of a firing.
pub(crate) fn is_news(policy: &Policy, at: Time) -> bool {
    since(policy) < at && policy.watch.rung.is_none_or(|rung| rung.at < at)
}

/// An alarm rule has fired: the policies that name it take that up, if they do not know of it.
pub(crate) fn ring(draft: &mut Draft<'_>, alarm: &str, at: Time, why: &str) {
    let names_it = |policy: &&Arc<Policy>| matches!(&policy.kind, PolicyKind::External { alarm_id, .. } if alarm_id == alarm);
    let policies = draft.parts().policies.values().filter(names_it);
    let new: Vec<Arc<Policy>> = policies
        .filter(|policy| is_news(policy, at))
        .cloned()
        .collect();
    if !new.is_empty() {
        draft.because(
            Code::AlarmFired,
            format!("alarm rule {alarm} has fired: {why}"),
        );
    }
    for policy in new {
        let waited = policy.watch.rung.is_some_and(|rung| rung.waited);
        draft.put_part(Part::Policy(Arc::new(Policy {
            watch: Watch {
                rung: Some(Rung { at, waited }),
                ..policy.watch
            },
            ..(*policy).clone()
        })));
    }
}

/// When the times are to be looked at next. What waits for the end of an activity needs no moment of its own.
pub(crate) fn next_look(draft: &Draft<'_>) -> Option<Time> {
    if draft.group().deleting {
        return None;
    }
    let next = draft
        .parts()
        .policies
        .values()
        .filter_map(|policy| next_of(policy));
    // What is due and waits is looked at when the activity ends.
    next.filter(|at| *at > draft.now).min()
}

/// Whether a policy of Huawei's, executed by hand, would undo what the running activity does: then it waits (L502).
pub(crate) fn goes_the_other_way(draft: &Draft<'_>, policy: &Policy) -> bool {
    let running = draft.group().busy.and_then(|id| draft.activity(id));
    let has_way = |kind| matches!(kind, ActivityKind::ScaleOut | ActivityKind::ScaleIn);
    policy.door == Door::Huawei
        && running.is_some_and(|running| has_way(running.kind))
        && waits(draft, policy)
}

/// A policy waits for the end of what runs.
pub(crate) fn wait(draft: &mut Draft<'_>, policy: &Arc<Policy>) -> Created {
    let text = format!(
        "policy {} goes the other way than the running activity: it waits",
        policy.name
    );
    draft.because(Code::Timed, text);
    executions::wait(draft, policy, ExecutedBy::Call);
    set_waiting(draft, policy, true);
    Created::Nothing
}

fn set_waiting(draft: &mut Draft<'_>, policy: &Arc<Policy>, waiting: bool) {
    draft.put_part(Part::Policy(Arc::new(Policy {
        watch: Watch {
            waiting,
            ..policy.watch
        },
        ..(**policy).clone()
    })));
}

/// What has waited for an activity acts when that has ended, those that were made first first; whether something acted.
fn follow_waiting(draft: &mut Draft<'_>) -> bool {
    let mut has_acted = false;
    let policies = draft.parts().policies.values();
    let mut waiting: Vec<Arc<Policy>> = policies.filter(|p| p.watch.waiting).cloned().collect();
    waiting.sort_by_key(|policy| (policy.created_at, policy.ordinal, policy.id));
    for policy in waiting {
        if draft.group().busy.is_some() {
            break;
        }
        set_waiting(draft, &policy, false);
        let fires = policy.enabled && draft.group().spec.enabled;
        if !fires {
            executions::pass(draft, &policy);
        }
        let how = match fires
            .then(|| executions::execute(draft, &policy, executions::by_itself(&policy), false))
        {
            None => "off, or its group is: it passes".to_owned(),
            Some(Ok(_)) => {
                has_acted = true;
                "not held up any more: it acts".to_owned()
            }
            Some(Err(error)) => format!("not held up any more, but cannot act: {error}"),
        };
        draft.because(Code::Timed, format!("policy {} is {how}", policy.name));
    }
    has_acted
}

/// Fires what is due, the earliest first; whether something acted.
pub(crate) fn follow(draft: &mut Draft<'_>) -> bool {
    let mut has_acted = follow_waiting(draft);
    let now = draft.now;
    let mut due: Vec<(Time, Arc<Policy>)> = draft
        .parts()
        .policies
        .values()
        .filter_map(|policy| Some((next_of(policy)?, Arc::clone(policy))))
        .filter(|(at, _)| *at <= now)
        .collect();
    due.sort_by_key(|(at, policy)| (*at, policy.created_at, policy.ordinal, policy.id));
    for (at, policy) in due {
        if waits(draft, &policy) {
            executions::wait(draft, &policy, executions::by_itself(&policy));
            keep_rung(draft, &policy);
            draft.because(
                Code::Timed,
                format!(
                    "policy {} is due and goes the other way than the running activity: it waits",
                    policy.name
                ),
            );
            continue;
        }
        let fires = policy.enabled && draft.group().spec.enabled;
        let acted = if fires { Some(now) } else { policy.watch.acted };
        let rung = policy.watch.rung;
        draft.put_part(Part::Policy(Arc::new(Policy {
            watch: Watch {
                evaluated: Some(if rung.is_some() { at } else { now }),
                acted,
                rung: None,
                ..policy.watch
            },
            ..(*policy).clone()
        })));
        if !fires {
            executions::pass(draft, &policy);
        }
        let how = match fires {
            false => "off, or its group is: it passes".to_owned(),
            true => {
                let honor = rung.is_some_and(|rung| !rung.waited);
                match executions::execute(draft, &policy, executions::by_itself(&policy), honor) {
                    Ok(_) => {
                        has_acted = true;
                        "due: it acts".to_owned()
                    }
                    Err(error) => format!("due and cannot act: {error}"),
                }
            }
        };
        draft.because(Code::Timed, format!("policy {} is {how}", policy.name));
    }
    has_acted
}

/// Notes that a firing of an alarm rule waits.
fn keep_rung(draft: &mut Draft<'_>, policy: &Policy) {
    if let Some(rung) = policy.watch.rung.filter(|rung| !rung.waited) {
        let rung = Some(Rung {
            waited: true,
            ..rung
        });
        draft.put_part(Part::Policy(Arc::new(Policy {
            watch: Watch {
                rung,
                ..policy.watch
            },
            ..policy.clone()
        })));
    }
}

/// Whether a firing is to wait for the end of what runs now.
fn waits(draft: &Draft<'_>, policy: &Policy) -> bool {
    let group = draft.group();
    if !policy.enabled || !group.spec.enabled {
        return false;
    }
    let running = group.busy.and_then(|id| draft.activity(id));
    let (Some(running), Some(by)) = (running, policies::adjustment(&policy.kind)) else {
        return false;
    };
    let size = group.spec.size;
    let wanted = capacity::adjusted(size, by);
    match running.kind {
        ActivityKind::ScaleOut => wanted < size.desired,
        ActivityKind::ScaleIn => wanted > size.desired,
        // What else runs is neither way: a firing waits for its end.
        ActivityKind::Attach
        | ActivityKind::Detach
        | ActivityKind::Remove
        | ActivityKind::TerminateUnexpectedly
        | ActivityKind::ReplaceUnhealthy
        | ActivityKind::Start
        | ActivityKind::Stop
        | ActivityKind::InvokeCommand
        | ActivityKind::EnterStandby
        | ActivityKind::ExitStandby
        | ActivityKind::ModifyBalancers
        | ActivityKind::InstanceRefresh => true,
    }
}
