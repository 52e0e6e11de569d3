//! Launch configurations: create, modify, upgrade.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_kit::action::Action;
use muster_model::{
    Command, ConfigPatch, ConfigSpec, Created, Door, Error, Field, Login, Problem, Tag as Pair,
};
use serde::{Deserialize, Serialize};

use super::Empty;
use crate::checks::{self, count, name, text_id};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{
    ChargePrepaid, DataDisk, EnhancedService, HostNameSettings, InstanceNameSettings,
    InternetAccessible, Ipv6InternetAccessible, KeyValue, MarketOptions, NetworkInterface,
    SystemDisk, Tag,
};
use crate::words::{ChargeType, DiskTypePolicy, TypesCheckPolicy};

const LIMIT: &str = "InvalidParameterValue.LimitExceeded";
/// Decoded user data (rule C3).
const USER_DATA_BYTES: usize = 16 * 1024;

/// LoginSettings in requests.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoginSettings {
    password: Option<String>,
    key_ids: Option<Vec<String>>,
    keep_image_login: Option<bool>,
}

impl LoginSettings {
    /// Password, keys and the image's login exclude each other (rule C6).
    fn login(self, ctx: &Ctx) -> Result<Option<Login>, Fault> {
        let keys = self.key_ids.unwrap_or_default();
        let keep = self.keep_image_login.unwrap_or(false);
        let password = self.password.filter(|password| !password.is_empty());
        count(LIMIT, "LoginSettings.KeyIds", &keys, 1)?;
        let given = [password.is_some(), !keys.is_empty(), keep]
            .iter()
            .filter(|given| **given)
            .count();
        if given > 1 {
            let problem = Problem::ExcludedBy(Field::LoginKeys);
            return Err(ctx.refused(&Error::Invalid {
                field: Field::Login,
                problem,
            }));
        }
        if let Some(password) = password {
            check_password(&password)?;
            return Ok(Some(Login::Password {
                sealed: (ctx.seal)(&password),
            }));
        }
        Ok(match (keys.is_empty(), keep) {
            (false, _) => Some(Login::Keys(keys)),
            (true, true) => Some(Login::KeepImage),
            (true, false) => None,
        })
    }
}

/// 8 to 30 characters of at least two classes. The password itself is in no message.
fn check_password(password: &str) -> Result<(), Fault> {
    let class = |test: fn(char) -> bool| usize::from(password.chars().any(test));
    let classes = class(|c| c.is_ascii_lowercase())
        + class(|c| c.is_ascii_uppercase())
        + class(|c| c.is_ascii_digit())
        + class(|c| !c.is_ascii_alphanumeric());
    if (8..=30).contains(&password.chars().count()) && classes >= 2 {
        return Ok(());
    }
    Err(Fault::new(
        "InvalidParameterValue",
        "The value of the parameter `LoginSettings.Password` is not valid: 8 to 30 characters of at least two of lower case, upper case, digits and others.",
    ))
}

/// Metadata.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    #[serde(default)]
    items: Vec<KeyValue>,
}

impl Metadata {
    fn pairs(self) -> Vec<Pair> {
        self.items.into_iter().map(Pair::from).collect()
    }
}

/// User data is base64 of at most 16 KB.
fn check_user_data(data: &str) -> Result<(), Fault> {
    let decoded = STANDARD.decode(data.trim_end()).map_err(|error| {
        Fault::new(
            "InvalidParameterValue.UserDataFormatError",
            format!("The value of the parameter `UserData` is not base64: {error}."),
        )
    })?;
    if decoded.len() > USER_DATA_BYTES {
        return Err(Fault::new(
            "InvalidParameterValue.UserDataSizeExceeded",
            format!(
                "The parameter `UserData` holds {} bytes; at most {USER_DATA_BYTES} are allowed.",
                decoded.len()
            ),
        ));
    }
    Ok(())
}

fn check_types(types: &[String], max: usize) -> Result<(), Fault> {
    count(LIMIT, "InstanceTypes", types, max)?;
    for kind in types {
        let good = (1..=64).contains(&kind.len())
            && kind
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        if !good {
            let message = format!(
                "The value `{kind}` of the parameter `InstanceTypes` is not an instance type."
            );
            return Err(Fault::new(
                "InvalidParameterValue.InvalidInstanceType",
                message,
            ));
        }
    }
    Ok(())
}

fn check_image(id: &str) -> Result<(), Fault> {
    text_id(
        "InvalidParameterValue.InvalidImageId",
        "ImageId",
        id,
        "img-",
    )
}

fn check_security_groups(ids: &[String]) -> Result<(), Fault> {
    ids.iter().try_for_each(|id| {
        text_id(
            "InvalidParameterValue.InvalidSecurityGroupId",
            "SecurityGroupIds",
            id,
            "sg-",
        )
    })
}

fn check_placement_groups(ids: &[String]) -> Result<(), Fault> {
    count(LIMIT, "DisasterRecoverGroupIds", ids, 1)?;
    let code = "InvalidParameterValue.InvalidDisasterRecoverGroupId";
    ids.iter()
        .try_for_each(|id| text_id(code, "DisasterRecoverGroupIds", id, "ps-"))
}

fn check_hpc(id: &str) -> Result<(), Fault> {
    text_id(
        "InvalidParameterValue.InvalidHpcClusterId",
        "HpcClusterId",
        id,
        "hpc-",
    )
}

fn disks(list: Vec<DataDisk>) -> Result<Vec<muster_model::DataDisk>, Fault> {
    count(LIMIT, "DataDisks", &list, 11)?;
    list.iter()
        .enumerate()
        .try_for_each(|(at, disk)| disk.check(at))?;
    Ok(list.into_iter().map(Into::into).collect())
}

fn pairs(parameter: &str, list: Vec<KeyValue>) -> Result<Vec<Pair>, Fault> {
    count(LIMIT, parameter, &list, 10)?;
    Ok(list.into_iter().map(Pair::from).collect())
}

fn interfaces(
    list: Option<Vec<NetworkInterface>>,
) -> Result<Option<Vec<muster_model::NetworkInterface>>, Fault> {
    let Some(list) = list else { return Ok(None) };
    count(
        "InvalidParameterValue.NetworkInterfacesLimitExceeded",
        "NetworkInterfaces",
        &list,
        17,
    )?;
    let primary = list
        .iter()
        .filter(|i| i.interface_type.as_deref() == Some("PRIMARY"))
        .count();
    if primary != 1 {
        let message = format!(
            "The parameter `NetworkInterfaces` has {primary} PRIMARY entries; it must have exactly one."
        );
        return Err(Fault::new(
            "InvalidParameterValue.NetworkInterfacesInvalid",
            message,
        ));
    }
    Ok(Some(list.into_iter().map(Into::into).collect()))
}

/// Checks a part by its own rules, then converts it.
macro_rules! part {
    ($given:expr) => {
        match $given {
            Some(part) => {
                part.check()?;
                Some(part.into())
            }
            None => None,
        }
    };
}

/// CreateLaunchConfiguration.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateLaunchConfiguration {
    launch_configuration_name: String,
    image_id: Option<String>,
    project_id: Option<i64>,
    instance_type: Option<String>,
    system_disk: Option<SystemDisk>,
    data_disks: Option<Vec<DataDisk>>,
    internet_accessible: Option<InternetAccessible>,
    login_settings: Option<LoginSettings>,
    security_group_ids: Option<Vec<String>>,
    enhanced_service: Option<EnhancedService>,
    user_data: Option<String>,
    instance_charge_type: Option<ChargeType>,
    instance_market_options: Option<MarketOptions>,
    instance_types: Option<Vec<String>>,
    cam_role_name: Option<String>,
    instance_types_check_policy: Option<TypesCheckPolicy>,
    instance_tags: Option<Vec<KeyValue>>,
    tags: Option<Vec<Tag>>,
    host_name_settings: Option<HostNameSettings>,
    instance_name_settings: Option<InstanceNameSettings>,
    instance_charge_prepaid: Option<ChargePrepaid>,
    disk_type_policy: Option<DiskTypePolicy>,
    hpc_cluster_id: Option<String>,
    #[serde(rename = "IPv6InternetAccessible")]
    ipv6_internet_accessible: Option<Ipv6InternetAccessible>,
    disaster_recover_group_ids: Option<Vec<String>>,
    image_family: Option<String>,
    dedicated_cluster_id: Option<String>,
    metadata: Option<Metadata>,
    network_interfaces: Option<Vec<NetworkInterface>>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedConfig {
    launch_configuration_id: String,
}

impl CreateLaunchConfiguration {
    /// Exactly one of the type and the list of types (rule C2).
    fn types(&mut self, ctx: &Ctx) -> Result<Vec<String>, Fault> {
        let one = self.instance_type.take().filter(|kind| !kind.is_empty());
        let list = self.instance_types.take().unwrap_or_default();
        let types = match (one, list.is_empty()) {
            (Some(_), false) => {
                let problem = Problem::ExcludedBy(Field::InstanceType);
                return Err(ctx.refused(&Error::Invalid {
                    field: Field::InstanceTypes,
                    problem,
                }));
            }
            (Some(one), true) => vec![one],
            (None, _) => list,
        };
        check_types(&types, 10)?;
        Ok(types)
    }

    fn check(&self) -> Result<(), Fault> {
        name(
            "LaunchConfigurationName",
            &self.launch_configuration_name,
            60,
            false,
        )?;
        self.image_id.as_deref().map_or(Ok(()), check_image)?;
        self.user_data.as_deref().map_or(Ok(()), check_user_data)?;
        self.security_group_ids
            .as_deref()
            .map_or(Ok(()), check_security_groups)?;
        self.disaster_recover_group_ids
            .as_deref()
            .map_or(Ok(()), check_placement_groups)?;
        self.hpc_cluster_id
            .as_deref()
            .filter(|id| !id.is_empty())
            .map_or(Ok(()), check_hpc)
    }

    fn spec(mut self, ctx: &Ctx) -> Result<ConfigSpec, Fault> {
        self.check()?;
        Ok(ConfigSpec {
            instance_types: self.types(ctx)?,
            project: self.project_id.unwrap_or(0),
            image: self.image_id,
            image_family: self.image_family,
            types_check: self
                .instance_types_check_policy
                .map(Into::into)
                .unwrap_or_default(),
            system_disk: part!(self.system_disk),
            data_disks: disks(self.data_disks.unwrap_or_default())?,
            internet: part!(self.internet_accessible),
            ipv6_internet: part!(self.ipv6_internet_accessible),
            login: self
                .login_settings
                .map(|login| login.login(ctx))
                .transpose()?
                .flatten(),
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
            tags: Tag::list(self.tags.unwrap_or_default(), "launch-configuration")?,
            host_names: part!(self.host_name_settings),
            instance_names: part!(self.instance_name_settings),
            disk_type_policy: self.disk_type_policy.map(Into::into).unwrap_or_default(),
            hpc_cluster: self.hpc_cluster_id,
            disaster_recover_groups: self.disaster_recover_group_ids.unwrap_or_default(),
            dedicated_cluster: self.dedicated_cluster_id,
            metadata: self.metadata.map(Metadata::pairs).unwrap_or_default(),
            network_interfaces: interfaces(self.network_interfaces)?,
            personality: Vec::new(),
            source_instance: None,
            huawei_extras: Vec::new(),
            name: self.launch_configuration_name,
        })
    }
}

impl Action<Ctx> for CreateLaunchConfiguration {
    const NAME: &'static str = "CreateLaunchConfiguration";
    type Response = CreatedConfig;

    async fn run(self, ctx: &Ctx) -> Result<CreatedConfig, Fault> {
        let spec = Box::new(self.spec(ctx)?);
        let command = Command::CreateConfig {
            door: Door::Tencent3,
            site: ctx.caller.site.clone(),
            spec,
        };
        match ctx.execute(command).await? {
            Created::Config(id) => Ok(CreatedConfig {
                launch_configuration_id: id.to_string(),
            }),
            Created::Nothing | Created::Group(_) | Created::Activity(_) => Err(Fault::new(
                "InternalError",
                "No launch configuration was created.",
            )),
        }
    }
}

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
