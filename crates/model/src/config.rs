//! Launch configurations: what a new machine is made of.
//!
//! Versioned: every change makes a new version and instances pin the version they were made from.
//! Field meanings and limits: spec `tencent-v3.json` LaunchConfiguration, `huawei.json` InstanceConfig, rules C1-C10.

use serde::{Deserialize, Serialize};

use crate::{AccountId, ConfigId, Door, Site, Time};

/// A key and a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag {
    /// The key.
    pub key: String,
    /// The value, may be empty.
    pub value: String,
}

/// A change of some tags, the others stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagEdit {
    /// Put on, or given another value.
    pub put: Vec<Tag>,
    /// Keys that are taken off, if they are there.
    pub remove: Vec<String>,
}

impl TagEdit {
    /// Changes a list of tags; new ones come last.
    pub fn apply(&self, tags: &mut Vec<Tag>) {
        tags.retain(|tag| !self.remove.contains(&tag.key));
        for new in &self.put {
            match tags.iter_mut().find(|tag| tag.key == new.key) {
                Some(tag) => tag.value.clone_from(&new.value),
                None => tags.push(new.clone()),
            }
        }
    }
}

/// A launch configuration at its newest version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaunchConfiguration {
    /// Its id.
    pub id: ConfigId,
    /// Whose it is.
    pub account: AccountId,
    /// Where it is.
    pub site: Site,
    /// The door that made it.
    pub door: Door,
    /// 1 at creation, grows with each change (spec VersionNumber); guards writes.
    pub version: u64,
    /// When it was made.
    pub created_at: Time,
    /// Of two that were made in the same millisecond, the later one has the larger number: the version of the account then.
    #[serde(default)]
    pub ordinal: u64,
    /// When it was last changed.
    pub updated_at: Time,
    /// Whether its parts are usable.
    pub status: ConfigStatus,
    /// Everything that a caller can set.
    pub spec: ConfigSpec,
}

/// The version of a configuration that an instance was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigVersion {
    /// The configuration.
    pub id: ConfigId,
    /// Its version then.
    pub version: u64,
    /// Its name then: shown also when the configuration is gone.
    pub name: String,
    /// When the configuration was created: the age that OLD_CONFIG_* termination compares.
    pub created_at: Time,
    /// The image instead of the configuration's own: that of before, after a roll-back (rule R8).
    #[serde(default)]
    pub image: Option<String>,
}

/// Whether the parts of a configuration are usable (spec LaunchConfigurationStatus).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfigStatus {
    /// Usable.
    #[default]
    Normal,
    /// The image is gone.
    ImageAbnormal,
    /// A disk snapshot is gone.
    SnapshotAbnormal,
    /// A security group is gone.
    SecurityGroupAbnormal,
}

/// What a caller can set of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfigSpec {
    /// Unique per account.
    pub name: String,
    /// Project number, default 0.
    pub project: i64,
    /// Image id; exactly one of image and image family.
    pub image: Option<String>,
    /// Image family name.
    pub image_family: Option<String>,
    /// Instance types in order of priority, at least one.
    pub instance_types: Vec<String>,
    /// Must every type be sellable, or one.
    pub types_check: TypesCheck,
    /// System disk, if given.
    pub system_disk: Option<SystemDisk>,
    /// Data disks.
    pub data_disks: Vec<DataDisk>,
    /// Public network.
    pub internet: Option<InternetAccess>,
    /// Public network, IPv6.
    pub ipv6_internet: Option<Ipv6Internet>,
    /// How one logs in.
    pub login: Option<Login>,
    /// Security group ids, in order.
    pub security_groups: Vec<String>,
    /// Agents.
    pub enhanced: Option<EnhancedService>,
    /// User data, base64 as given; the decoded bytes are a script.
    pub user_data: Option<String>,
    /// How it is paid.
    pub charge: ChargeType,
    /// Spot details, with [`ChargeType::Spot`].
    pub market: Option<Market>,
    /// Prepaid details, with [`ChargeType::Prepaid`].
    pub prepaid: Option<Prepaid>,
    /// Role name handed to machines.
    pub role: Option<String>,
    /// Tags for machines.
    pub instance_tags: Vec<Tag>,
    /// Tags of the configuration itself.
    pub tags: Vec<Tag>,
    /// Host name rule.
    pub host_names: Option<HostNames>,
    /// Instance name rule.
    pub instance_names: Option<InstanceNames>,
    /// May another disk type be taken.
    pub disk_type_policy: DiskTypePolicy,
    /// HPC cluster id.
    pub hpc_cluster: Option<String>,
    /// Placement group ids, at most one.
    pub disaster_recover_groups: Vec<String>,
    /// Dedicated cluster id.
    pub dedicated_cluster: Option<String>,
    /// Metadata pairs; write-only on the Tencent door.
    pub metadata: Vec<Tag>,
    /// Network interfaces (SDK only).
    pub network_interfaces: Option<Vec<NetworkInterface>>,
    /// Huawei: files put on the machine.
    pub personality: Vec<Personality>,
    /// Huawei: made like this server.
    pub source_instance: Option<String>,
    /// Huawei: tenancy, dedicated host, flavor priority, market type, CPU options: kept and echoed as given.
    pub huawei_extras: Vec<Tag>,
    /// Kingsoft: what only that door has words for, kept and echoed as given: name of the parameter, value.
    #[serde(default)]
    pub ksyun_extras: Vec<Tag>,
    /// Tencent 2017: whether its caller called the image a public one; kept and echoed.
    #[serde(default)]
    pub public_image: Option<bool>,
    /// Kingsoft: the time at which a machine is made is appended to its name.
    #[serde(default)]
    pub name_time_suffix: bool,
}

/// Must every instance type be sellable (`All`) or one (`Any`, default). L13375.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypesCheck {
    /// One is enough.
    #[default]
    Any,
    /// All must be.
    All,
}

/// System disk; absent members fall back to the door's defaults when shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemDisk {
    /// Disk type.
    pub disk_type: Option<String>,
    /// Size in GB.
    pub size_gb: Option<i64>,
    /// Encrypted (SDK only).
    pub encrypt: Option<bool>,
    /// Key for encryption (SDK only).
    pub kms_key: Option<String>,
    /// Backup that it is restored from (Huawei, with images of whole servers).
    #[serde(default)]
    pub snapshot: Option<String>,
    /// Storage of one's own that it is made in (Huawei).
    #[serde(default)]
    pub storage: Option<String>,
}

/// One data disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataDisk {
    /// Disk type.
    pub disk_type: Option<String>,
    /// Size in GB.
    pub size_gb: Option<i64>,
    /// Snapshot it is made from.
    pub snapshot: Option<String>,
    /// Deleted with the machine.
    pub delete_with_instance: Option<bool>,
    /// Encrypted.
    pub encrypt: Option<bool>,
    /// Key for encryption (SDK only).
    pub kms_key: Option<String>,
    /// Extra throughput in MB/s.
    pub throughput_mbps: Option<i64>,
    /// Burst performance.
    pub burst: Option<bool>,
    /// Image of a data disk that it is made from (Huawei).
    #[serde(default)]
    pub image: Option<String>,
    /// Storage of one's own that it is made in (Huawei).
    #[serde(default)]
    pub storage: Option<String>,
}

impl SystemDisk {
    /// This in place of an `old` one, by a door that has no words for where disks come from: that stays.
    #[must_use]
    pub fn in_place_of(&self, old: Option<&SystemDisk>) -> SystemDisk {
        SystemDisk {
            snapshot: self
                .snapshot
                .clone()
                .or_else(|| old.and_then(|old| old.snapshot.clone())),
            storage: self
                .storage
                .clone()
                .or_else(|| old.and_then(|old| old.storage.clone())),
            ..self.clone()
        }
    }
}

impl DataDisk {
    /// These in place of `old` ones, by a door that has no words for where disks come from: that stays, disk by disk. One
    /// that is made from another backup is made from no image.
    #[must_use]
    pub fn in_place_of(new: &[DataDisk], old: &[DataDisk]) -> Vec<DataDisk> {
        let disk = |(at, new): (usize, &DataDisk)| {
            let Some(old) = old.get(at) else {
                return new.clone();
            };
            let image = match new.image.is_none() || new.image == old.image {
                true => old.image.clone().filter(|_| new.snapshot == old.snapshot),
                false => new.image.clone(),
            };
            DataDisk {
                image,
                storage: new.storage.clone().or_else(|| old.storage.clone()),
                ..new.clone()
            }
        };
        new.iter().enumerate().map(disk).collect()
    }
}

/// Public network settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternetAccess {
    /// Billing kind.
    pub charge_type: Option<String>,
    /// Mbit/s.
    pub max_bandwidth_out_mbps: Option<i64>,
    /// Public address assigned.
    pub public_ip: Option<bool>,
    /// Bandwidth package id.
    pub bandwidth_package: Option<String>,
    /// Line.
    pub provider: Option<String>,
    /// Address kind.
    pub address_type: Option<String>,
    /// Anti-DDoS package id.
    pub anti_ddos_package: Option<String>,
    /// Keep the address when the machine goes.
    pub keep_address: Option<bool>,
}

/// IPv6 public network settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipv6Internet {
    /// Billing kind.
    pub charge_type: Option<String>,
    /// Mbit/s.
    pub max_bandwidth_out_mbps: Option<i64>,
    /// Bandwidth package id.
    pub bandwidth_package: Option<String>,
}

/// How one logs in. The password is sealed before it gets here and never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Login {
    /// A password is set; sealed text (see the server's sealing).
    Password {
        /// The sealed password.
        sealed: String,
    },
    /// Key pair ids (Tencent: one) or names (Huawei).
    Keys(Vec<String>),
    /// The image's own login.
    KeepImage,
}

/// Agents on the machine; `None` = the door's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnhancedService {
    /// Security agent.
    pub security: Option<bool>,
    /// Monitoring agent.
    pub monitor: Option<bool>,
    /// Automation agent.
    pub automation: Option<bool>,
}

/// How a machine is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChargeType {
    /// By the hour.
    #[default]
    PostpaidByHour,
    /// Spot.
    Spot,
    /// By the month.
    Prepaid,
    /// In a dedicated cluster.
    Dedicated,
}

/// Spot details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Market {
    /// Bid, as text: `1.05`.
    pub max_price: String,
    /// `one-time`.
    pub spot_type: Option<String>,
    /// `spot`.
    pub market_type: Option<String>,
}

/// Prepaid details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepaid {
    /// Months.
    pub period_months: i64,
    /// Renewal.
    pub renew: Option<String>,
}

/// Names as given, or given names as prefixes that are made unique.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NameStyle {
    /// As given.
    #[default]
    Original,
    /// Made unique.
    Unique,
}

/// Host name rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostNames {
    /// Host name.
    pub name: String,
    /// Style.
    pub style: NameStyle,
    /// Suffix.
    pub suffix: Option<String>,
    /// Joins name, number and suffix (SDK only).
    pub delimiter: Option<String>,
}

/// Instance name rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceNames {
    /// Name.
    pub name: String,
    /// Style.
    pub style: NameStyle,
    /// Suffix.
    pub suffix: Option<String>,
    /// Joins name, number and suffix (SDK only).
    pub delimiter: Option<String>,
}

/// May a sold-out disk type be replaced by another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiskTypePolicy {
    /// No.
    #[default]
    Original,
    /// Yes.
    Automatic,
}

/// A network interface (SDK only).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkInterface {
    /// `PRIMARY` or another kind.
    pub kind: Option<String>,
    /// Private addresses.
    pub private_ipv4_count: Option<i64>,
    /// Security groups.
    pub security_groups: Vec<String>,
    /// Kept when the machine goes.
    pub keep: Option<bool>,
}

/// A file put on the machine (Huawei).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personality {
    /// Path.
    pub path: String,
    /// Content, base64.
    pub content: String,
}

/// A partial change of a configuration: `None` keeps, a value replaces as a whole (rules C8).
/// A value that may be cleared is doubly optional: `Some(None)` clears.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "each member is the member of ConfigSpec of the same name"
)]
pub struct ConfigPatch {
    pub name: Option<String>,
    pub project: Option<i64>,
    pub image: Option<String>,
    pub image_family: Option<String>,
    pub instance_types: Option<Vec<String>>,
    pub types_check: Option<TypesCheck>,
    pub system_disk: Option<SystemDisk>,
    pub data_disks: Option<Vec<DataDisk>>,
    pub internet: Option<InternetAccess>,
    pub ipv6_internet: Option<Ipv6Internet>,
    pub login: Option<Login>,
    pub security_groups: Option<Vec<String>>,
    pub enhanced: Option<EnhancedService>,
    pub user_data: Option<Option<String>>,
    pub charge: Option<ChargeType>,
    pub market: Option<Market>,
    pub prepaid: Option<Prepaid>,
    pub role: Option<String>,
    pub instance_tags: Option<Vec<Tag>>,
    pub host_names: Option<HostNames>,
    pub instance_names: Option<InstanceNames>,
    pub disk_type_policy: Option<DiskTypePolicy>,
    pub hpc_cluster: Option<String>,
    pub disaster_recover_groups: Option<Vec<String>>,
    pub dedicated_cluster: Option<String>,
    pub metadata: Option<Vec<Tag>>,
    pub tag_edit: Option<TagEdit>,
    pub ksyun_extras: Option<Vec<Tag>>,
    pub name_time_suffix: Option<bool>,
    pub network_interfaces: Option<Vec<NetworkInterface>>,
}
