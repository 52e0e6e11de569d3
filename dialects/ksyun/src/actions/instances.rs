//! Instances.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{GroupCommand, GroupView, Instance, InstanceId, ResourceKind};
use serde::{Deserialize, Serialize};

use super::{DONE, Done};
use crate::checks::{self, Many, One};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times;
use crate::words::{CreationType, HealthStatus, lifecycle};

/// Instances that one request may name.
const MOST_IDS: usize = 100;

/// Instances to work on: at least one; what nothing can be called is absent.
fn named(given: &[String], ctx: &Ctx) -> Result<Vec<InstanceId>, Fault> {
    if given.is_empty() {
        return Err(Fault::missing("ScalingInstanceId"));
    }
    if given.len() > MOST_IDS {
        let count = given.len().to_string();
        return Err(Fault::value("ScalingInstanceId", &count, "at most 100"));
    }
    let id = |text: &String| {
        check_uuid(text)?;
        InstanceId::parse_uuid(text).map_err(|_| ctx.absent(ResourceKind::Instance, text))
    };
    given.iter().map(id).collect()
}

fn check_uuid(text: &str) -> Result<(), Fault> {
    match checks::is_uuid(text) {
        true => Ok(()),
        false => Err(Fault::value("ScalingInstanceId", text, "a UUID")),
    }
}

/// An action on named members that starts an activity.
macro_rules! on_members {
    ($($(#[$doc:meta])* $action:ident: $ids:ident => $command:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $action {
            scaling_group_id: One,
            scaling_instance_id: Many,
        }

        impl Action<Ctx> for $action {
            const NAME: &'static str = stringify!($action);
            type Response = Done;

            async fn run(self, ctx: &Ctx) -> Result<Done, Fault> {
                let item = ctx.group(&self.scaling_group_id).await?;
                let $ids = named(&self.scaling_instance_id.0, ctx)?;
                ctx.on_group(item.group.id, $command).await?;
                Ok(DONE)
            }
        }
    )*};
}

on_members! {
    /// AttachInstance: machines in the VPC and a subnet of the group (L629).
    AttachInstance: instances => GroupCommand::Attach { instances, machines: Vec::new() };
    /// DetachInstance: the machines stay.
    DetachInstance: instances => GroupCommand::Detach { instances };
}

/// DescribeScalingInstance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeScalingInstance {
    scaling_group_id: One,
    scaling_instance_id: Option<Many>,
    creation_type: Option<CreationType>,
    health_status: Option<HealthStatus>,
    marker: Option<i64>,
    max_results: Option<i64>,
}

/// Its answer, and that of SetKvmProtectedDetach.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Instances {
    #[serde(skip_serializing_if = "Option::is_none")]
    r#return: Option<bool>,
    scaling_instance_count: usize,
    scaling_instance_set: Vec<ScalingInstance>,
    desired_capacity: u32,
}

/// ScalingInstance.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScalingInstance {
    instance_id: String,
    instance_name: String,
    health_status: HealthStatus,
    creation_type: CreationType,
    add_time: String,
    protected_from_scale_in: u8,
    life_cycle_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_name: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    availability_zone: String,
}

/// The members that are shown, oldest first.
fn shown(view: &GroupView) -> Vec<(Arc<Instance>, ScalingInstance)> {
    let mut members: Vec<&Arc<Instance>> = view.instances.values().collect();
    members.sort_by_key(|member| (member.created_at, member.id));
    let one = |member: &Arc<Instance>| {
        let shown = ScalingInstance {
            instance_id: member.id.uuid(),
            instance_name: member.name.clone(),
            health_status: member.health.into(),
            creation_type: member.origin.into(),
            add_time: times::shown(member.created_at),
            protected_from_scale_in: u8::from(member.protected),
            life_cycle_state: lifecycle(member.state)?,
            host_name: member.host_name.clone(),
            availability_zone: member.placement.zone.clone(),
        };
        Some((Arc::clone(member), shown))
    };
    members.into_iter().filter_map(one).collect()
}

impl Action<Ctx> for DescribeScalingInstance {
    const NAME: &'static str = "DescribeScalingInstance";
    type Response = Instances;

    async fn run(self, ctx: &Ctx) -> Result<Instances, Fault> {
        let page = checks::page(self.marker, self.max_results, checks::PAGES, ctx)?;
        let ids = self.scaling_instance_id.unwrap_or_default().0;
        ids.iter().try_for_each(|id| check_uuid(id))?;
        let view = ctx.view(&self.scaling_group_id).await?;
        let mut found = shown(&view);
        found.retain(|(_, one)| {
            let named = |id: &String| id.eq_ignore_ascii_case(&one.instance_id);
            (ids.is_empty() || ids.iter().any(named))
                && self
                    .creation_type
                    .is_none_or(|kind| kind == one.creation_type)
                && self
                    .health_status
                    .is_none_or(|health| health == one.health_status)
        });
        let count = found.len();
        let page = checks::cut(found, page);
        Ok(Instances {
            r#return: None,
            scaling_instance_count: count,
            scaling_instance_set: page.into_iter().map(|(_, one)| one).collect(),
            desired_capacity: view.group.spec.size.desired,
        })
    }
}

/// SetKvmProtectedDetach.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetKvmProtectedDetach {
    scaling_group_id: One,
    scaling_instance_id: Many,
    protected_from_detach: Option<i64>,
}

impl Action<Ctx> for SetKvmProtectedDetach {
    const NAME: &'static str = "SetKvmProtectedDetach";
    type Response = Instances;

    async fn run(self, ctx: &Ctx) -> Result<Instances, Fault> {
        // Without it the protection ends, as the example shows (contradiction K28).
        let protected = checks::number(
            "ProtectedFromDetach",
            self.protected_from_detach.unwrap_or(0),
            0,
            1,
        )?;
        let item = ctx.group(&self.scaling_group_id).await?;
        let instances = named(&self.scaling_instance_id.0, ctx)?;
        let command = GroupCommand::Protect {
            instances: instances.clone(),
            protected: protected == 1,
        };
        ctx.on_group(item.group.id, command).await?;
        let view = ctx.view(&self.scaling_group_id).await?;
        let mut found = shown(&view);
        found.retain(|(member, _)| instances.contains(&member.id));
        Ok(Instances {
            r#return: Some(true),
            scaling_instance_count: found.len(),
            scaling_instance_set: found.into_iter().map(|(_, one)| one).collect(),
            desired_capacity: view.group.spec.size.desired,
        })
    }
}
