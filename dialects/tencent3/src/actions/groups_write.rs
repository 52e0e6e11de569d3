//! Groups: create and modify.

use std::collections::BTreeSet;

use muster_kit::action::Action;
use muster_model::{
    Allocation, Balancer, Command, Created, Door, Error, Field, GroupCommand, GroupFilter, GroupId,
    GroupPatch, GroupSpec, HealthCheck, Network, Page, Problem, ServiceSettings as Service, Size,
};
use serde::{Deserialize, Serialize};

use super::Empty;
use super::balancers::of_new_group;
use crate::checks::{self, count, name, number, size, text_id};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{ForwardLoadBalancer, IndexSettings, ServiceSettings, SpotMixedPolicy, Tag};
use crate::words::{
    AllocationPolicy, HealthCheckType, RetryPolicy, SubnetPolicy, TerminationPolicy,
    ZonesCheckPolicy,
};

/// CreateAutoScalingGroup.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateAutoScalingGroup {
    auto_scaling_group_name: String,
    launch_configuration_id: String,
    max_size: i64,
    min_size: i64,
    vpc_id: String,
    default_cooldown: Option<i64>,
    desired_capacity: Option<i64>,
    load_balancer_ids: Option<Vec<String>>,
    project_id: Option<i64>,
    forward_load_balancers: Option<Vec<ForwardLoadBalancer>>,
    subnet_ids: Option<Vec<String>>,
    termination_policies: Option<Vec<TerminationPolicy>>,
    zones: Option<Vec<String>>,
    retry_policy: Option<RetryPolicy>,
    zones_check_policy: Option<ZonesCheckPolicy>,
    tags: Option<Vec<Tag>>,
    service_settings: Option<ServiceSettings>,
    ipv6_address_count: Option<i64>,
    multi_zone_subnet_policy: Option<SubnetPolicy>,
    health_check_type: Option<HealthCheckType>,
    load_balancer_health_check_grace_period: Option<i64>,
    instance_allocation_policy: Option<AllocationPolicy>,
    spot_mixed_allocation_policy: Option<SpotMixedPolicy>,
    capacity_rebalance: Option<bool>,
    instance_name_index_settings: Option<IndexSettings>,
    host_name_index_settings: Option<IndexSettings>,
    concurrent_scale_out_for_desired_capacity: Option<bool>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedGroup {
    auto_scaling_group_id: String,
}

impl CreatedGroup {
    pub(super) fn new(id: GroupId) -> CreatedGroup {
        CreatedGroup {
            auto_scaling_group_id: id.to_string(),
        }
    }
}

/// The one termination policy that a list may hold.
fn termination(list: Option<Vec<TerminationPolicy>>) -> Result<Option<TerminationPolicy>, Fault> {
    let list = list.unwrap_or_default();
    count(
        "InvalidParameterValue.LimitExceeded",
        "TerminationPolicies",
        &list,
        1,
    )?;
    Ok(list.into_iter().next())
}

/// Spot settings go with SPOT_MIXED only (rule G11).
fn allocation(
    policy: Option<AllocationPolicy>,
    mix: Option<SpotMixedPolicy>,
    ctx: &Ctx,
) -> Result<Option<Allocation>, Fault> {
    match (policy, mix) {
        (Some(AllocationPolicy::SpotMixed), mix) => {
            Ok(Some(Allocation::SpotMixed(mix.unwrap_or_default().mix()?)))
        }
        (_, Some(_)) => Err(ctx.refused(&Error::Invalid {
            field: Field::SpotBase,
            problem: Problem::NotWith(Field::Allocation),
        })),
        (Some(AllocationPolicy::LaunchConfiguration), None) => {
            Ok(Some(Allocation::LaunchConfiguration))
        }
        (None, None) => Ok(None),
    }
}

fn subnets(list: &[String]) -> Result<(), Fault> {
    list.iter().try_for_each(|id| {
        text_id(
            "InvalidParameterValue.InvalidSubnetId",
            "SubnetIds",
            id,
            "subnet-",
        )
    })
}

/// A VPC, or none in the classic network.
fn vpc(id: &str) -> Result<(), Fault> {
    match id {
        "" | "0" => Ok(()),
        id => text_id("InvalidParameterValue", "VpcId", id, "vpc-"),
    }
}

fn cooldown(value: i64) -> Result<u32, Fault> {
    number("DefaultCooldown", value, 0, 3600)
}

fn grace(value: i64) -> Result<u32, Fault> {
    number("LoadBalancerHealthCheckGracePeriod", value, 0, 7200)
}

fn ipv6(value: i64) -> Result<u32, Fault> {
    number("Ipv6AddressCount", value, 0, 1)
}

impl CreateAutoScalingGroup {
    fn balancers(&mut self, ctx: &Ctx) -> Result<Vec<Balancer>, Fault> {
        let classic = self.load_balancer_ids.take();
        of_new_group(classic, self.forward_load_balancers.take(), ctx)
    }

    fn network(&mut self, ctx: &Ctx) -> Result<Network, Fault> {
        let subnets_given = self.subnet_ids.take().unwrap_or_default();
        let zones = self.zones.take().unwrap_or_default();
        subnets(&subnets_given)?;
        vpc(&self.vpc_id)?;
        let classic = matches!(self.vpc_id.as_str(), "" | "0");
        if classic && zones.is_empty() {
            let problem = Problem::NeededBy(Field::Vpc);
            return Err(ctx.refused(&Error::Invalid {
                field: Field::Zones,
                problem,
            }));
        }
        Ok(Network {
            vpc: self.vpc_id.clone(),
            subnets: subnets_given,
            zones,
            security_groups: Vec::new(),
            ipv6_addresses: ipv6(self.ipv6_address_count.unwrap_or(0))?,
        })
    }

    fn spec(mut self, ctx: &Ctx) -> Result<GroupSpec, Fault> {
        let given = &self.auto_scaling_group_name;
        name("AutoScalingGroupName", given, 55, false)?;
        let min = size("MinSize", self.min_size)?;
        let service = self
            .service_settings
            .unwrap_or_default()
            .over(Service::default());
        Ok(GroupSpec {
            config: Some(checks::config_id(
                &self.launch_configuration_id,
                ctx.action,
            )?),
            size: Size {
                min,
                desired: self
                    .desired_capacity
                    .map_or(Ok(min), |desired| size("DesiredCapacity", desired))?,
                max: size("MaxSize", self.max_size)?,
            },
            enabled: true,
            cooldown_secs: cooldown(self.default_cooldown.unwrap_or(300))?,
            network: self.network(ctx)?,
            spread: self
                .multi_zone_subnet_policy
                .unwrap_or(SubnetPolicy::Priority)
                .into(),
            zones_check: self
                .zones_check_policy
                .unwrap_or(ZonesCheckPolicy::Any)
                .into(),
            termination: termination(self.termination_policies.take())?
                .unwrap_or(TerminationPolicy::Oldest)
                .into(),
            retry: self.retry_policy.unwrap_or(RetryPolicy::Immediate).into(),
            health: HealthCheck {
                kind: self
                    .health_check_type
                    .unwrap_or(HealthCheckType::Clb)
                    .into(),
                period_secs: 0,
                grace_secs: grace(self.load_balancer_health_check_grace_period.unwrap_or(0))?,
            },
            balancers: self.balancers(ctx)?,
            unheard: BTreeSet::new(),
            project: self.project_id.unwrap_or(0),
            tags: Tag::list(self.tags.take().unwrap_or_default(), "auto-scaling-group")?,
            service,
            allocation: allocation(
                self.instance_allocation_policy,
                self.spot_mixed_allocation_policy,
                ctx,
            )?
            .unwrap_or_default(),
            capacity_rebalance: self.capacity_rebalance.unwrap_or(false),
            name_index: index(
                self.instance_name_index_settings,
                "InstanceNameIndexSettings",
            )?,
            host_name_index: index(self.host_name_index_settings, "HostNameIndexSettings")?,
            concurrent_scale_out: self
                .concurrent_scale_out_for_desired_capacity
                .unwrap_or(false),
            huawei: None,
            name: self.auto_scaling_group_name,
        })
    }
}

fn index(
    settings: Option<IndexSettings>,
    parameter: &str,
) -> Result<Option<muster_model::NameIndex>, Fault> {
    settings
        .map(|settings| settings.index(parameter))
        .transpose()
}

impl Action<Ctx> for CreateAutoScalingGroup {
    const NAME: &'static str = "CreateAutoScalingGroup";
    type Response = CreatedGroup;

    async fn run(self, ctx: &Ctx) -> Result<CreatedGroup, Fault> {
        let spec = Box::new(self.spec(ctx)?);
        let command = Command::CreateGroup {
            door: Door::Tencent3,
            site: ctx.caller.site.clone(),
            spec,
        };
        let Created::Group(id) = ctx.execute(command).await? else {
            return Err(Fault::made_nothing());
        };
        Ok(CreatedGroup::new(id))
    }
}

/// Seconds as they are given. What is written back as it was shown may be another door's, and out of this one's range.
fn kept(
    value: Option<i64>,
    shown: u32,
    read: fn(i64) -> Result<u32, Fault>,
) -> Result<Option<u32>, Fault> {
    let read = |value| match value == i64::from(shown) {
        true => Ok(shown),
        false => read(value),
    };
    value.map(read).transpose()
}

/// ModifyAutoScalingGroup: what is left out stays (rule G19).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyAutoScalingGroup {
    auto_scaling_group_id: String,
    auto_scaling_group_name: Option<String>,
    default_cooldown: Option<i64>,
    desired_capacity: Option<i64>,
    launch_configuration_id: Option<String>,
    max_size: Option<i64>,
    min_size: Option<i64>,
    project_id: Option<i64>,
    subnet_ids: Option<Vec<String>>,
    termination_policies: Option<Vec<TerminationPolicy>>,
    vpc_id: Option<String>,
    zones: Option<Vec<String>>,
    retry_policy: Option<RetryPolicy>,
    zones_check_policy: Option<ZonesCheckPolicy>,
    service_settings: Option<ServiceSettings>,
    ipv6_address_count: Option<i64>,
    multi_zone_subnet_policy: Option<SubnetPolicy>,
    health_check_type: Option<HealthCheckType>,
    load_balancer_health_check_grace_period: Option<i64>,
    instance_allocation_policy: Option<AllocationPolicy>,
    spot_mixed_allocation_policy: Option<SpotMixedPolicy>,
    capacity_rebalance: Option<bool>,
    instance_name_index_settings: Option<IndexSettings>,
    host_name_index_settings: Option<IndexSettings>,
    concurrent_scale_out_for_desired_capacity: Option<bool>,
}

impl ModifyAutoScalingGroup {
    /// Names and ids. What is written back as it was shown may be another door's.
    fn check(&self, old: &GroupSpec) -> Result<(), Fault> {
        let new_name = self.auto_scaling_group_name.as_ref();
        if let Some(given) = new_name.filter(|name| **name != old.name) {
            name("AutoScalingGroupName", given, 55, true)?;
        }
        let network = &old.network;
        if let Some(list) = self
            .subnet_ids
            .as_ref()
            .filter(|list| **list != network.subnets)
        {
            subnets(list)?;
        }
        if let Some(id) = self.vpc_id.as_ref().filter(|id| **id != network.vpc) {
            vpc(id)?;
        }
        Ok(())
    }

    /// The patch; `old` is the group as it is, for what is written back as it was shown.
    fn patch(self, old: &GroupSpec, ctx: &Ctx) -> Result<GroupPatch, Fault> {
        self.check(old)?;
        let config = self
            .launch_configuration_id
            .map(|id| checks::config_id(&id, ctx.action))
            .transpose()?;
        // A spot mix that is already there may be changed without naming the policy again.
        let policy = self
            .instance_allocation_policy
            .or_else(|| match old.allocation {
                Allocation::SpotMixed(_) if self.spot_mixed_allocation_policy.is_some() => {
                    Some(AllocationPolicy::SpotMixed)
                }
                Allocation::SpotMixed(_) | Allocation::LaunchConfiguration => None,
            });
        // Writing back the displayed policy does not destroy the finer stored one.
        let termination = termination(self.termination_policies)?
            .filter(|policy| TerminationPolicy::from(old.termination) != *policy)
            .map(Into::into);
        Ok(GroupPatch {
            name: self.auto_scaling_group_name,
            config,
            min: self
                .min_size
                .map(|value| size("MinSize", value))
                .transpose()?,
            desired: self
                .desired_capacity
                .map(|value| size("DesiredCapacity", value))
                .transpose()?,
            max: self
                .max_size
                .map(|value| size("MaxSize", value))
                .transpose()?,
            cooldown_secs: kept(self.default_cooldown, old.cooldown_secs, cooldown)?,
            vpc: self.vpc_id,
            subnets: self.subnet_ids,
            zones: self.zones,
            ipv6_addresses: self.ipv6_address_count.map(ipv6).transpose()?,
            spread: self.multi_zone_subnet_policy.map(Into::into),
            zones_check: self.zones_check_policy.map(Into::into),
            termination,
            retry: self.retry_policy.map(Into::into),
            health_kind: self.health_check_type.map(Into::into),
            health_grace_secs: kept(
                self.load_balancer_health_check_grace_period,
                old.health.grace_secs,
                grace,
            )?,
            project: self.project_id,
            service: self
                .service_settings
                .map(|settings| settings.over(old.service)),
            allocation: allocation(policy, self.spot_mixed_allocation_policy, ctx)?,
            capacity_rebalance: self.capacity_rebalance,
            name_index: index(
                self.instance_name_index_settings,
                "InstanceNameIndexSettings",
            )?,
            host_name_index: index(self.host_name_index_settings, "HostNameIndexSettings")?,
            concurrent_scale_out: self.concurrent_scale_out_for_desired_capacity,
            // What this door has no words for stays as it is.
            ..GroupPatch::default()
        })
    }
}

impl Action<Ctx> for ModifyAutoScalingGroup {
    const NAME: &'static str = "ModifyAutoScalingGroup";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let id: GroupId = checks::group_id(&self.auto_scaling_group_id, ctx.action)?;
        let one = Page {
            offset: 0,
            limit: 1,
        };
        let found = ctx
            .api
            .groups(&ctx.caller, &[GroupFilter::Ids(vec![id])], one)
            .await;
        let found = found.map_err(|error| ctx.refused(&error))?;
        let absent = Error::NotFound {
            kind: muster_model::ResourceKind::Group,
            id: id.to_string(),
        };
        let old = found.items.first().ok_or_else(|| ctx.refused(&absent))?;
        let patch = Box::new(self.patch(&old.group.spec, ctx)?);
        ctx.execute(Command::Group {
            id,
            command: GroupCommand::Modify(patch),
        })
        .await?;
        Ok(Empty {})
    }
}
