//! `[catalogue]` and `[[instance_type]]`: what there is.

use std::collections::BTreeSet;

use muster_engine::TypeFacts;
use muster_model::{
    Architecture, Catalogue, ImageStatus, ListedBalancer, ListedDataImage, ListedImage,
    ListedListener, ListedStorage, ListedSubnet, ListedTopic, ListedType, ListedZone, Site,
};
use serde::Deserialize;

use super::{CommandConfig, SiteConfig, Within};

/// `[catalogue]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CatalogueConfig {
    strict: bool,
    vpcs: Vec<String>,
    security_groups: Vec<String>,
    keys: Vec<String>,
    projects: Vec<i64>,
    enterprise_projects: Vec<String>,
    snapshots: Vec<String>,
    bandwidth_packages: Vec<String>,
    disaster_recover_groups: Vec<String>,
    dedicated_clusters: Vec<String>,
    user_groups: Vec<String>,
    queues: Vec<String>,
    topic: Vec<TopicConfig>,
    image: Vec<ImageConfig>,
    data_image: Vec<DataImageConfig>,
    storage: Vec<StorageConfig>,
    zone: Vec<ZoneConfig>,
    subnet: Vec<SubnetConfig>,
    balancer: Vec<BalancerConfig>,
}

/// `[[instance_type]]`: what the choice of spot machines goes by, and where the type is to be had.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypeConfig {
    name: String,
    cores: Within<1, 4096>,
    spot_price_millis: Within<0, 1_000_000_000>,
    stock: Option<Within<0, 1_000_000>>,
    memory_gb: Option<Within<1, 65_536>>,
    gpus: Option<Within<0, 64>>,
    #[serde(default)]
    architecture: ArchitectureConfig,
    #[serde(default)]
    disk_types: Vec<String>,
    #[serde(default = "yes")]
    available: bool,
    #[serde(default)]
    zones: Vec<String>,
}

/// `[[catalogue.image]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageConfig {
    id: String,
    family: Option<String>,
    #[serde(default = "yes")]
    host_names: bool,
    #[serde(default)]
    status: StatusConfig,
    min_disk_gb: Option<Within<1, 1024>>,
    #[serde(default)]
    is_32_bit: bool,
    #[serde(default)]
    architecture: ArchitectureConfig,
    #[serde(default)]
    instance_types: Vec<String>,
    #[serde(default)]
    zones: Vec<String>,
    #[serde(default)]
    backups: Vec<String>,
}

/// `[[catalogue.data_image]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataImageConfig {
    id: String,
    #[serde(default)]
    status: StatusConfig,
    min_disk_gb: Option<Within<1, 32_768>>,
}

/// `[[catalogue.storage]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StorageConfig {
    id: String,
    zone: String,
    #[serde(default)]
    disk_types: Vec<String>,
    capacity_gb: Option<Within<1, 1_000_000_000>>,
    #[serde(default = "yes")]
    available: bool,
}

/// What state an image is in.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StatusConfig {
    #[default]
    Active,
    Queued,
    Killed,
}

impl StatusConfig {
    fn listed(self) -> ImageStatus {
        match self {
            Self::Active => ImageStatus::Active,
            Self::Queued => ImageStatus::Queued,
            Self::Killed => ImageStatus::Killed,
        }
    }
}

/// A family of processors.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ArchitectureConfig {
    #[default]
    X86,
    Arm,
}

impl ArchitectureConfig {
    fn listed(self) -> Architecture {
        match self {
            Self::X86 => Architecture::X86,
            Self::Arm => Architecture::Arm,
        }
    }
}

/// `[[catalogue.topic]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicConfig {
    name: String,
    #[serde(default = "yes")]
    subscribed: bool,
}

/// `[[catalogue.zone]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneConfig {
    id: String,
    region: Option<String>,
    #[serde(default = "yes")]
    available: bool,
    #[serde(default)]
    disk_types: Vec<String>,
}

/// `[[catalogue.subnet]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubnetConfig {
    id: String,
    zone: String,
    vpc: String,
    dedicated_cluster: Option<String>,
    #[serde(default = "yes")]
    available: bool,
}

/// `[[catalogue.balancer]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BalancerConfig {
    id: String,
    vpc: Option<String>,
    project: Option<i64>,
    region: Option<String>,
    #[serde(default)]
    listener: Vec<ListenerConfig>,
    #[serde(default)]
    pools: Vec<String>,
}

/// `[[catalogue.balancer.listener]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListenerConfig {
    id: String,
    #[serde(default)]
    locations: Vec<String>,
    #[serde(default)]
    target: ListenerTarget,
}

/// What a listener forwards to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ListenerTarget {
    #[default]
    Node,
    Group,
}

fn yes() -> bool {
    true
}

fn set<T: Clone + Ord>(list: &[T]) -> BTreeSet<T> {
    list.iter().cloned().collect()
}

impl CatalogueConfig {
    /// A table whose id is there before, by the name of its table and its number in it.
    pub(super) fn twice(&self, types: &[TypeConfig]) -> Option<(&'static str, usize, String)> {
        fn repeated<'a>(ids: impl Iterator<Item = &'a String>) -> Option<(usize, String)> {
            let mut seen = BTreeSet::new();
            let (at, id) = ids.enumerate().find(|(_, id)| !seen.insert(*id))?;
            Some((at, id.clone()))
        }
        let found = [
            (
                "[[catalogue.image]]",
                repeated(self.image.iter().map(|one| &one.id)),
            ),
            (
                "[[catalogue.data_image]]",
                repeated(self.data_image.iter().map(|one| &one.id)),
            ),
            (
                "[[catalogue.storage]]",
                repeated(self.storage.iter().map(|one| &one.id)),
            ),
            (
                "[[catalogue.zone]]",
                repeated(self.zone.iter().map(|one| &one.id)),
            ),
            (
                "[[catalogue.subnet]]",
                repeated(self.subnet.iter().map(|one| &one.id)),
            ),
            (
                "[[catalogue.balancer]]",
                repeated(self.balancer.iter().map(|one| &one.id)),
            ),
            (
                "[[catalogue.topic]]",
                repeated(self.topic.iter().map(|one| &one.name)),
            ),
            (
                "[[instance_type]]",
                repeated(types.iter().map(|one| &one.name)),
            ),
        ];
        found
            .into_iter()
            .find_map(|(table, repeated)| repeated.map(|(at, id)| (table, at, id)))
    }

    /// The catalogue. What a subnet, a storage or an image names is there too.
    pub(super) fn catalogue(
        &self,
        types: &[TypeConfig],
        sites: &[SiteConfig],
        commands: &[CommandConfig],
    ) -> Catalogue {
        let clusters = self
            .subnet
            .iter()
            .filter_map(|one| one.dedicated_cluster.as_ref());
        let mut catalogue = Catalogue {
            strict: self.strict,
            images: self.image.iter().map(ImageConfig::listed).collect(),
            data_images: self
                .data_image
                .iter()
                .map(DataImageConfig::listed)
                .collect(),
            storages: self.storage.iter().map(StorageConfig::listed).collect(),
            types: types.iter().map(TypeConfig::listed).collect(),
            zones: self.zone.iter().map(|one| one.listed(sites)).collect(),
            vpcs: set(&self.vpcs),
            subnets: self.subnet.iter().map(SubnetConfig::listed).collect(),
            security_groups: set(&self.security_groups),
            keys: set(&self.keys),
            projects: set(&self.projects),
            enterprise_projects: set(&self.enterprise_projects),
            snapshots: set(&self.snapshots),
            bandwidth_packages: set(&self.bandwidth_packages),
            disaster_recover_groups: set(&self.disaster_recover_groups),
            dedicated_clusters: self
                .dedicated_clusters
                .iter()
                .chain(clusters)
                .cloned()
                .collect(),
            balancers: self.balancer.iter().map(|one| one.listed(sites)).collect(),
            user_groups: set(&self.user_groups),
            queues: set(&self.queues),
            topics: self.topic.iter().map(TopicConfig::listed).collect(),
            commands: commands.iter().map(|one| one.id.clone()).collect(),
        };
        for subnet in &self.subnet {
            catalogue.vpcs.insert(subnet.vpc.clone());
            catalogue.zones.entry(subnet.zone.clone()).or_default();
        }
        for storage in &self.storage {
            catalogue.zones.entry(storage.zone.clone()).or_default();
        }
        let backups = self.image.iter().flat_map(|image| &image.backups);
        catalogue.snapshots.extend(backups.cloned());
        catalogue
    }
}

/// The site that a region means: the default one, unless it is bound to another.
fn site(region: &str, sites: &[SiteConfig]) -> Site {
    let bound = sites
        .iter()
        .find(|site| site.regions.iter().any(|name| name == region));
    bound.map_or_else(Site::default, |site| Site(site.name.clone()))
}

impl TypeConfig {
    pub(super) fn facts(&self) -> (String, TypeFacts) {
        let facts = TypeFacts {
            cores: self.cores.0,
            spot_price_micros: u64::from(self.spot_price_millis.0) * 1000,
            stock: self.stock.map_or(0, |stock| stock.0),
        };
        (self.name.clone(), facts)
    }

    /// What the Kingsoft door shows of it.
    pub(super) fn shown_by_ksyun(&self) -> (String, muster_ksyun::TypeFacts) {
        let facts = muster_ksyun::TypeFacts {
            cores: self.cores.0,
            memory_gb: self.memory_gb.map(|memory| memory.0),
            gpus: self.gpus.map_or(0, |gpus| gpus.0),
        };
        (self.name.clone(), facts)
    }

    fn listed(&self) -> (String, ListedType) {
        let listed = ListedType {
            sold_out: !self.available,
            zones: set(&self.zones),
            cores: Some(self.cores.0),
            memory_gb: self.memory_gb.map(|memory| memory.0),
            architecture: self.architecture.listed(),
            disk_types: set(&self.disk_types),
        };
        (self.name.clone(), listed)
    }
}

impl TopicConfig {
    fn listed(&self) -> (String, ListedTopic) {
        let listed = ListedTopic {
            without_subscriber: !self.subscribed,
        };
        (self.name.clone(), listed)
    }
}

impl ImageConfig {
    fn listed(&self) -> (String, ListedImage) {
        let listed = ListedImage {
            family: self.family.clone(),
            fixed_host_name: !self.host_names,
            status: self.status.listed(),
            min_disk_gb: self.min_disk_gb.map_or(0, |size| size.0),
            is_32_bit: self.is_32_bit,
            architecture: self.architecture.listed(),
            types: set(&self.instance_types),
            zones: set(&self.zones),
            backups: set(&self.backups),
        };
        (self.id.clone(), listed)
    }
}

impl DataImageConfig {
    fn listed(&self) -> (String, ListedDataImage) {
        let listed = ListedDataImage {
            status: self.status.listed(),
            min_disk_gb: self.min_disk_gb.map_or(0, |size| size.0),
        };
        (self.id.clone(), listed)
    }
}

impl StorageConfig {
    fn listed(&self) -> (String, ListedStorage) {
        let listed = ListedStorage {
            zone: self.zone.clone(),
            disk_types: set(&self.disk_types),
            capacity_gb: self.capacity_gb.map(|size| size.0),
            unavailable: !self.available,
        };
        (self.id.clone(), listed)
    }
}

impl ZoneConfig {
    fn listed(&self, sites: &[SiteConfig]) -> (String, ListedZone) {
        let listed = ListedZone {
            unavailable: !self.available,
            site: self.region.as_deref().map(|region| site(region, sites)),
            disk_types: set(&self.disk_types),
        };
        (self.id.clone(), listed)
    }
}

impl SubnetConfig {
    fn listed(&self) -> (String, ListedSubnet) {
        let listed = ListedSubnet {
            zone: self.zone.clone(),
            vpc: self.vpc.clone(),
            dedicated_cluster: self.dedicated_cluster.clone(),
            unavailable: !self.available,
        };
        (self.id.clone(), listed)
    }
}

impl BalancerConfig {
    fn listed(&self, sites: &[SiteConfig]) -> (String, ListedBalancer) {
        let listed = ListedBalancer {
            vpc: self.vpc.clone(),
            project: self.project,
            region: self.region.clone(),
            site: self.region.as_deref().map(|region| site(region, sites)),
            listeners: self.listener.iter().map(ListenerConfig::listed).collect(),
            pools: set(&self.pools),
        };
        (self.id.clone(), listed)
    }
}

impl ListenerConfig {
    fn listed(&self) -> (String, ListedListener) {
        let listed = ListedListener {
            locations: set(&self.locations),
            to_target_group: self.target == ListenerTarget::Group,
        };
        (self.id.clone(), listed)
    }
}
