//! Instances.

use muster_kit::action::Action;
use muster_kit::time::format_utc;
use muster_model::{GroupCommand, InstanceFilter, InstanceItem};
use serde::{Deserialize, Serialize};

use super::{Empty, Selection, SentFilter, Started, exact, page};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::{CreationType, LifeCycleState, health_status, warmup_status};

/// DescribeAutoScalingInstances.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeAutoScalingInstances {
    instance_ids: Option<Vec<String>>,
    filters: Option<Vec<SentFilter>>,
    offset: Option<i64>,
    limit: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Instances {
    auto_scaling_instance_set: Vec<Instance>,
    total_count: usize,
}

/// Instance.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Instance {
    instance_id: String,
    auto_scaling_group_id: String,
    launch_configuration_id: String,
    launch_configuration_name: String,
    life_cycle_state: LifeCycleState,
    health_status: &'static str,
    protected_from_scale_in: bool,
    zone: String,
    creation_type: CreationType,
    add_time: String,
    instance_type: String,
    version_number: u64,
    auto_scaling_group_name: String,
    warmup_status: &'static str,
    disaster_recover_group_ids: Vec<String>,
}

impl From<InstanceItem> for Instance {
    fn from(item: InstanceItem) -> Self {
        let instance = &item.instance;
        let config = instance.config.as_ref();
        Instance {
            instance_id: instance.id.to_string(),
            auto_scaling_group_id: instance.group.to_string(),
            launch_configuration_id: config
                .map(|config| config.id.to_string())
                .unwrap_or_default(),
            launch_configuration_name: config.map(|config| config.name.clone()).unwrap_or_default(),
            life_cycle_state: instance.state.into(),
            health_status: health_status(instance.health),
            protected_from_scale_in: instance.protected,
            zone: instance.placement.zone.clone(),
            creation_type: instance.origin.into(),
            add_time: format_utc(instance.created_at.0),
            instance_type: instance.placement.instance_type.clone(),
            version_number: config.map_or(0, |config| config.version),
            auto_scaling_group_name: item.group_name,
            warmup_status: warmup_status(instance.warmup),
            disaster_recover_group_ids: instance.disaster_recover_groups.clone(),
        }
    }
}

const SELECTION: Selection = Selection {
    names: &[exact("instance-id"), exact("auto-scaling-group-id")],
    ids: "InstanceIds",
    conflict: "InvalidParameter.Conflict",
    too_many: "InvalidParameterValue.LimitExceeded",
    unknown: "InvalidParameterValue.Filter",
};

impl Action<Ctx> for DescribeAutoScalingInstances {
    const NAME: &'static str = "DescribeAutoScalingInstances";
    type Response = Instances;

    async fn run(self, ctx: &Ctx) -> Result<Instances, Fault> {
        let page = page(self.offset, self.limit)?;
        let sent = SELECTION.check(self.instance_ids.as_ref(), self.filters)?;
        let mut filters = Vec::new();
        if let Some(ids) = self.instance_ids.filter(|ids| !ids.is_empty()) {
            filters.push(InstanceFilter::Ids(checks::instance_ids(&ids)?));
        }
        for filter in &sent {
            filters.push(match filter.name {
                "instance-id" => InstanceFilter::Ids(checks::instance_ids(&filter.values)?),
                _ => InstanceFilter::Groups(checks::group_ids(&filter.values)?),
            });
        }
        let found = ctx
            .api
            .instances(&ctx.caller, &filters, page)
            .await
            .map_err(|error| ctx.refused(&error))?;
        Ok(Instances {
            auto_scaling_instance_set: found.items.into_iter().map(Instance::from).collect(),
            total_count: found.total,
        })
    }
}

/// An action on named members of a group that starts an activity.
macro_rules! on_members {
    ($($(#[$doc:meta])* $action:ident: $absent:literal, $ids:ident => $command:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $action {
            auto_scaling_group_id: String,
            instance_ids: Vec<String>,
        }

        impl Action<Ctx> for $action {
            const NAME: &'static str = stringify!($action);
            type Response = Started;

            async fn run(self, ctx: &Ctx) -> Result<Started, Fault> {
                checks::group_id(&self.auto_scaling_group_id, ctx.action)?;
                let $ids = checks::members(&self.instance_ids, $absent)?;
                ctx.start(&self.auto_scaling_group_id, $command).await
            }
        }
    )*};
}
pub(super) use on_members;

on_members! {
    /// AttachInstances.
    AttachInstances: "ResourceNotFound.InstancesNotFound",
        instances => GroupCommand::Attach { instances, machines: Vec::new() };
    /// DetachInstances.
    DetachInstances: "ResourceNotFound.InstancesNotInAutoScalingGroup",
        instances => GroupCommand::Detach { instances };
    /// RemoveInstances.
    RemoveInstances: "ResourceNotFound.InstancesNotInAutoScalingGroup",
        instances => GroupCommand::Remove { instances };
}

/// SetInstancesProtection.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetInstancesProtection {
    auto_scaling_group_id: String,
    instance_ids: Vec<String>,
    protected_from_scale_in: bool,
}

impl Action<Ctx> for SetInstancesProtection {
    const NAME: &'static str = "SetInstancesProtection";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        checks::group_id(&self.auto_scaling_group_id, ctx.action)?;
        let instances = checks::members(
            &self.instance_ids,
            "ResourceNotFound.InstancesNotInAutoScalingGroup",
        )?;
        let command = GroupCommand::Protect {
            instances,
            protected: self.protected_from_scale_in,
        };
        ctx.on_group(&self.auto_scaling_group_id, command).await?;
        Ok(Empty {})
    }
}
