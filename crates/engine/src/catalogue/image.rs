//! What a launch configuration is made of goes together: its image, its instance types and its disks.

use muster_model::{Catalogue, ConfigSpec, Error, ImageStatus, ListedImage, ListedType, Misfit};

use super::config::Changed;
use super::misfit;

/// Why a type does not go with an image, if so. 32 bits reach less than 4 GB of memory, for devices have addresses too.
fn unlike(image: &ListedImage, name: &str, listed: &ListedType) -> Option<Misfit> {
    const LEAST_GB_OF_64_BITS: u32 = 4;
    if image.architecture != listed.architecture {
        return Some(Misfit::TypeOfOtherArchitecture);
    }
    if !image.types.is_empty() && !image.types.contains(name) {
        return Some(Misfit::TypeNotOfImage);
    }
    let large = |memory: u32| memory >= LEAST_GB_OF_64_BITS;
    (image.is_32_bit && listed.memory_gb.is_some_and(large)).then_some(Misfit::TypeAbove32Bits)
}

/// Refuses an image that no machine can be made of just now.
fn is_active(id: &str, image: &ListedImage) -> Result<(), Error> {
    match image.status {
        ImageStatus::Active => Ok(()),
        ImageStatus::Queued => Err(misfit(Misfit::ImageQueued, id)),
        ImageStatus::Killed => Err(misfit(Misfit::ImageKilled, id)),
    }
}

/// Refuses parts that do not go together. Those that are not listed have been refused before.
pub(super) fn parts_fit(catalogue: &Catalogue, changed: &Changed<'_>) -> Result<(), Error> {
    let spec = changed.new;
    let other_image = changed.is(|spec| &spec.image);
    let other_types = changed.is(|spec| &spec.instance_types);
    let other_system_disk = changed.is(|spec| &spec.system_disk);
    let id = spec.image.as_deref().unwrap_or_default();
    if let Some(image) = catalogue.images.get(id) {
        if other_image {
            is_active(id, image)?;
        }
        if other_image || other_types {
            types_fit(catalogue, image, spec)?;
        }
        if other_image || other_system_disk {
            system_disk_fits(image, spec)?;
        }
    }
    match other_types || other_system_disk || changed.is(|spec| &spec.data_disks) {
        true => disk_types_fit(catalogue, spec),
        false => Ok(()),
    }
}

fn types_fit(catalogue: &Catalogue, image: &ListedImage, spec: &ConfigSpec) -> Result<(), Error> {
    for name in &spec.instance_types {
        let listed = catalogue.types.get(name);
        if let Some(why) = listed.and_then(|listed| unlike(image, name, listed)) {
            return Err(misfit(why, name));
        }
    }
    Ok(())
}

fn system_disk_fits(image: &ListedImage, spec: &ConfigSpec) -> Result<(), Error> {
    let size_gb = spec.system_disk.as_ref().and_then(|disk| disk.size_gb);
    match size_gb {
        Some(size_gb) if size_gb < i64::from(image.min_disk_gb) => {
            Err(misfit(Misfit::SystemDiskTooSmall, &size_gb.to_string()))
        }
        Some(_) | None => Ok(()),
    }
}

/// Every instance type takes every type of disk that is named.
fn disk_types_fit(catalogue: &Catalogue, spec: &ConfigSpec) -> Result<(), Error> {
    let system = spec.system_disk.iter().map(|disk| &disk.disk_type);
    let data = spec.data_disks.iter().map(|disk| &disk.disk_type);
    let named: Vec<&String> = system.chain(data).flatten().collect();
    let types = spec.instance_types.iter();
    for listed in types.filter_map(|name| catalogue.types.get(name)) {
        let takes = &listed.disk_types;
        let refused = named
            .iter()
            .find(|disk| !takes.is_empty() && !takes.contains(**disk));
        if let Some(disk) = refused {
            return Err(misfit(Misfit::DiskTypeNotOfType, disk));
        }
    }
    Ok(())
}

/// A zone, of those that are named, that does not have the image.
pub(super) fn zone_without<'a>(
    catalogue: &Catalogue,
    spec: &ConfigSpec,
    mut zones: impl Iterator<Item = &'a String>,
) -> Option<&'a String> {
    let image = catalogue.images.get(spec.image.as_deref()?)?;
    zones.find(|zone| !image.zones.is_empty() && !image.zones.contains(*zone))
}

/// Whether the image of a configuration is there and machines can be made of it, as far as the catalogue knows it.
pub(super) fn is_usable(catalogue: &Catalogue, spec: &ConfigSpec) -> bool {
    let image = spec.image.as_ref().and_then(|id| catalogue.images.get(id));
    image.is_none_or(|image| image.status == ImageStatus::Active)
}
