//! Policies that act by themselves: alarms over metrics, and a metric held at a value (rules S2-S4).
//!
//! All that a verdict depends on is in the view: the points that have come in, the policies, the members. Alarms are
//! looked at once at each end of their period, counted from when the policy was made, and again when a point for a past
//! period comes late. A policy asks at most once for each period; of several that ask at once the largest size wins, so
//! that nobody takes away what another one needs.

mod alarm;

use std::collections::BTreeSet;
use std::sync::Arc;

use muster_model::{
    AdjustBy, Adjustment, Alarm, CooldownRule, GroupView, Instance, Metric, Part, Point, Policy,
    PolicyKind, TargetTracking, Time, Trigger, TriggerKind, Warmup, Watch,
};

use crate::commands::capacity;
use crate::draft::Draft;
use crate::lifecycle::{self, Role};
use alarm::Verdict;

/// What a policy asks for.
struct Wish {
    policy: Arc<Policy>,
    desired: u32,
}

/// The alarms of a policy: empty for one that has none of its own.
fn alarms(policy: &Policy) -> Vec<Alarm> {
    match &policy.kind {
        PolicyKind::Simple { alarm, .. } => vec![alarm.clone()],
        PolicyKind::Target(target) => {
            let mut both = vec![target.high()];
            both.extend(target.low());
            both
        }
        PolicyKind::External { .. } | PolicyKind::Timed { .. } | PolicyKind::Unhealthy => {
            Vec::new()
        }
    }
}

/// Whether a policy depends on a metric.
pub(crate) fn watches(policy: &Policy, metric: &Metric) -> bool {
    alarms(policy).iter().any(|alarm| alarm.metric == *metric)
}

/// The metrics that policies of a group look at now: none while it is off (rule G21), or a policy rests.
#[must_use]
pub fn watched_metrics(view: &GroupView) -> BTreeSet<Metric> {
    let on = view.group.spec.enabled && !view.group.deleting;
    let policies = view.parts.policies.values();
    policies
        .filter(|policy| on && policy.enabled)
        .flat_map(|policy| alarms(policy))
        .map(|alarm| alarm.metric)
        .collect()
}

fn points<'d>(draft: &'d Draft<'_>, metric: &Metric) -> &'d [Point] {
    let all = &draft.parts().series;
    let found = all.values().find(|series| series.metric == *metric);
    found.map_or(&[], |series| &series.points)
}

/// The policies that look at metrics, each with its shortest period in seconds. None while the group is off (rule G21).
fn watching<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (&'d Arc<Policy>, u32)> {
    let on = draft.group().spec.enabled && !draft.group().deleting;
    let policies = draft.parts().policies.values();
    policies
        .filter(move |policy| on && policy.enabled)
        .filter_map(|policy| {
            let shortest = alarms(policy).iter().map(|alarm| alarm.period_secs).min()?;
            Some((policy, shortest))
        })
}

fn has_data(draft: &Draft<'_>, policy: &Policy, end: Time) -> bool {
    let any = |alarm: &Alarm| alarm::has_data(alarm, points(draft, &alarm.metric), end);
    alarms(policy).iter().any(any)
}

/// When a policy is to be looked at next: at the last end of a period if that has not been done, else at the next one.
/// A policy without a point in sight waits for one.
fn look_at(draft: &Draft<'_>, policy: &Policy, period_secs: u32) -> Option<Time> {
    let last = alarm::period_end(policy.created_at, period_secs, draft.now);
    let done = policy.watch.evaluated.is_some_and(|end| end >= last);
    let next = match done {
        false if has_data(draft, policy, last) => return Some(last),
        false | true => last.plus_secs(u64::from(period_secs)),
    };
    has_data(draft, policy, next).then_some(next)
}

/// When the metrics are to be looked at next.
pub(crate) fn next_look(draft: &Draft<'_>) -> Option<Time> {
    let looks = watching(draft).filter_map(|(policy, secs)| look_at(draft, policy, secs));
    looks.min()
}

/// When the warm-up of a member ends.
pub(crate) fn warm_until(instance: &Instance) -> Option<Time> {
    match instance.warmup {
        Warmup::Until(at) => Some(at),
        Warmup::NotNeeded | Warmup::Waiting | Warmup::Done => None,
    }
}

/// Looks at the policies whose period has ended, and does what they ask for.
pub(crate) fn follow(draft: &mut Draft<'_>) {
    let due: Vec<(Arc<Policy>, Time)> = watching(draft)
        .filter_map(|(policy, secs)| {
            let at = look_at(draft, policy, secs)?;
            (at <= draft.now).then(|| (Arc::clone(policy), at))
        })
        .collect();
    let mut wishes = Vec::new();
    for (policy, end) in due {
        let asked = evaluate(draft, &policy);
        let watch = Watch {
            evaluated: Some(end),
            acted: match asked {
                Some(_) => Some(draft.now),
                None => policy.watch.acted,
            },
        };
        draft.put_part(Part::Policy(Arc::new(Policy {
            watch,
            ..(*policy).clone()
        })));
        wishes.extend(asked.map(|desired| Wish { policy, desired }));
    }
    // Of equal wishes the older policy's: `max_by_key` takes the last.
    wishes.sort_by_key(|wish| std::cmp::Reverse((wish.policy.created_at, wish.policy.ordinal)));
    if let Some(wish) = wishes.into_iter().max_by_key(|wish| wish.desired) {
        act(draft, &wish);
    }
}

/// What a policy asks for now; its reasons are written down either way.
fn evaluate(draft: &mut Draft<'_>, policy: &Policy) -> Option<u32> {
    match &policy.kind {
        PolicyKind::Simple { alarm, adjust } => {
            let verdict = judge(draft, policy, alarm, points(draft, &alarm.metric))?;
            let size = draft.group().spec.size;
            let wish =
                matches!(verdict, Verdict::Breach(_)).then(|| capacity::adjusted(size, *adjust));
            let then = match wish {
                None => "nothing is asked for".to_owned(),
                Some(wish) => format!(
                    "{adjust:?} asks for {wish}; desired is {}, the bounds are {} and {}",
                    size.desired, size.min, size.max
                ),
            };
            draft.because(format!(
                "policy {}: {}; {then}",
                policy.name,
                alarm::told(alarm, verdict)
            ));
            wish.filter(|wish| *wish != size.desired)
        }
        PolicyKind::Target(target) => track(draft, policy, target),
        PolicyKind::External { .. } | PolicyKind::Timed { .. } | PolicyKind::Unhealthy => None,
    }
}

/// The verdict at the alarm's last end of a period; `None` when the policy has asked at that end already.
fn judge(draft: &Draft<'_>, policy: &Policy, alarm: &Alarm, points: &[Point]) -> Option<Verdict> {
    let end = alarm::period_end(policy.created_at, alarm.period_secs, draft.now);
    let fresh = policy.watch.acted.is_none_or(|acted| acted < end);
    fresh.then(|| alarm::judge(alarm, points, end))
}

fn is_warming(instance: &Instance) -> bool {
    match instance.warmup {
        Warmup::Waiting | Warmup::Until(_) => true,
        Warmup::NotNeeded | Warmup::Done => false,
    }
}

/// A metric is held at a value: the size follows the load in proportion. Members that are warming up are not counted, nor
/// what is measured of them; while there are such, nothing is given back.
fn track(draft: &mut Draft<'_>, policy: &Policy, target: &TargetTracking) -> Option<u32> {
    let size = draft.group().spec.size;
    let serving = |i: &&Arc<Instance>| lifecycle::role(i.state) == Role::Serving;
    let warming = draft.instances().filter(|i| is_warming(i)).count();
    let carrying = draft.instances().filter(serving);
    let carrying = carrying.filter(|i| !is_warming(i)).count();
    let counted: Vec<Point> = points(draft, &target.metric)
        .iter()
        .filter(|point| {
            let of = point.instance.and_then(|id| draft.instance(id));
            of.is_none_or(|instance| !is_warming(instance))
        })
        .copied()
        .collect();
    let wanted = |value: f64| {
        let load = carrying as f64 * value.max(0.0) / target.target;
        // A sum of measured values that is a hair over a whole number is that number.
        let whole = (load - 1e-9).ceil().clamp(0.0, f64::from(u32::MAX));
        (whole as u32).clamp(size.min, size.max)
    };
    let mut wish = None;
    let mut told = Vec::new();
    let high = target.high();
    if let Some(verdict) = judge(draft, policy, &high, &counted) {
        told.push(alarm::told(&high, verdict));
        if let Verdict::Breach(value) = verdict {
            wish = Some(wanted(value)).filter(|wanted| *wanted > size.desired);
        }
    }
    if let Some(low) = target.low()
        && let Some(verdict) = judge(draft, policy, &low, &counted)
    {
        told.push(alarm::told(&low, verdict));
        match verdict {
            Verdict::Breach(_) if warming > 0 => {
                told.push(format!("{warming} are warming up: none is given back"));
            }
            Verdict::Breach(value) => {
                wish = wish.or(Some(wanted(value)).filter(|wanted| *wanted < size.desired));
            }
            Verdict::Calm(_) | Verdict::Gap(_) => {}
        }
    }
    let then = match wish {
        None => format!("desired stays {}", size.desired),
        Some(wish) => format!("{carrying} carry the load: {wish} are needed"),
    };
    draft.because(format!(
        "policy {}: {}; {then}",
        policy.name,
        told.join("; ")
    ));
    wish
}

/// Does what a policy asks for, if nothing stands in the way. It asks again at the end of the next period.
fn act(draft: &mut Draft<'_>, wish: &Wish) {
    let policy = &wish.policy;
    let (cooldown_secs, cooldown) = match policy.kind {
        // Its warm-up keeps it from acting twice on the same load.
        PolicyKind::Target(_) => (Some(0), CooldownRule::Ignore),
        PolicyKind::Simple { .. }
        | PolicyKind::External { .. }
        | PolicyKind::Timed { .. }
        | PolicyKind::Unhealthy => (policy.cooldown_secs, CooldownRule::Honor),
    };
    let adjustment = Adjustment {
        by: AdjustBy::To(i64::from(wish.desired)),
        trigger: Trigger {
            kind: TriggerKind::Policy {
                policy: policy.id,
                cooldown_secs,
            },
            cooldown,
        },
    };
    let told = match draft.abnormal() {
        Some(_) => Err("the group is abnormal".to_owned()),
        None => capacity::adjust(draft, &adjustment).map_err(|error| error.to_string()),
    };
    let name = &policy.name;
    draft.because(match told {
        Ok(_) => format!("policy {name}: the group goes to {}", wish.desired),
        Err(why) => format!(
            "policy {name}: the group does not go to {}: {why}",
            wish.desired
        ),
    });
}

/// Members that come while a metric is held at a value warm up once they serve (WarmupStatus, L30215).
pub(crate) fn warm(draft: &mut Draft<'_>) {
    let now = draft.now;
    let tracking = draft
        .parts()
        .policies
        .values()
        .find_map(|policy| match &policy.kind {
            PolicyKind::Target(target) => Some(target.warmup_secs),
            PolicyKind::Simple { .. }
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
