//! A group as it is sent and shown.

use muster_model::{
    ActivityStatus, Balancer, Catalogue, GroupItem, GroupView, HuaweiExtras, HuaweiNetwork,
    Network as Place, PoolId, Records, Target, by_age,
};
use serde::{Deserialize, Serialize};

use super::{IdOnly, SingleTag};
use crate::checks;
use crate::fault::Fault;
use crate::shapes::config::shown_id;
use crate::times::second;
use crate::words::{AuditMethod, GroupStatus, LogType, TerminatePolicy, ZonePolicy};

/// Subnets of a group (rule G10).
const NETWORKS: usize = 5;
/// Listeners of a group (rule G10).
const LISTENERS: usize = 6;

/// Networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Network {
    pub(crate) id: Option<String>,
    ipv6_enable: Option<bool>,
    ipv6_bandwidth: Option<IdOnly>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_address_pairs: Option<Vec<AddressPair>>,
}

/// AllowedAddressPair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AddressPair {
    ip_address: Option<String>,
}

/// LbaasListeners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pool {
    /// Only shown.
    listener_id: Option<String>,
    pool_id: Option<String>,
    protocol_port: Option<i64>,
    weight: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_version: Option<String>,
}

/// Checks subnets: 1 to 5, and what is said of each.
pub(crate) fn networks(list: &[Network]) -> Result<Vec<HuaweiNetwork>, Fault> {
    if list.is_empty() {
        return Err(Fault::missing("AS.2013", "networks"));
    }
    checks::count("AS.2024", "networks", list, NETWORKS)?;
    let network = |network: &Network| {
        let id = network.id.as_deref().unwrap_or_default();
        checks::text_id("AS.2013", "networks.id", id)?;
        let ipv6 = network.ipv6_enable.unwrap_or(false);
        let bandwidth = network.ipv6_bandwidth.as_ref().map(|bandwidth| {
            let id = bandwidth.id.clone().unwrap_or_default();
            checks::text_id("AS.2013", "networks.ipv6_bandwidth.id", &id).map(|()| id)
        });
        let bandwidth = bandwidth.transpose()?;
        if bandwidth.is_some() && !ipv6 {
            return Err(Fault::new("AS.2050", format!("`networks.id` is `{id}`.")));
        }
        let pairs = network.allowed_address_pairs.as_deref().map(addresses);
        Ok(HuaweiNetwork {
            subnet: id.to_owned(),
            ipv6,
            ipv6_bandwidth: bandwidth,
            address_pairs: pairs.transpose()?,
        })
    };
    list.iter().map(network).collect()
}

/// The addresses that a machine may use besides its own.
fn addresses(pairs: &[AddressPair]) -> Result<Vec<String>, Fault> {
    let address = |pair: &AddressPair| {
        let address = pair.ip_address.clone().unwrap_or_default();
        let name = "networks.allowed_address_pairs.ip_address";
        match address.is_empty() {
            true => Ok(address),
            false => checks::text_id("AS.2013", name, &address).map(|()| address),
        }
    };
    pairs.iter().map(address).collect()
}

/// What is shown of the subnets of a group, whichever door named them.
pub(crate) fn shown_networks(place: &Place, extras: &HuaweiExtras) -> Vec<Network> {
    let shown = place.subnets.iter().map(|id| {
        let known = extras.networks.iter().find(|network| network.subnet == *id);
        let pairs = known.and_then(|network| network.address_pairs.as_ref());
        Network {
            id: Some(id.clone()),
            // Other doors say it of the whole group.
            ipv6_enable: Some(known.map_or(place.ipv6_addresses > 0, |network| network.ipv6)),
            ipv6_bandwidth: known
                .and_then(|network| network.ipv6_bandwidth.as_deref())
                .map(IdOnly::new),
            allowed_address_pairs: pairs.map(|pairs| {
                let pair = |address: &String| AddressPair {
                    ip_address: Some(address.clone()),
                };
                pairs.iter().map(pair).collect()
            }),
        }
    });
    shown.collect()
}

/// Whether networks are those that are shown: what is not said of one of them stays.
pub(crate) fn are_shown(given: &[Network], shown: &[Network]) -> bool {
    fn same<T: PartialEq>(given: Option<&T>, shown: Option<&T>) -> bool {
        given.is_none() || given == shown
    }
    let is_shown = |(given, shown): (&Network, &Network)| {
        given.id == shown.id
            && same(given.ipv6_enable.as_ref(), shown.ipv6_enable.as_ref())
            && same(given.ipv6_bandwidth.as_ref(), shown.ipv6_bandwidth.as_ref())
            && same(
                given.allowed_address_pairs.as_ref(),
                shown.allowed_address_pairs.as_ref(),
            )
    };
    given.len() == shown.len() && given.iter().zip(shown).all(is_shown)
}

/// Checks security groups: at most one.
pub(crate) fn security_groups(list: &[IdOnly]) -> Result<Vec<String>, Fault> {
    checks::count("AS.2025", "security_groups", list, 1)?;
    let id = |group: &IdOnly| {
        let id = group.id.clone().unwrap_or_default();
        checks::text_id("AS.2014", "security_groups.id", &id).map(|()| id)
    };
    list.iter().map(id).collect()
}

/// Checks a comma list of listeners.
pub(crate) fn listeners(list: &str) -> Result<Vec<Balancer>, Fault> {
    let ids: Vec<&str> = match list.is_empty() {
        true => Vec::new(),
        false => list.split(',').map(str::trim).collect(),
    };
    checks::count("AS.2037", "lb_listener_id", &ids, LISTENERS)?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        checks::text_id("AS.2015", "lb_listener_id", id)?;
        let balancer = Balancer::Listener {
            listener: id.to_owned(),
        };
        if found.contains(&balancer) {
            return Err(Fault::value(
                "AS.2015",
                "lb_listener_id",
                id,
                "it is there twice",
            ));
        }
        found.push(balancer);
    }
    Ok(found)
}

/// A number of a port or a weight.
fn small(code: &'static str, name: &str, value: i64, min: i64, max: i64) -> Result<u16, Fault> {
    let number = checks::number(code, name, value, min, max)?;
    Ok(u16::try_from(number).unwrap_or(u16::MAX))
}

/// Checks pools.
pub(crate) fn pools(list: &[Pool]) -> Result<Vec<Balancer>, Fault> {
    checks::count("AS.2037", "lbaas_listeners", list, LISTENERS)?;
    let mut found: Vec<Balancer> = Vec::with_capacity(list.len());
    for pool in list {
        let id = pool.pool_id.as_deref().unwrap_or_default();
        checks::text_id("AS.2042", "lbaas_listeners.pool_id", id)?;
        let port = pool
            .protocol_port
            .ok_or_else(|| Fault::missing("AS.2039", "lbaas_listeners.protocol_port"))?;
        let port = small("AS.2039", "lbaas_listeners.protocol_port", port, 1, 65_535)?;
        let weight = pool.weight.unwrap_or(1);
        let weight = small("AS.2040", "lbaas_listeners.weight", weight, 0, 100)?;
        let version = pool.protocol_version.as_deref().unwrap_or("ipv4");
        if !["ipv4", "ipv6"]
            .iter()
            .any(|known| version.eq_ignore_ascii_case(known))
        {
            let name = "lbaas_listeners.protocol_version";
            return Err(Fault::value(
                "AS.2042",
                name,
                version,
                "ipv4 or ipv6 is right",
            ));
        }
        let balancer = Balancer::Pool {
            pool: id.to_owned(),
            target: Target { port, weight },
        };
        if found.iter().any(|known| known.is_same_place(&balancer)) {
            let wanted = "it is there twice with this port";
            return Err(Fault::value(
                "AS.2042",
                "lbaas_listeners.pool_id",
                id,
                wanted,
            ));
        }
        found.push(balancer);
    }
    Ok(found)
}

/// The kind of addresses of each pool that names one.
pub(crate) fn pool_protocols(list: &[Pool]) -> Vec<muster_model::Tag> {
    let named = list.iter().filter_map(|pool| {
        Some(muster_model::Tag {
            key: pool.pool_id.clone()?,
            value: pool.protocol_version.clone()?,
        })
    });
    named.collect()
}

/// The listeners of a group as a comma list; nothing without one.
pub(crate) fn shown_listeners(balancers: &[Balancer]) -> Option<String> {
    let ids = balancers.iter().filter_map(|balancer| match balancer {
        Balancer::Listener { listener } => Some(listener.as_str()),
        Balancer::Pool { .. } | Balancer::Classic { .. } | Balancer::Forward { .. } => None,
    });
    let ids: Vec<&str> = ids.collect();
    (!ids.is_empty()).then(|| ids.join(","))
}

/// The oldest listener that sends its load to a pool which was made here; of others nobody knows.
fn listener_of(records: &Records, pool: &str) -> Option<String> {
    let pool = PoolId::parse_uuid(pool).ok()?;
    let mut listeners = by_age(&records.listeners).into_iter();
    let found = listeners.find(|listener| records.default_pool(listener) == Some(pool))?;
    Some(found.id.uuid())
}

fn shown_pools(balancers: &[Balancer], extras: &HuaweiExtras, records: &Records) -> Vec<Pool> {
    let pools = balancers.iter().filter_map(|balancer| match balancer {
        Balancer::Pool { pool, target } => {
            let protocols = &extras.pool_protocols;
            let version = protocols.iter().find(|tag| tag.key == *pool);
            Some(Pool {
                listener_id: listener_of(records, pool),
                pool_id: Some(pool.clone()),
                protocol_port: Some(i64::from(target.port)),
                weight: Some(i64::from(target.weight)),
                protocol_version: version.map(|tag| tag.value.clone()),
            })
        }
        Balancer::Listener { .. } | Balancer::Classic { .. } | Balancer::Forward { .. } => None,
    });
    pools.collect()
}

/// The minutes between audits that stand for so many seconds (rule G16).
pub(crate) fn audit_minutes(secs: u32) -> u32 {
    match secs {
        0..=10 => 0,
        more => more.div_ceil(60),
    }
}

/// The seconds of so many minutes between audits; 0 = every 10 seconds.
pub(crate) fn audit_secs(minutes: u32) -> u32 {
    match minutes {
        0 => 10,
        more => more * 60,
    }
}

/// ScalingGroups.
#[derive(Serialize)]
pub(crate) struct ScalingGroup {
    networks: Vec<Network>,
    available_zones: Vec<String>,
    detail: Option<String>,
    scaling_group_name: String,
    pub(crate) scaling_group_id: String,
    pub(crate) scaling_group_status: GroupStatus,
    scaling_configuration_id: Option<String>,
    scaling_configuration_name: Option<String>,
    current_instance_number: usize,
    desire_instance_number: u32,
    min_instance_number: u32,
    max_instance_number: u32,
    cool_down_time: u32,
    lb_listener_id: Option<String>,
    lbaas_listeners: Vec<Pool>,
    security_groups: Vec<IdOnly>,
    create_time: String,
    vpc_id: String,
    health_periodic_audit_method: AuditMethod,
    health_periodic_audit_time: u32,
    health_periodic_audit_grace_period: u32,
    instance_terminate_policy: TerminatePolicy,
    is_scaling: bool,
    delete_publicip: bool,
    delete_volume: bool,
    notifications: Option<Vec<String>>,
    cloud_location_id: Option<String>,
    enterprise_project_id: String,
    activity_type: Option<LogType>,
    multi_az_priority_policy: ZonePolicy,
    iam_agency_name: Option<String>,
    description: Option<String>,
    tags: Vec<SingleTag>,
}

/// Where a group stands (rule G6).
pub(crate) fn status(item: &GroupItem) -> GroupStatus {
    let group = &item.group;
    match group {
        _ if group.deleting => GroupStatus::Deleting,
        _ if !group.spec.enabled => GroupStatus::Paused,
        _ if group.abnormal.is_some() || group.retry.brake.is_some() => GroupStatus::Error,
        _ => GroupStatus::InService,
    }
}

/// What went wrong last, if the last activity did.
fn detail(item: &GroupItem, view: Option<&GroupView>) -> Option<String> {
    if let Some(brake) = &item.group.retry.brake {
        return Some(brake.reason.clone());
    }
    if let Some(abnormal) = item.group.abnormal {
        return Some(format!("{abnormal:?} is not usable"));
    }
    let last = item.group.last_activity?;
    let last = view?.activities.get(&last)?;
    matches!(last.status, ActivityStatus::Failed).then(|| last.status_message.clone())
}

impl ScalingGroup {
    /// A group as it is shown; `view`: with its activities; `records`: what its account laid out of balancers. Its zones are those of its subnets where only these are said.
    pub(crate) fn new(
        item: &GroupItem,
        view: Option<&GroupView>,
        catalogue: &Catalogue,
        records: &Records,
    ) -> ScalingGroup {
        let group = &item.group;
        let spec = &group.spec;
        let none = HuaweiExtras::default();
        let extras = spec.huawei.as_ref().unwrap_or(&none);
        let network = &spec.network;
        let running = group
            .busy
            .and_then(|id| view?.activities.get(&id))
            .map(|activity| LogType::from(&**activity));
        let config = spec.config.map(shown_id);
        ScalingGroup {
            networks: shown_networks(network, extras),
            available_zones: catalogue.zones_of(network),
            detail: detail(item, view),
            scaling_group_name: spec.name.clone(),
            scaling_group_id: group.id.uuid(),
            scaling_group_status: status(item),
            scaling_configuration_name: config.as_ref().map(|_| item.config_name.clone()),
            scaling_configuration_id: config,
            current_instance_number: item.total,
            desire_instance_number: spec.size.desired,
            min_instance_number: spec.size.min,
            max_instance_number: spec.size.max,
            cool_down_time: spec.cooldown_secs,
            lb_listener_id: shown_listeners(&spec.balancers),
            lbaas_listeners: shown_pools(&spec.balancers, extras, records),
            security_groups: network
                .security_groups
                .iter()
                .map(|id| IdOnly::new(id))
                .collect(),
            create_time: second(group.created_at),
            vpc_id: network.vpc.clone(),
            health_periodic_audit_method: spec.health.kind.into(),
            health_periodic_audit_time: audit_minutes(spec.health.period_secs),
            health_periodic_audit_grace_period: spec.health.grace_secs,
            instance_terminate_policy: spec.termination.into(),
            is_scaling: item.busy,
            delete_publicip: extras.delete_public_ip,
            delete_volume: extras.delete_volume,
            notifications: match extras.notifications.is_empty() {
                true => None,
                false => Some(extras.notifications.clone()),
            },
            cloud_location_id: None,
            enterprise_project_id: extras
                .enterprise_project
                .clone()
                .unwrap_or_else(|| "0".into()),
            activity_type: running,
            multi_az_priority_policy: spec.spread.into(),
            iam_agency_name: extras.agency.clone(),
            description: extras.description.clone(),
            tags: spec.tags.iter().map(Into::into).collect(),
        }
    }
}
