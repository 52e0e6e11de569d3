//! Where the next machine goes.
//!
//! The policy is the order of the members of [`Score`]: instance types by priority outrank places (A1, A2, A3, B1;
//! rule G8), then the emptier place when balancing, then list order.

use muster_model::{Placement, Spread};

use crate::draft::Draft;
use crate::lifecycle::{Role, role};

/// Smaller is better; compared member by member from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    type_rank: usize,
    load: usize,
    place_rank: usize,
}

/// The best place for the next machine, but none of `sold_out`; `None` when there is no other.
pub(crate) fn choose(draft: &Draft<'_>, sold_out: &[Placement]) -> Option<Placement> {
    let config = draft.view().config.as_ref()?;
    let places = places(draft);
    let mut best: Option<(Score, Placement)> = None;
    for (type_rank, instance_type) in config.spec.instance_types.iter().enumerate() {
        for (place_rank, (zone, subnet)) in places.iter().enumerate() {
            let placement = Placement {
                instance_type: instance_type.clone(),
                zone: zone.clone(),
                subnet: subnet.clone(),
            };
            if sold_out.contains(&placement) {
                continue;
            }
            let load = match draft.group().spec.spread {
                Spread::Ordered => 0,
                Spread::Balanced => load(draft, &placement),
            };
            let score = Score {
                type_rank,
                load,
                place_rank,
            };
            if best.as_ref().is_none_or(|(least, _)| score < *least) {
                best = Some((score, placement));
            }
        }
    }
    best.map(|(_, placement)| placement)
}

/// Zone and subnet of each place: subnets in a VPC, zones in the classic network. A zone that is listed beside a
/// subnet is that subnet's.
fn places(draft: &Draft<'_>) -> Vec<(String, String)> {
    let network = &draft.group().spec.network;
    if network.subnets.is_empty() {
        return match network.zones.is_empty() {
            true => vec![(String::new(), String::new())],
            false => network
                .zones
                .iter()
                .map(|zone| (zone.clone(), String::new()))
                .collect(),
        };
    }
    let zone = |rank: usize| {
        network
            .zones
            .get(rank)
            .or(network.zones.first())
            .cloned()
            .unwrap_or_default()
    };
    network
        .subnets
        .iter()
        .enumerate()
        .map(|(rank, subnet)| (zone(rank), subnet.clone()))
        .collect()
}

/// Members that are in a place or on their way there.
fn load(draft: &Draft<'_>, placement: &Placement) -> usize {
    draft
        .instances()
        .filter(|instance| role(instance.state) != Role::Leaving)
        .filter(|instance| match placement.subnet.is_empty() {
            true => instance.placement.zone == placement.zone,
            false => instance.placement.subnet == placement.subnet,
        })
        .count()
}
