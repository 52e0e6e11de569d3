//! Launch configurations: modify, upgrade.

use muster_kit::action::Action;
use muster_model::{Command, ConfigPatch, ConfigSpec};
use serde::Deserialize;

use super::Empty;
use super::config_parts::{
    LoginSettings, Metadata, check_hpc, check_image, check_named, check_placement_groups,
    check_security_groups, check_types, check_user_data, disks, interfaces, pairs, part,
};
use crate::checks::{self, name};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{
    ChargePrepaid, DataDisk, EnhancedService, HostNameSettings, InstanceNameSettings,
    InternetAccessible, Ipv6InternetAccessible, KeyValue, MarketOptions, NetworkInterface,
    SystemDisk,
};
use crate::words::{ChargeType, DiskTypePolicy, TypesCheckPolicy};

/// ModifyLaunchConfigurationAttributes (rule C8).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyLaunchConfigurationAttributes {
    launch_configuration_id: String,
    image_id: Option<String>,
    instance_types: Option<Vec<String>>,
    instance_types_check_policy: Option<TypesCheckPolicy>,
    launch_configuration_name: Option<String>,
    user_data: Option<String>,
    security_group_ids: Option<Vec<String>>,
    internet_accessible: Option<InternetAccessible>,
    instance_charge_type: Option<ChargeType>,
    instance_charge_prepaid: Option<ChargePrepaid>,
    instance_market_options: Option<MarketOptions>,
    disk_type_policy: Option<DiskTypePolicy>,
    system_disk: Option<SystemDisk>,
    data_disks: Option<Vec<DataDisk>>,
    host_name_settings: Option<HostNameSettings>,
    instance_name_settings: Option<InstanceNameSettings>,
    enhanced_service: Option<EnhancedService>,
    cam_role_name: Option<String>,
    hpc_cluster_id: Option<String>,
    #[serde(rename = "IPv6InternetAccessible")]
    ipv6_internet_accessible: Option<Ipv6InternetAccessible>,
    disaster_recover_group_ids: Option<Vec<String>>,
    login_settings: Option<LoginSettings>,
    instance_tags: Option<Vec<KeyValue>>,
    image_family: Option<String>,
    dedicated_cluster_id: Option<String>,
    metadata: Option<Metadata>,
    network_interfaces: Option<Vec<NetworkInterface>>,
}

impl ModifyLaunchConfigurationAttributes {
    fn check(&self) -> Result<(), Fault> {
        if let Some(given) = &self.launch_configuration_name {
            check_named(given)?;
            name("LaunchConfigurationName", given, 60, true)?;
        }
        self.image_id.as_deref().map_or(Ok(()), check_image)?;
        self.user_data.as_deref().map_or(Ok(()), check_user_data)?;
        self.disaster_recover_group_ids
            .as_deref()
            .map_or(Ok(()), check_placement_groups)?;
        self.hpc_cluster_id
            .as_deref()
            .filter(|id| !id.is_empty())
            .map_or(Ok(()), check_hpc)?;
        if let Some(types) = &self.instance_types {
            if types.is_empty() {
                let message =
                    "The parameter `InstanceTypes` must have at least one entry when it is given.";
                return Err(Fault::new("InvalidParameterValue.TooShort", message));
            }
            check_types(types, 10)?;
        }
        if let Some(groups) = &self.security_group_ids {
            if groups.is_empty() {
                let message = "The parameter `SecurityGroupIds` must have at least one entry when it is given.";
                return Err(Fault::new("InvalidParameterValue.TooShort", message));
            }
            check_security_groups(groups)?;
        }
        Ok(())
    }

    fn patch(self, ctx: &Ctx) -> Result<ConfigPatch, Fault> {
        self.check()?;
        Ok(ConfigPatch {
            tag_edit: None,
            project: None,
            ksyun_extras: None,
            name_time_suffix: None,
            name: self.launch_configuration_name,
            image: self.image_id,
            image_family: self.image_family,
            instance_types: self.instance_types,
            types_check: self.instance_types_check_policy.map(Into::into),
            system_disk: part!(self.system_disk),
            data_disks: self.data_disks.map(disks).transpose()?,
            internet: part!(self.internet_accessible),
            ipv6_internet: part!(self.ipv6_internet_accessible),
            login: self
                .login_settings
                .map(|login| login.login(ctx))
                .transpose()?
                .flatten(),
            security_groups: self.security_group_ids,
            enhanced: self.enhanced_service.map(Into::into),
            user_data: self
                .user_data
                .map(|data| (!data.is_empty()).then_some(data)),
            charge: self.instance_charge_type.map(Into::into),
            market: part!(self.instance_market_options),
            prepaid: part!(self.instance_charge_prepaid),
            role: self.cam_role_name,
            instance_tags: self
                .instance_tags
                .map(|tags| pairs("InstanceTags", tags))
                .transpose()?,
            host_names: part!(self.host_name_settings),
            instance_names: part!(self.instance_name_settings),
            disk_type_policy: self.disk_type_policy.map(Into::into),
            hpc_cluster: self.hpc_cluster_id,
            disaster_recover_groups: self.disaster_recover_group_ids,
            dedicated_cluster: self.dedicated_cluster_id,
            metadata: self.metadata.map(Metadata::pairs),
            network_interfaces: interfaces(self.network_interfaces)?,
        })
    }
}

impl Action<Ctx> for ModifyLaunchConfigurationAttributes {
    const NAME: &'static str = "ModifyLaunchConfigurationAttributes";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let id = checks::config_id(&self.launch_configuration_id, ctx.action)?;
        let patch = Box::new(self.patch(ctx)?);
        ctx.execute(Command::ModifyConfig { id, patch }).await?;
        Ok(Empty {})
    }
}

/// UpgradeLaunchConfiguration (rule C9). Its login settings are read and do not count.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpgradeLaunchConfiguration {
    launch_configuration_id: String,
    image_id: String,
    instance_types: Vec<String>,
    launch_configuration_name: String,
    data_disks: Option<Vec<DataDisk>>,
    enhanced_service: Option<EnhancedService>,
    instance_charge_type: Option<ChargeType>,
    instance_market_options: Option<MarketOptions>,
    instance_types_check_policy: Option<TypesCheckPolicy>,
    internet_accessible: Option<InternetAccessible>,
    login_settings: Option<LoginSettings>,
    project_id: Option<i64>,
    security_group_ids: Option<Vec<String>>,
    system_disk: Option<SystemDisk>,
    user_data: Option<String>,
    instance_tags: Option<Vec<KeyValue>>,
    cam_role_name: Option<String>,
    host_name_settings: Option<HostNameSettings>,
    instance_name_settings: Option<InstanceNameSettings>,
    instance_charge_prepaid: Option<ChargePrepaid>,
    disk_type_policy: Option<DiskTypePolicy>,
    #[serde(rename = "IPv6InternetAccessible")]
    ipv6_internet_accessible: Option<Ipv6InternetAccessible>,
}

impl UpgradeLaunchConfiguration {
    fn spec(self, ctx: &Ctx) -> Result<ConfigSpec, Fault> {
        name(
            "LaunchConfigurationName",
            &self.launch_configuration_name,
            60,
            true,
        )?;
        check_image(&self.image_id)?;
        check_types(&self.instance_types, 5)?;
        self.user_data.as_deref().map_or(Ok(()), check_user_data)?;
        self.security_group_ids
            .as_deref()
            .map_or(Ok(()), check_security_groups)?;
        if let Some(login) = self.login_settings {
            login.login(ctx)?;
        }
        Ok(ConfigSpec {
            name: self.launch_configuration_name,
            project: self.project_id.unwrap_or(0),
            image: Some(self.image_id),
            instance_types: self.instance_types,
            types_check: self
                .instance_types_check_policy
                .map(Into::into)
                .unwrap_or_default(),
            system_disk: part!(self.system_disk),
            data_disks: disks(self.data_disks.unwrap_or_default())?,
            internet: part!(self.internet_accessible),
            ipv6_internet: part!(self.ipv6_internet_accessible),
            security_groups: self.security_group_ids.unwrap_or_default(),
            enhanced: self.enhanced_service.map(Into::into),
            user_data: self.user_data.filter(|data| !data.is_empty()),
            charge: self
                .instance_charge_type
                .map(Into::into)
                .unwrap_or_default(),
            market: part!(self.instance_market_options),
            prepaid: part!(self.instance_charge_prepaid),
            role: self.cam_role_name,
            instance_tags: pairs("InstanceTags", self.instance_tags.unwrap_or_default())?,
            host_names: part!(self.host_name_settings),
            instance_names: part!(self.instance_name_settings),
            disk_type_policy: self.disk_type_policy.map(Into::into).unwrap_or_default(),
            ..ConfigSpec::default()
        })
    }
}

impl Action<Ctx> for UpgradeLaunchConfiguration {
    const NAME: &'static str = "UpgradeLaunchConfiguration";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let id = checks::config_id(&self.launch_configuration_id, ctx.action)?;
        let spec = Box::new(self.spec(ctx)?);
        ctx.execute(Command::UpgradeConfig { id, spec }).await?;
        Ok(Empty {})
    }
}
