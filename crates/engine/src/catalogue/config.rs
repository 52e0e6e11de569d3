//! Launch configurations against the catalogue (rule C5).

use muster_model::{Catalogue, ConfigSpec, Error, HostNames, Listed, Login, Misfit, TypesCheck};

use super::{disks, entry, exists, image, misfit, unlisted};

/// Refuses what does not exist or does not fit. With an `old` one, what stays as it was is not looked at.
pub(crate) fn check_config(
    catalogue: &Catalogue,
    old: Option<&ConfigSpec>,
    new: &ConfigSpec,
) -> Result<(), Error> {
    if !catalogue.strict {
        return Ok(());
    }
    let changed = Changed { old, new };
    image_exists(catalogue, &changed)?;
    let types = changed.is(|spec| &spec.instance_types);
    if types {
        for name in &new.instance_types {
            entry(&catalogue.types, Listed::InstanceType, name)?;
        }
    }
    rest(catalogue, &changed)?;
    image::parts_fit(catalogue, &changed)?;
    disks::fit(catalogue, &changed)?;
    if types || changed.is(|spec| &spec.types_check) {
        types_are_sold(catalogue, new)?;
    }
    host_name(catalogue, &changed)
}

/// What is new, and what was there before.
pub(super) struct Changed<'a> {
    pub(super) old: Option<&'a ConfigSpec>,
    pub(super) new: &'a ConfigSpec,
}

impl Changed<'_> {
    pub(super) fn is<T: PartialEq>(&self, member: impl Fn(&ConfigSpec) -> &T) -> bool {
        self.old.is_none_or(|old| member(old) != member(self.new))
    }
}

fn image_exists(catalogue: &Catalogue, changed: &Changed<'_>) -> Result<(), Error> {
    if changed.is(|spec| &spec.image)
        && let Some(image) = &changed.new.image
    {
        entry(&catalogue.images, Listed::Image, image)?;
    }
    match &changed.new.image_family {
        Some(family) if changed.is(|spec| &spec.image_family) && !has_family(catalogue, family) => {
            Err(unlisted(Listed::ImageFamily, family))
        }
        Some(_) | None => Ok(()),
    }
}

fn has_family(catalogue: &Catalogue, family: &str) -> bool {
    let mut images = catalogue.images.values();
    images.any(|image| image.family.as_deref() == Some(family))
}

fn rest(catalogue: &Catalogue, changed: &Changed<'_>) -> Result<(), Error> {
    let new = changed.new;
    if changed.is(|spec| &spec.project) && new.project != 0 {
        project(catalogue, new.project)?;
    }
    disks::exist(catalogue, changed)?;
    if changed.is(|spec| &spec.security_groups) {
        let (kind, named) = (Listed::SecurityGroup, &new.security_groups);
        exists(&catalogue.security_groups, kind, named)?;
    }
    if changed.is(|spec| &spec.login)
        && let Some(Login::Keys(keys)) = &new.login
    {
        exists(&catalogue.keys, Listed::Key, keys)?;
    }
    if changed.is(|spec| &spec.disaster_recover_groups) {
        let (kind, named) = (Listed::DisasterRecoverGroup, &new.disaster_recover_groups);
        exists(&catalogue.disaster_recover_groups, kind, named)?;
    }
    if changed.is(|spec| &spec.dedicated_cluster) {
        let named = new.dedicated_cluster.iter().filter(|id| !id.is_empty());
        exists(
            &catalogue.dedicated_clusters,
            Listed::DedicatedCluster,
            named,
        )?;
    }
    if changed.is(|spec| &spec.internet) {
        let internet = new.internet.iter();
        packages(
            catalogue,
            internet.filter_map(|internet| internet.bandwidth_package.as_ref()),
        )?;
    }
    if changed.is(|spec| &spec.ipv6_internet) {
        let internet = new.ipv6_internet.iter();
        packages(
            catalogue,
            internet.filter_map(|internet| internet.bandwidth_package.as_ref()),
        )?;
    }
    Ok(())
}

fn packages<'a>(
    catalogue: &Catalogue,
    named: impl Iterator<Item = &'a String>,
) -> Result<(), Error> {
    let listed = &catalogue.bandwidth_packages;
    let mut named = named.filter(|id| !id.is_empty()).peekable();
    match named.peek() {
        Some(id) if listed.is_empty() => Err(misfit(Misfit::NoBandwidthPackages, id)),
        Some(_) | None => exists(listed, Listed::BandwidthPackage, named),
    }
}

/// Refuses a project that is not there.
pub(super) fn project(catalogue: &Catalogue, number: i64) -> Result<(), Error> {
    match number == 0 || catalogue.projects.contains(&number) {
        true => Ok(()),
        false => Err(unlisted(Listed::Project, &number.to_string())),
    }
}

/// All instance types are to be had, or one (rule C5).
fn types_are_sold(catalogue: &Catalogue, spec: &ConfigSpec) -> Result<(), Error> {
    let sold_out = |name: &&String| catalogue.types.get(*name).is_some_and(|one| one.sold_out);
    let without = spec.instance_types.iter().filter(sold_out).count();
    let enough = match spec.types_check {
        TypesCheck::All => without == 0,
        TypesCheck::Any => without < spec.instance_types.len(),
    };
    match spec.instance_types.iter().find(sold_out) {
        Some(name) if !enough => Err(misfit(Misfit::TypeSoldOut, name)),
        Some(_) | None => Ok(()),
    }
}

/// Some images take no host name.
fn host_name(catalogue: &Catalogue, changed: &Changed<'_>) -> Result<(), Error> {
    if !changed.is(|spec| &spec.image) && !changed.is(|spec| &spec.host_names) {
        return Ok(());
    }
    let named = |rule: &HostNames| !rule.name.is_empty();
    let image = changed.new.image.as_deref().unwrap_or_default();
    let fixed = catalogue
        .images
        .get(image)
        .is_some_and(|one| one.fixed_host_name);
    match &changed.new.host_names {
        Some(rule) if fixed && named(rule) => Err(misfit(Misfit::FixedHostName, &rule.name)),
        Some(_) | None => Ok(()),
    }
}

/// What a configuration cannot do without, and is no longer there.
pub(super) fn vanished(catalogue: &Catalogue, spec: &ConfigSpec) -> Option<Listed> {
    let changed = Changed {
        old: None,
        new: spec,
    };
    if image_exists(catalogue, &changed).is_err()
        || !image::is_usable(catalogue, spec)
        || !disks::have_images(catalogue, spec)
    {
        return Some(Listed::Image);
    }
    if disks::snapshots(spec).any(|id| !catalogue.snapshots.contains(id)) {
        return Some(Listed::Snapshot);
    }
    let gone = |id: &String| !catalogue.security_groups.contains(id);
    spec.security_groups
        .iter()
        .any(gone)
        .then_some(Listed::SecurityGroup)
}
