//! Machines, as back ends know them.

use serde::{Deserialize, Serialize};

use crate::{DataDisk, GroupId, InstanceId, Placement, SystemDisk, Tag, Time};

/// What is written on the machine itself, so that it can be told whose it is after any crash (promise P2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OwnerKey {
    /// The group.
    pub group: GroupId,
    /// The instance.
    pub instance: InstanceId,
}

impl std::fmt::Display for OwnerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.group, self.instance)
    }
}

/// A machine as a back end reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its id.
    pub id: InstanceId,
    /// Whose it is; `None` = nobody's, it can be attached.
    pub owner: Option<OwnerKey>,
    /// Where it stands.
    pub state: MachineState,
    /// How it is.
    pub health: MachineHealth,
    /// VPC, empty when the back end has none.
    pub vpc: String,
    /// Type, zone, subnet.
    pub placement: Placement,
    /// Image.
    pub image: String,
    /// Name.
    pub name: String,
    /// Address at which its services are reached, if known.
    pub address: Option<String>,
    /// Port that its service was told to listen on, if any.
    pub port: Option<u16>,
    /// When it was made.
    pub created_at: Time,
    /// When the back end is going to take it back, once that is announced (spot machines).
    #[serde(default)]
    pub reclaim_at: Option<Time>,
    /// Its tags, one of each key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The system disk that it was made with, if the back end knows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_disk: Option<SystemDisk>,
    /// The data disks that it was made with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_disks: Vec<DataDisk>,
}

impl Machine {
    /// Puts tags on it in place of those with the same keys; the others stay.
    pub fn put_tags(&mut self, tags: &[Tag]) {
        for tag in tags {
            self.tags.retain(|old| old.key != tag.key);
            self.tags.push(tag.clone());
        }
        self.tags.sort();
    }
}

/// Where a machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MachineState {
    /// Being made.
    Pending,
    /// Runs.
    Running,
    /// Stopped; can be started.
    Stopped,
    /// Died by itself or was killed; still holds resources until terminated.
    Dead,
}

/// What a back end says of a machine's health.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MachineHealth {
    /// Fine.
    #[default]
    Healthy,
    /// Not fine.
    Unhealthy,
    /// Not known: never counts against it (promise P6).
    Unknown,
}

/// All that a back end needs to make a machine. Made again from stored intent for every attempt: the same each time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaunchSpec {
    /// Goes onto the machine, and makes the call idempotent.
    pub owner: OwnerKey,
    /// Name of the machine.
    pub name: String,
    /// Name of its host, if the configuration gave one.
    pub host_name: Option<String>,
    /// Name of the group.
    pub group_name: String,
    /// VPC.
    pub vpc: String,
    /// Type, zone, subnet.
    pub placement: Placement,
    /// Image id or family.
    pub image: String,
    /// User data, base64 as given by the caller.
    pub user_data: Option<String>,
    /// Security groups.
    pub security_groups: Vec<String>,
    /// Tags for the machine.
    pub tags: Vec<Tag>,
    /// The configuration, for back ends that understand more of it.
    pub config: std::sync::Arc<crate::ConfigSpec>,
}
