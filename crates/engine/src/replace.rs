//! Replacing members that are unhealthy, or are going to be taken back: a share of them at a time, one at a time when much
//! is unhealthy at once, none when that does not help.
//!
//! A storm is over when the share is small again. What stops replacing is the one brake of a group, and the wait after a
//! failure is the one that launches have: see `activity.rs`.

use muster_model::{
    ActivityKind, Brake, BrakeKind, CooldownRule, InstanceId, Lifecycle, Origin, ReplaceMode,
    RetryState, Storm, Time, Trigger, TriggerKind,
};

use crate::draft::Draft;
use crate::health;
use crate::leave::version_of;
use crate::lifecycle::Role;
use crate::plan;
use crate::reason::{Clamp, Code};

/// Members that do not do their work, and how many there should be.
struct Share {
    /// Serving, and to be replaced because they are unhealthy.
    sick: u32,
    /// Neither serving nor on their way.
    missing: u32,
    /// Out of these: as many as are desired, or serve.
    of: u32,
}

fn share(draft: &Draft<'_>) -> Share {
    let sick = draft.instances().filter(|i| i.sick_since.is_some()).count();
    let (serving, coming) = (draft.count(Role::Serving), draft.count(Role::Coming));
    let desired = draft.group().spec.size.desired;
    Share {
        sick: u32::try_from(sick).unwrap_or(u32::MAX),
        missing: desired.saturating_sub(serving.saturating_add(coming)),
        of: desired.max(serving),
    }
}

/// How many members may be taken out of service at a time: a share less those that are missing, at least one.
fn at_once(draft: &Draft<'_>) -> usize {
    let share = share(draft);
    let all = u64::from(share.of) * u64::from(draft.settings.replace_percent) / 100;
    let left = all.saturating_sub(u64::from(share.missing)).max(1);
    match draft.group().retry.storm {
        Some(_) => 1,
        None => usize::try_from(left).unwrap_or(usize::MAX),
    }
}

/// Notes that a storm begins or is over, in a group in which nothing else goes on; one that is over releases the brake
/// that it led to, and so does the last one that turns healthy.
pub(crate) fn watch(draft: &mut Draft<'_>) {
    let share = share(draft);
    let (settings, now) = (draft.settings, draft.now);
    let out = u64::from(share.sick.saturating_add(share.missing));
    let large = share.sick > 0
        && share.of >= settings.storm_members
        && out * 100 > u64::from(share.of) * u64::from(settings.storm_percent);
    let storm = draft.group().retry.storm;
    let over = storm.is_some() && !large;
    if large && storm.is_none() {
        draft.group_mut().retry.storm = Some(Storm {
            since: now,
            replaced: 0,
            not_before: None,
        });
    }
    if over {
        draft.group_mut().retry.storm = None;
        draft.because(
            Code::StormOver,
            "no large share is unhealthy any more: members are replaced as usual",
        );
    }
    let stopped = draft.group().retry.brake.as_ref().map(|brake| brake.kind);
    if stopped == Some(BrakeKind::Replacements) && (over || share.sick == 0) {
        draft.because(
            Code::BrakeReleased,
            "the members have turned healthy: the brake on replacing is released",
        );
        draft.group_mut().retry = RetryState::default();
    }
    if large {
        let text = format!(
            "{} of {} member(s) are unhealthy and {} missing, more than {} %: they are replaced one at a time",
            share.sick, share.of, share.missing, settings.storm_percent
        );
        draft.because(Code::Storm, text);
    }
}

/// Why replacing waits, if it does.
fn held_back(draft: &Draft<'_>, sick: usize) -> Option<(Clamp, String)> {
    if let Some(why) = plan::held_back(draft) {
        return Some(why);
    }
    let retry = &draft.group().retry;
    if let Some(brake) = &retry.brake {
        return Some((brake.into(), plan::braked(brake)));
    }
    let until = retry.storm.and_then(|storm| storm.not_before);
    let until = until.filter(|until| *until > draft.now)?;
    let until_ms = until.0;
    let text = format!(
        "{} failed replacement(s) in a row while much is unhealthy, the next is at {until_ms}",
        retry.early_sick
    );
    let until_ms = Some(until_ms);
    Some((Clamp::Storm { until_ms, sick }, text))
}

/// The storm, if there is one, as what stands in the way.
pub(crate) fn in_storm(draft: &Draft<'_>) -> Option<Clamp> {
    let storm = draft.group().retry.storm?;
    Some(Clamp::Storm {
        until_ms: storm.not_before.map(|at| at.0),
        sick: draft.instances().filter(|i| i.sick_since.is_some()).count(),
    })
}

/// Unhealthy members are replaced by new ones, where the group wants that (rules G16, A12).
pub(crate) fn replace_unhealthy(draft: &mut Draft<'_>) {
    let sick = health::to_replace(draft);
    if sick.is_empty() || draft.view().config.is_none() {
        return;
    }
    let now = draft.now;
    let due: Vec<InstanceId> = sick
        .iter()
        .filter(|(at, _)| *at <= now)
        .map(|(_, id)| *id)
        .collect();
    if due.is_empty() {
        let at_ms = sick.iter().map(|(at, _)| at.0).min().unwrap_or_default();
        let sick = sick.len();
        let text = format!("{sick} instance(s) are unhealthy: they are replaced at the next audit");
        draft.held(Clamp::Audit { at_ms, sick }, text);
        return;
    }
    let retry = &draft.group().retry;
    if retry.brake.is_none() && retry.early_sick >= draft.settings.replace_failures {
        stop(draft, due.len());
        return;
    }
    if let Some((clamp, why)) = held_back(draft, due.len()) {
        let text = format!(
            "{} unhealthy instance(s) stay: replacing waits ({why})",
            due.len()
        );
        draft.held(clamp, text);
        return;
    }
    let most = usize::try_from(draft.settings.activity_batch).unwrap_or(usize::MAX);
    let chosen = at_once(draft).min(most).min(due.len());
    replace(draft, &due[..chosen], due.len());
}

/// Starts the activity that replaces `chosen`.
fn replace(draft: &mut Draft<'_>, chosen: &[InstanceId], of: usize) {
    let count = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
    let desired = draft.group().spec.size.desired;
    let activity = draft.start_activity(ActivityKind::ReplaceUnhealthy, trigger(), count, desired);
    let taken = chosen.len();
    match of == taken {
        true => {
            let text = format!("{count} instance(s) are unhealthy: they are replaced");
            draft.because(Code::Replacing, text);
        }
        false => {
            let text =
                format!("{of} instance(s) are unhealthy: {count} of them are replaced first");
            draft.held(Clamp::Share { sick: of, taken }, text);
        }
    }
    let reset = match draft.group().spec.service.replace_mode {
        ReplaceMode::Recreate => None,
        ReplaceMode::Reset => draft.view().config.as_deref().map(version_of),
    };
    let by_balancers = chosen.iter().all(|id| {
        let health = draft.instance(*id).map(|instance| instance.health);
        health.is_some_and(|health| health.balancer_unhealthy && !health.machine_unhealthy)
    });
    if (reset.is_some() || by_balancers)
        && let Some(activity) = draft.activity_mut(activity)
    {
        activity.in_place = reset.is_some();
        activity.by_balancers = by_balancers;
    }
    for id in chosen {
        let auto = draft
            .instance(*id)
            .is_some_and(|instance| instance.origin == Origin::Auto);
        draft.relate(activity, *id);
        match &reset {
            Some(version) => draft.reset(*id, version.clone()),
            None => draft.leave(*id, auto, "the instance is unhealthy"),
        }
    }
}

fn trigger() -> Trigger {
    Trigger {
        kind: TriggerKind::Unhealthy,
        cooldown: CooldownRule::Ignore,
    }
}

/// Replacing does not help: it stops, and an activity that fails at once says so to whoever wants to hear of such.
fn stop(draft: &mut Draft<'_>, left: usize) {
    let failures = draft.group().retry.early_sick;
    let reason = format!(
        "{failures} replacement(s) in a row turned unhealthy soon after they came into service"
    );
    let why = format!("{left} unhealthy instance(s) stay: {reason}, replacing has stopped");
    let count = u32::try_from(left).unwrap_or(u32::MAX);
    let desired = draft.group().spec.size.desired;
    let before = draft.group().retry.clone();
    let activity = draft.start_activity(ActivityKind::ReplaceUnhealthy, trigger(), count, desired);
    draft.say(activity, &why, None);
    draft.end_activity(activity);
    // It is no failed launch.
    draft.group_mut().retry = RetryState {
        brake: Some(Brake {
            kind: BrakeKind::Replacements,
            since: draft.now,
            failures,
            reason,
        }),
        not_before: None,
        ..before
    };
    draft.because(Code::ReplacingStopped, why);
}

/// A replacement is over: while much is unhealthy, the next one waits to see what became of it.
pub(crate) fn replaced(draft: &mut Draft<'_>) {
    let Some(storm) = draft.group().retry.storm else {
        return;
    };
    let (now, settings) = (draft.now, draft.settings);
    let doubled = 1u64 << draft.group().retry.early_sick.min(20);
    let wait = u64::from(settings.storm_wait_secs)
        .saturating_mul(doubled)
        .min(u64::from(settings.storm_wait_max_secs));
    draft.group_mut().retry.storm = Some(Storm {
        replaced: storm.replaced.saturating_add(1),
        not_before: Some(now.plus_secs(wait)),
        ..storm
    });
}

/// Spot members that are going to be taken back leave before that, where the group wants it (rule G12), those first that are
/// taken back first; the matching of desired and actual makes up for them.
pub(crate) fn rebalance(draft: &mut Draft<'_>) {
    if !draft.group().spec.capacity_rebalance {
        return;
    }
    let mut announced: Vec<(Time, InstanceId)> = draft
        .instances()
        .filter(|i| i.state == Lifecycle::InService && i.placement.spot)
        .filter_map(|i| Some((i.machine.as_ref()?.reclaim_at?, i.id)))
        .collect();
    if announced.is_empty() {
        return;
    }
    announced.sort_unstable();
    let leaving: Vec<InstanceId> = announced.iter().map(|(_, id)| *id).collect();
    let leaving = &leaving[..at_once(draft).min(leaving.len())];
    draft.because(
        Code::Reclaim,
        format!(
            "{} instance(s) are going to be taken back: {leaving:?} leave before that",
            announced.len()
        ),
    );
    let trigger = Trigger {
        kind: TriggerKind::Reclaim,
        cooldown: CooldownRule::Ignore,
    };
    let desired = draft.group().spec.size.desired;
    plan::start_scale_in(draft, trigger, leaving, desired);
}

/// When replacing is to be looked at again: at the next audit that matters, or when a wait is over.
pub(crate) fn next_look(draft: &Draft<'_>) -> Option<Time> {
    let group = draft.group();
    let idle = group.spec.enabled && group.busy.is_none() && group.retry.brake.is_none();
    if !idle || draft.view().config.is_none() {
        return None;
    }
    let wait = group.retry.storm.and_then(|storm| storm.not_before);
    let wait = wait.unwrap_or_default();
    let looks = health::to_replace(draft).into_iter();
    looks
        .map(|(at, _)| at.max(wait))
        .filter(|at| *at > draft.now)
        .min()
}
