//! Changing what is wanted of a group (rules G1-G22).

use std::sync::Arc;

use muster_model::{
    Allocation, ChargeType, ConfigStatus, Created, Error, Field, GroupPatch, GroupSpec,
    LaunchConfiguration, NameIndex, Part, Problem, Refresh, ResourceKind, ScalingMode,
};

use super::balancers;
use super::capacity::check_size;
use crate::catalogue::{self, Asked};
use crate::configs::check_tags;
use crate::draft::Draft;
use crate::{Facts, Settings};

/// Switches the group on: what is missing is made up for (rule G22). Idempotent.
pub(super) fn enable(draft: &mut Draft<'_>) -> Result<Created, Error> {
    if let Some(refresh) = draft.view().open_refresh() {
        return Err(Error::InRefresh {
            refresh: refresh.id,
        });
    }
    draft.release_brake();
    if !draft.group().spec.enabled {
        draft.group_mut().spec.enabled = true;
    }
    Ok(Created::Nothing)
}

/// Switches the group off: nothing starts by itself any more; what runs goes on (rule G21). Idempotent. A refresh that is
/// under way leaves it off when it ends.
pub(super) fn disable(draft: &mut Draft<'_>) -> Created {
    if draft.group().spec.enabled {
        draft.group_mut().spec.enabled = false;
    }
    if let Some(refresh) = draft.view().open_refresh().cloned()
        && refresh.was_enabled
    {
        draft.put_part(Part::Refresh(Arc::new(Refresh {
            was_enabled: false,
            ..(*refresh).clone()
        })));
    }
    Created::Nothing
}

pub(super) fn modify(
    draft: &mut Draft<'_>,
    patch: &GroupPatch,
    facts: &Facts,
) -> Result<Created, Error> {
    let old = draft.group().spec.clone();
    let mut spec = old.clone();
    patched(&mut spec, patch);
    if patch.desired.is_none() && spec.service.sync_desired {
        spec.size.desired = spec
            .size
            .desired
            .clamp(spec.size.min.min(spec.size.max), spec.size.max);
    }
    let other_vpc = spec.network.vpc != old.network.vpc;
    if other_vpc && patch.subnets.is_none() {
        return Err(Error::Invalid {
            field: Field::Subnets,
            problem: Problem::NeededBy(Field::Vpc),
        });
    }
    let config = match patch.config {
        Some(_) => Some(named_config(patch.config, facts, draft.settings)?),
        None => draft.view().config.clone(),
    };
    check_spec(&spec, config.as_deref())?;
    let asked = Asked {
        site: &draft.group().site,
        old: Some(&old),
        new: &spec,
        config: config.as_deref(),
        config_named: spec.config != old.config,
    };
    catalogue::check_group(&draft.settings.catalogue, &asked)?;
    let unique = draft.group().door.has_unique_names();
    if patch.name.is_some() && spec.name != old.name && facts.name_taken && unique {
        return Err(Error::NameTaken {
            kind: ResourceKind::Group,
            name: spec.name,
        });
    }
    if other_vpc && !old.balancers.is_empty() {
        return Err(Error::VpcBound);
    }
    if patch.config.is_some() {
        draft.set_config(config);
    }
    if spec != old {
        draft.release_brake();
        let group = draft.group_mut();
        group.spec = spec;
        // Numbers go on where they left off, unless a first one is given (rule G13).
        let given = |index: Option<NameIndex>| index.and_then(|index| index.begin);
        group.next_name_index = given(patch.name_index).unwrap_or(group.next_name_index);
        group.next_host_index = given(patch.host_name_index).unwrap_or(group.next_host_index);
    }
    let changed = match &patch.balancers {
        None => Created::Nothing,
        Some(change) => match balancers::change(draft, change, facts) {
            // The other things that are to change do.
            Err(Error::NothingToDo) => Created::Nothing,
            done => done?,
        },
    };
    judge(draft, patch, &old);
    Ok(changed)
}

/// How health is judged, of the balancers that there are now.
fn judge(draft: &mut Draft<'_>, patch: &GroupPatch, old: &GroupSpec) {
    let spec = &draft.group().spec;
    let mut new = spec.clone();
    if let Some(kind) = patch.health_kind {
        new.judge_by(kind);
    }
    new.judge_each(&old.places(), &patch.heard);
    if new != *spec {
        draft.release_brake();
        balancers::judge(draft, |spec| *spec = new);
    }
}

/// The configuration that a command names: it has to be there and usable.
pub(super) fn named_config(
    id: Option<muster_model::ConfigId>,
    facts: &Facts,
    settings: &Settings,
) -> Result<Arc<LaunchConfiguration>, Error> {
    let config = facts.config.clone().ok_or_else(|| Error::NotFound {
        kind: ResourceKind::Config,
        id: id.map(|id| id.to_string()).unwrap_or_default(),
    })?;
    match catalogue::config_status(&settings.catalogue, &config) {
        ConfigStatus::Normal => Ok(config),
        ConfigStatus::ImageAbnormal
        | ConfigStatus::SnapshotAbnormal
        | ConfigStatus::SecurityGroupAbnormal => Err(Error::ConfigAbnormal),
    }
}

/// Rules that hold for the whole of what is wanted of a group, new or changed.
pub(super) fn check_spec(
    spec: &GroupSpec,
    config: Option<&LaunchConfiguration>,
) -> Result<(), Error> {
    check_size(spec.size)?;
    check_tags(&spec.tags)?;
    check_base(spec.allocation, spec.size.max)?;
    let invalid = |field, problem| Err(Error::Invalid { field, problem });
    for (at, subnet) in spec.network.subnets.iter().enumerate() {
        if spec.network.subnets[..at].contains(subnet) {
            return invalid(Field::Subnets, Problem::Duplicate(subnet.clone()));
        }
    }
    let vpc = &spec.network.vpc;
    if !vpc.is_empty() && vpc != "0" && spec.network.subnets.is_empty() {
        return invalid(Field::Subnets, Problem::NeededBy(Field::Vpc));
    }
    let mixed = matches!(spec.allocation, Allocation::SpotMixed(_));
    if mixed && config.is_some_and(|config| config.spec.charge != ChargeType::PostpaidByHour) {
        return invalid(Field::Allocation, Problem::NotWith(Field::ChargeType));
    }
    if spec.concurrent_scale_out && mixed {
        return invalid(
            Field::ConcurrentScaleOut,
            Problem::NotWith(Field::Allocation),
        );
    }
    if spec.concurrent_scale_out && spec.service.scaling_mode == ScalingMode::WakeUpStopped {
        return invalid(
            Field::ConcurrentScaleOut,
            Problem::NotWith(Field::ScalingMode),
        );
    }
    Ok(())
}

/// The on-demand base of a spot mix may not exceed the maximum (rule G11).
pub(super) fn check_base(allocation: Allocation, max: u32) -> Result<(), Error> {
    match allocation {
        Allocation::SpotMixed(mix) if mix.base > max => Err(Error::Invalid {
            field: Field::SpotBase,
            problem: Problem::Above {
                value: mix.base,
                than: Field::Max,
                limit: max,
            },
        }),
        Allocation::SpotMixed(_) | Allocation::LaunchConfiguration => Ok(()),
    }
}

/// Takes over how names are numbered; a first number that is not given stays as it was shown.
fn number(old: &mut Option<NameIndex>, new: Option<NameIndex>) {
    if let Some(new) = new {
        *old = Some(NameIndex {
            begin: new.begin.or(old.and_then(|old| old.begin)),
            ..new
        });
    }
}

fn patched(spec: &mut GroupSpec, patch: &GroupPatch) {
    fn set<T: Clone>(to: &mut T, from: &Option<T>) {
        if let Some(value) = from {
            to.clone_from(value);
        }
    }
    set(&mut spec.name, &patch.name);
    if patch.config.is_some() {
        spec.config = patch.config;
    }
    set(&mut spec.size.min, &patch.min);
    set(&mut spec.size.desired, &patch.desired);
    set(&mut spec.size.max, &patch.max);
    set(&mut spec.cooldown_secs, &patch.cooldown_secs);
    set(&mut spec.network.vpc, &patch.vpc);
    set(&mut spec.network.subnets, &patch.subnets);
    set(&mut spec.network.zones, &patch.zones);
    set(&mut spec.network.security_groups, &patch.security_groups);
    set(&mut spec.network.ipv6_addresses, &patch.ipv6_addresses);
    set(&mut spec.spread, &patch.spread);
    set(&mut spec.zones_check, &patch.zones_check);
    set(&mut spec.termination, &patch.termination);
    set(&mut spec.retry, &patch.retry);
    set(&mut spec.health.period_secs, &patch.health_period_secs);
    set(&mut spec.health.grace_secs, &patch.health_grace_secs);
    set(&mut spec.project, &patch.project);
    set(&mut spec.tags, &patch.tags);
    if let Some(edit) = &patch.tag_edit {
        edit.apply(&mut spec.tags);
    }
    set(&mut spec.service, &patch.service);
    set(&mut spec.allocation, &patch.allocation);
    set(&mut spec.capacity_rebalance, &patch.capacity_rebalance);
    number(&mut spec.name_index, patch.name_index);
    number(&mut spec.host_name_index, patch.host_name_index);
    set(&mut spec.concurrent_scale_out, &patch.concurrent_scale_out);
    if patch.huawei.is_some() {
        spec.huawei.clone_from(&patch.huawei);
    }
}
