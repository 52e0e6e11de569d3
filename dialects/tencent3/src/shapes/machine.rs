//! What a machine is made of: disks, network access, services on it.

use muster_model as model;
use serde::{Deserialize, Serialize};

use super::{DISK_TYPES, not_negative, one_of};
use crate::fault::Fault;

/// SystemDisk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SystemDisk {
    disk_type: Option<String>,
    disk_size: Option<i64>,
    encrypt: Option<bool>,
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
            ..model::SystemDisk::default()
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
        not_negative(&format!("DataDisks.{at}.DiskSize"), self.disk_size)?;
        self.snapshot_id.as_deref().map_or(Ok(()), |id| {
            let code = "InvalidParameterValue.InvalidSnapshotId";
            crate::checks::text_id(code, &format!("DataDisks.{at}.SnapshotId"), id, "snap-")
        })
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
            ..model::DataDisk::default()
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
    internet_service_provider: Option<String>,
    #[serde(rename = "IPv4AddressType")]
    ipv4_address_type: Option<String>,
    #[serde(rename = "AntiDDoSPackageId")]
    anti_ddos_package_id: Option<String>,
    #[serde(rename = "IsKeepEIP")]
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
        if self.ipv4_address_type.as_deref() == Some("AntiDDoSEIP")
            && self.anti_ddos_package_id.is_none()
        {
            return Err(Fault::new(
                "MissingParameter",
                "The parameter `InternetAccessible.AntiDDoSPackageId` is needed by AntiDDoSEIP.",
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
            internet_service_provider: Some(internet.provider.unwrap_or_else(|| "BGP".to_owned())),
            ipv4_address_type: internet.address_type,
            anti_ddos_package_id: internet.anti_ddos_package,
            is_keep_eip: Some(internet.keep_address.unwrap_or(false)),
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
    #[serde(default)]
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
