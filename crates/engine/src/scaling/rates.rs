//! How fast a policy may act: what its options make of a size that it finds right.
//!
//! In this order: a scale-in needs data (promise P6), then the stabilisation windows, then the step caps, then the flap
//! budget. What they do to a wish is told in words; nothing else holds a policy back but the cooldown and what
//! `capacity::adjust` refuses. All of it is looked at again at the next end of a period.

use muster_model::{
    FlapBudget, MissingData, PastWish, PolicyMemory, PolicyOptions, Rate, Size, Time,
};

use super::windows::{Reporting, Sight};
use crate::reason::{Clamp, Told};

/// Wishes closer together than this are remembered as one, milliseconds: so their number is bounded.
const WISH_MS: i64 = 15_000;

/// What a policy finds right, and on what grounds.
pub(crate) struct Found<'a> {
    /// The size that it finds right; `None` = it cannot tell.
    pub(crate) size: Option<u32>,
    /// What it was concluded from.
    pub(crate) sight: &'a Sight,
}

/// Why data does not do for a scale-in, if so. A gap never does, nor do too few members that report.
pub(crate) fn too_little(options: &PolicyOptions, sight: &Sight) -> Option<(Clamp, String)> {
    let gaps = sight.levels.iter().filter(|level| level.value().is_none());
    let gaps = gaps.count();
    if gaps > 0 {
        let text = format!("{gaps} period(s) have no value, and nothing is scaled in on a gap");
        return Some((Clamp::Gap { periods: gaps }, text));
    }
    let Reporting::Members { reported, expected } = sight.reporting else {
        return None;
    };
    let (share, of_all) = match options.missing_data {
        MissingData::OutOnly => (1.0, "all"),
        MissingData::Hold | MissingData::Ignore | MissingData::Breach => {
            (options.min_reporting, "this share")
        }
    };
    let clamp = Clamp::Reporting { reported, expected };
    if expected == 0 {
        let text = "no member was in service all through a period: nothing is scaled in";
        return Some((clamp, text.to_owned()));
    }
    let enough = f64::from(reported) >= share * f64::from(expected);
    (!enough).then(|| {
        let text = format!(
            "{reported} of {expected} members report in a period, and a scale-in needs {of_all} ({share})"
        );
        (clamp, text)
    })
}

/// What is asked for in the end, if that is a change; what stood in the way is told. The memory is kept up to date.
pub(crate) fn limited(
    options: &PolicyOptions,
    memory: &mut PolicyMemory,
    found: &Found<'_>,
    size: Size,
    now: Time,
    told: &mut Told,
) -> Option<u32> {
    let now_is = size.desired;
    let mut wish = found.size.unwrap_or(now_is);
    if wish < now_is
        && let Some((clamp, why)) = too_little(options, found.sight)
    {
        told.held(clamp, why);
        wish = now_is;
    }
    let steady = stabilised(options, memory, wish, now_is, now);
    if steady != wish {
        let (rate, word) = match wish > now_is {
            true => (&options.scale_out, "smallest"),
            false => (&options.scale_in, "largest"),
        };
        let text = format!(
            "{wish} is right now, but the {word} of the last {} s is {steady}",
            rate.stabilization_secs
        );
        told.held(
            Clamp::Stabilization {
                wanted: wish,
                steady,
            },
            text,
        );
        wish = steady;
    }
    let capped = stepped(options, wish, now_is);
    if capped != wish {
        let clamp = Clamp::StepCap {
            wanted: wish,
            cap: capped,
        };
        told.held(clamp, format!("one change goes no further than {capped}"));
        wish = capped;
    }
    if wish == now_is {
        return None;
    }
    if let Some(flap) = options.flap
        && memory.grew == Some(wish < now_is)
        && let Some((clamp, why)) = used_up(flap, memory, now)
    {
        told.held(clamp, why);
        return None;
    }
    Some(wish)
}

/// The wish that held all through the window: the smallest for more, the largest for less. Before its first wish a policy
/// found right what there was.
fn stabilised(
    options: &PolicyOptions,
    memory: &mut PolicyMemory,
    wish: u32,
    now_is: u32,
    now: Time,
) -> u32 {
    let (out, back) = (
        options.scale_out.stabilization_secs,
        options.scale_in.stabilization_secs,
    );
    let longest = out.max(back);
    if longest == 0 {
        memory.wishes.clear();
        return wish;
    }
    if memory.wishes.is_empty() {
        remember(&mut memory.wishes, now_is, now);
    }
    remember(&mut memory.wishes, wish, now);
    let since = |secs: u32| now.plus_millis(-i64::from(secs) * 1000);
    memory.wishes.retain(|past| past.at > since(longest));
    let within = |secs: u32| {
        let from = since(secs);
        memory.wishes.iter().filter(move |past| past.at > from)
    };
    match wish.cmp(&now_is) {
        std::cmp::Ordering::Equal => wish,
        std::cmp::Ordering::Greater => {
            let least = within(out).map(|past| past.least).min();
            least.map_or(wish, |least| least.min(wish)).max(now_is)
        }
        std::cmp::Ordering::Less => {
            let most = within(back).map(|past| past.most).max();
            most.map_or(wish, |most| most.max(wish)).min(now_is)
        }
    }
}

fn remember(wishes: &mut Vec<PastWish>, wish: u32, now: Time) {
    match wishes.last_mut() {
        Some(last) if now.0.div_euclid(WISH_MS) == last.at.0.div_euclid(WISH_MS) => {
            last.at = now;
            last.least = last.least.min(wish);
            last.most = last.most.max(wish);
        }
        _ => wishes.push(PastWish {
            at: now,
            least: wish,
            most: wish,
        }),
    }
}

fn stepped(options: &PolicyOptions, wish: u32, now_is: u32) -> u32 {
    let step = |rate: &Rate| {
        let percent = rate.max_step_percent.map(|percent| {
            let step = u64::from(now_is) * u64::from(percent) / 100;
            u32::try_from(step).unwrap_or(u32::MAX).max(1)
        });
        let number = rate.max_step.unwrap_or(u32::MAX);
        number.min(percent.unwrap_or(u32::MAX))
    };
    match wish > now_is {
        true => wish.min(now_is.saturating_add(step(&options.scale_out))),
        false => wish.max(now_is.saturating_sub(step(&options.scale_in))),
    }
}

/// Why the policy does not turn round once more, if so.
fn used_up(flap: FlapBudget, memory: &PolicyMemory, now: Time) -> Option<(Clamp, String)> {
    let from = now.plus_millis(-i64::from(flap.within_secs) * 1000);
    let recent = memory.reversals.iter().filter(|at| **at > from).count();
    (recent >= flap.reversals as usize).then(|| {
        let text = format!(
            "it turned round {recent} time(s) in the last {} s and may do so {} time(s): it holds",
            flap.within_secs, flap.reversals
        );
        let clamp = Clamp::Flaps {
            changes: u32::try_from(recent).unwrap_or(u32::MAX),
            budget: flap.reversals,
            within_secs: flap.within_secs,
        };
        (clamp, text)
    })
}

/// A change was made.
pub(crate) fn changed(options: &PolicyOptions, memory: &mut PolicyMemory, grew: bool, now: Time) {
    if memory.grew == Some(!grew)
        && let Some(flap) = options.flap
    {
        let from = now.plus_millis(-i64::from(flap.within_secs) * 1000);
        memory.reversals.retain(|at| *at > from);
        memory.reversals.push(now);
    }
    memory.grew = Some(grew);
}
