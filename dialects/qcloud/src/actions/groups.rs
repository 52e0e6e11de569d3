//! Groups: described and deleted.

use muster_kit::action::Action;
use muster_kit::decode::{Many, One};
use muster_model::{ConfigId, GroupCommand, GroupFilter, GroupId, GroupItem};
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::checks;
use crate::context::{ALL, Ctx};
use crate::fault::Fault;
use crate::places;
use crate::shapes::{ForwardInfo, classic, forward};
use crate::times;
use crate::words::RemovePolicy;

/// DescribeScalingGroup.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeScalingGroup {
    scaling_group_ids: Option<Many>,
    scaling_group_name: Option<String>,
    scaling_configuration_id: Option<One>,
    offset: Option<i64>,
    limit: Option<i64>,
    vpc_id: Option<String>,
    project_id: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Groups {
    total_count: usize,
    scaling_group_set: Vec<ScalingGroup>,
}

/// A number, or the name where there is no number.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum NumberOrName {
    /// The number.
    Number(u32),
    /// The name.
    Name(String),
}

impl NumberOrName {
    fn zone(name: &str) -> NumberOrName {
        match places::zone_number(name) {
            Some(number) => NumberOrName::Number(number),
            None if name.is_empty() => NumberOrName::Number(0),
            None => NumberOrName::Name(name.to_owned()),
        }
    }
}

/// A zone, subnet or balancer that a group has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Owned {
    status: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    load_balancer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subnet_id: Option<String>,
    owner: String,
    zone_id: NumberOrName,
}

/// ScalingGroup.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScalingGroup {
    scaling_group_id: String,
    scaling_group_name: String,
    scaling_configuration_id: String,
    scaling_configuration_name: String,
    min_size: u32,
    max_size: u32,
    desired_capacity: u32,
    create_time: String,
    instance_num: usize,
    remove_policy: RemovePolicy,
    load_balancer_id_set: Vec<Owned>,
    #[serde(rename = "forwardLBInfos", skip_serializing_if = "Vec::is_empty")]
    forward_lb_infos: Vec<ForwardInfo>,
    vpc_id: NumberOrName,
    subnet_id_set: Vec<Owned>,
    zone_id_set: Vec<Owned>,
    project_id: i64,
    b_in_scaling_activity: u8,
}

impl ScalingGroup {
    fn of(item: &GroupItem, ctx: &Ctx) -> ScalingGroup {
        let spec = &item.group.spec;
        let network = &spec.network;
        let owned = |zone: &str| Owned {
            status: 1,
            load_balancer_id: None,
            subnet_id: None,
            // The number of the account, as the numbers of accounts look.
            owner: item.group.account.key().bits().to_string(),
            zone_id: NumberOrName::zone(zone),
        };
        let known = |subnet: &String| ctx.switches.subnets.get(subnet);
        let subnet = |subnet: &String| Owned {
            subnet_id: Some(subnet.clone()),
            ..owned(known(subnet).map_or("", |(zone, _)| zone))
        };
        let balancer = |id: String| Owned {
            load_balancer_id: Some(id),
            ..owned("")
        };
        ScalingGroup {
            scaling_group_id: item.group.id.to_string(),
            scaling_group_name: spec.name.clone(),
            scaling_configuration_id: spec.config.map_or(String::new(), |id| id.to_string()),
            scaling_configuration_name: item.config_name.clone(),
            min_size: spec.size.min,
            max_size: spec.size.max,
            desired_capacity: spec.size.desired,
            create_time: times::shown(item.group.created_at),
            instance_num: item.total,
            remove_policy: spec.termination.into(),
            load_balancer_id_set: classic(&spec.balancers).map(balancer).collect(),
            forward_lb_infos: forward(&spec.balancers),
            vpc_id: match vpc(item, ctx) {
                "" | "0" => NumberOrName::Number(0),
                id => NumberOrName::Name(id.to_owned()),
            },
            subnet_id_set: network.subnets.iter().map(subnet).collect(),
            zone_id_set: network.zones.iter().map(|zone| owned(zone)).collect(),
            project_id: spec.project,
            b_in_scaling_activity: u8::from(item.busy),
        }
    }
}

/// The VPC of a group: its own, or that of its first subnet where only that is said.
fn vpc<'a>(item: &'a GroupItem, ctx: &'a Ctx) -> &'a str {
    let network = &item.group.spec.network;
    let first = network.subnets.first();
    let of_subnet = first.and_then(|subnet| ctx.switches.subnets.get(subnet));
    match (network.vpc.as_str(), of_subnet) {
        ("", Some((_, vpc))) => vpc,
        (vpc, _) => vpc,
    }
}

impl Action<Ctx> for DescribeScalingGroup {
    const NAME: &'static str = "DescribeScalingGroup";
    type Response = Groups;

    async fn run(self, ctx: &Ctx) -> Result<Groups, Fault> {
        let page = checks::page(self.offset, self.limit)?;
        let mut filters = Vec::new();
        if let Some(ids) = self.scaling_group_ids {
            let ids: Vec<GroupId> = checks::ids("scalingGroupIds", &ids.0, checks::MOST_NAMED)?;
            filters.push(GroupFilter::Ids(ids));
        }
        if let Some(name) = self.scaling_group_name {
            filters.push(GroupFilter::Names(vec![name]));
        }
        if let Some(id) = self.scaling_configuration_id {
            let ids: Vec<ConfigId> = checks::ids("scalingConfigurationId", &[id.0], 1)?;
            filters.push(GroupFilter::Configs(ids));
        }
        let project = self
            .project_id
            .as_deref()
            .map(checks::project)
            .transpose()?;
        let found = ctx.api.groups(&ctx.caller, &filters, ALL).await;
        let mut found = found.map_err(|error| ctx.refused(&error, ""))?.items;
        found.retain(|item| project.is_none_or(|project| item.group.spec.project == project));
        if let Some(wanted) = self.vpc_id {
            // 0 is the basic network (L1300).
            let plain = |vpc: &str| matches!(vpc, "" | "0");
            found.retain(|item| {
                let own = vpc(item, ctx);
                own == wanted || (plain(own) && plain(&wanted))
            });
        }
        Ok(Groups {
            total_count: found.len(),
            scaling_group_set: checks::cut(found, page)
                .iter()
                .map(|item| ScalingGroup::of(item, ctx))
                .collect(),
        })
    }
}

/// DeleteScalingGroup: one without instances in which nothing goes on (L1968).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteScalingGroup {
    scaling_group_id: Option<One>,
}

impl Action<Ctx> for DeleteScalingGroup {
    const NAME: &'static str = "DeleteScalingGroup";
    type Response = Nothing;

    async fn run(self, ctx: &Ctx) -> Result<Nothing, Fault> {
        let id = checks::group(self.scaling_group_id.as_ref(), ctx)?;
        ctx.on_group(id, GroupCommand::Delete { force: false })
            .await?;
        Ok(())
    }
}
