//! Volumes of a server that is made, as they are sent.

use std::collections::BTreeMap;

use muster_model::{DataDisk, SystemDisk};
use serde::Deserialize;

use crate::services::{Beside, Wrong};

/// Data volumes of a server.
const MOST: usize = 23;

/// PrePaidServerRootVolume and PrePaidServerDataVolume, and those of the other path: as far as they mean anything here.
#[derive(Deserialize)]
pub(super) struct Volume {
    volumetype: Option<String>,
    size: Option<i64>,
    cluster_id: Option<String>,
    data_image_id: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    extendparam: Option<Extend>,
}

#[derive(Deserialize)]
struct Extend {
    #[serde(rename = "snapshotId")]
    snapshot: Option<String>,
}

impl Volume {
    fn check(&self, beside: &Beside, at: &str) -> Result<(), Wrong> {
        if self.volumetype.is_none() {
            return Err(beside.missing(&format!("{at}.volumetype")));
        }
        match self.size {
            Some(size) if !(1..=32_768).contains(&size) => {
                let path = format!("{at}.size");
                Err(beside.invalid(&path, size, "1 to 32768 GB are right"))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn kept(&self, name: &str) -> Option<&String> {
        self.metadata.as_ref()?.get(name)
    }

    fn encrypt(&self) -> Option<bool> {
        self.kept("__system__encrypted").map(|word| word == "1")
    }

    fn snapshot(&self) -> Option<String> {
        self.extendparam.as_ref()?.snapshot.clone()
    }

    fn system(&self) -> SystemDisk {
        SystemDisk {
            disk_type: self.volumetype.clone(),
            size_gb: self.size,
            encrypt: self.encrypt(),
            kms_key: self.kept("__system__cmkid").cloned(),
            snapshot: self.snapshot(),
            storage: self.cluster_id.clone(),
        }
    }

    fn data(&self) -> DataDisk {
        DataDisk {
            disk_type: self.volumetype.clone(),
            size_gb: self.size,
            snapshot: self.snapshot(),
            encrypt: self.encrypt(),
            kms_key: self.kept("__system__cmkid").cloned(),
            image: self.data_image_id.clone(),
            storage: self.cluster_id.clone(),
            ..DataDisk::default()
        }
    }
}

/// The disks that the volumes are, checked.
pub(super) fn disks(
    beside: &Beside,
    root: Option<&Volume>,
    data: &[Volume],
) -> Result<(SystemDisk, Vec<DataDisk>), Wrong> {
    let root = root.ok_or_else(|| beside.missing("server.root_volume"))?;
    root.check(beside, "server.root_volume")?;
    if data.len() > MOST {
        let wanted = "23 at most are right";
        return Err(beside.invalid("server.data_volumes", data.len(), wanted));
    }
    for volume in data {
        volume.check(beside, "server.data_volumes")?;
    }
    Ok((root.system(), data.iter().map(Volume::data).collect()))
}
