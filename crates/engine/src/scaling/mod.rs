//! Policies that act by themselves: alarms over metrics, and a metric held at a value (rules S2-S4).
//!
//! All that a verdict depends on is in the view: the points that have come in, the policies, the members. Alarms are
//! looked at once at each end of their period, counted from when the policy was made, and again when a point for a past
//! period comes late. A policy asks at most once for each period; of several that ask at once the largest size wins, so
//! that nobody takes away what another one needs. A policy in shadow decides and explains; its wish is not among them.

mod rates;
mod warm;
mod windows;

use std::collections::BTreeSet;
use std::sync::Arc;

use muster_model::{
    AdjustBy, Adjustment, Alarm, Asks, CooldownRule, Error, GroupView, Metric, MissingData,
    Obstacle, Part, Policy, PolicyKind, Size, Standing, Stood, TargetTracking, Time, Trigger,
    TriggerKind,
};

use crate::alarm::{self, Judged, Rule};
use crate::commands::capacity;
use crate::draft::Draft;
use crate::lifecycle::{self, Role};
use crate::reason::{Clamp, Code, Input, Told};
use crate::{obstacle, replace};
use rates::Found;
pub(crate) use warm::{warm, warm_until};
pub(crate) use windows::is_warming;
pub(crate) use windows::keep;
use windows::{Reporting, Sight};

/// What a policy asks for.
struct Wish {
    policy: Arc<Policy>,
    desired: u32,
}

/// The alarms of a policy: empty for one that has none of its own.
fn alarms(policy: &Policy) -> Vec<Alarm> {
    policy.options.alarms(&policy.kind)
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

/// Whether there is anything to look at: a value in the periods that count up to `end`, or that there is none, where that
/// is as good as a breach.
fn has_grounds(draft: &Draft<'_>, policy: &Policy, end: Time) -> bool {
    let silence = match policy.options.missing_data {
        MissingData::Breach => end > policy.created_at,
        MissingData::Hold | MissingData::Ignore | MissingData::OutOnly => false,
    };
    let any = |alarm: &Alarm| windows::has_data(draft, alarm, end);
    silence || alarms(policy).iter().any(any)
}

/// When a policy is to be looked at next: at the last end of a period if that has not been done, else at the next one.
/// A policy without a point in sight waits for one.
fn look_at(draft: &Draft<'_>, policy: &Policy, period_secs: u32) -> Option<Time> {
    let last = windows::period_end(policy.created_at, period_secs, draft.now);
    let done = policy.watch.evaluated.is_some_and(|end| end >= last);
    let next = match done {
        false if has_grounds(draft, policy, last) => return Some(last),
        false | true => last.plus_secs(u64::from(period_secs)),
    };
    has_grounds(draft, policy, next).then_some(next)
}

/// When the metrics are to be looked at next.
pub(crate) fn next_look(draft: &Draft<'_>) -> Option<Time> {
    let looks = watching(draft).filter_map(|(policy, secs)| look_at(draft, policy, secs));
    looks.min()
}

/// Looks at the policies whose period has ended, and does what they ask for.
pub(crate) fn follow(draft: &mut Draft<'_>) {
    let mut due: Vec<(Arc<Policy>, Time)> = watching(draft)
        .filter_map(|(policy, secs)| {
            let at = look_at(draft, policy, secs)?;
            (at <= draft.now).then(|| (Arc::clone(policy), at))
        })
        .collect();
    // The oldest speaks first: their ids are drawn, and say nothing.
    due.sort_by_key(|(policy, _)| (policy.created_at, policy.ordinal));
    let mut wishes = Vec::new();
    for (policy, end) in due {
        let mut next = (*policy).clone();
        let asked = evaluate(draft, &mut next);
        next.watch.evaluated = Some(end);
        if asked.is_some() {
            next.watch.acted = Some(draft.now);
        }
        let policy = Arc::new(next);
        draft.put_part(Part::Policy(Arc::clone(&policy)));
        if let Some(desired) = asked.filter(|_| !policy.options.shadow) {
            wishes.push(Wish { policy, desired });
        }
    }
    // Of equal wishes the older policy's: `max_by_key` takes the last.
    if let Some(wish) = wishes.into_iter().rev().max_by_key(|wish| wish.desired) {
        act(draft, &wish);
    }
}

/// What a policy asks for now; its reasons are written down either way.
fn evaluate(draft: &mut Draft<'_>, policy: &mut Policy) -> Option<u32> {
    let mut told = Told::default();
    let kind = policy.kind.clone();
    let found = match &kind {
        PolicyKind::Simple { alarm, adjust } => {
            let alarm = policy.options.alarm(alarm);
            simple(draft, policy, &alarm, *adjust, &mut told)
        }
        PolicyKind::Target(target) => track(draft, policy, target, &mut told),
        PolicyKind::External { .. } | PolicyKind::Timed { .. } | PolicyKind::Unhealthy => None,
    }?;
    let size = draft.group().spec.size;
    let wish = rates::limited(
        &policy.options,
        &mut policy.memory,
        &Found {
            size: found.size,
            sight: &found.sight,
        },
        size,
        draft.now,
        &mut told,
    );
    told.say(match wish {
        None => format!("desired stays {}", size.desired),
        Some(wish) => format!("{wish} are asked for, desired is {}", size.desired),
    });
    if let Some(wish) = wish.filter(|_| policy.options.shadow) {
        told.held(
            Clamp::Shadow { wanted: wish },
            format!("it is in shadow: it would go to {wish}, and does nothing"),
        );
    }
    let text = format!("policy {}: {}", policy.name, told.words.join("; "));
    draft.evaluated(told, text);
    wish
}

/// What a policy finds right.
struct Opinion {
    /// `None` = it cannot tell.
    size: Option<u32>,
    /// What that is concluded from.
    sight: Sight,
}

/// An alarm that was looked at.
struct Look {
    judged: Judged,
    sight: Sight,
    /// It asks for what it leads to.
    asks: bool,
}

impl Look {
    /// There is no value of the newest period.
    fn ends_in_a_gap(&self) -> bool {
        let newest = self.sight.levels.first();
        newest.is_some_and(|level| level.value().is_none())
    }
}

/// Looks at an alarm at its last end of a period; `None` when the policy has asked at that end already.
fn look(
    draft: &Draft<'_>,
    policy: &Policy,
    alarm: &Alarm,
    stood: &mut Stood,
    told: &mut Told,
) -> Option<Look> {
    let end = windows::period_end(policy.created_at, alarm.period_secs, draft.now);
    if policy.watch.acted.is_some_and(|acted| acted >= end) {
        return None;
    }
    let sight = windows::sight(draft, alarm, end);
    let first = end.plus_millis(-i64::from(alarm.period_secs) * 1000 * i64::from(alarm.repeat));
    let missing = match policy.options.missing_data {
        // Silence from before the policy was there says nothing.
        MissingData::Breach if first < policy.created_at => MissingData::Hold,
        missing => missing,
    };
    let judged = alarm::judge(&Rule::of(alarm, missing), &sight.levels);
    let was = *stood;
    *stood = alarm::turn(was, judged.standing, end);
    let breach = judged.standing == Standing::Breach;
    let asks = match alarm.finer.asks {
        Asks::EachPeriod => breach,
        Asks::OnChange { again_secs } => {
            let again = again_secs.zip(stood.fired).is_some_and(|(secs, fired)| {
                secs > 0 && fired.plus_secs(u64::from(secs)) <= draft.now
            });
            breach && (was.standing != Standing::Breach || again)
        }
    };
    if asks {
        stood.fired = Some(draft.now);
    }
    told.inputs.push(input(policy, alarm, &sight, judged));
    told.say(in_words(alarm, &sight, judged));
    if breach && !asks {
        told.say("it has asked for this already".to_owned());
    }
    Some(Look {
        judged,
        sight,
        asks,
    })
}

/// An alarm, its values with their gaps, and its verdict as data.
fn input(policy: &Policy, alarm: &Alarm, sight: &Sight, judged: Judged) -> Input {
    let (reported, expected) = match sight.reporting {
        Reporting::Whole => (None, None),
        Reporting::Members { reported, expected } => (Some(reported), Some(expected)),
    };
    Input {
        policy: policy.name.clone(),
        metric: alarm.metric.0.clone(),
        comparison: alarm.comparison.sign(),
        threshold: alarm.threshold,
        period_secs: alarm.period_secs,
        periods: sight.levels.iter().map(|level| level.value()).collect(),
        reported,
        expected,
        verdict: match judged.standing {
            Standing::Breach => "breach",
            Standing::Ok => "ok",
            Standing::Unknown => "unknown",
        },
    }
}

/// An alarm, its values with their gaps, and its verdict in words.
fn in_words(alarm: &Alarm, sight: &Sight, judged: Judged) -> String {
    let values: Vec<String> = sight
        .levels
        .iter()
        .rev()
        .map(|level| match level.value() {
            Some(value) => format!("{value:.2}"),
            None => "gap".to_owned(),
        })
        .collect();
    let breaches = match alarm.finer.breaches {
        Some(breaches) => format!("{breaches} of "),
        None => String::new(),
    };
    let verdict = match judged.standing {
        Standing::Breach => "yes",
        Standing::Ok => "no",
        Standing::Unknown => "unknown, a gap is no value",
    };
    format!(
        "{} {} {} over {breaches}{} period(s) of {} s: {verdict} ({})",
        alarm.metric.0,
        alarm.comparison.sign(),
        alarm.threshold,
        alarm.repeat,
        alarm.period_secs,
        values.join(", ")
    )
}

fn simple(
    draft: &Draft<'_>,
    policy: &mut Policy,
    alarm: &Alarm,
    adjust: AdjustBy,
    told: &mut Told,
) -> Option<Opinion> {
    let mut stood = policy.watch.high;
    let look = look(draft, policy, alarm, &mut stood, told)?;
    policy.watch.high = stood;
    let size = draft.group().spec.size;
    let found = match look.judged.standing {
        Standing::Breach if look.asks => {
            let wish = capacity::adjusted(size, adjust);
            let wanted = capacity::unbounded(size, adjust);
            told.clamps.extend(bound(wanted, size));
            told.say(format!(
                "{adjust:?} makes {wish} of {} within {} and {}",
                size.desired, size.min, size.max
            ));
            Some(wish)
        }
        Standing::Breach | Standing::Ok => Some(size.desired),
        Standing::Unknown => None,
    };
    Some(Opinion {
        size: found,
        sight: look.sight,
    })
}

/// A metric is held at a value: the size follows the load in proportion. Members that are warming up are not counted, nor
/// what is measured of them; while there are such, nothing is given back.
fn track(
    draft: &Draft<'_>,
    policy: &mut Policy,
    target: &TargetTracking,
    told: &mut Told,
) -> Option<Opinion> {
    let size = draft.group().spec.size;
    let warming = draft.instances().filter(|i| is_warming(i)).count();
    let carrying = draft.instances().filter(|i| {
        let serving = lifecycle::role(i.state) == Role::Serving;
        serving && !is_warming(i)
    });
    let carrying = carrying.count();
    let mut stood = policy.watch.high;
    let high = look(
        draft,
        policy,
        &policy.options.high(target),
        &mut stood,
        told,
    );
    policy.watch.high = stood;
    let mut stood = policy.watch.low;
    let low = policy
        .options
        .low(target)
        .and_then(|low| look(draft, policy, &low, &mut stood, told));
    policy.watch.low = stood;
    if let Some(high) = &high
        && high.asks
    {
        let Some(value) = high.sight.newest() else {
            told.say("there is no value to follow".to_owned());
            return opinion(None, high);
        };
        let needed = needed(size, carrying, value, target.target, told);
        if needed > size.desired {
            told.say(format!("{carrying} carry the load: {needed} are needed"));
            return opinion(Some(needed), high);
        }
    }
    if let Some(low) = &low
        && low.asks
    {
        match low.sight.newest() {
            _ if warming > 0 => told.held(
                Clamp::Warmup { members: warming },
                format!("{warming} are warming up: none is given back"),
            ),
            None => told.say("there is no value to follow".to_owned()),
            // Its periods are long: what they say may be minutes old.
            Some(_) if high.as_ref().is_some_and(Look::ends_in_a_gap) => {
                let clamp = Clamp::Gap { periods: 1 };
                told.held(clamp, "the last minute has no value: none is given back");
            }
            Some(value) => {
                let needed = needed(size, carrying, value, target.target, told).min(size.desired);
                told.say(format!("{carrying} carry the load: {needed} are needed"));
                return opinion(Some(needed), low);
            }
        }
    }
    let known = |look: &Look| look.judged.standing != Standing::Unknown;
    let settled = high.iter().chain(&low).any(known);
    let look = high.or(low)?;
    opinion(settled.then_some(size.desired), &look)
}

fn opinion(size: Option<u32>, look: &Look) -> Option<Opinion> {
    Some(Opinion {
        size,
        sight: look.sight.clone(),
    })
}

/// So many members carry at the target what `carrying` carry at `value`, within the bounds.
fn needed(size: Size, carrying: usize, value: f64, target: f64, told: &mut Told) -> u32 {
    let load = carrying as f64 * value.max(0.0) / target;
    // A sum of measured values that is a hair over a whole number is that number.
    let whole = (load - 1e-9).ceil().clamp(0.0, f64::from(u32::MAX)) as u32;
    told.clamps.extend(bound(i64::from(whole), size));
    whole.clamp(size.min, size.max)
}

/// The bound that holds against a wish, if one does.
fn bound(wanted: i64, size: Size) -> Option<Clamp> {
    let (min, max) = (size.min, size.max);
    if wanted < i64::from(min) {
        return Some(Clamp::Min { wanted, min });
    }
    (wanted > i64::from(max)).then_some(Clamp::Max { wanted, max })
}

/// Does what a policy asks for, if nothing stands in the way. It asks again at the end of the next period.
fn act(draft: &mut Draft<'_>, wish: &Wish) {
    let policy = &wish.policy;
    let before = draft.group().spec.size.desired;
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
        Some(_) => Err((Some(Clamp::Abnormal), "the group is abnormal".to_owned())),
        None if wish.desired < before && replace::in_storm(draft).is_some() => Err((
            replace::in_storm(draft),
            "much is unhealthy at once: nothing is given back".to_owned(),
        )),
        None => capacity::adjust(draft, &adjustment)
            .map_err(|error| (clamp_of(draft, &error, before), error.to_string())),
    };
    let name = &policy.name;
    let wanted = wish.desired;
    match told {
        Ok(_) => {
            let grew = wanted > before;
            let mut next = (**policy).clone();
            rates::changed(&policy.options, &mut next.memory, grew, draft.now);
            draft.put_part(Part::Policy(Arc::new(next)));
            let text = format!("policy {name}: the group goes to {wanted}");
            draft.because(Code::PolicyActs, text);
            draft.notify_acted(policy, before, wanted);
        }
        Err((clamp, why)) => {
            let text = format!("policy {name}: the group does not go to {wanted}: {why}");
            let what = match clamp {
                Some(Clamp::Busy { .. }) => Some(Obstacle::Busy),
                Some(Clamp::Cooldown { .. }) => Some(Obstacle::Cooldown),
                _ => None,
            };
            draft.held(clamp, text);
            if let Some(what) = what {
                obstacle::cancelled(draft, adjustment.trigger, wanted, what);
            }
        }
    }
}

/// What a refusal says that stands in the way.
fn clamp_of(draft: &Draft<'_>, error: &Error, desired: u32) -> Option<Clamp> {
    match error {
        Error::CoolingDown => draft.group().cooldown.map(|cooldown| Clamp::Cooldown {
            until_ms: cooldown.until.0,
        }),
        Error::Busy { activity } => Some(Clamp::Busy {
            activity: activity.to_string(),
        }),
        Error::Disabled => Some(Clamp::Disabled),
        // It would change the size, but nobody may be taken.
        Error::NothingToDo => Some(Clamp::Protection { wanted: desired }),
        // Nothing else refuses a change of capacity by a policy; the text says what did.
        _ => None,
    }
}
