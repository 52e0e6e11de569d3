//! Making a group.

use std::sync::Arc;

use muster_model::{
    Account, Catalogue, ConfigSpec, Door, Error, Group, GroupSpec, GroupView, Machine,
    MachineState, NameIndex, Network, Quota, ResourceKind, RetryState, Site,
};

use super::balancers;
use super::modify::{check_spec, named_config};
use crate::catalogue::{self, Asked};
use crate::draft::Draft;
use crate::{Context, plan};

/// Makes a group. `context.facts`: its configuration, is the name taken, how many are there.
/// The group row of the returned view is at version 1; what the group needs first is already decided.
///
/// # Errors
/// Refused; nothing changes.
pub fn create_group(
    account: &Account,
    door: Door,
    site: &Site,
    spec: &GroupSpec,
    context: &mut Context<'_>,
) -> Result<GroupView, Error> {
    let facts = context.facts;
    let config = match spec.config {
        Some(_) => Some(named_config(spec.config, facts, context.settings)?),
        None => None,
    };
    let spec = &in_its_vpc(spec, &context.settings.catalogue);
    check_spec(spec, config.as_deref())?;
    let asked = Asked {
        site,
        old: None,
        new: spec,
        config: config.as_deref(),
        config_named: true,
    };
    catalogue::check_group(&context.settings.catalogue, &asked)?;
    balancers::check_own(facts, &[], &spec.balancers)?;
    if facts.name_taken && door.has_unique_names() {
        return Err(Error::NameTaken {
            kind: ResourceKind::Group,
            name: spec.name.clone(),
        });
    }
    let limit = context.settings.quotas.groups;
    let of_2017 = context.settings.quotas.of_2017.groups;
    crate::settings::check_quota(Quota::Groups, door, (limit, of_2017), facts)?;
    let group = Group {
        id: context.ids.next_id(),
        account: account.id,
        site: site.clone(),
        door,
        version: 0,
        created_at: context.now,
        ordinal: account.version,
        spec: spec.clone(),
        busy: None,
        asked_by: None,
        last_activity: None,
        abnormal: None,
        retry: RetryState::default(),
        cooldown: None,
        next_name_index: first(spec.name_index),
        next_host_index: first(spec.host_name_index),
        observed_at: None,
        departed_at: None,
        warm_pool: None,
        deleting: false,
        wake_at: None,
    };
    let empty = GroupView::new(Arc::new(group), config);
    let mut draft = Draft::new(&empty, context.now, &mut *context.ids, context.settings);
    let _ = draft.group_mut();
    plan::decide(&mut draft);
    let (change, _) = draft.finish(&empty);
    let mut view = empty.after(&change).unwrap_or(empty);
    Arc::make_mut(&mut view.group).version = 1;
    Ok(view)
}

/// The VPC of the first subnet, where subnets are named without one (Kingsoft) and the catalogue knows it.
fn in_its_vpc(spec: &GroupSpec, catalogue: &Catalogue) -> GroupSpec {
    let mut spec = spec.clone();
    let network = &mut spec.network;
    let listed = network.subnets.first().filter(|_| network.vpc.is_empty());
    if let Some(subnet) = listed.and_then(|id| catalogue.subnets.get(id)) {
        network.vpc.clone_from(&subnet.vpc);
    }
    spec
}

/// Tags of a group at the most (rule G5).
const MAX_TAGS: usize = 30;

/// What a group that is made out of a machine starts from: a configuration like the machine, named like the group, and the
/// machine's network.
///
/// # Errors
/// The machine does not run.
pub fn like_machine(
    machine: &Machine,
    spec: &GroupSpec,
    inherit_tags: bool,
) -> Result<(ConfigSpec, GroupSpec), Error> {
    match machine.state {
        MachineState::Running => {}
        MachineState::Pending | MachineState::Stopped | MachineState::Dead => {
            return Err(Error::SourceStopped {
                instance: machine.id,
            });
        }
    }
    let place = &machine.placement;
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    let config = ConfigSpec {
        name: spec.name.clone(),
        image: some(&machine.image),
        instance_types: some(&place.instance_type).into_iter().collect(),
        ..ConfigSpec::default()
    };
    let group = GroupSpec {
        network: Network {
            vpc: machine.vpc.clone(),
            subnets: some(&place.subnet).into_iter().collect(),
            zones: some(&place.zone).into_iter().collect(),
            ..Network::default()
        },
        tags: match inherit_tags {
            true => machine.tags.iter().take(MAX_TAGS).cloned().collect(),
            false => spec.tags.clone(),
        },
        ..spec.clone()
    };
    Ok((config, group))
}

fn first(index: Option<NameIndex>) -> u32 {
    index.and_then(|index| index.begin).unwrap_or(0)
}
