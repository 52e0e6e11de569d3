//! What is asked for against the catalogue: whether it exists and fits, and what no longer does.
//!
//! A catalogue that is not strict refuses nothing. Existence comes before fitness, and both before state and quotas.

mod config;
mod disks;
mod group;
mod image;
mod laid;
mod made;
mod server;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_model::{
    Abnormal, Balancer, Catalogue, ConfigStatus, Error, Group, LaunchConfiguration, Listed, Misfit,
};

pub(crate) use config::check_config;
pub(crate) use group::{Asked, check_balancers, check_group, check_users, is_usable};
pub use made::with_made;
pub use server::check_server;
pub(crate) use told::{check_command, check_receiver, check_user_groups};

/// Refuses what is not in a list.
fn exists<'a>(
    listed: &BTreeSet<String>,
    kind: Listed,
    ids: impl IntoIterator<Item = &'a String>,
) -> Result<(), Error> {
    match ids.into_iter().find(|id| !listed.contains(*id)) {
        Some(id) => Err(unlisted(kind, id)),
        None => Ok(()),
    }
}

/// The entry of a list; refuses what has none.
fn entry<'a, T>(listed: &'a BTreeMap<String, T>, kind: Listed, id: &str) -> Result<&'a T, Error> {
    listed.get(id).ok_or_else(|| unlisted(kind, id))
}

/// Refuses an enterprise project that is not there; nothing and `0` are the default one.
fn enterprise_project(catalogue: &Catalogue, id: Option<&String>) -> Result<(), Error> {
    let named = id.filter(|id| !matches!(id.as_str(), "" | "0"));
    exists(
        &catalogue.enterprise_projects,
        Listed::EnterpriseProject,
        named,
    )
}

fn unlisted(kind: Listed, id: &str) -> Error {
    Error::Unlisted {
        kind,
        id: id.to_owned(),
    }
}

fn misfit(misfit: Misfit, id: &str) -> Error {
    Error::Misfit {
        id: id.to_owned(),
        misfit,
    }
}

/// Whether the parts of a configuration are usable: what was there when it was made may have gone since.
pub(crate) fn config_status(catalogue: &Catalogue, config: &LaunchConfiguration) -> ConfigStatus {
    if !catalogue.strict || config.status != ConfigStatus::Normal {
        return config.status;
    }
    match config::vanished(catalogue, &config.spec) {
        None => ConfigStatus::Normal,
        Some(Listed::Snapshot) => ConfigStatus::SnapshotAbnormal,
        Some(Listed::SecurityGroup) => ConfigStatus::SecurityGroupAbnormal,
        Some(_) => ConfigStatus::ImageAbnormal,
    }
}

/// The configuration with the status that it has by the catalogue.
#[must_use]
pub fn judged_config(
    catalogue: &Catalogue,
    config: &Arc<LaunchConfiguration>,
) -> Arc<LaunchConfiguration> {
    let status = config_status(catalogue, config);
    if status == config.status {
        return Arc::clone(config);
    }
    Arc::new(LaunchConfiguration {
        status,
        ..(**config).clone()
    })
}

/// Why a group cannot do its work, if so: what it is in or bound to may have gone since it was made.
#[must_use]
pub fn abnormal(catalogue: &Catalogue, group: &Group) -> Option<Abnormal> {
    if !catalogue.strict || group.abnormal.is_some() {
        return group.abnormal;
    }
    let network = &group.spec.network;
    let gone = |subnet: &String| !catalogue.subnets.contains_key(subnet);
    if group::in_vpc(network) && !catalogue.vpcs.contains(&network.vpc) {
        return Some(Abnormal::Vpc);
    }
    if network.subnets.iter().any(gone) {
        return Some(Abnormal::Subnet);
    }
    let trouble = |balancer: &Balancer| match group::balancer_exists(catalogue, balancer) {
        Err(Error::Unlisted { kind, .. }) => Some(match kind {
            Listed::Listener => Abnormal::Listener,
            Listed::Location => Abnormal::Location,
            _ => Abnormal::Balancer,
        }),
        _ => match group::balancer_fits(catalogue, &group.site, &group.spec, balancer) {
            Err(Error::Misfit { misfit, .. }) => match misfit {
                Misfit::BalancerElsewhere => Some(Abnormal::BalancerRegion),
                Misfit::BalancerOfOtherVpc => Some(Abnormal::BalancerVpc),
                _ => None,
            },
            _ => None,
        },
    };
    group.spec.balancers.iter().find_map(trouble)
}

/// The group with what the catalogue says of it.
#[must_use]
pub fn judged(catalogue: &Catalogue, group: &Arc<Group>) -> Arc<Group> {
    let abnormal = abnormal(catalogue, group);
    if abnormal == group.abnormal {
        return Arc::clone(group);
    }
    Arc::new(Group {
        abnormal,
        ..(**group).clone()
    })
}
