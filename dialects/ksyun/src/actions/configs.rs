//! Launch configurations: described and deleted.

use muster_kit::action::Action;
use muster_model::{
    ChargeType, Command, ConfigFilter, ConfigId, ConfigItem, ConfigStatus, Door, Login,
    ResourceKind,
};
use serde::{Deserialize, Serialize};

use super::projects::Project;
use crate::checks::{self, Many};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{DataDisk, ShownTag, Tag};
use crate::times;

/// Ids that one query may name (L1618).
const MOST_IDS: usize = 20;

/// The type of disks that are in the machine itself.
const LOCAL_DISK: &str = "Local_SSD";

/// DescribeScalingConfiguration.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeScalingConfiguration {
    scaling_configuration_name: Option<String>,
    scaling_configuration_id: Option<Many>,
    marker: Option<i64>,
    project_id: Option<Many>,
    max_results: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Configs {
    scaling_configuration_count: usize,
    scaling_configuration_set: Vec<ScalingConfiguration>,
}

/// ScalingConfiguration: what is not there is left out, never null. A password is never shown.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScalingConfiguration {
    scaling_configuration_id: String,
    scaling_configuration_name: String,
    scaling_group_id_set: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mem: Option<u32>,
    gpu: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_type: Option<&'static str>,
    storage_size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_id: Option<String>,
    need_monitor_agent: u8,
    need_security_agent: u8,
    charge_type: String,
    instance_type: String,
    instance_type_set: Vec<String>,
    available: u8,
    create_time: String,
    product_line: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_name_suffix: Option<String>,
    project_id: i64,
    keep_image_login: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_ids: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_disk_ebs_detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_disk_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_disk_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_band_width: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    band_width_share_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_project_id: Option<i64>,
    project: Project,
    instance_name_time_suffix: bool,
    support_availability_zones: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<String>,
    tag_set: Vec<ShownTag>,
}

/// The word for how machines are paid; what this door has words of its own for is kept beside.
pub(super) fn charge_word(charge: ChargeType) -> &'static str {
    match charge {
        ChargeType::PostpaidByHour | ChargeType::Dedicated => "HourlyInstantSettlement",
        ChargeType::Spot => "Spot",
        ChargeType::Prepaid => "Monthly",
    }
}

/// What is kept of a parameter that only this door has.
pub(super) fn extra<'a>(spec: &'a muster_model::ConfigSpec, name: &str) -> Option<&'a str> {
    let found = spec.ksyun_extras.iter().find(|extra| extra.key == name);
    found.map(|extra| extra.value.as_str())
}

/// A text that is not empty.
fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl ScalingConfiguration {
    fn of(item: &ConfigItem, ctx: &Ctx) -> ScalingConfiguration {
        let config = &item.config;
        let spec = &config.spec;
        let number = |name| extra(spec, name).and_then(|text| text.parse().ok());
        let internet = spec.internet.clone().unwrap_or_default();
        let disk = spec.system_disk.clone().unwrap_or_default();
        let names = spec.instance_names.clone().unwrap_or_default();
        let agents = spec.enhanced.clone().unwrap_or_default();
        // Agents are on unless they were switched off.
        let on = |agent: Option<bool>| u8::from(agent.unwrap_or(true));
        let first = spec.instance_types.first();
        let facts = first.and_then(|kind| ctx.switches.types.get(kind));
        ScalingConfiguration {
            scaling_configuration_id: config.id.decimal(),
            scaling_configuration_name: spec.name.clone(),
            scaling_group_id_set: item.groups.iter().map(|(id, _)| id.decimal()).collect(),
            cpu: facts.map(|facts| facts.cores),
            mem: facts.and_then(|facts| facts.memory_gb),
            gpu: facts.map_or(0, |facts| facts.gpus),
            // The word of the documentation (L1723) for disks that are not in the machine itself.
            storage_type: (disk.disk_type.as_deref() != Some(LOCAL_DISK)).then_some("KDFS"),
            storage_size: number("DataDiskGb").unwrap_or(0),
            root_size: disk.size_gb,
            image_id: spec.image.clone(),
            need_monitor_agent: on(agents.monitor),
            need_security_agent: on(agents.security),
            charge_type: extra(spec, "ChargeType")
                .unwrap_or_else(|| charge_word(spec.charge))
                .to_owned(),
            instance_type: spec.instance_types.join(","),
            instance_type_set: spec.instance_types.clone(),
            available: u8::from(config.status == ConfigStatus::Normal),
            create_time: times::shown(config.created_at),
            product_line: "KEC",
            instance_name: some(&names.name),
            instance_name_suffix: names.suffix.as_deref().and_then(some),
            project_id: spec.project,
            keep_image_login: matches!(spec.login, Some(Login::KeepImage)),
            key_ids: match &spec.login {
                Some(Login::Keys(keys)) => serde_json::to_string(keys).ok(),
                Some(Login::Password { .. } | Login::KeepImage) | None => None,
            },
            data_disk_ebs_detail: DataDisk::shown(&spec.data_disks),
            system_disk_type: disk.disk_type,
            system_disk_size: disk.size_gb,
            address_band_width: internet.max_bandwidth_out_mbps,
            band_width_share_id: internet.bandwidth_package.as_deref().and_then(some),
            line_id: internet.provider.as_deref().and_then(some),
            address_project_id: number("AddressProjectId"),
            project: Project::of(spec.project, ctx),
            instance_name_time_suffix: spec.name_time_suffix,
            support_availability_zones: ctx.switches.zones.clone(),
            user_data: spec.user_data.clone(),
            tag_set: Tag::shown(&spec.instance_tags),
        }
    }
}

impl Action<Ctx> for DescribeScalingConfiguration {
    const NAME: &'static str = "DescribeScalingConfiguration";
    type Response = Configs;

    async fn run(self, ctx: &Ctx) -> Result<Configs, Fault> {
        let page = checks::page(self.marker, self.max_results, checks::PAGES, ctx)?;
        let mut filters = Vec::new();
        if let Some(ids) = self.scaling_configuration_id {
            if ids.0.len() > MOST_IDS {
                let count = ids.0.len().to_string();
                return Err(Fault::value("ScalingConfigurationId", &count, "at most 20"));
            }
            filters.push(ConfigFilter::Ids(checks::ids(
                "ScalingConfigurationId",
                &ids.0,
            )?));
        }
        if let Some(name) = self.scaling_configuration_name {
            filters.push(ConfigFilter::NameContains(vec![name]));
        }
        let mut found = ctx.configs(&filters).await?;
        if let Some(projects) = self.project_id {
            let number = |text: &String| {
                let wrong = |_| Fault::value("ProjectId", text, "a number");
                text.trim().parse::<i64>().map_err(wrong)
            };
            let projects = projects.0.iter().map(number);
            let projects = projects.collect::<Result<Vec<_>, _>>()?;
            found.retain(|item| projects.contains(&item.config.spec.project));
        }
        let count = found.len();
        let page = checks::cut(found, page);
        Ok(Configs {
            scaling_configuration_count: count,
            scaling_configuration_set: page
                .iter()
                .map(|item| ScalingConfiguration::of(item, ctx))
                .collect(),
        })
    }
}

/// DeleteScalingConfiguration: several at once.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteScalingConfiguration {
    scaling_configuration_id: Many,
}

/// Its answer (contradiction K11): one entry for each, with what kept it from being deleted.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Deleted {
    #[serde(skip_serializing_if = "Option::is_none")]
    scaling_configuration_id: Option<String>,
    return_set: Vec<DeletedOne>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeletedOne {
    scaling_configuration_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Action<Ctx> for DeleteScalingConfiguration {
    const NAME: &'static str = "DeleteScalingConfiguration";
    type Response = Deleted;

    async fn run(self, ctx: &Ctx) -> Result<Deleted, Fault> {
        let given = self.scaling_configuration_id.0;
        if given.len() > MOST_IDS {
            let count = given.len().to_string();
            return Err(Fault::value("ScalingConfigurationId", &count, "at most 20"));
        }
        let mut refused = None;
        let mut return_set = Vec::with_capacity(given.len());
        for text in &given {
            let result = match delete(text, ctx).await {
                Ok(()) => None,
                Err(fault) if fault.code == "InvalidParameterValue" => return Err(fault),
                Err(fault) => Some(fault),
            };
            return_set.push(DeletedOne {
                scaling_configuration_id: text.clone(),
                message: result.as_ref().map(|fault| fault.message()),
            });
            refused = refused.or(result);
        }
        let deleted = return_set.iter().any(|one| one.message.is_none());
        match refused {
            // None at all: that is no success.
            Some(fault) if !deleted => Err(fault),
            _ if given.is_empty() => Err(Fault::missing("ScalingConfigurationId")),
            _ => Ok(Deleted {
                scaling_configuration_id: (given.len() == 1).then(|| given[0].clone()),
                return_set,
            }),
        }
    }
}

async fn delete(text: &str, ctx: &Ctx) -> Result<(), Fault> {
    let id: ConfigId = checks::id("ScalingConfigurationId", text, ResourceKind::Config, ctx)?;
    let command = Command::DeleteConfig {
        door: Door::Ksyun,
        id,
    };
    match ctx.dry_run {
        true => ctx.check(command, text).await,
        false => ctx.execute(command, text).await.map(|_| ()),
    }
}
