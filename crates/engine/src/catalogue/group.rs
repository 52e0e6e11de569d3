//! Groups and their balancers against the catalogue (rules G7, B1).

use std::sync::Arc;

use muster_model::{
    AccountId, Balancer, BalancerChange, Catalogue, ConfigSpec, Error, Group, GroupSpec,
    HuaweiExtras, LaunchConfiguration, Listed, ListedBalancer, Misfit, Network, Placement, Records,
    Site, ZonesCheck,
};

use super::config::{Changed, project};
use super::laid::Laid;
use super::{disks, enterprise_project, entry, exists, image, misfit, unlisted};
use crate::commands::balancers::is_same;

/// What a group is to be.
pub(crate) struct Asked<'a> {
    /// Whose it is.
    pub(crate) account: AccountId,
    /// What all accounts made, where the command names places of theirs.
    pub(crate) records: &'a [Arc<Records>],
    /// Where it is.
    pub(crate) site: &'a Site,
    /// What it was; what stays as it was is not looked at.
    pub(crate) old: Option<&'a GroupSpec>,
    /// What it is to be.
    pub(crate) new: &'a GroupSpec,
    /// Its configuration then.
    pub(crate) config: Option<&'a LaunchConfiguration>,
    /// It had another one before.
    pub(crate) config_named: bool,
}

impl Asked<'_> {
    fn changes<T: PartialEq>(&self, member: impl Fn(&GroupSpec) -> &T) -> bool {
        self.old.is_none_or(|old| member(old) != member(self.new))
    }

    /// Refuses listeners and pools that a new group cannot be bound to.
    fn laid_fits(&self, catalogue: &Catalogue) -> Result<(), Error> {
        if self.old.is_some() {
            return Ok(());
        }
        let laid = Laid {
            catalogue,
            records: self.records,
            account: self.account,
            site: self.site,
        };
        let balancers = &self.new.balancers;
        balancers.iter().try_for_each(|one| laid.exists(one))?;
        let vpc = &self.new.network.vpc;
        balancers.iter().try_for_each(|one| laid.fits(vpc, one))
    }
}

/// Whether machines go into a VPC, not into the classic network.
pub(super) fn in_vpc(network: &Network) -> bool {
    !matches!(network.vpc.as_str(), "" | "0")
}

/// Refuses what does not exist or does not fit.
pub(crate) fn check_group(catalogue: &Catalogue, asked: &Asked<'_>) -> Result<(), Error> {
    if !catalogue.strict {
        return asked.laid_fits(catalogue);
    }
    let new = asked.new;
    let moves = asked.changes(|spec| &spec.network.vpc)
        || asked.changes(|spec| &spec.network.subnets)
        || asked.changes(|spec| &spec.network.zones);
    if moves {
        places_exist(catalogue, &new.network)?;
    }
    let other_project = asked.changes(|spec| &spec.project);
    if other_project {
        project(catalogue, new.project)?;
    }
    let enterprise = |spec: &GroupSpec| -> Option<String> {
        let extras: &HuaweiExtras = spec.huawei.as_ref()?;
        extras.enterprise_project.clone()
    };
    let named = enterprise(new);
    if asked.old.is_none_or(|old| enterprise(old) != named) {
        enterprise_project(catalogue, named.as_ref())?;
    }
    if asked.old.is_none() {
        for balancer in &new.balancers {
            balancer_exists(catalogue, balancer)?;
        }
    }
    asked.laid_fits(catalogue)?;
    if moves || asked.config_named {
        places_fit(catalogue, asked)?;
    }
    if (other_project || asked.config_named)
        && let Some(config) = asked.config
        && config.spec.project != new.project
    {
        let id = config.id.to_string();
        return Err(misfit(Misfit::ConfigOfOtherProject, &id));
    }
    for balancer in &new.balancers {
        if asked.old.is_none() {
            balancer_fits(catalogue, asked.site, new, balancer)?;
        } else if other_project {
            balancer_in_project(catalogue, new, balancer)?;
        }
    }
    Ok(())
}

fn places_exist(catalogue: &Catalogue, network: &Network) -> Result<(), Error> {
    if in_vpc(network) {
        exists(&catalogue.vpcs, Listed::Vpc, [&network.vpc])?;
    }
    for subnet in &network.subnets {
        entry(&catalogue.subnets, Listed::Subnet, subnet)?;
    }
    for zone in &network.zones {
        entry(&catalogue.zones, Listed::Zone, zone)?;
    }
    Ok(())
}

/// Every place is where it has to be, and enough of them are usable (rule G7).
fn places_fit(catalogue: &Catalogue, asked: &Asked<'_>) -> Result<(), Error> {
    let network = &asked.new.network;
    for zone in &network.zones {
        let site = catalogue.zones.get(zone).and_then(|one| one.site.as_ref());
        if site.is_some_and(|site| site != asked.site) {
            return Err(misfit(Misfit::ZoneElsewhere, zone));
        }
    }
    let cluster = asked
        .config
        .and_then(|config| config.spec.dedicated_cluster.as_ref())
        .filter(|cluster| !cluster.is_empty());
    for id in &network.subnets {
        let Some(subnet) = catalogue.subnets.get(id) else {
            continue;
        };
        if subnet.vpc != network.vpc {
            return Err(misfit(Misfit::SubnetOfOtherVpc, id));
        }
        if cluster.is_some() && subnet.dedicated_cluster.as_ref() != cluster {
            return Err(misfit(Misfit::SubnetOutsideCluster, id));
        }
    }
    if let Some(config) = asked.config {
        let subnets = network.subnets.iter();
        let subnets = subnets.filter_map(|id| catalogue.subnets.get(id));
        let zones = subnets.map(|subnet| &subnet.zone).chain(&network.zones);
        if let Some(zone) = image::zone_without(catalogue, &config.spec, zones.clone()) {
            return Err(misfit(Misfit::ImageNotInZone, zone));
        }
        if let Some(zone) = zone_without_disks(catalogue, &config.spec, zones) {
            return Err(misfit(Misfit::DisksNotInZone, zone));
        }
    }
    let check = asked.new.zones_check;
    enough(check, &network.subnets, Misfit::SubnetUnavailable, |id| {
        let subnet = catalogue.subnets.get(id);
        subnet.is_some_and(|one| !one.unavailable && has_machines(catalogue, asked, &one.zone))
    })?;
    enough(check, &network.zones, Misfit::ZoneUnavailable, |zone| {
        has_machines(catalogue, asked, zone)
    })
}

/// A zone, of those that are named, that does not have the disks.
fn zone_without_disks<'a>(
    catalogue: &Catalogue,
    spec: &ConfigSpec,
    mut zones: impl Iterator<Item = &'a String>,
) -> Option<&'a String> {
    zones.find(|zone| !zone.is_empty() && !disks::are_in(catalogue, spec, zone))
}

/// Refuses a change of a configuration that the groups which use it cannot follow: a zone of theirs does not have the new
/// image or disks, or no place of theirs has the new instance types while one had the old ones.
pub(crate) fn check_users(
    catalogue: &Catalogue,
    (old, new): (&ConfigSpec, &ConfigSpec),
    users: &[Arc<Group>],
) -> Result<(), Error> {
    let changed = Changed {
        old: Some(old),
        new,
    };
    for group in users.iter().filter(|_| catalogue.strict) {
        let network = &group.spec.network;
        let subnets = network.subnets.iter();
        let listed = subnets.filter_map(|id| catalogue.subnets.get(id));
        let zones = listed.map(|subnet| &subnet.zone).chain(&network.zones);
        if changed.is(|spec| &spec.image)
            && let Some(zone) = image::zone_without(catalogue, new, zones.clone())
        {
            return Err(misfit(Misfit::ImageNotInZone, zone));
        }
        if disks::change(&changed)
            && let Some(zone) = zone_without_disks(catalogue, new, zones)
        {
            return Err(misfit(Misfit::DisksNotInZone, zone));
        }
        let types = changed.is(|spec| &spec.instance_types);
        if types && has_place(catalogue, network, old) && !has_place(catalogue, network, new) {
            let (why, ids) = match network.subnets.is_empty() {
                true => (Misfit::ZoneUnavailable, &network.zones),
                false => (Misfit::SubnetUnavailable, &network.subnets),
            };
            return Err(misfit(why, ids.first().map_or("", |id| id)));
        }
    }
    Ok(())
}

/// Whether any place of a network is usable for machines of a configuration.
fn has_place(catalogue: &Catalogue, network: &Network, spec: &ConfigSpec) -> bool {
    let subnets = network.subnets.iter().filter_map(|id| {
        let listed = catalogue.subnets.get(id)?;
        Some((listed.zone.as_str(), id.as_str()))
    });
    let zones = network.zones.iter().filter(|_| network.subnets.is_empty());
    let mut places = subnets.chain(zones.map(|zone| (zone.as_str(), "")));
    let is_place = |zone: &str, subnet: &str, instance_type: &String| {
        let place = Placement {
            instance_type: instance_type.clone(),
            zone: zone.to_owned(),
            subnet: subnet.to_owned(),
            spot: false,
        };
        is_usable(catalogue, spec, &place)
    };
    places.any(|(zone, subnet)| {
        let mut types = spec.instance_types.iter();
        types.any(|name| is_place(zone, subnet, name))
    })
}

/// Whether a machine can be put into a place: it is there and available, and has the instance type and the disks.
pub(crate) fn is_usable(catalogue: &Catalogue, spec: &ConfigSpec, place: &Placement) -> bool {
    if !catalogue.strict {
        return true;
    }
    let subnet = match place.subnet.as_str() {
        "" => true,
        id => catalogue
            .subnets
            .get(id)
            .is_some_and(|one| !one.unavailable),
    };
    let zone = match place.zone.as_str() {
        "" => true,
        id => {
            is_available(catalogue, id)
                && is_sold(catalogue, &place.instance_type, id)
                && disks::are_in(catalogue, spec, id)
        }
    };
    subnet && zone
}

fn is_available(catalogue: &Catalogue, zone: &str) -> bool {
    let listed = catalogue.zones.get(zone);
    listed.is_some_and(|one| !one.unavailable)
}

fn is_sold(catalogue: &Catalogue, name: &str, zone: &str) -> bool {
    let listed = catalogue.types.get(name);
    listed.is_some_and(|one| !one.sold_out && (one.zones.is_empty() || one.zones.contains(zone)))
}

/// Whether a zone is available and has one of the instance types.
fn has_machines(catalogue: &Catalogue, asked: &Asked<'_>, zone: &str) -> bool {
    let types = asked.config.map(|config| &config.spec.instance_types);
    let sold = |name: &String| is_sold(catalogue, name, zone);
    is_available(catalogue, zone) && types.is_none_or(|types| types.iter().any(sold))
}

/// All are usable, or one.
fn enough(
    check: ZonesCheck,
    ids: &[String],
    why: Misfit,
    usable: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let bad = ids.iter().find(|id| !usable(id));
    let some = ids.iter().any(|id| usable(id));
    match (bad, check) {
        (Some(id), ZonesCheck::All) => Err(misfit(why, id)),
        (Some(id), ZonesCheck::Any) if !some => Err(misfit(why, id)),
        (Some(_), ZonesCheck::Any) | (None, _) => Ok(()),
    }
}

/// Refuses a change that binds, or keeps, what does not exist or does not fit. What has gone can always be taken off.
pub(crate) fn check_balancers(
    catalogue: &Catalogue,
    records: &[Arc<Records>],
    group: &Group,
    change: &BalancerChange,
) -> Result<(), Error> {
    let laid = Laid {
        catalogue,
        records,
        account: group.account,
        site: &group.site,
    };
    let bound = &group.spec.balancers;
    let (looked_at, fits): (Vec<&Balancer>, bool) = match change {
        BalancerChange::Attach(more) => (more.iter().collect(), true),
        BalancerChange::SetTargets(given) => (given.iter().collect(), true),
        BalancerChange::Replace {
            balancers,
            check_all,
            ..
        } => {
            let kept = |one: &Balancer| bound.iter().any(|old| is_same(old, one));
            let looked_at = balancers.iter().filter(|one| *check_all || !kept(one));
            (looked_at.collect(), true)
        }
        BalancerChange::Detach(less) => {
            let there = |one: &Balancer| bound.iter().any(|old| old.is_same_place(one));
            (less.iter().filter(|one| !there(one)).collect(), false)
        }
    };
    for balancer in &looked_at {
        laid.exists(balancer)?;
        if catalogue.strict {
            balancer_exists(catalogue, balancer)?;
        }
    }
    for balancer in looked_at.iter().filter(|_| fits) {
        laid.fits(&group.spec.network.vpc, balancer)?;
        if catalogue.strict {
            balancer_fits(catalogue, &group.site, &group.spec, balancer)?;
        }
    }
    Ok(())
}

/// Refuses a balancer, listener or forwarding rule that is not there.
pub(super) fn balancer_exists(catalogue: &Catalogue, balancer: &Balancer) -> Result<(), Error> {
    match balancer {
        Balancer::Classic { balancer } => {
            entry(&catalogue.balancers, Listed::ClassicBalancer, balancer).map(|_| ())
        }
        Balancer::Forward {
            balancer,
            listener,
            location,
            ..
        } => {
            let listed = entry(&catalogue.balancers, Listed::Balancer, balancer)?;
            let listed = entry(&listed.listeners, Listed::Listener, listener)?;
            match location {
                Some(location) if !listed.locations.contains(location) => {
                    Err(unlisted(Listed::Location, location))
                }
                Some(_) | None => Ok(()),
            }
        }
        // These come without their balancer: see `laid`.
        Balancer::Listener { .. } | Balancer::Pool { .. } => Ok(()),
    }
}

/// Refuses a balancer that a group cannot be bound to.
pub(super) fn balancer_fits(
    catalogue: &Catalogue,
    site: &Site,
    group: &GroupSpec,
    balancer: &Balancer,
) -> Result<(), Error> {
    let (id, region, listener) = match balancer {
        Balancer::Classic { balancer } => (balancer, None, None),
        Balancer::Forward {
            balancer,
            region,
            listener,
            ..
        } => (balancer, region.as_ref(), Some(listener)),
        Balancer::Listener { .. } | Balancer::Pool { .. } => return Ok(()),
    };
    let Some(listed) = catalogue.balancers.get(id) else {
        return Ok(());
    };
    if is_elsewhere(listed, region, site) {
        return Err(misfit(Misfit::BalancerElsewhere, id));
    }
    let network = &group.network;
    if listed.vpc.as_ref().is_some_and(|vpc| *vpc != network.vpc) {
        return Err(misfit(Misfit::BalancerOfOtherVpc, id));
    }
    balancer_in_project(catalogue, group, balancer)?;
    let to_group = listener
        .and_then(|listener| listed.listeners.get(listener))
        .is_some_and(|listener| listener.to_target_group);
    match listener {
        Some(listener) if to_group => Err(misfit(Misfit::ListenerToTargetGroup, listener)),
        Some(_) | None => Ok(()),
    }
}

/// Refuses a balancer of another project.
fn balancer_in_project(
    catalogue: &Catalogue,
    group: &GroupSpec,
    balancer: &Balancer,
) -> Result<(), Error> {
    let id = match balancer {
        Balancer::Classic { balancer } | Balancer::Forward { balancer, .. } => balancer,
        Balancer::Listener { .. } | Balancer::Pool { .. } => return Ok(()),
    };
    let listed = catalogue.balancers.get(id).and_then(|one| one.project);
    match listed {
        Some(number) if number != group.project => Err(misfit(Misfit::BalancerOfOtherProject, id)),
        Some(_) | None => Ok(()),
    }
}

/// Whether a balancer is neither in the region that is given nor, without one, where the group is.
fn is_elsewhere(listed: &ListedBalancer, region: Option<&String>, site: &Site) -> bool {
    match region {
        Some(region) => listed.region.as_ref().is_some_and(|own| own != region),
        None => listed.site.as_ref().is_some_and(|own| own != site),
    }
}
