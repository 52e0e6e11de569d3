//! Who goes first in a scale-in.
//!
//! The policy is the order of the members of [`Rank`]; the id makes it certain.

use std::cmp::Reverse;
use std::collections::VecDeque;

use muster_model::{
    Allocation, GroupView, Ids, Instance, InstanceId, Lifecycle, SpotMix, TerminationPolicy, Time,
};

use crate::draft::Draft;
use crate::notify::utc;
use crate::reason::{NAMED, Victim};
use crate::{Settings, market};

/// Smaller goes first; compared member by member from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    healthy: bool,
    config_age: Time,
    age: Age,
    id: InstanceId,
}

/// Oldest first, or newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    OldestFirst(Time),
    NewestFirst(Reverse<Time>),
}

/// Up to `count` members to remove, first one first: in service, not protected (rules A6, A12). The record keeps who they
/// are, and why they.
pub(crate) fn choose(draft: &mut Draft<'_>, count: u32) -> Vec<InstanceId> {
    let chosen = ranked(draft, count);
    let victims = told(draft, &chosen);
    draft.chose(victims);
    chosen
}

/// Who would leave next, first one first, and why: for `explain`.
#[must_use]
pub fn who_leaves(view: &GroupView, now: Time, settings: &Settings, count: u32) -> Vec<Victim> {
    let mut ids = Ids::new(0);
    let draft = Draft::new(view, now, &mut ids, settings);
    told(&draft, &ranked(&draft, count))
}

/// The first of those that leave, in words: what counts most first.
fn told(draft: &Draft<'_>, chosen: &[InstanceId]) -> Vec<Victim> {
    let members = chosen
        .iter()
        .take(NAMED)
        .filter_map(|id| draft.instance(*id));
    members
        .map(|instance| Victim {
            instance: instance.id.to_string(),
            why: why(draft, instance),
        })
        .collect()
}

/// What speaks for a member to leave, in the order of [`Rank`]; a spot mix picks the market before that.
fn why(draft: &Draft<'_>, instance: &Instance) -> Vec<String> {
    let spec = &draft.group().spec;
    let mut why = Vec::new();
    if let Allocation::SpotMixed(_) = spec.allocation {
        let market = if instance.placement.spot {
            "spot"
        } else {
            "on demand"
        };
        why.push(format!(
            "{market}, of which there are too many, or nothing else is left"
        ));
    }
    if spec.service.unhealthy_first && !instance.health.is_healthy() {
        why.push("unhealthy".to_owned());
    }
    let oldest = format!("the oldest go first: made at {}", utc(instance.created_at));
    let newest = format!("the newest go first: made at {}", utc(instance.created_at));
    let config = || match &instance.config {
        Some(config) => format!(
            "of the oldest configuration, `{}` of {}",
            config.name,
            utc(config.created_at)
        ),
        None => "of no configuration, which counts as the newest".to_owned(),
    };
    match spec.termination {
        TerminationPolicy::OldestInstance => why.push(oldest),
        TerminationPolicy::NewestInstance => why.push(newest),
        TerminationPolicy::OldestConfigOldestInstance => why.extend([config(), oldest]),
        TerminationPolicy::OldestConfigNewestInstance => why.extend([config(), newest]),
    }
    why
}

fn ranked(draft: &Draft<'_>, count: u32) -> Vec<InstanceId> {
    let policy = draft.group().spec.termination;
    let unhealthy_first = draft.group().spec.service.unhealthy_first;
    let mut ranks: Vec<Rank> = draft
        .instances()
        .filter(|instance| instance.state == Lifecycle::InService && !instance.protected)
        .map(|instance| rank(instance, policy, unhealthy_first))
        .collect();
    ranks.sort_unstable();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let ids = ranks.into_iter().map(|rank| rank.id);
    match draft.group().spec.allocation {
        Allocation::LaunchConfiguration => ids.take(count).collect(),
        Allocation::SpotMixed(mix) => choose_mixed(draft, mix, ids.collect(), count),
    }
}

/// As [`ranked`], but each step takes from the market that has too many for what then is left (rule G11), while it has any.
fn choose_mixed(
    draft: &Draft<'_>,
    mix: SpotMix,
    ranked: Vec<InstanceId>,
    count: usize,
) -> Vec<InstanceId> {
    let is_spot = |id: &InstanceId| draft.instance(*id).is_some_and(|i| i.placement.spot);
    let (spots, on_demands): (VecDeque<_>, VecDeque<_>) = ranked.into_iter().partition(is_spot);
    let (mut spots, mut on_demands) = (spots, on_demands);
    let (mut on_demand, mut spot) = market::bought(draft, None);
    let mut victims = Vec::new();
    while victims.len() < count {
        let left = (on_demand + spot).saturating_sub(1);
        let surplus = on_demand > market::on_demand_of(mix, left);
        let next = match surplus {
            true => on_demands.pop_front().or_else(|| spots.pop_front()),
            false => spots.pop_front().or_else(|| on_demands.pop_front()),
        };
        let Some(next) = next else { break };
        match is_spot(&next) {
            true => spot = spot.saturating_sub(1),
            false => on_demand = on_demand.saturating_sub(1),
        }
        victims.push(next);
    }
    victims
}

fn rank(instance: &Instance, policy: TerminationPolicy, unhealthy_first: bool) -> Rank {
    let oldest = Age::OldestFirst(instance.created_at);
    let newest = Age::NewestFirst(Reverse(instance.created_at));
    // An attached machine has no configuration: it counts as made from the newest one.
    let config_age = instance
        .config
        .as_ref()
        .map_or(Time::NEVER, |config| config.created_at);
    let (config_age, age) = match policy {
        TerminationPolicy::OldestInstance => (Time::default(), oldest),
        TerminationPolicy::NewestInstance => (Time::default(), newest),
        TerminationPolicy::OldestConfigOldestInstance => (config_age, oldest),
        TerminationPolicy::OldestConfigNewestInstance => (config_age, newest),
    };
    Rank {
        healthy: unhealthy_first && instance.health.is_healthy(),
        config_age,
        age,
        id: instance.id,
    }
}
