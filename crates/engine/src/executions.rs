//! The log of what policies were executed for: a few of each, the newest.

use std::sync::Arc;

use muster_model::{
    Created, Error, ExecutedBy, Execution, ExecutionOutcome, Part, PartId, Policy, PolicyId,
    PolicyKind,
};

use crate::commands::{capacity, policies};
use crate::draft::Draft;

/// Executions of one policy that are kept.
const KEPT: usize = 50;

/// What leads to an execution of a policy by itself.
pub(crate) fn by_itself(policy: &Policy) -> ExecutedBy {
    match &policy.kind {
        PolicyKind::Timed { times, .. } if times.cron.is_some() => ExecutedBy::Recurrence,
        PolicyKind::Timed { .. } => ExecutedBy::Time,
        PolicyKind::Simple { .. }
        | PolicyKind::External { .. }
        | PolicyKind::Target(_)
        | PolicyKind::Unhealthy => ExecutedBy::Alarm,
    }
}

/// Executes a policy, and writes down what became of that. One that had waited is the same execution.
pub(crate) fn execute(
    draft: &mut Draft<'_>,
    policy: &Policy,
    by: ExecutedBy,
    honor_cooldown: bool,
) -> Result<Created, Error> {
    let (size, adjust) = (draft.group().spec.size, policies::adjustment(&policy.kind));
    let made = policies::execute(draft, policy.id, honor_cooldown);
    let outcome = match &made {
        Ok(_) => ExecutionOutcome::Done,
        Err(error) => ExecutionOutcome::Failed(error.to_string()),
    };
    if let Some(adjust) = adjust {
        let waited = waiting(draft, policy.id);
        let execution = Execution {
            id: waited
                .as_ref()
                .map_or_else(|| draft.ids.next_id(), |one| one.id),
            group: policy.group,
            policy: policy.id,
            at: draft.now,
            ordinal: draft.group().version,
            by: waited.map_or(by, |one| one.by),
            adjust,
            old: size.desired,
            wanted: capacity::adjusted(size, adjust),
            outcome,
        };
        keep(draft, execution);
    }
    made
}

/// Writes down that an execution waits; one that waits already goes on waiting.
pub(crate) fn wait(draft: &mut Draft<'_>, policy: &Policy, by: ExecutedBy) {
    let Some(adjust) = policies::adjustment(&policy.kind) else {
        return;
    };
    if waiting(draft, policy.id).is_some() {
        return;
    }
    let size = draft.group().spec.size;
    let execution = Execution {
        id: draft.ids.next_id(),
        group: policy.group,
        policy: policy.id,
        at: draft.now,
        ordinal: draft.group().version,
        by,
        adjust,
        old: size.desired,
        wanted: capacity::adjusted(size, adjust),
        outcome: ExecutionOutcome::Waiting,
    };
    keep(draft, execution);
}

/// What is due passes: its policy or group is off. What waited ends so, and a policy that is on has failed; one that is
/// off is not triggered at all.
pub(crate) fn pass(draft: &mut Draft<'_>, policy: &Policy) {
    if policy.enabled {
        wait(draft, policy, by_itself(policy));
    }
    if let Some(waited) = waiting(draft, policy.id) {
        let outcome = ExecutionOutcome::Failed("the policy or the group is off".to_owned());
        keep(
            draft,
            Execution {
                outcome,
                ..(*waited).clone()
            },
        );
    }
}

/// Those of a policy, the newest first.
fn of(draft: &Draft<'_>, policy: PolicyId) -> Vec<Arc<Execution>> {
    let all = draft.parts().executions.values();
    let mut own: Vec<_> = all.filter(|one| one.policy == policy).cloned().collect();
    own.sort_by_key(|one| std::cmp::Reverse((one.at, one.ordinal, one.id)));
    own
}

fn waiting(draft: &Draft<'_>, policy: PolicyId) -> Option<Arc<Execution>> {
    let waits = |one: &Arc<Execution>| one.outcome == ExecutionOutcome::Waiting;
    of(draft, policy).into_iter().find(waits)
}

fn keep(draft: &mut Draft<'_>, execution: Execution) {
    let (id, policy) = (execution.id, execution.policy);
    draft.put_part(Part::Execution(Arc::new(execution)));
    let own = of(draft, policy);
    for old in own.iter().skip(KEPT).filter(|old| old.id != id) {
        draft.drop_part(PartId::Execution(old.id));
    }
}

/// A policy that goes takes its log along.
pub(crate) fn drop_all(draft: &mut Draft<'_>, policy: PolicyId) {
    for one in of(draft, policy) {
        draft.drop_part(PartId::Execution(one.id));
    }
}
