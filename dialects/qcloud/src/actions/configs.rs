//! Launch configurations: described and deleted. They are never changed (L898).

use muster_kit::action::Action;
use muster_kit::decode::{Many, One};
use muster_model::{Command, ConfigFilter, ConfigId, ConfigItem, Door, Login, ResourceKind};
use serde::{Deserialize, Serialize};

use super::{EMPTY, Empty};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times;
use crate::types;

/// Size of a system disk when nothing is said, GB (L921).
pub(super) const ROOT_GB: i64 = 50;

/// Numbers of disk types (L914), and what the other APIs call them.
pub(super) const DISKS: [(i64, &str); 5] = [
    (1, "LOCAL_BASIC"),
    (2, "CLOUD_BASIC"),
    (3, "LOCAL_SSD"),
    (5, "CLOUD_SSD"),
    (6, "CLOUD_PREMIUM"),
];

/// Words for how traffic is paid (L918), and what the other APIs call them.
pub(super) const BANDWIDTHS: [(&str, &str); 2] = [
    ("PayByHour", "BANDWIDTH_POSTPAID_BY_HOUR"),
    ("PayByTraffic", "TRAFFIC_POSTPAID_BY_HOUR"),
];

/// DescribeScalingConfiguration.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeScalingConfiguration {
    scaling_configuration_ids: Option<Many>,
    scaling_configuration_name: Option<String>,
    offset: Option<i64>,
    limit: Option<i64>,
    project_id: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Configs {
    total_count: usize,
    scaling_configuration_set: Vec<ScalingConfiguration>,
}

/// A group that uses a configuration.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Using {
    scaling_group_id: String,
    scaling_group_name: String,
}

/// ScalingConfiguration. A password is never shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScalingConfiguration {
    scaling_configuration_id: String,
    scaling_configuration_name: String,
    scaling_group_id_set: Vec<Using>,
    cpu: u32,
    mem: u32,
    cvm_type: &'static str,
    image_type: i64,
    image_id: String,
    storage_type: i64,
    storage_size: i64,
    root_size: i64,
    bandwidth_type: &'static str,
    bandwidth: i64,
    wan_ip: u8,
    key_id: String,
    password: &'static str,
    sg_set: Vec<String>,
    need_monitor_agent: u8,
    need_security_agent: u8,
    create_time: String,
    project_id: i64,
    data_snapshot_id: String,
    userdata: String,
}

/// The number of a disk type; that of a premium cloud disk for one that has none here.
fn disk_number(name: Option<&String>) -> i64 {
    let own = name.and_then(|name| DISKS.iter().find(|(_, word)| word == name));
    own.map_or(6, |(number, _)| *number)
}

impl ScalingConfiguration {
    fn of(item: &ConfigItem, ctx: &Ctx) -> ScalingConfiguration {
        let config = &item.config;
        let spec = &config.spec;
        let internet = spec.internet.clone().unwrap_or_default();
        let agents = spec.enhanced.clone().unwrap_or_default();
        let first = spec.instance_types.first().map_or("", String::as_str);
        let kind = types::shown(first, ctx.switches.cores.get(first).copied());
        let data = spec.data_disks.first();
        let root = spec.system_disk.as_ref();
        let disk = data
            .and_then(|disk| disk.disk_type.as_ref())
            .or_else(|| root.and_then(|disk| disk.disk_type.as_ref()));
        let paid = internet.charge_type.as_deref();
        let paid = BANDWIDTHS.iter().find(|(_, word)| Some(*word) == paid);
        let bandwidth = internet.max_bandwidth_out_mbps.unwrap_or(0);
        // Made here, an address was asked for unless it was not wanted, also where there is no bandwidth for one.
        let own = bandwidth > 0 || config.door == Door::Tencent2;
        // Agents are on unless they were switched off.
        let on = |agent: Option<bool>| u8::from(agent.unwrap_or(true));
        ScalingConfiguration {
            scaling_configuration_id: config.id.to_string(),
            scaling_configuration_name: spec.name.clone(),
            scaling_group_id_set: item
                .groups
                .iter()
                .map(|(id, name)| Using {
                    scaling_group_id: id.to_string(),
                    scaling_group_name: name.clone(),
                })
                .collect(),
            cpu: kind.cpu,
            mem: kind.mem,
            cvm_type: kind.cvm_type,
            // Images of one's own are private (L920).
            image_type: if spec.public_image == Some(true) {
                2
            } else {
                1
            },
            image_id: spec.image.clone().unwrap_or_default(),
            storage_type: disk_number(disk),
            storage_size: data.and_then(|disk| disk.size_gb).unwrap_or(0),
            root_size: root.and_then(|disk| disk.size_gb).unwrap_or(ROOT_GB),
            bandwidth_type: paid.map_or("PayByTraffic", |(word, _)| word),
            bandwidth,
            wan_ip: u8::from(internet.public_ip.unwrap_or(own)),
            key_id: match &spec.login {
                Some(Login::Keys(keys)) => keys.first().cloned().unwrap_or_default(),
                Some(Login::Password { .. } | Login::KeepImage) | None => String::new(),
            },
            password: "",
            sg_set: spec.security_groups.clone(),
            need_monitor_agent: on(agents.monitor),
            need_security_agent: on(agents.security),
            create_time: times::shown(config.created_at),
            project_id: spec.project,
            data_snapshot_id: data
                .and_then(|disk| disk.snapshot.clone())
                .unwrap_or_default(),
            userdata: spec.user_data.clone().unwrap_or_default(),
        }
    }
}

impl Action<Ctx> for DescribeScalingConfiguration {
    const NAME: &'static str = "DescribeScalingConfiguration";
    type Response = Configs;

    async fn run(self, ctx: &Ctx) -> Result<Configs, Fault> {
        let page = checks::page(self.offset, self.limit)?;
        let mut filters = Vec::new();
        if let Some(ids) = self.scaling_configuration_ids {
            let ids: Vec<ConfigId> =
                checks::ids("scalingConfigurationIds", &ids.0, checks::MOST_IDS)?;
            filters.push(ConfigFilter::Ids(ids));
        }
        if let Some(name) = self.scaling_configuration_name {
            filters.push(ConfigFilter::Names(vec![name]));
        }
        let project = self
            .project_id
            .as_deref()
            .map(checks::project)
            .transpose()?;
        let mut found = ctx.configs(&filters).await?;
        found.retain(|item| project.is_none_or(|project| item.config.spec.project == project));
        Ok(Configs {
            total_count: found.len(),
            scaling_configuration_set: checks::cut(found, page)
                .iter()
                .map(|item| ScalingConfiguration::of(item, ctx))
                .collect(),
        })
    }
}

/// DeleteScalingConfiguration: one that no group uses, and of which no group has an instance (L1137).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteScalingConfiguration {
    scaling_configuration_id: One,
}

impl Action<Ctx> for DeleteScalingConfiguration {
    const NAME: &'static str = "DeleteScalingConfiguration";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let (text, kind) = (self.scaling_configuration_id.0, ResourceKind::Config);
        let id: ConfigId = checks::id("scalingConfigurationId", &text, kind, ctx)?;
        let door = Door::Tencent2;
        ctx.execute(Command::DeleteConfig { door, id }, &text)
            .await?;
        Ok(EMPTY)
    }
}
