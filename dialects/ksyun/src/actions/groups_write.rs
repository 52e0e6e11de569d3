//! Groups made and changed, and their balancers.

use std::collections::BTreeSet;

use muster_kit::action::Action;
use muster_model::{
    Balancer, BalancerChange, Command, ConfigId, Created, Door, GroupCommand, GroupItem,
    GroupPatch, GroupSpec, HealthCheck, HealthKind, Network, ResourceKind, RetryPolicy,
    ServiceSettings, Size, ZonesCheck,
};
use serde::Deserialize;

use super::{GroupKey, Returned};
use crate::checks::{self, Many, One};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{self, Slb, SlbConfig};
use crate::words::{RemovePolicy, Status, SubnetStrategy};

/// Cooldown of a group, seconds: this door has no word for it.
const COOLDOWN_SECS: u32 = 300;

/// CreateScalingGroup.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateScalingGroup {
    scaling_group_name: String,
    scaling_configuration_id: One,
    min_size: i64,
    max_size: Option<i64>,
    desired_capacity: i64,
    remove_policy: RemovePolicy,
    subnet_id: Many,
    subnet_strategy: Option<SubnetStrategy>,
    security_group_id: Many,
    slb: Option<Vec<Slb>>,
    status: Option<Status>,
}

/// Ids that are only passed on, at least one.
fn passed_on(parameter: &str, ids: &[String]) -> Result<(), Fault> {
    if ids.is_empty() {
        return Err(Fault::missing(parameter));
    }
    ids.iter()
        .try_for_each(|id| checks::passed_on(parameter, id))
}

impl CreateScalingGroup {
    /// The maximum is documented as needed (L305), but the typed SDKs have no member for it (difference D01).
    fn max_size(&self, ctx: &Ctx) -> Result<i64, Fault> {
        match self.max_size {
            Some(max) => Ok(max),
            None if ctx.switches.lenient_max_size && ctx.names_sdk => {
                Ok(self.min_size.max(self.desired_capacity).max(1))
            }
            None => Err(Fault::missing("MaxSize")),
        }
    }

    fn spec(self, ctx: &Ctx) -> Result<GroupSpec, Fault> {
        checks::name("ScalingGroupName", &self.scaling_group_name)?;
        let size = |parameter, value| checks::size(parameter, value, None, ctx);
        let size = Size {
            min: size("MinSize", self.min_size)?,
            desired: size("DesiredCapacity", self.desired_capacity)?,
            max: size("MaxSize", self.max_size(ctx)?)?,
        };
        passed_on("SubnetId", &self.subnet_id.0)?;
        passed_on("SecurityGroupId", &self.security_group_id.0)?;
        let config: ConfigId = checks::id(
            "ScalingConfigurationId",
            &self.scaling_configuration_id.0,
            ResourceKind::Config,
            ctx,
        )?;
        let (balancers, heard) = shapes::balancers(self.slb.unwrap_or_default(), &[])?;
        let mut spec = GroupSpec {
            name: self.scaling_group_name,
            config: Some(config),
            size,
            enabled: self.status != Some(Status::UnActive),
            cooldown_secs: COOLDOWN_SECS,
            network: Network {
                // That of the subnets: this door does not name it.
                vpc: String::new(),
                subnets: self.subnet_id.0,
                zones: Vec::new(),
                security_groups: self.security_group_id.0,
                ipv6_addresses: 0,
            },
            spread: self
                .subnet_strategy
                .unwrap_or(SubnetStrategy::Balanced)
                .into(),
            zones_check: ZonesCheck::Any,
            termination: self.remove_policy.into(),
            retry: RetryPolicy::default(),
            health: HealthCheck {
                kind: HealthKind::Machine,
                period_secs: 0,
                grace_secs: 0,
            },
            balancers,
            unheard: BTreeSet::new(),
            project: 0,
            tags: Vec::new(),
            // Unhealthy instances are replaced (notification types 5 and 6, activity type 10).
            service: ServiceSettings {
                replace_unhealthy: true,
                replace_balancer_unhealthy: true,
                ..ServiceSettings::default()
            },
            allocation: muster_model::Allocation::default(),
            capacity_rebalance: false,
            name_index: None,
            host_name_index: None,
            concurrent_scale_out: false,
            huawei: None,
        };
        spec.judge_each(&BTreeSet::new(), &heard);
        Ok(spec)
    }
}

impl Action<Ctx> for CreateScalingGroup {
    const NAME: &'static str = "CreateScalingGroup";
    type Response = Returned<GroupKey>;

    async fn run(self, ctx: &Ctx) -> Result<Returned<GroupKey>, Fault> {
        let mut spec = self.spec(ctx)?;
        // The project is that of the configuration: this door has none for groups.
        let configs = ctx.configs(&[]).await?;
        let config = configs
            .iter()
            .find(|item| Some(item.config.id) == spec.config);
        spec.project = config.map_or(0, |item| item.config.spec.project);
        let command = Command::CreateGroup {
            door: Door::Ksyun,
            site: ctx.caller.site.clone(),
            spec: Box::new(spec),
        };
        let Created::Group(id) = ctx.execute(command, "").await? else {
            return Err(Fault::unavailable());
        };
        Ok(Returned::set(GroupKey {
            scaling_group_id: id.decimal(),
        }))
    }
}

/// ModifyScalingGroup: what is left out stays.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyScalingGroup {
    scaling_group_id: One,
    min_size: Option<i64>,
    max_size: Option<i64>,
    desired_capacity: Option<i64>,
    remove_policy: Option<RemovePolicy>,
    scaling_group_name: Option<String>,
    scaling_configuration_id: Option<One>,
    subnet_id: Option<Many>,
    subnet_strategy: Option<SubnetStrategy>,
    slb: Option<Vec<Slb>>,
    container_subnet_id: Option<Many>,
    security_group_id: Option<Many>,
}

impl ModifyScalingGroup {
    fn patch(self, old: &GroupSpec, ctx: &Ctx) -> Result<GroupPatch, Fault> {
        let size = |parameter: &str, value: Option<i64>, old| {
            value
                .map(|value| checks::size(parameter, value, Some(old), ctx))
                .transpose()
        };
        if let Some(name) = self.scaling_group_name.as_ref().filter(|n| **n != old.name) {
            checks::name("ScalingGroupName", name)?;
        }
        // Those of the container product line are subnets as well.
        let subnets = self.subnet_id.or(self.container_subnet_id);
        if let Some(ids) = &subnets {
            passed_on("SubnetId", &ids.0)?;
        }
        if let Some(ids) = &self.security_group_id {
            passed_on("SecurityGroupId", &ids.0)?;
        }
        let config = self
            .scaling_configuration_id
            .map(|id| checks::id("ScalingConfigurationId", &id.0, ResourceKind::Config, ctx));
        // Writing back the displayed policy does not destroy the finer stored one.
        let termination = self
            .remove_policy
            .filter(|policy| RemovePolicy::from(old.termination) != *policy);
        Ok(GroupPatch {
            name: self.scaling_group_name,
            config: config.transpose()?,
            min: size("MinSize", self.min_size, old.size.min)?,
            desired: size("DesiredCapacity", self.desired_capacity, old.size.desired)?,
            max: size("MaxSize", self.max_size, old.size.max)?,
            subnets: subnets.map(|ids| ids.0),
            security_groups: self.security_group_id.map(|ids| ids.0),
            spread: self.subnet_strategy.map(Into::into),
            termination: termination.map(Into::into),
            // What this door has no words for stays as it is.
            ..GroupPatch::default()
        })
    }
}

/// What gives a group these balancers, each counting for health as it says.
fn rebound(given: Vec<Slb>, item: &GroupItem) -> Result<GroupCommand, Fault> {
    let spec = &item.group.spec;
    let (balancers, heard) = shapes::balancers(given, &spec.balancers)?;
    let shown = |list: &[Balancer]| -> Vec<SlbConfig> {
        let shown = |balancer| SlbConfig::of(balancer, HealthKind::Machine);
        list.iter().filter_map(shown).collect()
    };
    let changed = shown(&balancers) != shown(&spec.balancers);
    Ok(GroupCommand::Modify(Box::new(GroupPatch {
        balancers: changed.then_some(BalancerChange::Replace {
            door: Door::Ksyun,
            balancers,
            check_all: true,
        }),
        heard,
        ..GroupPatch::default()
    })))
}

impl Action<Ctx> for ModifyScalingGroup {
    const NAME: &'static str = "ModifyScalingGroup";
    type Response = Returned<GroupKey>;

    async fn run(mut self, ctx: &Ctx) -> Result<Returned<GroupKey>, Fault> {
        let item = ctx.group(&self.scaling_group_id).await?;
        // The balancers are deprecated here (L879): without any they stay.
        let mut commands = match self.slb.take() {
            Some(slbs) if !slbs.is_empty() => vec![rebound(slbs, &item)?],
            Some(_) | None => Vec::new(),
        };
        let patch = self.patch(&item.group.spec, ctx)?;
        commands.push(GroupCommand::Modify(Box::new(patch)));
        ctx.all_on(item.group.id, commands).await?;
        Ok(Returned::done(GroupKey {
            scaling_group_id: item.group.id.decimal(),
        }))
    }
}

/// ModifyScalingLoadBalancers: what is given takes the place of what was there; nothing given = none (L1131, L1144).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyScalingLoadBalancers {
    scaling_group_id: One,
    slb: Option<Vec<Slb>>,
}

impl Action<Ctx> for ModifyScalingLoadBalancers {
    const NAME: &'static str = "ModifyScalingLoadBalancers";
    type Response = Returned<GroupKey>;

    async fn run(self, ctx: &Ctx) -> Result<Returned<GroupKey>, Fault> {
        let item = ctx.group(&self.scaling_group_id).await?;
        let command = rebound(self.slb.unwrap_or_default(), &item)?;
        ctx.all_on(item.group.id, vec![command]).await?;
        Ok(Returned::done(GroupKey {
            scaling_group_id: item.group.id.decimal(),
        }))
    }
}
