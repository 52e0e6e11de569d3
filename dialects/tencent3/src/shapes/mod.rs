//! Structures that stand both in requests and in answers. Members are optional as the facts say; their values are
//! checked when they become the model's.

mod balancer;
mod group;
mod machine;
mod market;
mod names;
mod policy;

use muster_model as model;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

pub(crate) use balancer::{ForwardLoadBalancer, ForwardLoadBalancerIdentification, classic};
pub(crate) use group::{IndexSettings, ServiceSettings, SpotMixedPolicy};
pub(crate) use machine::{
    DataDisk, EnhancedService, InternetAccessible, Ipv6InternetAccessible, SystemDisk,
};
pub(crate) use market::{ChargePrepaid, MarketOptions};
pub(crate) use names::{
    HostNameSettings, InstanceNameSettings, ShownHostNames, ShownInstanceNames,
};
pub(crate) use policy::{
    AdjustmentType, MetricAlarm, MetricName, PredefinedMetric, PredefinedMetricType, ShownAlarm,
    adjustment,
};

const DISK_TYPES: [&str; 8] = [
    "LOCAL_BASIC",
    "LOCAL_SSD",
    "CLOUD_BASIC",
    "CLOUD_PREMIUM",
    "CLOUD_SSD",
    "CLOUD_HSSD",
    "CLOUD_TSSD",
    "CLOUD_BSSD",
];

/// `value` is one of `allowed`.
fn one_of(parameter: &str, value: Option<&String>, allowed: &[&str]) -> Result<(), Fault> {
    match value {
        Some(value) if !allowed.contains(&value.as_str()) => Err(Fault::value(
            parameter,
            value,
            &format!("one of {}", allowed.join(", ")),
        )),
        Some(_) | None => Ok(()),
    }
}

fn not_negative(parameter: &str, value: Option<i64>) -> Result<(), Fault> {
    match value {
        Some(value) if value < 0 => Err(Fault::value(parameter, &value.to_string(), "0 or more")),
        Some(_) | None => Ok(()),
    }
}

/// Tag, InstanceTag and MetadataItem in requests: a key and a value.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyValue {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl From<KeyValue> for model::Tag {
    fn from(pair: KeyValue) -> Self {
        model::Tag {
            key: pair.key,
            value: pair.value,
        }
    }
}

impl From<&model::Tag> for KeyValue {
    fn from(tag: &model::Tag) -> Self {
        KeyValue {
            key: tag.key.clone(),
            value: tag.value.clone(),
        }
    }
}

/// Tag.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: String,
    value: String,
    resource_type: Option<String>,
}

impl Tag {
    /// Checks and converts the tags of a resource of kind `kind`.
    pub(crate) fn list(tags: Vec<Tag>, kind: &str) -> Result<Vec<model::Tag>, Fault> {
        crate::checks::count("InvalidParameterValue.LimitExceeded", "Tags", &tags, 30)?;
        let mut list: Vec<model::Tag> = Vec::with_capacity(tags.len());
        for tag in tags {
            one_of("Tags.ResourceType", tag.resource_type.as_ref(), &[kind])?;
            if list.iter().any(|old| old.key == tag.key) {
                return Err(Fault::value("Tags.Key", &tag.key, "each key once"));
            }
            list.push(model::Tag {
                key: tag.key,
                value: tag.value,
            });
        }
        Ok(list)
    }

    pub(crate) fn shown(tags: &[model::Tag], kind: &str) -> Vec<Tag> {
        tags.iter()
            .map(|tag| Tag {
                key: tag.key.clone(),
                value: tag.value.clone(),
                resource_type: Some(kind.to_owned()),
            })
            .collect()
    }
}

/// NetworkInterface (SDK only).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NetworkInterface {
    pub(crate) interface_type: Option<String>,
    private_ipv4_address_count: Option<i64>,
    #[serde(default)]
    security_group_ids: Vec<String>,
    #[serde(rename = "IsKeepENI")]
    is_keep_eni: Option<bool>,
}

impl From<NetworkInterface> for model::NetworkInterface {
    fn from(interface: NetworkInterface) -> Self {
        model::NetworkInterface {
            kind: interface.interface_type,
            private_ipv4_count: interface.private_ipv4_address_count,
            security_groups: interface.security_group_ids,
            keep: interface.is_keep_eni,
        }
    }
}

impl From<&model::NetworkInterface> for NetworkInterface {
    fn from(interface: &model::NetworkInterface) -> Self {
        NetworkInterface {
            interface_type: interface.kind.clone(),
            private_ipv4_address_count: interface.private_ipv4_count,
            security_group_ids: interface.security_groups.clone(),
            is_keep_eni: interface.keep,
        }
    }
}
