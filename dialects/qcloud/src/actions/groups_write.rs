//! Groups made and changed.

use std::collections::BTreeSet;

use muster_kit::action::Action;
use muster_kit::decode::{Many, One};
use muster_model::{
    Allocation, Balancer, BalancerChange, Command, ConfigId, Created, Door, Error, GroupCommand,
    GroupPatch, GroupSpec, HealthCheck, HealthKind, Network, ResourceKind, RetryPolicy,
    ServiceSettings, Size, Spread, ZonesCheck,
};
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::checks;
use crate::context::Ctx;
use crate::fault::{Class, Fault};
use crate::places;
use crate::shapes::{self, ForwardInfo};
use crate::words::{HealthyCheckType, RemovePolicy};

/// Cooldown of a group, seconds: this door has no word for it.
const COOLDOWN_SECS: u32 = 300;
/// Zones of a group.
const MOST_ZONES: usize = 10;
/// Subnets of a group.
const MOST_SUBNETS: usize = 20;

const WRONG_ZONE: &str = "InvalidParameter.ZoneIdError";
const WRONG_NETWORK: &str = "InvalidParameter.VpIdOrSubnetIdError";

/// CreateScalingGroup.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateScalingGroup {
    scaling_configuration_id: One,
    scaling_group_name: String,
    min_size: i64,
    max_size: i64,
    remove_policy: String,
    vpc_id: String,
    zone_ids: Option<Many>,
    load_balancer_ids: Option<Many>,
    subnet_ids: Option<Many>,
    project_id: Option<String>,
    desired_capacity: Option<i64>,
    #[serde(rename = "forwardLBInfos")]
    forward_lb_infos: Option<Vec<ForwardInfo>>,
    healthy_check_type: Option<String>,
}

/// The ids of new groups.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedGroups {
    scaling_group_id_set: [String; 1],
}

fn remove_policy(word: &str) -> Result<RemovePolicy, Fault> {
    let found = RemovePolicy::of(word);
    checks::word(
        "removePolicy",
        word,
        found,
        RemovePolicy::WORDS,
        "InvalidParameter",
    )
}

fn health_kind(word: Option<&String>) -> Result<Option<HealthKind>, Fault> {
    let kind = |word: &String| {
        let found = HealthyCheckType::of(word);
        let words = HealthyCheckType::WORDS;
        checks::word("healthyCheckType", word, found, words, "InvalidParameter")
    };
    Ok(word.map(kind).transpose()?.map(Into::into))
}

/// Zones by their numbers, as names. `old`: those that the group has.
fn zones(given: &[String], old: &[String], ctx: &Ctx) -> Result<Vec<String>, Fault> {
    if given.len() > MOST_ZONES {
        let text = format!("there may be at most {MOST_ZONES} zones");
        return Err(Fault::refused("QuotaExceeded.ZoneId", text));
    }
    let mut names = Vec::with_capacity(given.len());
    for number in given {
        // One that has no number is called by its name, where the operator or the group has it.
        let known = |name: &String| {
            places::zone_number(name).is_some()
                || old.contains(name)
                || ctx.api.catalogue().zones.contains_key(name)
        };
        let name = places::zone_name(number).filter(|name| known(name) && !names.contains(name));
        let start: String = number.chars().take(64).collect();
        let wanted = "the number of a zone, each once";
        names.push(name.ok_or_else(|| Fault::coded(WRONG_ZONE, "zoneIds", &start, wanted))?);
    }
    Ok(names)
}

fn subnets(given: &[String]) -> Result<Vec<String>, Fault> {
    if given.len() > MOST_SUBNETS {
        let text = format!("there may be at most {MOST_SUBNETS} subnets");
        return Err(Fault::refused("QuotaExceeded.SubnetId", text));
    }
    for (at, id) in given.iter().enumerate() {
        checks::passed_on("subnetIds", id).map_err(|fault| fault.with(WRONG_NETWORK))?;
        if given[..at].contains(id) {
            return Err(Fault::coded(WRONG_NETWORK, "subnetIds", id, "each once"));
        }
    }
    Ok(given.to_vec())
}

/// Where machines go: zones in the basic network, subnets in a VPC, never both (L1208, L1210, L1239).
fn network(
    vpc: &str,
    zone_ids: &[String],
    subnet_ids: &[String],
    ctx: &Ctx,
) -> Result<Network, Fault> {
    let network = Network {
        vpc: match vpc {
            "0" => String::new(),
            id => {
                checks::passed_on("vpcId", id).map_err(|fault| fault.with(WRONG_NETWORK))?;
                id.to_owned()
            }
        },
        subnets: subnets(subnet_ids)?,
        zones: zones(zone_ids, &[], ctx)?,
        security_groups: Vec::new(),
        ipv6_addresses: 0,
    };
    let conflict = || {
        let text = "`zoneIds` go with `vpcId` 0, `subnetIds` with another one: not both";
        Fault::new(Class::Parameter, "Conflict.VpIdVszoneId", text)
    };
    match (
        network.vpc.is_empty(),
        zone_ids.is_empty(),
        subnet_ids.is_empty(),
    ) {
        (true, false, true) | (false, true, false) => Ok(network),
        (true, true, true) => Err(Fault::missing("zoneIds").with(WRONG_ZONE)),
        (false, true, true) => Err(Fault::missing("subnetIds").with(WRONG_NETWORK)),
        (true, true, false) => Err(Fault::coded(
            WRONG_NETWORK,
            "subnetIds",
            &subnet_ids[0],
            "none with `vpcId` 0",
        )),
        (_, false, false) | (false, false, true) => Err(conflict()),
    }
}

/// `min <= desired <= max`, in this door's words before anything else is looked at.
fn sizes(min: u32, desired: u32, max: u32, ctx: &Ctx) -> Result<Size, Fault> {
    match min <= desired && desired <= max {
        true => Ok(Size { min, desired, max }),
        false => Err(ctx.refused(&Error::SizeOrder { min, desired, max }, "")),
    }
}

impl CreateScalingGroup {
    fn size(&self, ctx: &Ctx) -> Result<Size, Fault> {
        let min = checks::size("minSize", self.min_size, None, ctx)?;
        let max = checks::size("maxSize", self.max_size, None, ctx)?;
        let desired = match self.desired_capacity {
            Some(given) => u32::try_from(given).map_err(|_| {
                let (desc, text) = ("InvalidParameter.DesiredCapacity", given.to_string());
                Fault::coded(desc, "desiredCapacity", &text, &format!("{min} to {max}"))
            })?,
            None => min,
        };
        sizes(min, desired, max, ctx)
    }

    fn spec(self, ctx: &Ctx) -> Result<GroupSpec, Fault> {
        checks::name("scalingGroupName", &self.scaling_group_name)?;
        let size = self.size(ctx)?;
        let termination = remove_policy(&self.remove_policy)?;
        let empty = Many::default();
        let network = network(
            &self.vpc_id,
            &self.zone_ids.as_ref().unwrap_or(&empty).0,
            &self.subnet_ids.as_ref().unwrap_or(&empty).0,
            ctx,
        )?;
        let config: ConfigId = checks::id(
            "scalingConfigurationId",
            &self.scaling_configuration_id.0,
            ResourceKind::Config,
            ctx,
        )?;
        let project = self.project_id.as_deref().map(checks::project);
        let kind = health_kind(self.healthy_check_type.as_ref())?;
        let balancers =
            shapes::balancers(self.load_balancer_ids.as_ref(), self.forward_lb_infos, &[])?;
        Ok(GroupSpec {
            name: self.scaling_group_name,
            config: Some(config),
            size,
            enabled: true,
            cooldown_secs: COOLDOWN_SECS,
            network,
            spread: Spread::Ordered,
            zones_check: ZonesCheck::Any,
            termination: termination.into(),
            retry: RetryPolicy::default(),
            health: HealthCheck {
                kind: kind.unwrap_or(HealthKind::Machine),
                period_secs: 0,
                grace_secs: 0,
            },
            balancers,
            unheard: BTreeSet::new(),
            project: project.transpose()?.unwrap_or(0),
            tags: Vec::new(),
            // The default policy of every group (L2153): unhealthy instances are replaced.
            service: ServiceSettings {
                replace_unhealthy: true,
                replace_balancer_unhealthy: true,
                ..ServiceSettings::default()
            },
            allocation: Allocation::default(),
            capacity_rebalance: false,
            name_index: None,
            host_name_index: None,
            concurrent_scale_out: false,
            huawei: None,
        })
    }
}

impl Action<Ctx> for CreateScalingGroup {
    const NAME: &'static str = "CreateScalingGroup";
    type Response = CreatedGroups;

    async fn run(self, ctx: &Ctx) -> Result<CreatedGroups, Fault> {
        let spec = self.spec(ctx)?;
        let command = Command::CreateGroup {
            door: Door::Tencent2,
            site: ctx.caller.site.clone(),
            spec: Box::new(spec),
        };
        let Created::Group(id) = ctx.execute(command, "").await? else {
            return Err(Fault::internal());
        };
        Ok(CreatedGroups {
            scaling_group_id_set: [id.to_string()],
        })
    }
}

/// ModifyScalingGroup. The last members are of the command line (difference U06).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModifyScalingGroup {
    scaling_group_id: Option<One>,
    min_size: i64,
    max_size: i64,
    remove_policy: String,
    scaling_group_name: Option<String>,
    scaling_configuration_id: Option<One>,
    desired_capacity: Option<i64>,
    zone_ids: Option<Many>,
    subnet_ids: Option<Many>,
    load_balancer_ids: Option<Many>,
    #[serde(rename = "forwardLBInfos")]
    forward_lb_infos: Option<Vec<ForwardInfo>>,
    healthy_check_type: Option<String>,
}

impl ModifyScalingGroup {
    /// New bounds take the desired number with them: instances are added or removed until they fit (L1441).
    fn size(&self, old: Size, ctx: &Ctx) -> Result<Size, Fault> {
        let min = checks::size("minSize", self.min_size, Some(old.min), ctx)?;
        let max = checks::size("maxSize", self.max_size, Some(old.max), ctx)?;
        let desired = match self.desired_capacity {
            Some(given) => u32::try_from(given).map_err(|_| {
                let (desc, text) = ("InvalidParameter.DesiredCapacity", given.to_string());
                Fault::coded(desc, "desiredCapacity", &text, &format!("{min} to {max}"))
            })?,
            None => old.desired.max(min).min(max),
        };
        sizes(min, desired, max, ctx)
    }

    fn patch(&self, old: &GroupSpec, ctx: &Ctx) -> Result<GroupPatch, Fault> {
        let size = self.size(old.size, ctx)?;
        if let Some(name) = self.scaling_group_name.as_ref().filter(|n| **n != old.name) {
            checks::name("scalingGroupName", name)?;
        }
        let kind = ResourceKind::Config;
        let config = self.scaling_configuration_id.as_ref();
        let config = config.map(|id| checks::id("scalingConfigurationId", &id.0, kind, ctx));
        // Writing back the displayed policy does not destroy the finer stored one.
        let policy = remove_policy(&self.remove_policy)?;
        let termination = (RemovePolicy::from(old.termination) != policy).then_some(policy);
        Ok(GroupPatch {
            name: self.scaling_group_name.clone(),
            config: config.transpose()?,
            min: Some(size.min),
            desired: Some(size.desired),
            max: Some(size.max),
            termination: termination.map(Into::into),
            zones: self
                .zone_ids
                .as_ref()
                .map(|ids| zones(&ids.0, &old.network.zones, ctx))
                .transpose()?,
            subnets: self
                .subnet_ids
                .as_ref()
                .map(|ids| subnets(&ids.0))
                .transpose()?,
            health_kind: health_kind(self.healthy_check_type.as_ref())?,
            // What this door has no words for stays as it is.
            ..GroupPatch::default()
        })
    }
}

impl Action<Ctx> for ModifyScalingGroup {
    const NAME: &'static str = "ModifyScalingGroup";
    type Response = Nothing;

    async fn run(mut self, ctx: &Ctx) -> Result<Nothing, Fault> {
        let item = ctx.group(self.scaling_group_id.as_ref()).await?;
        let old = &item.group.spec;
        let patch = self.patch(old, ctx)?;
        let mut commands = Vec::new();
        let infos = self.forward_lb_infos.take();
        if self.load_balancer_ids.is_some() || infos.is_some() {
            let ids = self.load_balancer_ids.as_ref();
            let balancers = shapes::balancers(ids, infos, &old.balancers)?;
            let shown = |one: &&Balancer| one.is_shown_by(Door::Tencent2);
            if !old.balancers.iter().filter(shown).eq(&balancers) {
                commands.push(GroupCommand::Balancers(BalancerChange::Replace {
                    door: Door::Tencent2,
                    balancers,
                    check_all: true,
                }));
            }
        }
        // Last: the activity that new sizes lead to would be in the way of the balancers.
        commands.push(GroupCommand::Modify(Box::new(patch)));
        ctx.all_on(item.group.id, commands).await
    }
}
