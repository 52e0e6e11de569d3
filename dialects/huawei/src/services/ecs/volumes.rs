//! Volumes of a server that is made, as they are sent.

use muster_model::{DataDisk, Kept, SystemDisk};
use serde_json::Value;

use super::forms;
use crate::services::Wrong;
use crate::services::body::Reader;

/// PrePaidServerRootVolume and PrePaidServerDataVolume, and those of the other path: as far as they mean anything here.
pub(super) struct Volume {
    kind: String,
    size_gb: Option<i64>,
    rest: Kept,
}

impl Volume {
    /// Reads what is left of a volume and checks it.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        kind: String,
        size_gb: Option<i64>,
    ) -> Result<Volume, Wrong> {
        Ok(Volume {
            kind,
            size_gb,
            rest: reader.kept(forms::DISK)?,
        })
    }

    fn text(&self, name: &str) -> Option<String> {
        let text = self.rest.get(name).and_then(Value::as_str);
        text.map(str::to_owned)
    }

    fn inner(&self, structure: &str, name: &str) -> Option<String> {
        let text = self.rest.get(structure)?.get(name).and_then(Value::as_str);
        text.map(str::to_owned)
    }

    fn encrypt(&self) -> Option<bool> {
        let word = self.inner("metadata", "__system__encrypted");
        word.map(|word| word == "1")
    }

    fn kms_key(&self) -> Option<String> {
        self.inner("metadata", "__system__cmkid")
    }

    fn snapshot(&self) -> Option<String> {
        self.inner("extendparam", "snapshotId")
    }

    /// As the disk of the system.
    pub(super) fn system(&self) -> SystemDisk {
        SystemDisk {
            disk_type: Some(self.kind.clone()),
            size_gb: self.size_gb,
            encrypt: self.encrypt(),
            kms_key: self.kms_key(),
            snapshot: self.snapshot(),
            storage: self.text("cluster_id"),
        }
    }

    /// As a disk of data.
    pub(super) fn data(&self) -> DataDisk {
        DataDisk {
            disk_type: Some(self.kind.clone()),
            size_gb: self.size_gb,
            snapshot: self.snapshot(),
            encrypt: self.encrypt(),
            kms_key: self.kms_key(),
            image: self.text("data_image_id"),
            storage: self.text("cluster_id"),
            ..DataDisk::default()
        }
    }
}
