//! The catalogue: what an operator says that there is, for ids that the service only passes on.
//!
//! Data only; the engine holds what is asked for against it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Network, Site};

/// What there is. An empty one knows nothing; it refuses something only when it is strict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Whether what is not listed does not exist.
    pub strict: bool,
    /// Images by id.
    pub images: BTreeMap<String, ListedImage>,
    /// Images of data disks by id (Huawei).
    pub data_images: BTreeMap<String, ListedDataImage>,
    /// Storages of one's own by id (Huawei).
    pub storages: BTreeMap<String, ListedStorage>,
    /// Instance types by name.
    pub types: BTreeMap<String, ListedType>,
    /// Zones by name.
    pub zones: BTreeMap<String, ListedZone>,
    /// VPC ids.
    pub vpcs: BTreeSet<String>,
    /// Subnets by id.
    pub subnets: BTreeMap<String, ListedSubnet>,
    /// Security group ids.
    pub security_groups: BTreeSet<String>,
    /// Key pair ids.
    pub keys: BTreeSet<String>,
    /// Project numbers; 0, the default project, is there always.
    pub projects: BTreeSet<i64>,
    /// Ids of enterprise projects (Huawei); `0`, the default one, is there always.
    pub enterprise_projects: BTreeSet<String>,
    /// Snapshot ids.
    pub snapshots: BTreeSet<String>,
    /// Bandwidth package ids. Without any, accounts may not use bandwidth packages.
    pub bandwidth_packages: BTreeSet<String>,
    /// Placement group ids.
    pub disaster_recover_groups: BTreeSet<String>,
    /// Dedicated cluster ids.
    pub dedicated_clusters: BTreeSet<String>,
    /// Balancers by id.
    pub balancers: BTreeMap<String, ListedBalancer>,
    /// Numbers of user groups.
    pub user_groups: BTreeSet<String>,
    /// Names of queues, of any kind.
    pub queues: BTreeSet<String>,
    /// Topics by name, of any kind.
    pub topics: BTreeMap<String, ListedTopic>,
    /// Ids of the commands that hooks can run.
    pub commands: BTreeSet<String>,
}

impl Catalogue {
    /// The zones that a group's machines can be put into: its own, else those of its subnets, as far as they are listed,
    /// each once and in their order.
    #[must_use]
    pub fn zones_of(&self, network: &Network) -> Vec<String> {
        if !network.zones.is_empty() {
            return network.zones.clone();
        }
        let mut zones: Vec<String> = Vec::new();
        for subnet in network.subnets.iter().filter_map(|id| self.subnets.get(id)) {
            if !subnet.zone.is_empty() && !zones.contains(&subnet.zone) {
                zones.push(subnet.zone.clone());
            }
        }
        zones
    }
}

/// A topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedTopic {
    /// Nobody subscribes to it.
    pub without_subscriber: bool,
}

/// An image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedImage {
    /// The family that it belongs to.
    pub family: Option<String>,
    /// Its machines can be given no host name.
    pub fixed_host_name: bool,
    /// Whether machines can be made of it.
    pub status: ImageStatus,
    /// The least size of a system disk in GB; 0 = any.
    pub min_disk_gb: u32,
    /// Its system has 32 bits, not 64.
    pub is_32_bit: bool,
    /// The processors that it is for.
    pub architecture: Architecture,
    /// The instance types that it goes with; empty = all.
    pub types: BTreeSet<String>,
    /// The zones that have it; empty = all.
    pub zones: BTreeSet<String>,
    /// It is an image of a whole server: the backups of its disks, one for each. Empty: it is of a system disk only.
    pub backups: BTreeSet<String>,
}

/// An image of a data disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedDataImage {
    /// Whether disks can be made of it.
    pub status: ImageStatus,
    /// The least size of a disk in GB; 0 = any.
    pub min_disk_gb: u32,
}

/// A storage of one's own: disks of machines can be made in it, where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedStorage {
    /// Its zone.
    pub zone: String,
    /// The types of disks that it takes, as callers write them; empty = all.
    pub disk_types: BTreeSet<String>,
    /// How much the disks of one machine may take of it, in GB; `None` = any.
    pub capacity_gb: Option<u32>,
    /// Known, but no disk can be made in it for now.
    pub unavailable: bool,
}

/// What state an image is in, in the words of Huawei's image service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImageStatus {
    /// Machines can be made of it.
    #[default]
    Active,
    /// It is still to be uploaded.
    Queued,
    /// It has come to harm and is not to be used.
    Killed,
}

/// A family of processors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Architecture {
    /// x86, of 32 or 64 bits.
    #[default]
    X86,
    /// ARM.
    Arm,
}

/// An instance type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedType {
    /// Known, but not to be had for now.
    pub sold_out: bool,
    /// The zones that have it; empty = all.
    pub zones: BTreeSet<String>,
    /// Its processor cores, where the operator says so.
    pub cores: Option<u32>,
    /// Its memory in GB, where the operator says so.
    pub memory_gb: Option<u32>,
    /// Its processors.
    pub architecture: Architecture,
    /// The types of disks that it takes, as callers write them; empty = all.
    pub disk_types: BTreeSet<String>,
}

/// A zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedZone {
    /// Known, but nothing can be put there for now.
    pub unavailable: bool,
    /// Where it is; `None` = everywhere.
    pub site: Option<Site>,
    /// The types of disks that there are, as callers write them; empty = all.
    pub disk_types: BTreeSet<String>,
}

/// A subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedSubnet {
    /// Its zone.
    pub zone: String,
    /// Its VPC.
    pub vpc: String,
    /// The dedicated cluster that it is in.
    pub dedicated_cluster: Option<String>,
    /// Known, but nothing can be put there for now (no addresses left, say).
    pub unavailable: bool,
}

/// A balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedBalancer {
    /// Its VPC; `None` = any.
    pub vpc: Option<String>,
    /// Its project; `None` = any.
    pub project: Option<i64>,
    /// Its region, as callers write it; `None` = any.
    pub region: Option<String>,
    /// The site that its region means; `None` = any.
    pub site: Option<Site>,
    /// Its listeners by id.
    pub listeners: BTreeMap<String, ListedListener>,
    /// Its pools (Huawei).
    pub pools: BTreeSet<String>,
}

/// A listener of a balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedListener {
    /// Its forwarding rules; empty: it has none.
    pub locations: BTreeSet<String>,
    /// It forwards to a target group, not to machines.
    pub to_target_group: bool,
}

/// A kind of thing that a catalogue lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the members of Catalogue")]
pub enum Listed {
    Image,
    ImageFamily,
    DataImage,
    Storage,
    InstanceType,
    Zone,
    Vpc,
    Subnet,
    SecurityGroup,
    Key,
    Project,
    EnterpriseProject,
    Snapshot,
    BandwidthPackage,
    DisasterRecoverGroup,
    DedicatedCluster,
    Balancer,
    ClassicBalancer,
    Listener,
    Location,
    Pool,
    UserGroup,
    CmqQueue,
    TdmqQueue,
    CmqTopic,
    TdmqTopic,
    Command,
}

/// Why something that is listed cannot be used for what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Machines of the image can be given no host name.
    #[error("machines of the image take no host name")]
    FixedHostName,
    /// The image is not active yet.
    #[error("the image is not active")]
    ImageQueued,
    /// The image is not to be used.
    #[error("the image is not available")]
    ImageKilled,
    /// The image does not go with the instance type.
    #[error("the image does not go with the instance type")]
    TypeNotOfImage,
    /// The image is for other processors than the instance type has.
    #[error("the image is for other processors than the instance type has")]
    TypeOfOtherArchitecture,
    /// The instance type has more memory than the image can use.
    #[error("a 32-bit image cannot use the memory of the instance type")]
    TypeAbove32Bits,
    /// The instance type does not take disks of the type.
    #[error("the instance type does not take disks of the type")]
    DiskTypeNotOfType,
    /// The system disk is smaller than the image needs.
    #[error("the system disk is smaller than the image needs")]
    SystemDiskTooSmall,
    /// The zone does not have the image of the launch configuration.
    #[error("the zone does not have the image of the launch configuration")]
    ImageNotInZone,
    /// The image of a data disk is not to be used.
    #[error("the image of the data disk is not available")]
    DataImageUnusable,
    /// The data disk is smaller than its image needs.
    #[error("the data disk is smaller than its image needs")]
    DataDiskTooSmall,
    /// No disk can be made in the storage.
    #[error("the storage is not available")]
    StorageUnavailable,
    /// The storage does not take disks of the type.
    #[error("the storage does not take disks of the type")]
    DiskTypeNotOfStorage,
    /// The disks do not go into the storage.
    #[error("the disks of a machine do not go into the storage")]
    StorageTooSmall,
    /// The storages are in several zones.
    #[error("the storages of the disks are not in one zone")]
    StoragesApart,
    /// An image of a whole server has other disks than the launch configuration restores.
    #[error("the image is of a whole server: each of its disks is restored from its backup")]
    DisksNotOfImage,
    /// The backup is not one of the image of a whole server.
    #[error("the backup is none of those that the image of a whole server has, or is there twice")]
    BackupNotOfImage,
    /// Image, instance types and storages are in no zone together.
    #[error("image, instance type and storage of a machine are in no zone together")]
    PartsApart,
    /// The zone does not have the disks of the launch configuration.
    #[error("the zone does not have the disks of the launch configuration")]
    DisksNotInZone,
    /// The instance type is not to be had.
    #[error("the instance type is sold out")]
    TypeSoldOut,
    /// Accounts may not use bandwidth packages.
    #[error("the account may not use bandwidth packages")]
    NoBandwidthPackages,
    /// The zone is elsewhere.
    #[error("the zone is in another region")]
    ZoneElsewhere,
    /// Nothing can be put into the zone.
    #[error("the zone is not available, or has none of the instance types")]
    ZoneUnavailable,
    /// Nothing can be put into the subnet.
    #[error("the subnet or its zone is not available, or has none of the instance types")]
    SubnetUnavailable,
    /// The subnet is in another VPC.
    #[error("the subnet is in another VPC")]
    SubnetOfOtherVpc,
    /// The subnet is not in the dedicated cluster of the configuration.
    #[error("the subnet is not in the dedicated cluster of the launch configuration")]
    SubnetOutsideCluster,
    /// The configuration is in another project.
    #[error("the launch configuration is in another project")]
    ConfigOfOtherProject,
    /// The balancer is elsewhere.
    #[error("the load balancer is in another region")]
    BalancerElsewhere,
    /// The balancer is in another VPC.
    #[error("the load balancer is in another VPC")]
    BalancerOfOtherVpc,
    /// The balancer is in another project.
    #[error("the load balancer is in another project")]
    BalancerOfOtherProject,
    /// Nobody subscribes to the topic (CMQ).
    #[error("the topic has no subscriber")]
    CmqTopicUnheard,
    /// Nobody subscribes to the topic (TDMQ).
    #[error("the topic has no subscriber")]
    TdmqTopicUnheard,
    /// The listener forwards to a target group.
    #[error("the listener forwards to a target group")]
    ListenerToTargetGroup,
}
