//! Commands on launch configurations (rules C1-C10).

use muster_model::{
    Account, ChargeType, ClearFields, ConfigId, ConfigPatch, ConfigSpec, ConfigStatus, DataDisk,
    Door, Error, Field, LaunchConfiguration, Problem, Quota, ResourceKind, Site, Tag,
};

use crate::{Context, catalogue};

/// Makes a configuration. `context.facts`: is the name taken, how many are there.
///
/// # Errors
/// Refused; nothing changes.
pub fn create_config(
    account: &Account,
    door: Door,
    site: &Site,
    spec: &ConfigSpec,
    context: &mut Context<'_>,
) -> Result<LaunchConfiguration, Error> {
    check_spec(spec)?;
    catalogue::check_config(&context.settings.catalogue, None, spec)?;
    check_name(door, spec, context)?;
    let limit = context.settings.quotas.configs;
    let of_2017 = context.settings.quotas.of_2017.configs;
    crate::settings::check_quota(Quota::Configs, door, (limit, of_2017), context.facts)?;
    Ok(LaunchConfiguration {
        id: context.ids.next_id(),
        account: account.id,
        site: site.clone(),
        door,
        version: 1,
        created_at: context.now,
        ordinal: account.version,
        updated_at: context.now,
        status: ConfigStatus::Normal,
        spec: spec.clone(),
    })
}

/// Changes some of a configuration (rule C8). `context.facts`: is the new name taken, does a spot mix use it. A patch that changes nothing
/// gives the old version back.
///
/// # Errors
/// Refused; nothing changes.
pub fn modify_config(
    old: &LaunchConfiguration,
    patch: &ConfigPatch,
    context: &mut Context<'_>,
) -> Result<LaunchConfiguration, Error> {
    let mut spec = old.spec.clone();
    patched(&mut spec, patch);
    check_spec(&spec)?;
    catalogue::check_config(&context.settings.catalogue, Some(&old.spec), &spec)?;
    check_users(old, &spec, context)?;
    if spec.name != old.spec.name {
        check_name(old.door, &spec, context)?;
    }
    check_charge(old, &spec, context)?;
    Ok(next_version(old, spec, context))
}

/// The groups that use a configuration go on with what it becomes.
fn check_users(
    old: &LaunchConfiguration,
    new: &ConfigSpec,
    context: &Context<'_>,
) -> Result<(), Error> {
    let catalogue = &context.settings.catalogue;
    catalogue::check_users(catalogue, (&old.spec, new), &context.facts.users)
}

/// A spot mix pays for its machines as it says itself: the charge type of its configuration stays (rule G10).
fn check_charge(
    old: &LaunchConfiguration,
    spec: &ConfigSpec,
    context: &Context<'_>,
) -> Result<(), Error> {
    if context.facts.mixed && spec.charge != old.spec.charge {
        return Err(Error::Invalid {
            field: Field::ChargeType,
            problem: Problem::NotWith(Field::Allocation),
        });
    }
    Ok(())
}

/// Empties some of a configuration (rule C9).
#[must_use]
pub fn clear_config(
    old: &LaunchConfiguration,
    fields: ClearFields,
    context: &mut Context<'_>,
) -> LaunchConfiguration {
    let mut spec = old.spec.clone();
    if fields.data_disks {
        spec.data_disks.clear();
    }
    if fields.host_names {
        spec.host_names = None;
    }
    if fields.instance_names {
        spec.instance_names = None;
    }
    if fields.disaster_recover_groups {
        spec.disaster_recover_groups.clear();
    }
    if fields.instance_tags {
        spec.instance_tags.clear();
    }
    if fields.metadata {
        spec.metadata.clear();
    }
    if fields.network_interfaces {
        spec.network_interfaces = None;
    }
    next_version(old, spec, context)
}

/// Replaces all of a configuration but its login: what `spec` leaves out falls back to defaults (rule C9).
///
/// # Errors
/// Refused; nothing changes.
pub fn upgrade_config(
    old: &LaunchConfiguration,
    spec: &ConfigSpec,
    context: &mut Context<'_>,
) -> Result<LaunchConfiguration, Error> {
    let spec = ConfigSpec {
        login: old.spec.login.clone(),
        // Only another door has words for these.
        ksyun_extras: old.spec.ksyun_extras.clone(),
        public_image: old.spec.public_image,
        name_time_suffix: old.spec.name_time_suffix,
        system_disk: spec
            .system_disk
            .as_ref()
            .map(|disk| disk.in_place_of(old.spec.system_disk.as_ref())),
        data_disks: DataDisk::in_place_of(&spec.data_disks, &old.spec.data_disks),
        ..spec.clone()
    };
    check_spec(&spec)?;
    // Its login stays: that is not looked up again.
    let given = ConfigSpec {
        login: None,
        ..spec.clone()
    };
    catalogue::check_config(&context.settings.catalogue, None, &given)?;
    check_users(old, &spec, context)?;
    if spec.name != old.spec.name {
        check_name(old.door, &spec, context)?;
    }
    check_charge(old, &spec, context)?;
    Ok(next_version(old, spec, context))
}

/// Whether a configuration may be deleted. `context.facts`: a group that uses it, a member that was made of it.
///
/// # Errors
/// It is used.
pub fn delete_config(door: Door, id: ConfigId, context: &mut Context<'_>) -> Result<(), Error> {
    let facts = context.facts;
    let by = match door {
        // While one of its machines is in a group as well (T:1138).
        Door::Tencent2 => facts.used_by.as_ref().or(facts.made.as_ref()),
        Door::Tencent3 | Door::Huawei | Door::Ksyun => facts.used_by.as_ref(),
    };
    match by {
        Some(by) => Err(Error::InUse {
            kind: ResourceKind::Config,
            id: id.to_string(),
            by: by.clone(),
        }),
        None => Ok(()),
    }
}

fn next_version(
    old: &LaunchConfiguration,
    spec: ConfigSpec,
    context: &Context<'_>,
) -> LaunchConfiguration {
    if spec == old.spec {
        return old.clone();
    }
    LaunchConfiguration {
        version: old.version + 1,
        updated_at: context.now,
        spec,
        ..old.clone()
    }
}

fn check_name(door: Door, spec: &ConfigSpec, context: &Context<'_>) -> Result<(), Error> {
    if context.facts.name_taken && door.has_unique_names() {
        return Err(Error::NameTaken {
            kind: ResourceKind::Config,
            name: spec.name.clone(),
        });
    }
    Ok(())
}

/// Tags that a resource may have (rules G5, C3).
const MOST_TAGS: usize = 30;

/// Refuses more tags than there may be.
pub(crate) fn check_tags(tags: &[Tag]) -> Result<(), Error> {
    if tags.len() <= MOST_TAGS {
        return Ok(());
    }
    Err(Error::Invalid {
        field: Field::Tags,
        problem: Problem::Range {
            value: i64::try_from(tags.len()).unwrap_or(i64::MAX),
            min: 0,
            max: 30,
        },
    })
}

/// Rules that hold for a whole configuration, new or changed.
fn check_spec(spec: &ConfigSpec) -> Result<(), Error> {
    let invalid = |field, problem| Err(Error::Invalid { field, problem });
    if spec.instance_types.is_empty() {
        return invalid(Field::InstanceType, Problem::OneOf(Field::InstanceTypes));
    }
    match (&spec.image, &spec.image_family) {
        (None, None) if spec.source_instance.is_none() => {
            return invalid(Field::Image, Problem::OneOf(Field::ImageFamily));
        }
        (Some(_), Some(_)) => {
            return invalid(Field::ImageFamily, Problem::ExcludedBy(Field::Image));
        }
        _ => {}
    }
    match spec.charge {
        ChargeType::Spot if spec.market.is_none() => {
            return invalid(Field::Market, Problem::NeededBy(Field::ChargeType));
        }
        ChargeType::Prepaid if spec.prepaid.is_none() => {
            return invalid(Field::Prepaid, Problem::NeededBy(Field::ChargeType));
        }
        ChargeType::Spot
        | ChargeType::Prepaid
        | ChargeType::PostpaidByHour
        | ChargeType::Dedicated => {}
    }
    check_tags(&spec.tags)?;
    if let Some(internet) = &spec.internet
        && internet.public_ip == Some(true)
        && internet.max_bandwidth_out_mbps.unwrap_or(0) <= 0
    {
        return invalid(
            Field::PublicIp,
            Problem::Unusable("a public address needs bandwidth above 0".to_owned()),
        );
    }
    Ok(())
}

fn patched(spec: &mut ConfigSpec, patch: &ConfigPatch) {
    fn set<T: Clone>(to: &mut T, from: &Option<T>) {
        if let Some(value) = from {
            to.clone_from(value);
        }
    }
    fn put<T: Clone>(to: &mut Option<T>, from: &Option<T>) {
        if from.is_some() {
            to.clone_from(from);
        }
    }
    set(&mut spec.name, &patch.name);
    set(&mut spec.project, &patch.project);
    set(&mut spec.ksyun_extras, &patch.ksyun_extras);
    set(&mut spec.name_time_suffix, &patch.name_time_suffix);
    match (&patch.image, &patch.image_family) {
        (Some(_), Some(_)) => {
            put(&mut spec.image, &patch.image);
            put(&mut spec.image_family, &patch.image_family);
        }
        (Some(image), None) => (spec.image, spec.image_family) = (Some(image.clone()), None),
        (None, Some(family)) => (spec.image, spec.image_family) = (None, Some(family.clone())),
        (None, None) => {}
    }
    set(&mut spec.instance_types, &patch.instance_types);
    set(&mut spec.types_check, &patch.types_check);
    if let Some(disk) = &patch.system_disk {
        spec.system_disk = Some(disk.in_place_of(spec.system_disk.as_ref()));
    }
    if let Some(disks) = &patch.data_disks {
        spec.data_disks = DataDisk::in_place_of(disks, &spec.data_disks);
    }
    put(&mut spec.internet, &patch.internet);
    put(&mut spec.ipv6_internet, &patch.ipv6_internet);
    put(&mut spec.login, &patch.login);
    set(&mut spec.security_groups, &patch.security_groups);
    put(&mut spec.enhanced, &patch.enhanced);
    set(&mut spec.user_data, &patch.user_data);
    put(&mut spec.market, &patch.market);
    put(&mut spec.prepaid, &patch.prepaid);
    if let Some(charge) = patch.charge {
        spec.charge = charge;
        // Leaving a charge type drops its options (rule C8).
        if charge != ChargeType::Spot {
            spec.market = None;
        }
        if charge != ChargeType::Prepaid {
            spec.prepaid = None;
        }
    }
    put(&mut spec.role, &patch.role);
    set(&mut spec.instance_tags, &patch.instance_tags);
    put(&mut spec.host_names, &patch.host_names);
    put(&mut spec.instance_names, &patch.instance_names);
    set(&mut spec.disk_type_policy, &patch.disk_type_policy);
    put(&mut spec.hpc_cluster, &patch.hpc_cluster);
    set(
        &mut spec.disaster_recover_groups,
        &patch.disaster_recover_groups,
    );
    put(&mut spec.dedicated_cluster, &patch.dedicated_cluster);
    set(&mut spec.metadata, &patch.metadata);
    put(&mut spec.network_interfaces, &patch.network_interfaces);
    if let Some(edit) = &patch.tag_edit {
        edit.apply(&mut spec.tags);
    }
}
