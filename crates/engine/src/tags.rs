//! Tags of machines (rules G5, G17): put on at launch, and brought up to date where the group wants that. What was taken
//! off the group stays on its machines.

use muster_model::{
    Call, CallKind, CallPhase, ConfigSpec, Group, GroupView, Instance, InstanceId, OwnerKey,
    StepOutcome, StepResult, Tag, Time,
};

use crate::calls::{PlannedCall, SHELL_GRACE_SECS};
use crate::draft::Draft;
use crate::reason::Code;

/// The tags of a new machine: its group's, and over them those of the configuration. One of each key.
pub(crate) fn of_launch(group: &Group, config: &ConfigSpec) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for tag in group.spec.tags.iter().chain(&config.instance_tags) {
        tags.retain(|old| old.key != tag.key);
        tags.push(tag.clone());
    }
    tags
}

/// The tags that a group keeps on its machines: none unless it wants that, and not those that its configuration says
/// otherwise.
#[must_use]
pub fn kept_tags(view: &GroupView) -> Vec<Tag> {
    let spec = &view.group.spec;
    if !spec.service.auto_update_tags {
        return Vec::new();
    }
    let own = view.config.as_ref();
    let own = own.map_or(&[][..], |config| &config.spec.instance_tags);
    let free = |tag: &&Tag| own.iter().all(|other| other.key != tag.key);
    spec.tags.iter().filter(free).cloned().collect()
}

/// Whether the machine of a member lacks one of these tags, or has another value for it.
fn is_behind(instance: &Instance, kept: &[Tag]) -> bool {
    let machine = instance.machine.as_ref();
    machine
        .filter(|_| instance.exit.is_none())
        .is_some_and(|machine| kept.iter().any(|tag| !machine.tags.contains(tag)))
}

/// Decides whose tags are brought up to date.
pub(crate) fn follow(draft: &mut Draft<'_>) {
    let kept = kept_tags(draft.view());
    if kept.is_empty() && draft.instances().all(|i| i.tagging.is_none()) {
        return;
    }
    let now = draft.now;
    let changed: Vec<(InstanceId, Option<Call>)> = draft
        .instances()
        .filter_map(|instance| {
            let in_flight = instance
                .tagging
                .as_ref()
                .is_some_and(|call| matches!(call.phase, CallPhase::InFlight { .. }));
            match (is_behind(instance, &kept), &instance.tagging) {
                (true, None) => {
                    let call = Call {
                        kind: CallKind::Tag,
                        attempt: 1,
                        unanswered: 0,
                        phase: CallPhase::Due { at: now },
                        since: now,
                    };
                    Some((instance.id, Some(call)))
                }
                (false, Some(_)) if !in_flight => Some((instance.id, None)),
                (true, Some(_)) | (false, Some(_) | None) => None,
            }
        })
        .collect();
    for (id, call) in changed {
        if call.is_some() {
            draft.because(
                Code::Tags,
                format!("the tags of {id} are brought up to date"),
            );
        }
        if let Some(instance) = draft.instance_mut(id) {
            instance.tagging = call;
        }
    }
}

/// When a member's call is to be made, or counts as unanswered.
pub(crate) fn due(instance: &Instance) -> Option<Time> {
    match instance.tagging.as_ref()?.phase {
        CallPhase::Due { at } => Some(at),
        CallPhase::InFlight { until } => Some(until.plus_secs(SHELL_GRACE_SECS)),
    }
}

/// Marks the calls that are due as made, and lists them: as many at once as the group may make of others.
pub(crate) fn ask(draft: &mut Draft<'_>) -> Vec<PlannedCall> {
    let now = draft.now;
    let most = usize::try_from(draft.settings.group_calls).unwrap_or(usize::MAX);
    let due: Vec<InstanceId> = draft
        .instances()
        .filter(|instance| {
            let call = instance.tagging.as_ref();
            call.is_some_and(|call| matches!(call.phase, CallPhase::Due { at } if at <= now))
        })
        .map(|instance| instance.id)
        .take(most)
        .collect();
    let until = now.plus_secs(u64::from(draft.settings.call_timeout_secs));
    let group = draft.group().id;
    let mut calls = Vec::with_capacity(due.len());
    for id in due {
        let Some(call) = draft.instance_mut(id).and_then(|i| i.tagging.as_mut()) else {
            continue;
        };
        call.phase = CallPhase::InFlight { until };
        calls.push(PlannedCall {
            owner: OwnerKey {
                group,
                instance: id,
            },
            kind: call.kind,
            attempt: call.attempt,
            until,
        });
    }
    calls
}

/// Calls that the shell never reported on are made again.
pub(crate) fn give_up_on_silence(draft: &mut Draft<'_>) {
    let now = draft.now;
    let silent = |call: &Call| matches!(call.phase, CallPhase::InFlight { until } if until.plus_secs(SHELL_GRACE_SECS) <= now);
    let silent: Vec<InstanceId> = draft
        .instances()
        .filter(|instance| instance.tagging.as_ref().is_some_and(silent))
        .map(|instance| instance.id)
        .collect();
    for id in silent {
        put_off(draft, id);
    }
}

/// The shell restarted: calls that were made are made again.
pub(crate) fn recover(draft: &mut Draft<'_>) {
    let now = draft.now;
    let made: Vec<InstanceId> = draft
        .instances()
        .filter(|instance| instance.tagging.is_some())
        .map(|instance| instance.id)
        .collect();
    for id in made {
        if let Some(call) = draft.instance_mut(id).and_then(|i| i.tagging.as_mut()) {
            call.attempt = call.attempt.saturating_add(1);
            call.phase = CallPhase::Due { at: now };
        }
    }
}

fn put_off(draft: &mut Draft<'_>, id: InstanceId) {
    let (now, settings) = (draft.now, draft.settings);
    if let Some(call) = draft.instance_mut(id).and_then(|i| i.tagging.as_mut()) {
        let wait = settings.backoff_secs(call.attempt);
        call.attempt = call.attempt.saturating_add(1);
        call.phase = CallPhase::Due {
            at: now.plus_secs(wait),
        };
    }
}

/// A call came back. What went wrong is tried again, ever more seldom: nothing waits for it.
pub(crate) fn answered(draft: &mut Draft<'_>, outcome: &StepOutcome) {
    let id = outcome.instance;
    let awaited = draft.instance(id).is_some_and(|instance| {
        let call = instance.tagging.as_ref();
        call.is_some_and(|call| call.awaits(outcome))
    });
    if !awaited {
        return;
    }
    let StepResult::Done(Some(machine)) = &outcome.result else {
        put_off(draft, id);
        return;
    };
    if let Some(instance) = draft.instance_mut(id) {
        instance.tagging = None;
        if let Some(own) = &mut instance.machine {
            own.tags.clone_from(&machine.tags);
        }
    }
}
