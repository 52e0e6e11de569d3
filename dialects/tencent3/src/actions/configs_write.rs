//! Launch configurations: create.

use muster_kit::action::Action;
use muster_model::{Command, ConfigSpec, Created, Door, Error, Field, Problem};
use serde::{Deserialize, Serialize};

use super::config_parts::{
    LoginSettings, Metadata, check_hpc, check_image, check_named, check_placement_groups,
    check_security_groups, check_types, check_user_data, disks, interfaces, pairs, part,
};
use crate::checks::name;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{
    ChargePrepaid, DataDisk, EnhancedService, HostNameSettings, InstanceNameSettings,
    InternetAccessible, Ipv6InternetAccessible, KeyValue, MarketOptions, NetworkInterface,
    SystemDisk, Tag,
};
use crate::words::{ChargeType, DiskTypePolicy, TypesCheckPolicy};

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
        check_named(&self.launch_configuration_name)?;
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
            ksyun_extras: Vec::new(),
            public_image: None,
            name_time_suffix: false,
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
        let Created::Config(id) = ctx.execute(command).await? else {
            return Err(Fault::made_nothing());
        };
        Ok(CreatedConfig {
            launch_configuration_id: id.to_string(),
        })
    }
}
