//! Launch configurations: describe, clear, delete.

use muster_kit::action::Action;
use muster_kit::filter::{FilterName, Match};
use muster_kit::time::format_utc;
use muster_model::{ClearFields, Command, ConfigFilter, ConfigItem, Door, Login};
use serde::{Deserialize, Serialize};

use super::{Empty, Selection, SentFilter, exact, page, tag_filter};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{
    ChargePrepaid, DataDisk, EnhancedService, InternetAccessible, Ipv6InternetAccessible, KeyValue,
    MarketOptions, NetworkInterface, ShownHostNames, ShownInstanceNames, SystemDisk, Tag,
};
use crate::words::{ChargeType, ConfigStatus, DiskTypePolicy, TypesCheckPolicy};

/// DescribeLaunchConfigurations.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeLaunchConfigurations {
    launch_configuration_ids: Option<Vec<String>>,
    filters: Option<Vec<SentFilter>>,
    limit: Option<i64>,
    offset: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LaunchConfigurations {
    total_count: usize,
    launch_configuration_set: Vec<LaunchConfiguration>,
}

/// LimitedLoginSettings: a password is never shown (rule C6).
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LimitedLoginSettings {
    key_ids: Vec<String>,
}

/// AutoScalingGroupAbstract.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GroupAbstract {
    auto_scaling_group_id: String,
    auto_scaling_group_name: String,
}

/// LaunchConfiguration.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LaunchConfiguration {
    project_id: i64,
    launch_configuration_id: String,
    launch_configuration_name: String,
    instance_type: String,
    system_disk: SystemDisk,
    data_disks: Vec<DataDisk>,
    login_settings: LimitedLoginSettings,
    internet_accessible: InternetAccessible,
    security_group_ids: Vec<String>,
    auto_scaling_group_abstract_set: Vec<GroupAbstract>,
    user_data: Option<String>,
    created_time: String,
    enhanced_service: EnhancedService,
    image_id: Option<String>,
    launch_configuration_status: ConfigStatus,
    instance_charge_type: ChargeType,
    instance_market_options: Option<MarketOptions>,
    instance_types: Vec<String>,
    instance_tags: Vec<KeyValue>,
    tags: Vec<Tag>,
    version_number: u64,
    updated_time: String,
    cam_role_name: String,
    last_operation_instance_types_check_policy: TypesCheckPolicy,
    host_name_settings: ShownHostNames,
    instance_name_settings: ShownInstanceNames,
    instance_charge_prepaid: Option<ChargePrepaid>,
    disk_type_policy: DiskTypePolicy,
    hpc_cluster_id: String,
    #[serde(rename = "IPv6InternetAccessible")]
    ipv6_internet_accessible: Ipv6InternetAccessible,
    disaster_recover_group_ids: Vec<String>,
    image_family: Option<String>,
    dedicated_cluster_id: String,
    network_interfaces: Vec<NetworkInterface>,
}

impl From<ConfigItem> for LaunchConfiguration {
    fn from(item: ConfigItem) -> Self {
        let config = &item.config;
        let spec = &config.spec;
        let groups = item.groups.into_iter().map(|(id, name)| GroupAbstract {
            auto_scaling_group_id: id.to_string(),
            auto_scaling_group_name: name,
        });
        LaunchConfiguration {
            project_id: spec.project,
            launch_configuration_id: config.id.to_string(),
            launch_configuration_name: spec.name.clone(),
            instance_type: spec.instance_types.first().cloned().unwrap_or_default(),
            system_disk: SystemDisk::shown(spec.system_disk.as_ref()),
            data_disks: spec.data_disks.iter().map(DataDisk::from).collect(),
            login_settings: LimitedLoginSettings {
                key_ids: match &spec.login {
                    Some(Login::Keys(keys)) => keys.clone(),
                    Some(Login::Password { .. } | Login::KeepImage) | None => Vec::new(),
                },
            },
            internet_accessible: InternetAccessible::shown(spec.internet.as_ref()),
            security_group_ids: spec.security_groups.clone(),
            auto_scaling_group_abstract_set: groups.collect(),
            user_data: spec.user_data.clone(),
            created_time: format_utc(config.created_at.0),
            enhanced_service: EnhancedService::shown(spec.enhanced.as_ref()),
            image_id: spec.image.clone(),
            launch_configuration_status: config.status.into(),
            instance_charge_type: spec.charge.into(),
            instance_market_options: spec.market.as_ref().map(MarketOptions::from),
            instance_types: spec.instance_types.clone(),
            instance_tags: spec.instance_tags.iter().map(KeyValue::from).collect(),
            tags: Tag::shown(&spec.tags, "launch-configuration"),
            version_number: config.version,
            updated_time: format_utc(config.updated_at.0),
            cam_role_name: spec.role.clone().unwrap_or_default(),
            last_operation_instance_types_check_policy: spec.types_check.into(),
            host_name_settings: ShownHostNames::of(spec.host_names.as_ref()),
            instance_name_settings: ShownInstanceNames::of(spec.instance_names.as_ref()),
            instance_charge_prepaid: spec.prepaid.as_ref().map(ChargePrepaid::from),
            disk_type_policy: spec.disk_type_policy.into(),
            hpc_cluster_id: spec.hpc_cluster.clone().unwrap_or_default(),
            ipv6_internet_accessible: Ipv6InternetAccessible::shown(spec.ipv6_internet.as_ref()),
            disaster_recover_group_ids: spec.disaster_recover_groups.clone(),
            image_family: spec.image_family.clone(),
            dedicated_cluster_id: spec.dedicated_cluster.clone().unwrap_or_default(),
            network_interfaces: spec
                .network_interfaces
                .iter()
                .flatten()
                .map(NetworkInterface::from)
                .collect(),
        }
    }
}

const SELECTION: Selection = Selection {
    names: &[
        exact("launch-configuration-id"),
        exact("launch-configuration-name"),
        exact("vague-launch-configuration-name"),
        exact("tag-key"),
        exact("tag-value"),
        FilterName {
            name: "tag:",
            how: Match::Keyed,
        },
    ],
    ids: "LaunchConfigurationIds",
    conflict: "InvalidParameterConflict",
    too_many: "InvalidParameterValue.TooLong",
    unknown: "InvalidParameterValue.InvalidFilter",
};

impl Action<Ctx> for DescribeLaunchConfigurations {
    const NAME: &'static str = "DescribeLaunchConfigurations";
    type Response = LaunchConfigurations;

    async fn run(self, ctx: &Ctx) -> Result<LaunchConfigurations, Fault> {
        let page = page(self.offset, self.limit)?;
        let sent = SELECTION.check(self.launch_configuration_ids.as_ref(), self.filters)?;
        let mut filters = Vec::new();
        if let Some(ids) = self.launch_configuration_ids.filter(|ids| !ids.is_empty()) {
            filters.push(ConfigFilter::Ids(checks::config_ids(&ids)?));
        }
        for filter in sent {
            filters.push(match (filter.name, tag_filter(&filter)) {
                (_, Some(tags)) => ConfigFilter::Tags(tags),
                ("launch-configuration-id", None) => {
                    ConfigFilter::Ids(checks::config_ids(&filter.values)?)
                }
                ("launch-configuration-name", None) => ConfigFilter::Names(filter.values),
                (_, None) => ConfigFilter::NameContains(filter.values),
            });
        }
        let found = ctx
            .api
            .configs(&ctx.caller, &filters, page)
            .await
            .map_err(|error| ctx.refused(&error))?;
        Ok(LaunchConfigurations {
            total_count: found.total,
            launch_configuration_set: found
                .items
                .into_iter()
                .map(LaunchConfiguration::from)
                .collect(),
        })
    }
}

/// ClearLaunchConfigurationAttributes (rule C9).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ClearLaunchConfigurationAttributes {
    launch_configuration_id: String,
    clear_data_disks: Option<bool>,
    clear_host_name_settings: Option<bool>,
    clear_instance_name_settings: Option<bool>,
    clear_disaster_recover_group_ids: Option<bool>,
    clear_instance_tags: Option<bool>,
    clear_metadata: Option<bool>,
    clear_network_interfaces: Option<bool>,
}

impl Action<Ctx> for ClearLaunchConfigurationAttributes {
    const NAME: &'static str = "ClearLaunchConfigurationAttributes";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let id = checks::config_id(&self.launch_configuration_id, ctx.action)?;
        let fields = ClearFields {
            data_disks: self.clear_data_disks.unwrap_or(false),
            host_names: self.clear_host_name_settings.unwrap_or(false),
            instance_names: self.clear_instance_name_settings.unwrap_or(false),
            disaster_recover_groups: self.clear_disaster_recover_group_ids.unwrap_or(false),
            instance_tags: self.clear_instance_tags.unwrap_or(false),
            metadata: self.clear_metadata.unwrap_or(false),
            network_interfaces: self.clear_network_interfaces.unwrap_or(false),
        };
        ctx.execute(Command::ClearConfig { id, fields }).await?;
        Ok(Empty {})
    }
}

/// DeleteLaunchConfiguration.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteLaunchConfiguration {
    launch_configuration_id: String,
}

impl Action<Ctx> for DeleteLaunchConfiguration {
    const NAME: &'static str = "DeleteLaunchConfiguration";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let id = checks::config_id(&self.launch_configuration_id, ctx.action)?;
        let door = Door::Tencent3;
        ctx.execute(Command::DeleteConfig { door, id }).await?;
        Ok(Empty {})
    }
}
