//! Warm-up: members that come while a metric is held at a value are left out of it until they carry load.

use muster_model::{Instance, PolicyKind, Time, Warmup};

use crate::draft::Draft;
use crate::lifecycle::{self, Role};

/// When the warm-up of a member ends.
pub(crate) fn warm_until(instance: &Instance) -> Option<Time> {
    match instance.warmup {
        Warmup::Until(at) => Some(at),
        Warmup::NotNeeded | Warmup::Waiting | Warmup::Done => None,
    }
}

/// Members that come while a metric is held at a value warm up once they serve (WarmupStatus, L30215).
pub(crate) fn warm(draft: &mut Draft<'_>) {
    let now = draft.now;
    let tracking = draft
        .parts()
        .policies
        .values()
        .find_map(|policy| match &policy.kind {
            PolicyKind::Target(target) if !policy.options.shadow => Some(target.warmup_secs),
            PolicyKind::Target(_)
            | PolicyKind::Simple { .. }
            | PolicyKind::External { .. }
            | PolicyKind::Timed { .. }
            | PolicyKind::Unhealthy => None,
        });
    let changed: Vec<_> = draft
        .instances()
        .filter_map(|instance| {
            let role = lifecycle::role(instance.state);
            let next = match (tracking, instance.warmup, role) {
                (Some(_), Warmup::NotNeeded | Warmup::Done | Warmup::Until(_), Role::Coming) => {
                    Warmup::Waiting
                }
                (Some(secs), Warmup::Waiting, Role::Serving) => {
                    Warmup::Until(now.plus_secs(u64::from(secs)))
                }
                (_, Warmup::Until(at), _) if at <= now => Warmup::Done,
                (None, Warmup::Waiting, _) => Warmup::NotNeeded,
                (_, warmup, _) => warmup,
            };
            let next = match next {
                Warmup::Until(at) if at <= now => Warmup::Done,
                next => next,
            };
            (next != instance.warmup).then_some((instance.id, next))
        })
        .collect();
    for (id, warmup) in changed {
        if let Some(instance) = draft.instance_mut(id) {
            instance.warmup = warmup;
        }
    }
}
