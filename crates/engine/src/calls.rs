//! What is asked of the back end, and what becomes of the asking that nobody reports on.

use std::sync::Arc;

use muster_model::{
    CallKind, CallPhase, ConfigSpec, Group, Instance, InstanceId, LaunchSpec, OwnerKey,
    StepOutcome, StepResult, Time,
};

use crate::draft::Draft;
use crate::{commands, tags};

/// How long after its `until` a call that the shell never reported on counts as unanswered, seconds.
pub(crate) const SHELL_GRACE_SECS: u64 = 5;

/// A call to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCall {
    /// The key of the call, and what is on the machine.
    pub owner: OwnerKey,
    /// What is asked.
    pub kind: CallKind,
    /// Which attempt: goes back with the answer.
    pub attempt: u32,
    /// When it counts as unanswered: the shell then gives it up and reports `StepResult::Unknown`.
    pub until: Time,
}

/// Calls that the shell never reported on are unanswered.
pub(crate) fn give_up_on_silence(draft: &mut Draft<'_>) {
    tags::give_up_on_silence(draft);
    let now = draft.now;
    let silent: Vec<StepOutcome> = draft
        .view()
        .rows()
        .filter_map(|instance| {
            let call = instance.call.as_ref()?;
            let CallPhase::InFlight { until } = call.phase else {
                return None;
            };
            (until.plus_secs(SHELL_GRACE_SECS) <= now).then(|| StepOutcome {
                instance: instance.id,
                kind: call.kind,
                attempt: call.attempt,
                until,
                result: StepResult::Unknown {
                    message: "no answer in time".to_owned(),
                },
            })
        })
        .collect();
    for outcome in silent {
        commands::step::apply(draft, &outcome);
    }
}

/// Whether the call that a member waits for has been made.
pub(crate) fn is_in_flight(instance: &Instance) -> bool {
    let call = instance.call.as_ref();
    call.is_some_and(|call| matches!(call.phase, CallPhase::InFlight { .. }))
}

/// Marks calls that are due as made, and lists them; only so many of a group are in flight at a time.
pub(crate) fn make_calls(draft: &mut Draft<'_>) -> Vec<PlannedCall> {
    let now = draft.now;
    let in_flight = draft.view().rows().filter(|i| is_in_flight(i)).count();
    let free = usize::try_from(draft.settings.group_calls)
        .unwrap_or(usize::MAX)
        .saturating_sub(in_flight);
    let mut due: Vec<(Time, InstanceId)> = draft
        .view()
        .rows()
        .filter_map(|instance| {
            Draft::due_at(instance)
                .filter(|at| *at <= now)
                .map(|at| (at, instance.id))
        })
        .collect();
    due.sort_unstable();
    let until = now.plus_secs(u64::from(draft.settings.call_timeout_secs));
    let group = draft.group().id;
    let mut calls = Vec::with_capacity(due.len().min(free));
    for (_, id) in due.into_iter().take(free) {
        let Some(call) = draft
            .instance_mut(id)
            .and_then(|instance| instance.call.as_mut())
        else {
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

/// What the back end needs to make or reset the machine of `instance`: the same for every attempt in one place.
#[must_use]
pub fn launch_spec(group: &Group, instance: &Instance, config: Arc<ConfigSpec>) -> LaunchSpec {
    LaunchSpec {
        owner: OwnerKey {
            group: group.id,
            instance: instance.id,
        },
        name: instance.name.clone(),
        host_name: instance.host_name.clone(),
        group_name: group.spec.name.clone(),
        vpc: group.spec.network.vpc.clone(),
        placement: instance.placement.clone(),
        image: instance
            .config
            .as_ref()
            .and_then(|version| version.image.clone())
            .or_else(|| config.image.clone())
            .or_else(|| config.image_family.clone())
            .unwrap_or_default(),
        user_data: config.user_data.clone(),
        security_groups: match config.security_groups.is_empty() {
            false => config.security_groups.clone(),
            true => group.spec.network.security_groups.clone(),
        },
        tags: tags::of_launch(group, &config),
        config,
    }
}
