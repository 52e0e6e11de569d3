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
}

/// A zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedZone {
    /// Known, but nothing can be put there for now.
    pub unavailable: bool,
    /// Where it is; `None` = everywhere.
    pub site: Option<Site>,
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
    InstanceType,
    Zone,
    Vpc,
    Subnet,
    SecurityGroup,
    Key,
    Project,
    Snapshot,
    BandwidthPackage,
    DisasterRecoverGroup,
    DedicatedCluster,
    Balancer,
    ClassicBalancer,
    Listener,
    Location,
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
