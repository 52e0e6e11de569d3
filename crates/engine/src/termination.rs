//! Who goes first in a scale-in.
//!
//! The policy is the order of the members of [`Rank`]; the id makes it certain.

use std::cmp::Reverse;

use muster_model::{Instance, InstanceId, Lifecycle, TerminationPolicy, Time};

use crate::draft::Draft;

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

/// Up to `count` members to remove, first one first: in service, not protected (rules A6, A12).
pub(crate) fn choose(draft: &Draft<'_>, count: u32) -> Vec<InstanceId> {
    let policy = draft.group().spec.termination;
    let unhealthy_first = draft.group().spec.service.unhealthy_first;
    let mut ranks: Vec<Rank> = draft
        .instances()
        .filter(|instance| instance.state == Lifecycle::InService && !instance.protected)
        .map(|instance| rank(instance, policy, unhealthy_first))
        .collect();
    ranks.sort_unstable();
    ranks
        .into_iter()
        .take(usize::try_from(count).unwrap_or(usize::MAX))
        .map(|rank| rank.id)
        .collect()
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
