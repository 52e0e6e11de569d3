//! A configuration and a group out of an instance (rule G25).

use std::collections::BTreeSet;

use muster_kit::action::Action;
use muster_model::{
    Allocation, Command, Created, Door, GroupSpec, HealthCheck, InstanceId, Network,
    ServiceSettings, Size,
};
use serde::Deserialize;

use super::groups_write::CreatedGroup;
use crate::checks::{self, name};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::{
    HealthCheckType, RetryPolicy, SubnetPolicy, TerminationPolicy, ZonesCheckPolicy,
};

/// CreateAutoScalingGroupFromInstance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateAutoScalingGroupFromInstance {
    auto_scaling_group_name: String,
    instance_id: String,
    min_size: i64,
    max_size: i64,
    desired_capacity: Option<i64>,
    inherit_instance_tag: Option<bool>,
}

impl CreateAutoScalingGroupFromInstance {
    /// What is asked for, with the defaults of this door for the rest.
    fn spec(self) -> Result<GroupSpec, Fault> {
        let min = checks::size("MinSize", self.min_size)?;
        let desired = |desired| checks::size("DesiredCapacity", desired);
        Ok(GroupSpec {
            name: self.auto_scaling_group_name,
            config: None,
            size: Size {
                min,
                desired: self.desired_capacity.map_or(Ok(min), desired)?,
                max: checks::size("MaxSize", self.max_size)?,
            },
            enabled: true,
            cooldown_secs: 300,
            network: Network::default(),
            spread: SubnetPolicy::Priority.into(),
            zones_check: ZonesCheckPolicy::Any.into(),
            termination: TerminationPolicy::Oldest.into(),
            retry: RetryPolicy::Immediate.into(),
            health: HealthCheck {
                kind: HealthCheckType::Clb.into(),
                period_secs: 0,
                grace_secs: 0,
            },
            balancers: Vec::new(),
            unheard: BTreeSet::new(),
            project: 0,
            tags: Vec::new(),
            service: ServiceSettings::default(),
            allocation: Allocation::LaunchConfiguration,
            capacity_rebalance: false,
            name_index: None,
            host_name_index: None,
            concurrent_scale_out: false,
            huawei: None,
        })
    }
}

impl Action<Ctx> for CreateAutoScalingGroupFromInstance {
    const NAME: &'static str = "CreateAutoScalingGroupFromInstance";
    type Response = CreatedGroup;

    async fn run(self, ctx: &Ctx) -> Result<CreatedGroup, Fault> {
        name(
            "AutoScalingGroupName",
            &self.auto_scaling_group_name,
            55,
            false,
        )?;
        if !InstanceId::is_well_formed(&self.instance_id) {
            let code = "InvalidParameterValue.InvalidInstanceId";
            return Err(checks::bad_id(
                code,
                "InstanceId",
                &self.instance_id,
                "ins-",
            ));
        }
        let instance = InstanceId::parse(&self.instance_id).map_err(|_| {
            ctx.refused(&muster_model::Error::NotFound {
                kind: muster_model::ResourceKind::Instance,
                id: self.instance_id.clone(),
            })
        })?;
        let command = Command::CreateGroupFrom {
            door: Door::Tencent3,
            site: ctx.caller.site.clone(),
            instance,
            inherit_tags: self.inherit_instance_tag.unwrap_or(false),
            spec: Box::new(self.spec()?),
        };
        let Created::Group(id) = ctx.execute(command).await? else {
            return Err(Fault::made_nothing());
        };
        Ok(CreatedGroup::new(id))
    }
}
