//! Machines that are asked for by themselves against the catalogue: what holds for those of a configuration holds for them.

use muster_model::{Catalogue, Error, Listed, Misfit, Placement, ServerSpec};

use super::config::check_config;
use super::group::is_usable;
use super::{disks, enterprise_project, entry, exists, image, misfit};

/// Refuses what does not exist or does not fit.
///
/// # Errors
/// Refused.
pub fn check_server(catalogue: &Catalogue, spec: &ServerSpec) -> Result<(), Error> {
    if !catalogue.strict {
        return Ok(());
    }
    exists(&catalogue.vpcs, Listed::Vpc, [&spec.vpc])?;
    for id in &spec.subnets {
        entry(&catalogue.subnets, Listed::Subnet, id)?;
    }
    if !spec.zone.is_empty() {
        entry(&catalogue.zones, Listed::Zone, &spec.zone)?;
    }
    enterprise_project(catalogue, spec.enterprise_project.as_ref())?;
    let config = spec.config();
    check_config(catalogue, None, &config)?;
    for id in &spec.subnets {
        let listed = catalogue.subnets.get(id);
        if listed.is_some_and(|subnet| subnet.vpc != spec.vpc) {
            return Err(misfit(Misfit::SubnetOfOtherVpc, id));
        }
    }
    let subnet = spec.subnets.first();
    let of_subnet = subnet.and_then(|id| catalogue.subnets.get(id));
    let zone = match (spec.zone.is_empty(), of_subnet) {
        (true, Some(subnet)) => &subnet.zone,
        _ => &spec.zone,
    };
    if zone.is_empty() {
        return Ok(());
    }
    if image::zone_without(catalogue, &config, [zone].into_iter()).is_some() {
        return Err(misfit(Misfit::ImageNotInZone, zone));
    }
    if !disks::are_in(catalogue, &config, zone) {
        return Err(misfit(Misfit::DisksNotInZone, zone));
    }
    let place = Placement {
        instance_type: spec.instance_type.clone(),
        zone: zone.clone(),
        subnet: String::new(),
        spot: false,
    };
    match (is_usable(catalogue, &config, &place), of_subnet) {
        (false, _) => Err(misfit(Misfit::ZoneUnavailable, zone)),
        (true, Some(subnet)) if subnet.unavailable => Err(misfit(
            Misfit::SubnetUnavailable,
            spec.subnets.first().map_or("", |id| id),
        )),
        (true, _) => Ok(()),
    }
}
