//! On demand or spot: which machines of a mix are bought how (rule G11).

use muster_model::{Allocation, ChargeType, InstanceId, SpotMix};

use crate::draft::Draft;
use crate::lifecycle::{Role, role};

/// How many of `total` machines are bought on demand: the base, and its percentage of what is above, rounded up.
pub(crate) fn on_demand_of(mix: SpotMix, total: u32) -> u32 {
    let base = mix.base.min(total);
    let above = u64::from(total - base) * u64::from(mix.on_demand_percent);
    base + u32::try_from(above.div_ceil(100)).unwrap_or(u32::MAX)
}

/// Members that stay, but for `without`: on demand, and spot.
pub(crate) fn bought(draft: &Draft<'_>, without: Option<InstanceId>) -> (u32, u32) {
    let staying = draft
        .instances()
        .filter(|instance| role(instance.state) != Role::Leaving && Some(instance.id) != without);
    staying.fold((0, 0), |(on_demand, spot), instance| {
        match instance.placement.spot {
            false => (on_demand + 1, spot),
            true => (on_demand, spot + 1),
        }
    })
}

/// How the next machine is bought, in order of preference: spot (`true`) or not. `instead_of` is the member that is being
/// placed anew.
pub(crate) fn markets(draft: &Draft<'_>, instead_of: Option<InstanceId>) -> Vec<bool> {
    let Allocation::SpotMixed(mix) = draft.group().spec.allocation else {
        let config = draft.view().config.as_ref();
        return vec![config.is_some_and(|config| config.spec.charge == ChargeType::Spot)];
    };
    let (on_demand, spot) = bought(draft, instead_of);
    if on_demand < on_demand_of(mix, on_demand + spot + 1) {
        vec![false]
    } else if mix.compensate {
        vec![true, false]
    } else {
        vec![true]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_model::SpotStrategy;

    #[test]
    fn the_percentage_is_rounded_up() {
        for (base, percent, total, expected) in [
            (1, 1, 3, 2),
            (0, 70, 10, 7),
            (0, 0, 10, 0),
            (0, 100, 10, 10),
            (5, 50, 3, 3),
            (2, 50, 5, 4),
            (0, 70, 1, 1),
        ] {
            let mix = SpotMix {
                base,
                on_demand_percent: percent,
                strategy: SpotStrategy::CostOptimized,
                compensate: true,
            };
            let got = on_demand_of(mix, total);
            assert_eq!(got, expected, "{base} {percent} {total}");
        }
    }
}
