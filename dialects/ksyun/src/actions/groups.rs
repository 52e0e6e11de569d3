//! Groups: switched on and off, deleted, described.

use muster_kit::action::Action;
use muster_model::{
    Catalogue, ConfigId, GroupCommand, GroupFilter, GroupId, GroupItem, ResourceKind,
};
use serde::{Deserialize, Serialize};

use super::{GroupKey, Returned};
use crate::checks::{self, Many, One};
use crate::context::{ALL, Ctx};
use crate::fault::Fault;
use crate::shapes::{SlbConfig, slb_configs};
use crate::times;
use crate::words::{RemovePolicy, Status, SubnetStrategy};

/// An action on a group that takes its id only and gives it back.
macro_rules! on_group {
    ($($(#[$doc:meta])* $action:ident => $command:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $action {
            scaling_group_id: One,
        }

        impl Action<Ctx> for $action {
            const NAME: &'static str = stringify!($action);
            type Response = Returned<GroupKey>;

            async fn run(self, ctx: &Ctx) -> Result<Returned<GroupKey>, Fault> {
                let given = self.scaling_group_id.0;
                let id: GroupId = checks::id("ScalingGroupId", &given, ResourceKind::Group, ctx)?;
                ctx.on_group(id, $command).await?;
                Ok(Returned::set(GroupKey { scaling_group_id: given }))
            }
        }
    )*};
}

on_group! {
    /// EnableScalingGroup.
    EnableScalingGroup => GroupCommand::Enable;
    /// DisableScalingGroup: nothing starts by itself any more, what runs goes on.
    DisableScalingGroup => GroupCommand::Disable;
}

/// DeleteScalingGroup: one without instances in which nothing goes on. A disabled one does not become empty by itself: if
/// it is to have no instances, those that it has go along with it, as Terraform expects.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteScalingGroup {
    scaling_group_id: One,
}

impl Action<Ctx> for DeleteScalingGroup {
    const NAME: &'static str = "DeleteScalingGroup";
    type Response = Returned<GroupKey>;

    async fn run(self, ctx: &Ctx) -> Result<Returned<GroupKey>, Fault> {
        let item = ctx.group(&self.scaling_group_id).await?;
        let spec = &item.group.spec;
        let force = !spec.enabled && spec.size.desired == 0;
        ctx.on_group(item.group.id, GroupCommand::Delete { force })
            .await?;
        Ok(Returned::set(GroupKey {
            scaling_group_id: self.scaling_group_id.0,
        }))
    }
}

/// DescribeScalingGroup.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeScalingGroup {
    scaling_group_id: Option<Many>,
    scaling_group_name: Option<String>,
    scaling_configuration_id: Option<One>,
    vpc_id: Option<String>,
    marker: Option<i64>,
    max_results: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Groups {
    scaling_group_count: usize,
    scaling_group_set: Vec<ScalingGroup>,
}

/// ScalingGroup: what is not there is left out, never null.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScalingGroup {
    scaling_group_id: String,
    scaling_group_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scaling_configuration_id: Option<String>,
    scaling_configuration_name: String,
    min_size: u32,
    max_size: u32,
    instance_num: usize,
    create_time: String,
    remove_policy: RemovePolicy,
    /// Empty = it is not known, or there is none.
    vpc_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    slb_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_group_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listener_id: Option<String>,
    status: Status,
    product_line: &'static str,
    desired_capacity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_ports: Option<String>,
    subnet_id_set: Vec<String>,
    subnet_strategy: SubnetStrategy,
    slb_config_set: Vec<SlbConfig>,
    security_group_id_set: Vec<String>,
    #[serde(rename = "BInScalingActivity")]
    in_activity: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability_zone: Option<String>,
    distribute_ipv6: bool,
}

impl ScalingGroup {
    /// As it is shown; `of_config`: the security groups of its configuration, for one that has none itself.
    fn of(item: &GroupItem, of_config: &[String], catalogue: &Catalogue) -> ScalingGroup {
        let spec = &item.group.spec;
        let network = &spec.network;
        let slbs = slb_configs(spec);
        // The first one again, as before there could be several.
        let first = slbs.first();
        let ports = first.map(|slb| {
            let ports = slb.server_port_set.iter().map(ToString::to_string);
            ports.collect::<Vec<_>>().join(", ")
        });
        let security_groups = match network.security_groups.is_empty() {
            true => of_config.to_vec(),
            false => network.security_groups.clone(),
        };
        ScalingGroup {
            scaling_group_id: item.group.id.decimal(),
            scaling_group_name: spec.name.clone(),
            scaling_configuration_id: spec.config.map(|id| id.decimal()),
            scaling_configuration_name: item.config_name.clone(),
            min_size: spec.size.min,
            max_size: spec.size.max,
            instance_num: item.total,
            create_time: times::shown(item.group.created_at),
            remove_policy: spec.termination.into(),
            vpc_id: network.vpc.clone(),
            slb_id: first.map(|slb| slb.slb_id.clone()),
            security_group_id: security_groups.first().cloned(),
            listener_id: first.map(|slb| slb.listener_id.clone()),
            status: Status::of(spec.enabled),
            product_line: "KEC",
            desired_capacity: spec.size.desired,
            server_ports: ports,
            subnet_id_set: network.subnets.clone(),
            subnet_strategy: spec.spread.into(),
            security_group_id_set: security_groups,
            in_activity: u8::from(item.busy),
            availability_zone: catalogue.zones_of(network).into_iter().next(),
            distribute_ipv6: network.ipv6_addresses > 0,
            slb_config_set: slbs,
        }
    }
}

impl Action<Ctx> for DescribeScalingGroup {
    const NAME: &'static str = "DescribeScalingGroup";
    type Response = Groups;

    async fn run(self, ctx: &Ctx) -> Result<Groups, Fault> {
        let page = checks::page(self.marker, self.max_results, checks::PAGES, ctx)?;
        let mut filters = Vec::new();
        if let Some(ids) = self.scaling_group_id {
            filters.push(GroupFilter::Ids(checks::ids("ScalingGroupId", &ids.0)?));
        }
        if let Some(name) = self.scaling_group_name {
            filters.push(GroupFilter::NameContains(vec![name]));
        }
        if let Some(id) = self.scaling_configuration_id {
            let ids: Vec<ConfigId> = checks::ids("ScalingConfigurationId", &[id.0])?;
            filters.push(GroupFilter::Configs(ids));
        }
        let found = ctx.api.groups(&ctx.caller, &filters, ALL).await;
        let mut found = found.map_err(|error| ctx.refused(&error, ""))?.items;
        if let Some(vpc) = self.vpc_id {
            // 0 is the basic network (L1026).
            let plain = |vpc: &str| matches!(vpc, "" | "0");
            found.retain(|item| {
                let own = &item.group.spec.network.vpc;
                *own == vpc || (plain(own) && plain(&vpc))
            });
        }
        let count = found.len();
        let configs = ctx.configs(&[]).await?;
        let catalogue = ctx.api.catalogue();
        let shown = |item: &GroupItem| {
            let config = configs
                .iter()
                .find(|config| Some(config.config.id) == item.group.spec.config);
            let groups = config.map(|config| config.config.spec.security_groups.as_slice());
            ScalingGroup::of(item, groups.unwrap_or_default(), &catalogue)
        };
        Ok(Groups {
            scaling_group_count: count,
            scaling_group_set: checks::cut(found, page).iter().map(shown).collect(),
        })
    }
}
