//! Health: which members the group wants replaced, since when, and when that may be acted upon.

use muster_model::{Door, Group, Instance, InstanceId, Lifecycle, RetryState, Time};

use crate::activity::early_death_delay;
use crate::draft::Draft;
use crate::lifecycle::{self, Role};

/// Whether a serving member is unhealthy in a way for which the group wants such replaced (rules G9, G16).
fn is_sick(group: &Group, instance: &Instance) -> bool {
    let service = group.spec.service;
    lifecycle::role(instance.state) == Role::Serving
        && ((service.replace_unhealthy && instance.health.machine_unhealthy)
            || (service.replace_balancer_unhealthy && instance.health.balancer_unhealthy))
}

/// Whether protection keeps an unhealthy member from being replaced: everywhere but at Huawei, where it is about scale-in
/// alone (rule A12, Huawei I8).
pub(crate) fn is_spared(group: &Group, instance: &Instance) -> bool {
    match group.door {
        Door::Tencent3 | Door::Tencent2 | Door::Ksyun => instance.protected,
        Door::Huawei => false,
    }
}

/// When an unhealthy member may be acted upon: at the first audit from when it was found so (Huawei G16).
pub(crate) fn acted_upon_at(group: &Group, sick_since: Time) -> Time {
    let period = i64::from(group.spec.health.period_secs) * 1000;
    if period == 0 {
        return sick_since;
    }
    let audits = (sick_since.0 - group.created_at.0 + period - 1).div_euclid(period);
    group.created_at.plus_millis(audits.saturating_mul(period))
}

/// Members that are to be replaced, those first that are unhealthy longest, each with when it may be acted upon.
pub(crate) fn to_replace(draft: &Draft<'_>) -> Vec<(Time, InstanceId)> {
    let group = draft.group();
    let mut found: Vec<(Time, InstanceId)> = draft
        .instances()
        .filter(|i| i.state == Lifecycle::InService && !is_spared(group, i))
        .filter_map(|i| Some((i.sick_since?, i.id)))
        .collect();
    found.sort_unstable();
    for (at, _) in &mut found {
        *at = acted_upon_at(group, *at);
    }
    found
}

/// Writes down who has fallen sick and who has got well.
pub(crate) fn follow(draft: &mut Draft<'_>) {
    let now = draft.now;
    let changed: Vec<(InstanceId, bool)> = draft
        .instances()
        .map(|i| (i, is_sick(draft.group(), i)))
        .filter(|(i, sick)| i.sick_since.is_some() != *sick)
        .map(|(i, sick)| (i.id, sick))
        .collect();
    let mut early = false;
    for (id, sick) in changed {
        early |= sick && turned_early(draft, id);
        if let Some(instance) = draft.instance_mut(id) {
            instance.sick_since = sick.then_some(now);
        }
    }
    if early {
        count_early(draft);
    }
}

/// How long a new member has to prove itself, milliseconds.
fn trial_millis(draft: &Draft<'_>) -> u64 {
    let secs = draft.settings.early_sick_secs;
    let grace = draft.group().spec.health.grace_secs;
    (u64::from(secs) + u64::from(grace)) * 1000
}

/// Whether a member that has just fallen sick came since the last one that did so early: of those that came together only
/// the first is counted, because they are one attempt.
fn turned_early(draft: &Draft<'_>, id: InstanceId) -> bool {
    let Some(came) = draft.instance(id).and_then(|i| i.in_service_at) else {
        return false;
    };
    let last = draft.group().retry.early_sick_at;
    draft.now.millis_since(came) < trial_millis(draft) && last.is_none_or(|last| came >= last)
}

/// Counts one more member that turned unhealthy early. They are in a row unless one that came since the last has proved
/// itself, or that was too long ago for the next to be its successor.
fn count_early(draft: &mut Draft<'_>) {
    let (now, settings, trial) = (draft.now, draft.settings, trial_millis(draft));
    let longest = trial
        + u64::from(settings.storm_wait_max_secs) * 1000
        + u64::from(settings.activity_timeout_secs) * 1000;
    let in_row = draft.group().retry.early_sick_at.is_some_and(|last| {
        let proved = draft.instances().any(|i| {
            i.sick_since.is_none()
                && lifecycle::role(i.state) == Role::Serving
                && i.in_service_at
                    .is_some_and(|came| came >= last && now.millis_since(came) >= trial)
        });
        !proved && now.millis_since(last) < longest
    });
    let retry: &mut RetryState = &mut draft.group_mut().retry;
    retry.early_sick = match in_row {
        true => retry.early_sick.saturating_add(1),
        false => 1,
    };
    retry.early_sick_at = Some(now);
    let wait = early_death_delay(retry.early_sick);
    if wait > 0 {
        let until = now.plus_secs(wait);
        retry.not_before = Some(retry.not_before.map_or(until, |old| old.max(until)));
    }
}
