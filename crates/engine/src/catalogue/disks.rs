//! Disks of a launch configuration against the catalogue: what they start with, and the storages that they are made in.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::{
    Catalogue, ConfigSpec, DataDisk, Error, ImageStatus, Listed, ListedDataImage, Misfit,
};

use super::config::Changed;
use super::{entry, exists, misfit};

/// A disk, whatever it is for.
struct Disk<'a> {
    kind: Option<&'a String>,
    size_gb: Option<i64>,
    snapshot: Option<&'a String>,
    storage: Option<&'a String>,
}

fn given(id: Option<&String>) -> Option<&String> {
    id.filter(|id| !id.is_empty())
}

fn all(spec: &ConfigSpec) -> impl Iterator<Item = Disk<'_>> {
    let system = spec.system_disk.iter().map(|disk| Disk {
        kind: disk.disk_type.as_ref(),
        size_gb: disk.size_gb,
        snapshot: given(disk.snapshot.as_ref()),
        storage: given(disk.storage.as_ref()),
    });
    let data = spec.data_disks.iter().map(|disk| Disk {
        kind: disk.disk_type.as_ref(),
        size_gb: disk.size_gb,
        snapshot: given(disk.snapshot.as_ref()),
        storage: given(disk.storage.as_ref()),
    });
    system.chain(data)
}

/// The backups that disks are restored from.
pub(super) fn snapshots(spec: &ConfigSpec) -> impl Iterator<Item = &String> {
    all(spec).filter_map(|disk| disk.snapshot)
}

fn storages(spec: &ConfigSpec) -> impl Iterator<Item = &String> {
    all(spec).filter_map(|disk| disk.storage)
}

/// Images of data disks, with the disks that are made from them.
fn images(spec: &ConfigSpec) -> impl Iterator<Item = (&String, &DataDisk)> {
    let disks = spec.data_disks.iter();
    disks.filter_map(|disk| given(disk.image.as_ref()).map(|id| (id, disk)))
}

/// Whether any disk is another one now.
pub(super) fn change(changed: &Changed<'_>) -> bool {
    changed.is(|spec| &spec.system_disk) || changed.is(|spec| &spec.data_disks)
}

/// Refuses disks whose backup, image or storage is not there.
pub(super) fn exist(catalogue: &Catalogue, changed: &Changed<'_>) -> Result<(), Error> {
    if !change(changed) {
        return Ok(());
    }
    let spec = changed.new;
    exists(&catalogue.snapshots, Listed::Snapshot, snapshots(spec))?;
    for (id, _) in images(spec) {
        entry(&catalogue.data_images, Listed::DataImage, id)?;
    }
    for id in storages(spec) {
        entry(&catalogue.storages, Listed::Storage, id)?;
    }
    Ok(())
}

/// Whether the images of data disks are there and can be used.
pub(super) fn have_images(catalogue: &Catalogue, spec: &ConfigSpec) -> bool {
    images(spec).all(|(id, _)| {
        let listed = catalogue.data_images.get(id);
        listed.is_some_and(|image| image.status == ImageStatus::Active)
    })
}

/// Refuses disks that do not go with what they start with, with their storage, or with the rest of the machine. What is not
/// listed has been refused before.
pub(super) fn fit(catalogue: &Catalogue, changed: &Changed<'_>) -> Result<(), Error> {
    let spec = changed.new;
    let (disks, image) = (change(changed), changed.is(|spec| &spec.image));
    if disks {
        for (id, disk) in images(spec) {
            if let Some(listed) = catalogue.data_images.get(id) {
                image_fits(id, listed, disk)?;
            }
        }
        storages_fit(catalogue, spec)?;
    }
    if disks || image {
        backups_fit(catalogue, spec)?;
    }
    match disks || image || changed.is(|spec| &spec.instance_types) {
        true => in_one_zone(catalogue, spec),
        false => Ok(()),
    }
}

fn image_fits(id: &str, image: &ListedDataImage, disk: &DataDisk) -> Result<(), Error> {
    match (image.status, disk.size_gb) {
        (ImageStatus::Queued | ImageStatus::Killed, _) => {
            Err(misfit(Misfit::DataImageUnusable, id))
        }
        (ImageStatus::Active, Some(size_gb)) if size_gb < i64::from(image.min_disk_gb) => {
            Err(misfit(Misfit::DataDiskTooSmall, &size_gb.to_string()))
        }
        (ImageStatus::Active, _) => Ok(()),
    }
}

/// Storages take the disks of one machine: their types, all of them together, in one zone.
fn storages_fit(catalogue: &Catalogue, spec: &ConfigSpec) -> Result<(), Error> {
    let mut taken: BTreeMap<&String, i64> = BTreeMap::new();
    let mut zone: Option<&String> = None;
    for disk in all(spec) {
        let Some(id) = disk.storage else { continue };
        let Some(storage) = catalogue.storages.get(id) else {
            continue;
        };
        if storage.unavailable {
            return Err(misfit(Misfit::StorageUnavailable, id));
        }
        let refused =
            |kind: &&String| !storage.disk_types.is_empty() && !storage.disk_types.contains(*kind);
        if let Some(kind) = disk.kind.filter(refused) {
            return Err(misfit(Misfit::DiskTypeNotOfStorage, kind));
        }
        if zone.is_some_and(|zone| *zone != storage.zone) {
            return Err(misfit(Misfit::StoragesApart, id));
        }
        zone = Some(&storage.zone);
        let sum = taken.entry(id).or_default();
        *sum = sum.saturating_add(disk.size_gb.unwrap_or(0));
        if storage
            .capacity_gb
            .is_some_and(|most| *sum > i64::from(most))
        {
            return Err(misfit(Misfit::StorageTooSmall, id));
        }
    }
    Ok(())
}

/// Of an image of a whole server each disk is restored, from its own backup.
fn backups_fit(catalogue: &Catalogue, spec: &ConfigSpec) -> Result<(), Error> {
    let id = spec.image.as_deref().unwrap_or_default();
    let image = catalogue.images.get(id);
    let Some(image) = image.filter(|image| !image.backups.is_empty()) else {
        return Ok(());
    };
    if snapshots(spec).count() != image.backups.len() {
        return Err(misfit(Misfit::DisksNotOfImage, id));
    }
    let mut named = BTreeSet::new();
    match snapshots(spec).find(|id| !image.backups.contains(*id) || !named.insert(*id)) {
        Some(id) => Err(misfit(Misfit::BackupNotOfImage, id)),
        None => Ok(()),
    }
}

/// A zone has the image, the storages and one of the instance types.
fn in_one_zone(catalogue: &Catalogue, spec: &ConfigSpec) -> Result<(), Error> {
    let id = spec.image.as_ref();
    let image = id.and_then(|id| catalogue.images.get(id));
    let of_image = image.filter(|image| !image.zones.is_empty());
    let of_storages = storages(spec).filter_map(|id| catalogue.storages.get(id));
    let of_storages: Vec<&String> = of_storages.map(|storage| &storage.zone).collect();
    let has_rest = |zone: &String| {
        of_image.is_none_or(|image| image.zones.contains(zone))
            && of_storages.iter().all(|own| *own == zone)
    };
    let goes = |name: &String| match catalogue.types.get(name) {
        Some(listed) if !listed.zones.is_empty() => listed.zones.iter().any(has_rest),
        // It is everywhere: what else there is has to meet.
        Some(_) | None => of_storages.first().is_none_or(|zone| has_rest(zone)),
    };
    match spec.instance_types.iter().any(goes) {
        true => Ok(()),
        false => Err(misfit(
            Misfit::PartsApart,
            id.or(spec.instance_types.first()).map_or("", |id| id),
        )),
    }
}

/// Whether a zone has the disks: the storages that they are in, and else their types.
pub(super) fn are_in(catalogue: &Catalogue, spec: &ConfigSpec, zone: &str) -> bool {
    let types = catalogue.zones.get(zone).map(|listed| &listed.disk_types);
    let types = types.filter(|types| !types.is_empty());
    all(spec).all(|disk| match disk.storage {
        Some(id) => {
            let listed = catalogue.storages.get(id);
            listed.is_some_and(|storage| !storage.unavailable && storage.zone == zone)
        }
        None => types.is_none_or(|types| disk.kind.is_none_or(|kind| types.contains(kind))),
    })
}
