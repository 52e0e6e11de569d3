//! Where the next machine goes.
//!
//! The policy is the order of the members of [`Score`]: for spot machines the price or the stock, then instance types by priority outrank places (A1, A2, A3, B1;
//! rule G8), then the emptier place when balancing, then list order.

use muster_model::{Allocation, Instance, InstanceId, Placement, SpotStrategy, Spread};

use crate::catalogue;
use crate::draft::Draft;
use crate::lifecycle::{Role, role};
use crate::market::markets;

/// Smaller is better; compared member by member from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    /// What a spot machine of the type costs, or how scarce it is; 0 when that does not matter.
    worth: u64,
    type_rank: usize,
    load: usize,
    place_rank: usize,
}

/// The best place for the next machine, but none of `sold_out`; `None` when there is no other. `instead_of` is the member
/// that is being placed anew.
pub(crate) fn choose(
    draft: &Draft<'_>,
    sold_out: &[Placement],
    instead_of: Option<InstanceId>,
) -> Option<Placement> {
    let members: Vec<&Instance> = draft.instances().map(|member| &**member).collect();
    markets(draft, instead_of)
        .into_iter()
        .find_map(|spot| best(draft, &members, sold_out, spot))
}

/// The best place for the next machine of the warm pool, but none of `sold_out`: it spreads as the members do. In a mix they
/// are bought on demand.
pub(crate) fn choose_for_pool(draft: &Draft<'_>, sold_out: &[Placement]) -> Option<Placement> {
    let rows: Vec<&Instance> = draft.view().rows().map(|row| &**row).collect();
    let spot = match draft.group().spec.allocation {
        Allocation::LaunchConfiguration => markets(draft, None).contains(&true),
        Allocation::SpotMixed(_) => false,
    };
    best(draft, &rows, sold_out, spot)
}

/// How a machine that is there would do as the next member; smaller is better. `None`: it is where none is to be.
pub(crate) fn rank(draft: &Draft<'_>, placement: &Placement) -> Option<(usize, usize)> {
    let place_rank = places(draft)
        .iter()
        .position(|(zone, subnet)| *zone == placement.zone && *subnet == placement.subnet)?;
    let members: Vec<&Instance> = draft.instances().map(|member| &**member).collect();
    let load = match draft.group().spec.spread {
        Spread::Ordered => 0,
        Spread::Balanced => load(&members, placement),
    };
    Some((load, place_rank))
}

/// The best place in one market.
fn best(
    draft: &Draft<'_>,
    rows: &[&Instance],
    sold_out: &[Placement],
    spot: bool,
) -> Option<Placement> {
    let config = draft.view().config.as_ref()?;
    let places = places(draft);
    let mut best: Option<(Score, Placement)> = None;
    for (type_rank, instance_type) in config.spec.instance_types.iter().enumerate() {
        for (place_rank, (zone, subnet)) in places.iter().enumerate() {
            let placement = Placement {
                instance_type: instance_type.clone(),
                zone: zone.clone(),
                subnet: subnet.clone(),
                spot,
            };
            if sold_out.contains(&placement)
                || !catalogue::is_usable(&draft.settings.catalogue, &config.spec, &placement)
            {
                continue;
            }
            let load = match draft.group().spec.spread {
                Spread::Ordered => 0,
                Spread::Balanced => load(rows, &placement),
            };
            let score = Score {
                worth: worth(draft, &placement),
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

/// What speaks against a spot machine of a type: its price a core, or how few there are (rule G11). A type of which nothing
/// is known comes last.
fn worth(draft: &Draft<'_>, placement: &Placement) -> u64 {
    let Allocation::SpotMixed(mix) = draft.group().spec.allocation else {
        return 0;
    };
    if !placement.spot {
        return 0;
    }
    let facts = draft.settings.types.get(&placement.instance_type);
    match (mix.strategy, facts) {
        (_, None) => u64::MAX,
        (SpotStrategy::CostOptimized, Some(facts)) => {
            facts.spot_price_micros / u64::from(facts.cores.max(1))
        }
        (SpotStrategy::CapacityOptimized, Some(facts)) => u64::from(u32::MAX - facts.stock),
    }
}

/// Zone and subnet of each place: subnets in a VPC, zones in the classic network. The zone of a subnet is in the catalogue,
/// or else the one that is listed beside it.
pub(crate) fn places(draft: &Draft<'_>) -> Vec<(String, String)> {
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
    let zone = |rank: usize, subnet: &str| {
        let known = draft.settings.catalogue.subnets.get(subnet);
        let listed = || network.zones.get(rank).or(network.zones.first());
        known
            .map(|known| &known.zone)
            .or_else(listed)
            .cloned()
            .unwrap_or_default()
    };
    network
        .subnets
        .iter()
        .enumerate()
        .map(|(rank, subnet)| (zone(rank, subnet), subnet.clone()))
        .collect()
}

/// How many of these are in a place or on their way there.
fn load(rows: &[&Instance], placement: &Placement) -> usize {
    rows.iter()
        .filter(|instance| role(instance.state) != Role::Leaving)
        .filter(|instance| match placement.subnet.is_empty() {
            true => instance.placement.zone == placement.zone,
            false => instance.placement.subnet == placement.subnet,
        })
        .count()
}
