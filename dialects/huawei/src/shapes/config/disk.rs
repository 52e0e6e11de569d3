//! Disks.

use std::collections::BTreeMap;

use super::{ConfigSpec, DataDisk, Deserialize, DiskType, Fault, Serialize, SystemDisk, checks};

/// Disks of a configuration at the most (L4914).
const DISKS: usize = 24;
/// Operations, or MiB, of a disk in a second at the most: what no kind of disk has more of.
const MOST_PER_SECOND: i64 = 1_000_000;
/// Kinds of volumes: those of the document and those of the SDK.
const VOLUMES: [&str; 8] = [
    "SATA", "SSD", "SAS", "GPSSD", "co-p1", "uh-l1", "GPSSD2", "ESSD2",
];

/// DiskInfo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Disk {
    size: Option<i64>,
    volume_type: Option<String>,
    disk_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dedicated_storage_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_disk_image_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iops: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    throughput: Option<i64>,
}

impl Disk {
    fn encrypt(&self) -> Option<bool> {
        let metadata = self.metadata.as_ref()?;
        metadata.get("__system__encrypted").map(|word| word == "1")
    }

    fn kms_key(&self) -> Option<String> {
        self.metadata.as_ref()?.get("__system__cmkid").cloned()
    }

    fn system(&self) -> SystemDisk {
        SystemDisk {
            disk_type: self.volume_type.clone(),
            size_gb: self.size,
            encrypt: self.encrypt(),
            kms_key: self.kms_key(),
            snapshot: given(self.snapshot_id.as_ref()).cloned(),
            storage: given(self.dedicated_storage_id.as_ref()).cloned(),
        }
    }

    fn data(&self) -> DataDisk {
        DataDisk {
            disk_type: self.volume_type.clone(),
            size_gb: self.size,
            snapshot: self.snapshot_id.clone(),
            encrypt: self.encrypt(),
            kms_key: self.kms_key(),
            throughput_mbps: self.throughput,
            image: given(self.data_disk_image_id.as_ref()).cloned(),
            storage: given(self.dedicated_storage_id.as_ref()).cloned(),
            ..DataDisk::default()
        }
    }

    fn check(&self) -> Result<DiskType, Fault> {
        let kind = self.disk_type.as_deref().unwrap_or_default();
        let kind: DiskType = checks::word("AS.1034", "disk.disk_type", kind)?;
        let volume = self.volume_type.as_deref().unwrap_or_default();
        if !VOLUMES.contains(&volume) {
            let wanted = format!("one of {} is right", VOLUMES.join(", "));
            return Err(Fault::value("AS.1033", "disk.volume_type", volume, &wanted));
        }
        let size = self
            .size
            .ok_or_else(|| Fault::missing("AS.1031", "disk.size"))?;
        let (min, max) = match kind {
            DiskType::System => (1, 1024),
            DiskType::Data => (10, 32_768),
        };
        checks::number("AS.1031", "disk.size", size, min, max)?;
        self.check_encryption(kind)?;
        self.check_ids()?;
        self.check_sources(kind)?;
        Ok(kind)
    }

    /// What is only passed on has the form of an id.
    fn check_ids(&self) -> Result<(), Fault> {
        let key = self.kms_key();
        for (code, name, id) in [
            (
                "AS.0022",
                "data_disk_image_id",
                self.data_disk_image_id.as_ref(),
            ),
            (
                "AS.0022",
                "dedicated_storage_id",
                self.dedicated_storage_id.as_ref(),
            ),
            ("AS.1066", "snapshot_id", self.snapshot_id.as_ref()),
            ("AS.0022", "metadata.__system__cmkid", key.as_ref()),
        ] {
            checks::text_id_if_given(code, &format!("disk.{name}"), id)?;
        }
        for (name, number) in [("iops", self.iops), ("throughput", self.throughput)] {
            let name = format!("disk.{name}");
            let checked =
                number.map(|number| checks::number("AS.0022", &name, number, 0, MOST_PER_SECOND));
            checked.transpose()?;
        }
        Ok(())
    }

    /// On or off, and off for the system (L1270, L1279).
    fn check_encryption(&self, kind: DiskType) -> Result<(), Fault> {
        let word = self.metadata.as_ref();
        let word = word.and_then(|metadata| metadata.get("__system__encrypted"));
        let wanted = match (word.map(String::as_str), kind) {
            (None | Some("0"), _) | (Some("1"), DiskType::Data) => return Ok(()),
            (Some("1"), DiskType::System) => "a system disk is not encrypted",
            (Some(_), _) => "0 or 1 is right",
        };
        let name = "disk.metadata.__system__encrypted";
        Err(Fault::value(
            "AS.0022",
            name,
            word.map_or("", |word| word),
            wanted,
        ))
    }

    /// What it starts with: an image is of data disks only, a backup comes neither with an image nor into a storage of one's
    /// own (L4937, L4945-4946).
    fn check_sources(&self, kind: DiskType) -> Result<(), Fault> {
        let image = given(self.data_disk_image_id.as_ref());
        let snapshot = given(self.snapshot_id.as_ref());
        let storage = given(self.dedicated_storage_id.as_ref());
        let code = match (kind, image, snapshot, storage) {
            (DiskType::System, Some(_), _, _) => "AS.1055",
            (_, _, Some(_), Some(_)) => "AS.1063",
            (_, Some(_), Some(_), _) => "AS.1064",
            _ => return Ok(()),
        };
        let parts = [
            ("data_disk_image_id", image),
            ("snapshot_id", snapshot),
            ("dedicated_storage_id", storage),
        ];
        let parts = parts.iter().filter_map(|(name, value)| {
            let value = (*value)?;
            Some(format!("`disk.{name}` is `{value}`"))
        });
        let detail = parts.collect::<Vec<_>>().join(", ");
        Err(Fault::new(code, format!("{detail}.")))
    }
}

/// What is there and not empty.
fn given(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

/// Checks disks: exactly one for the system, at most 24 in all.
pub(super) fn disks(
    list: &[Disk],
    types: &[String],
) -> Result<(Option<SystemDisk>, Vec<DataDisk>), Fault> {
    if list.is_empty() {
        return Err(Fault::missing("AS.1028", "disk"));
    }
    if list.len() > DISKS {
        let detail = format!("The parameter `disk` has {} entries.", list.len());
        return Err(Fault::filled("AS.1032", &types.join(","), detail));
    }
    let stored = list
        .iter()
        .filter(|disk| given(disk.dedicated_storage_id.as_ref()).is_some());
    // All of them or none.
    if ![0, list.len()].contains(&stored.count()) {
        let detail = "`disk.dedicated_storage_id` is given for some of the disks.";
        return Err(Fault::new("AS.1060", detail));
    }
    let (mut system, mut data) = (Vec::new(), Vec::new());
    for disk in list {
        match disk.check()? {
            DiskType::System => system.push(disk.system()),
            DiskType::Data => data.push(disk.data()),
        }
    }
    match system.len() {
        1 => Ok((system.pop(), data)),
        count => Err(Fault::new(
            "AS.1029",
            format!("There are {count} disks of type SYS."),
        )),
    }
}

fn word(kind: DiskType) -> Option<String> {
    Some(kind.word().to_owned())
}

fn metadata(encrypt: Option<bool>, key: Option<&String>) -> Option<BTreeMap<String, String>> {
    let encrypt = encrypt.map(|on| ("__system__encrypted".to_owned(), u8::from(on).to_string()));
    let key = key.map(|key| ("__system__cmkid".to_owned(), key.clone()));
    let map: BTreeMap<String, String> = encrypt.into_iter().chain(key).collect();
    (!map.is_empty()).then_some(map)
}

/// The disks as they were given, unless they have been changed since.
pub(super) fn shown(spec: &ConfigSpec, given: Option<Vec<Disk>>) -> Vec<Disk> {
    // Where disks come from stands only here in what was written before the model knew of it.
    let is_so = |list: &Vec<Disk>| {
        let parted = disks(list, &spec.instance_types);
        parted.is_ok_and(|(system, data)| {
            let own = spec.system_disk.as_ref();
            own.map(|disk| disk.in_place_of(system.as_ref())) == system
                && DataDisk::in_place_of(&spec.data_disks, &data) == data
        })
    };
    if let Some(given) = given.filter(is_so) {
        return given;
    }
    let system = spec.system_disk.iter().map(|disk| Disk {
        size: disk.size_gb,
        volume_type: disk.disk_type.clone(),
        disk_type: word(DiskType::System),
        snapshot_id: disk.snapshot.clone(),
        dedicated_storage_id: disk.storage.clone(),
        metadata: metadata(disk.encrypt, disk.kms_key.as_ref()),
        ..Disk::default()
    });
    let data = spec.data_disks.iter().map(|disk| Disk {
        size: disk.size_gb,
        volume_type: disk.disk_type.clone(),
        disk_type: word(DiskType::Data),
        snapshot_id: disk.snapshot.clone(),
        data_disk_image_id: disk.image.clone(),
        dedicated_storage_id: disk.storage.clone(),
        metadata: metadata(disk.encrypt, disk.kms_key.as_ref()),
        throughput: disk.throughput_mbps,
        ..Disk::default()
    });
    system.chain(data).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(data: &str) -> Vec<Disk> {
        let system = r#"{"size": 40, "volume_type": "SSD", "disk_type": "SYS", "dedicated_storage_id": "s", "iops": 3000}"#;
        serde_json::from_str(&format!("[{system}, {data}]")).unwrap()
    }

    #[test]
    fn disks_are_shown_as_they_were_given_until_they_are_changed() {
        let data = r#"{"size": 50, "volume_type": "SSD", "disk_type": "DATA", "dedicated_storage_id": "s",
            "data_disk_image_id": "i"}"#;
        let list = given(data);
        let (system_disk, data_disks) = disks(&list, &[]).unwrap();
        let spec = ConfigSpec {
            system_disk,
            data_disks,
            ..ConfigSpec::default()
        };
        assert_eq!(shown(&spec, Some(list.clone())), list);
        // One that was written before the model knew of storages and images.
        let mut old = spec.clone();
        old.data_disks[0].image = None;
        old.data_disks[0].storage = None;
        old.system_disk.as_mut().unwrap().storage = None;
        assert_eq!(shown(&old, Some(list.clone())), list);
        // Another door has made a disk larger: what it has no words for is shown of what there is now.
        let mut larger = spec;
        larger.data_disks[0].size_gb = Some(60);
        let mut wanted = given(&data.replace("50", "60"));
        wanted[0].iops = None;
        assert_eq!(shown(&larger, Some(list)), wanted);
    }
}
