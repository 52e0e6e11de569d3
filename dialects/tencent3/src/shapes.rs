//! Structures that stand both in requests and in answers. Members are optional as the facts say; their values are
//! checked when they become the model's.

use muster_model as model;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::words::{NameStyle, ReplaceMode, ScalingMode, SpotStrategy};

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

/// SystemDisk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SystemDisk {
    disk_type: Option<String>,
    disk_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
}

impl SystemDisk {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        one_of("SystemDisk.DiskType", self.disk_type.as_ref(), &DISK_TYPES)?;
        not_negative("SystemDisk.DiskSize", self.disk_size)
    }

    /// What is shown: absent members by their defaults (L32343-32392).
    pub(crate) fn shown(disk: Option<&model::SystemDisk>) -> SystemDisk {
        let disk = disk.cloned().unwrap_or_default();
        SystemDisk {
            disk_type: Some(disk.disk_type.unwrap_or_else(|| "CLOUD_PREMIUM".to_owned())),
            disk_size: Some(disk.size_gb.unwrap_or(50)),
            encrypt: disk.encrypt,
            kms_key_id: disk.kms_key,
        }
    }
}

impl From<SystemDisk> for model::SystemDisk {
    fn from(disk: SystemDisk) -> Self {
        model::SystemDisk {
            disk_type: disk.disk_type,
            size_gb: disk.disk_size,
            encrypt: disk.encrypt,
            kms_key: disk.kms_key_id,
        }
    }
}

/// DataDisk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DataDisk {
    disk_type: Option<String>,
    disk_size: Option<i64>,
    snapshot_id: Option<String>,
    delete_with_instance: Option<bool>,
    encrypt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    throughput_performance: Option<i64>,
    burst_performance: Option<bool>,
}

impl DataDisk {
    pub(crate) fn check(&self, at: usize) -> Result<(), Fault> {
        one_of(
            &format!("DataDisks.{at}.DiskType"),
            self.disk_type.as_ref(),
            &DISK_TYPES,
        )?;
        not_negative(&format!("DataDisks.{at}.DiskSize"), self.disk_size)
    }
}

impl From<DataDisk> for model::DataDisk {
    fn from(disk: DataDisk) -> Self {
        model::DataDisk {
            disk_type: disk.disk_type,
            size_gb: disk.disk_size,
            snapshot: disk.snapshot_id,
            delete_with_instance: disk.delete_with_instance,
            encrypt: disk.encrypt,
            kms_key: disk.kms_key_id,
            throughput_mbps: disk.throughput_performance,
            burst: disk.burst_performance,
        }
    }
}

impl From<&model::DataDisk> for DataDisk {
    fn from(disk: &model::DataDisk) -> Self {
        DataDisk {
            disk_type: disk.disk_type.clone(),
            disk_size: Some(disk.size_gb.unwrap_or(0)),
            snapshot_id: disk.snapshot.clone(),
            delete_with_instance: Some(disk.delete_with_instance.unwrap_or(false)),
            encrypt: Some(disk.encrypt.unwrap_or(false)),
            kms_key_id: disk.kms_key.clone(),
            throughput_performance: disk.throughput_mbps,
            burst_performance: disk.burst,
        }
    }
}

/// InternetAccessible.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InternetAccessible {
    internet_charge_type: Option<String>,
    internet_max_bandwidth_out: Option<i64>,
    public_ip_assigned: Option<bool>,
    bandwidth_package_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    internet_service_provider: Option<String>,
    #[serde(rename = "IPv4AddressType", skip_serializing_if = "Option::is_none")]
    ipv4_address_type: Option<String>,
    #[serde(rename = "AntiDDoSPackageId", skip_serializing_if = "Option::is_none")]
    anti_ddos_package_id: Option<String>,
    #[serde(rename = "IsKeepEIP", skip_serializing_if = "Option::is_none")]
    is_keep_eip: Option<bool>,
}

const INTERNET_CHARGES: [&str; 4] = [
    "BANDWIDTH_PREPAID",
    "TRAFFIC_POSTPAID_BY_HOUR",
    "BANDWIDTH_POSTPAID_BY_HOUR",
    "BANDWIDTH_PACKAGE",
];

impl InternetAccessible {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        one_of(
            "InternetAccessible.InternetChargeType",
            self.internet_charge_type.as_ref(),
            &INTERNET_CHARGES,
        )?;
        not_negative(
            "InternetAccessible.InternetMaxBandwidthOut",
            self.internet_max_bandwidth_out,
        )?;
        one_of(
            "InternetAccessible.InternetServiceProvider",
            self.internet_service_provider.as_ref(),
            &["BGP", "CMCC", "CTCC", "CUCC"],
        )?;
        one_of(
            "InternetAccessible.IPv4AddressType",
            self.ipv4_address_type.as_ref(),
            &["WanIP", "HighQualityEIP", "AntiDDoSEIP"],
        )?;
        if self.internet_charge_type.as_deref() == Some("BANDWIDTH_PACKAGE")
            && self.bandwidth_package_id.is_none()
        {
            return Err(Fault::new(
                "InvalidParameterValue.MissingBandwidthPackageId",
                "The parameter `InternetAccessible.BandwidthPackageId` is needed by BANDWIDTH_PACKAGE.",
            ));
        }
        Ok(())
    }

    /// What is shown: absent members by their defaults.
    pub(crate) fn shown(internet: Option<&model::InternetAccess>) -> InternetAccessible {
        let internet = internet.cloned().unwrap_or_default();
        let bandwidth = internet.max_bandwidth_out_mbps.unwrap_or(0);
        InternetAccessible {
            internet_charge_type: Some(
                internet
                    .charge_type
                    .unwrap_or_else(|| "TRAFFIC_POSTPAID_BY_HOUR".to_owned()),
            ),
            internet_max_bandwidth_out: Some(bandwidth),
            public_ip_assigned: Some(internet.public_ip.unwrap_or(bandwidth > 0)),
            bandwidth_package_id: internet.bandwidth_package,
            internet_service_provider: internet.provider,
            ipv4_address_type: internet.address_type,
            anti_ddos_package_id: internet.anti_ddos_package,
            is_keep_eip: internet.keep_address,
        }
    }
}

impl From<InternetAccessible> for model::InternetAccess {
    fn from(internet: InternetAccessible) -> Self {
        model::InternetAccess {
            charge_type: internet.internet_charge_type,
            max_bandwidth_out_mbps: internet.internet_max_bandwidth_out,
            public_ip: internet.public_ip_assigned,
            bandwidth_package: internet.bandwidth_package_id,
            provider: internet.internet_service_provider,
            address_type: internet.ipv4_address_type,
            anti_ddos_package: internet.anti_ddos_package_id,
            keep_address: internet.is_keep_eip,
        }
    }
}

/// IPv6InternetAccessible.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Ipv6InternetAccessible {
    internet_charge_type: Option<String>,
    internet_max_bandwidth_out: Option<i64>,
    bandwidth_package_id: Option<String>,
}

impl Ipv6InternetAccessible {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let allowed = ["TRAFFIC_POSTPAID_BY_HOUR", "BANDWIDTH_PACKAGE"];
        match &self.internet_charge_type {
            Some(kind) if !allowed.contains(&kind.as_str()) => Err(Fault::new(
                "InvalidParameterValue.IPv6InternetChargeType",
                format!(
                    "The value `{kind}` of the parameter `IPv6InternetAccessible.InternetChargeType` is not valid: one of {}.",
                    allowed.join(", ")
                ),
            )),
            Some(_) | None => not_negative(
                "IPv6InternetAccessible.InternetMaxBandwidthOut",
                self.internet_max_bandwidth_out,
            ),
        }
    }

    pub(crate) fn shown(internet: Option<&model::Ipv6Internet>) -> Ipv6InternetAccessible {
        let internet = internet.cloned().unwrap_or_default();
        Ipv6InternetAccessible {
            internet_charge_type: Some(
                internet
                    .charge_type
                    .unwrap_or_else(|| "TRAFFIC_POSTPAID_BY_HOUR".to_owned()),
            ),
            internet_max_bandwidth_out: Some(internet.max_bandwidth_out_mbps.unwrap_or(0)),
            bandwidth_package_id: internet.bandwidth_package,
        }
    }
}

impl From<Ipv6InternetAccessible> for model::Ipv6Internet {
    fn from(internet: Ipv6InternetAccessible) -> Self {
        model::Ipv6Internet {
            charge_type: internet.internet_charge_type,
            max_bandwidth_out_mbps: internet.internet_max_bandwidth_out,
            bandwidth_package: internet.bandwidth_package_id,
        }
    }
}

/// RunSecurityServiceEnabled and its sisters.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Enabled {
    enabled: Option<bool>,
}

/// EnhancedService. The SDK's AutomationService is the older name of AutomationToolsService.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EnhancedService {
    security_service: Option<Enabled>,
    monitor_service: Option<Enabled>,
    automation_tools_service: Option<Enabled>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    automation_service: Vec<Enabled>,
}

impl EnhancedService {
    /// What is shown: agents are on unless they were switched off (rule C5).
    pub(crate) fn shown(service: Option<&model::EnhancedService>) -> EnhancedService {
        let service = service.cloned().unwrap_or_default();
        let on = |value: Option<bool>| {
            Some(Enabled {
                enabled: Some(value.unwrap_or(true)),
            })
        };
        EnhancedService {
            security_service: on(service.security),
            monitor_service: on(service.monitor),
            automation_tools_service: on(service.automation),
            automation_service: Vec::new(),
        }
    }
}

impl From<EnhancedService> for model::EnhancedService {
    fn from(service: EnhancedService) -> Self {
        let enabled = |value: Option<Enabled>| value.and_then(|value| value.enabled);
        model::EnhancedService {
            security: enabled(service.security_service),
            monitor: enabled(service.monitor_service),
            automation: enabled(
                service
                    .automation_tools_service
                    .or(service.automation_service.first().copied()),
            ),
        }
    }
}

/// HostNameSettings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HostNameSettings {
    host_name: Option<String>,
    host_name_style: Option<NameStyle>,
    host_name_suffix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_name_delimiter: Option<String>,
}

impl HostNameSettings {
    /// Rule C7; where the facts differ, the wider limit.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let illegal = |value: &str, why: &str| {
            Fault::new(
                "InvalidParameterValue.HostNameIllegal",
                format!(
                    "The value `{value}` of the parameter `HostNameSettings.HostName` is not valid: {why}."
                ),
            )
        };
        let Some(name) = &self.host_name else {
            return Err(Fault::new(
                "MissingParameter",
                "The parameter `HostNameSettings.HostName` is missing.",
            ));
        };
        let letters = |text: &str| {
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        };
        let edge = |c: char| matches!(c, '.' | '-');
        if !(2..=42).contains(&name.len()) || !letters(name) {
            return Err(illegal(name, "2 to 42 letters, digits, `.` and `-`"));
        }
        if name.starts_with(edge)
            || name.ends_with(edge)
            || name.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(illegal(
                name,
                "no `.` or `-` at the ends, and not only digits",
            ));
        }
        if let Some(suffix) = &self.host_name_suffix {
            if !(1..=39).contains(&suffix.len()) || !letters(suffix) {
                return Err(illegal(
                    suffix,
                    "a suffix of 1 to 39 letters, digits, `.` and `-`",
                ));
            }
            if name.len() + suffix.len() > 41 {
                return Err(Fault::new(
                    "InvalidParameterValue.HostNameWithSuffixTooLong",
                    format!(
                        "The host name `{name}` and the suffix `{suffix}` together are longer than 41 characters."
                    ),
                ));
            }
        }
        one_of(
            "HostNameSettings.HostNameDelimiter",
            self.host_name_delimiter.as_ref(),
            &[".", "-", ""],
        )
    }

    pub(crate) fn shown(names: Option<&model::HostNames>) -> HostNameSettings {
        names.map_or_else(HostNameSettings::default, |names| HostNameSettings {
            host_name: Some(names.name.clone()),
            host_name_style: Some(names.style.into()),
            host_name_suffix: names.suffix.clone(),
            host_name_delimiter: names.delimiter.clone(),
        })
    }
}

impl From<HostNameSettings> for model::HostNames {
    fn from(names: HostNameSettings) -> Self {
        model::HostNames {
            name: names.host_name.unwrap_or_default(),
            style: names.host_name_style.map(Into::into).unwrap_or_default(),
            suffix: names.host_name_suffix,
            delimiter: names.host_name_delimiter,
        }
    }
}

/// InstanceNameSettings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InstanceNameSettings {
    instance_name: Option<String>,
    instance_name_style: Option<NameStyle>,
    instance_name_suffix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_name_delimiter: Option<String>,
}

impl InstanceNameSettings {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let illegal = |value: &str, why: &str| {
            Fault::new(
                "InvalidParameterValue.InstanceNameIllegal",
                format!(
                    "The value `{value}` of the parameter `InstanceNameSettings.InstanceName` is not valid: {why}."
                ),
            )
        };
        let Some(name) = &self.instance_name else {
            return Err(Fault::new(
                "MissingParameter",
                "The parameter `InstanceNameSettings.InstanceName` is missing.",
            ));
        };
        let length = name.chars().count();
        if !(2..=108).contains(&length) {
            return Err(illegal(name, "2 to 108 characters"));
        }
        if let Some(suffix) = &self.instance_name_suffix {
            let more = suffix.chars().count();
            if !(1..=105).contains(&more) {
                return Err(illegal(suffix, "a suffix of 1 to 105 characters"));
            }
            if length + more > 107 {
                return Err(Fault::new(
                    "InvalidParameterValue.InstanceNameWithSuffixTooLong",
                    format!(
                        "The name `{name}` and the suffix `{suffix}` together are longer than 107 characters."
                    ),
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn shown(names: Option<&model::InstanceNames>) -> InstanceNameSettings {
        names.map_or_else(InstanceNameSettings::default, |names| {
            InstanceNameSettings {
                instance_name: Some(names.name.clone()),
                instance_name_style: Some(names.style.into()),
                instance_name_suffix: names.suffix.clone(),
                instance_name_delimiter: names.delimiter.clone(),
            }
        })
    }
}

impl From<InstanceNameSettings> for model::InstanceNames {
    fn from(names: InstanceNameSettings) -> Self {
        model::InstanceNames {
            name: names.instance_name.unwrap_or_default(),
            style: names
                .instance_name_style
                .map(Into::into)
                .unwrap_or_default(),
            suffix: names.instance_name_suffix,
            delimiter: names.instance_name_delimiter,
        }
    }
}

/// InstanceMarketOptionsRequest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MarketOptions {
    spot_options: SpotOptions,
    market_type: Option<String>,
}

/// SpotMarketOptions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SpotOptions {
    max_price: String,
    spot_instance_type: Option<String>,
}

impl MarketOptions {
    /// The price is a number in text (rule C4).
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let price = &self.spot_options.max_price;
        if !price
            .parse::<f64>()
            .is_ok_and(|price| price.is_finite() && price >= 0.0)
        {
            return Err(Fault::new(
                "InvalidParameterValue.NotStringTypeFloat",
                format!(
                    "The value `{price}` of the parameter `InstanceMarketOptions.SpotOptions.MaxPrice` is not a price such as `1.05`."
                ),
            ));
        }
        one_of(
            "InstanceMarketOptions.MarketType",
            self.market_type.as_ref(),
            &["spot"],
        )?;
        let kind = self.spot_options.spot_instance_type.as_ref();
        one_of(
            "InstanceMarketOptions.SpotOptions.SpotInstanceType",
            kind,
            &["one-time"],
        )
    }
}

impl From<MarketOptions> for model::Market {
    fn from(options: MarketOptions) -> Self {
        model::Market {
            max_price: options.spot_options.max_price,
            spot_type: options.spot_options.spot_instance_type,
            market_type: options.market_type,
        }
    }
}

impl From<&model::Market> for MarketOptions {
    fn from(market: &model::Market) -> Self {
        MarketOptions {
            spot_options: SpotOptions {
                max_price: market.max_price.clone(),
                spot_instance_type: Some(
                    market
                        .spot_type
                        .clone()
                        .unwrap_or_else(|| "one-time".to_owned()),
                ),
            },
            market_type: Some(
                market
                    .market_type
                    .clone()
                    .unwrap_or_else(|| "spot".to_owned()),
            ),
        }
    }
}

/// InstanceChargePrepaid.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ChargePrepaid {
    period: i64,
    renew_flag: Option<String>,
}

impl ChargePrepaid {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if !matches!(self.period, 1..=12 | 24 | 36) {
            let wanted = "1 to 12, 24 or 36 months";
            return Err(Fault::value(
                "InstanceChargePrepaid.Period",
                &self.period.to_string(),
                wanted,
            ));
        }
        let flags = [
            "NOTIFY_AND_AUTO_RENEW",
            "NOTIFY_AND_MANUAL_RENEW",
            "DISABLE_NOTIFY_AND_MANUAL_RENEW",
        ];
        one_of(
            "InstanceChargePrepaid.RenewFlag",
            self.renew_flag.as_ref(),
            &flags,
        )
    }
}

impl From<ChargePrepaid> for model::Prepaid {
    fn from(prepaid: ChargePrepaid) -> Self {
        model::Prepaid {
            period_months: prepaid.period,
            renew: prepaid.renew_flag,
        }
    }
}

impl From<&model::Prepaid> for ChargePrepaid {
    fn from(prepaid: &model::Prepaid) -> Self {
        let renew = prepaid
            .renew
            .clone()
            .unwrap_or_else(|| "NOTIFY_AND_MANUAL_RENEW".to_owned());
        ChargePrepaid {
            period: prepaid.period_months,
            renew_flag: Some(renew),
        }
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

/// ServiceSettings in requests; what is left out keeps its value.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceSettings {
    replace_monitor_unhealthy: Option<bool>,
    scaling_mode: Option<ScalingMode>,
    replace_load_balancer_unhealthy: Option<bool>,
    replace_mode: Option<ReplaceMode>,
    auto_update_instance_tags: Option<bool>,
    desired_capacity_sync_with_max_min_size: Option<bool>,
    priority_scale_in_unhealthy: Option<bool>,
}

impl ServiceSettings {
    pub(crate) fn over(self, old: model::ServiceSettings) -> model::ServiceSettings {
        model::ServiceSettings {
            replace_unhealthy: self
                .replace_monitor_unhealthy
                .unwrap_or(old.replace_unhealthy),
            replace_balancer_unhealthy: self
                .replace_load_balancer_unhealthy
                .unwrap_or(old.replace_balancer_unhealthy),
            scaling_mode: self.scaling_mode.map_or(old.scaling_mode, Into::into),
            replace_mode: self.replace_mode.map_or(old.replace_mode, Into::into),
            auto_update_tags: self
                .auto_update_instance_tags
                .unwrap_or(old.auto_update_tags),
            sync_desired: self
                .desired_capacity_sync_with_max_min_size
                .unwrap_or(old.sync_desired),
            unhealthy_first: self
                .priority_scale_in_unhealthy
                .unwrap_or(old.unhealthy_first),
        }
    }
}

/// SpotMixedAllocationPolicy. In answers the members are null unless the group is a spot mix (rule G11).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SpotMixedPolicy {
    base_capacity: Option<i64>,
    on_demand_percentage_above_base_capacity: Option<i64>,
    spot_allocation_strategy: Option<SpotStrategy>,
    compensate_with_base_instance: Option<bool>,
}

impl SpotMixedPolicy {
    pub(crate) fn mix(self) -> Result<model::SpotMix, Fault> {
        let percent = self.on_demand_percentage_above_base_capacity.unwrap_or(70);
        Ok(model::SpotMix {
            base: crate::checks::size(
                "SpotMixedAllocationPolicy.BaseCapacity",
                self.base_capacity.unwrap_or(0),
            )?,
            on_demand_percent: crate::checks::number(
                "SpotMixedAllocationPolicy.OnDemandPercentageAboveBaseCapacity",
                percent,
                0,
                100,
            )?,
            strategy: self
                .spot_allocation_strategy
                .unwrap_or(SpotStrategy::Cost)
                .into(),
            compensate: self.compensate_with_base_instance.unwrap_or(true),
        })
    }

    pub(crate) fn shown(allocation: model::Allocation) -> SpotMixedPolicy {
        match allocation {
            model::Allocation::LaunchConfiguration => SpotMixedPolicy::default(),
            model::Allocation::SpotMixed(mix) => SpotMixedPolicy {
                base_capacity: Some(i64::from(mix.base)),
                on_demand_percentage_above_base_capacity: Some(i64::from(mix.on_demand_percent)),
                spot_allocation_strategy: Some(mix.strategy.into()),
                compensate_with_base_instance: Some(mix.compensate),
            },
        }
    }
}

/// InstanceNameIndexSettings, HostNameIndexSettings.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct IndexSettings {
    enabled: Option<bool>,
    begin_index: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index_length: Option<i64>,
}

impl IndexSettings {
    pub(crate) fn index(self, parameter: &str) -> Result<model::NameIndex, Fault> {
        let begin = self.begin_index.unwrap_or(0);
        let length = self.index_length.unwrap_or(0);
        Ok(model::NameIndex {
            enabled: self.enabled.unwrap_or(false),
            begin: crate::checks::number(&format!("{parameter}.BeginIndex"), begin, 0, 99_999_999)?,
            length: crate::checks::number(&format!("{parameter}.IndexLength"), length, 0, 8)?,
        })
    }

    pub(crate) fn shown(index: Option<model::NameIndex>) -> IndexSettings {
        let index = index.unwrap_or_default();
        IndexSettings {
            enabled: Some(index.enabled),
            begin_index: Some(i64::from(index.begin)),
            index_length: (index.length > 0).then_some(i64::from(index.length)),
        }
    }
}

/// ForwardLoadBalancer. In answers no member is ever null (Terraform reads them all).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ForwardLoadBalancer {
    load_balancer_id: String,
    listener_id: String,
    target_attributes: Vec<TargetAttribute>,
    location_id: Option<String>,
    region: Option<String>,
}

/// TargetAttribute.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TargetAttribute {
    port: i64,
    weight: i64,
}

impl ForwardLoadBalancer {
    /// Checks and converts (rules B2, B3).
    pub(crate) fn list(balancers: Vec<ForwardLoadBalancer>) -> Result<Vec<model::Balancer>, Fault> {
        crate::checks::count(
            "InvalidParameterValue.LimitExceeded",
            "ForwardLoadBalancers",
            &balancers,
            100,
        )?;
        let mut list: Vec<model::Balancer> = Vec::with_capacity(balancers.len());
        for (at, given) in balancers.into_iter().enumerate() {
            let name = format!("ForwardLoadBalancers.{at}");
            if given.target_attributes.is_empty() {
                let message = format!(
                    "The parameter `{name}.TargetAttributes` must have at least one entry."
                );
                return Err(Fault::new("InvalidParameterValue.ForwardLb", message));
            }
            let mut targets: Vec<model::Target> = Vec::new();
            for target in &given.target_attributes {
                let port = crate::checks::number(
                    &format!("{name}.TargetAttributes.Port"),
                    target.port,
                    1,
                    65_535,
                )?;
                let weight = crate::checks::number(
                    &format!("{name}.TargetAttributes.Weight"),
                    target.weight,
                    0,
                    100,
                )?;
                let (port, weight) = (
                    u16::try_from(port).unwrap_or(0),
                    u16::try_from(weight).unwrap_or(0),
                );
                if targets.iter().any(|old| old.port == port) {
                    let message =
                        format!("The port `{port}` is in `{name}.TargetAttributes` twice.");
                    return Err(Fault::new(
                        "InvalidParameterValue.TargetPortDuplicated",
                        message,
                    ));
                }
                targets.push(model::Target { port, weight });
            }
            let location = given.location_id.filter(|id| !id.is_empty());
            let same = |old: &model::Balancer| matches!(old, model::Balancer::Forward { listener, location: at, .. } if *listener == given.listener_id && *at == location);
            if list.iter().any(same) {
                let message = format!(
                    "The listener `{}` is in `ForwardLoadBalancers` twice.",
                    given.listener_id
                );
                return Err(Fault::new(
                    "InvalidParameterValue.DuplicatedForwardLb",
                    message,
                ));
            }
            list.push(model::Balancer::Forward {
                balancer: given.load_balancer_id,
                listener: given.listener_id,
                location,
                region: given.region,
                targets,
            });
        }
        Ok(list)
    }

    /// The balancers that this door has words for.
    pub(crate) fn shown(
        balancers: &[model::Balancer],
        own_region: &str,
    ) -> Vec<ForwardLoadBalancer> {
        let forward = |balancer: &model::Balancer| match balancer {
            model::Balancer::Forward {
                balancer,
                listener,
                location,
                region,
                targets,
            } => Some(ForwardLoadBalancer {
                load_balancer_id: balancer.clone(),
                listener_id: listener.clone(),
                target_attributes: targets
                    .iter()
                    .map(|target| TargetAttribute {
                        port: i64::from(target.port),
                        weight: i64::from(target.weight),
                    })
                    .collect(),
                location_id: Some(location.clone().unwrap_or_default()),
                region: Some(region.clone().unwrap_or_else(|| own_region.to_owned())),
            }),
            model::Balancer::Classic { .. }
            | model::Balancer::Listener { .. }
            | model::Balancer::Pool { .. } => None,
        };
        balancers.iter().filter_map(forward).collect()
    }
}
