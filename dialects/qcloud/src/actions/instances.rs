//! Instances.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_kit::decode::{Many, One};
use muster_model::{Error, GroupCommand, GroupItem, GroupView, Instance, InstanceId, ResourceKind};
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::checks::{self, MOST_IDS, MOST_NAMED};
use crate::codes;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times;
use crate::words::{CreationType, health, lifecycle};

/// Instances to work on: at least one; what nothing can be called is absent.
fn named(given: Option<&Many>, most: usize, ctx: &Ctx) -> Result<Vec<InstanceId>, Fault> {
    let desc = codes::unknown(ResourceKind::Instance, ctx.action);
    let given = given.filter(|given| !given.0.is_empty());
    let given = checks::needed_as(desc, "instanceIds", given)?;
    checks::at_most("instanceIds", &given.0, most).map_err(|fault| fault.with(desc))?;
    let id = |text: &String| checks::id("instanceIds", text, ResourceKind::Instance, ctx);
    given.0.iter().map(id).collect()
}

/// Attaching and detaching are for active groups only (L1698, L1771).
fn check_active(item: &GroupItem, ctx: &Ctx) -> Result<(), Fault> {
    match item.group.spec.enabled {
        true => Ok(()),
        false => Err(ctx.refused(&Error::Disabled, &item.group.id.to_string())),
    }
}

/// AttachInstance: running machines of the kind that the group makes, at most 20.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttachInstance {
    scaling_group_id: Option<One>,
    instance_ids: Option<Many>,
}

impl Action<Ctx> for AttachInstance {
    const NAME: &'static str = "AttachInstance";
    type Response = Nothing;

    async fn run(self, ctx: &Ctx) -> Result<Nothing, Fault> {
        let item = ctx.group(self.scaling_group_id.as_ref()).await?;
        let instances = named(self.instance_ids.as_ref(), MOST_IDS, ctx)?;
        check_active(&item, ctx)?;
        let machines = Vec::new();
        let command = GroupCommand::Attach {
            instances,
            machines,
        };
        ctx.on_group(item.group.id, command).await?;
        Ok(())
    }
}

/// DetachInstance: those that the group made are destroyed unless they are to be kept; others never are (L1770).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DetachInstance {
    scaling_group_id: Option<One>,
    instance_ids: Option<Many>,
    keep_instance: Option<i64>,
}

impl Action<Ctx> for DetachInstance {
    const NAME: &'static str = "DetachInstance";
    type Response = Nothing;

    async fn run(self, ctx: &Ctx) -> Result<Nothing, Fault> {
        let item = ctx.group(self.scaling_group_id.as_ref()).await?;
        let instances = named(self.instance_ids.as_ref(), MOST_NAMED, ctx)?;
        let keep = checks::switch("keepInstance", self.keep_instance)?;
        check_active(&item, ctx)?;
        let command = match keep.unwrap_or(false) {
            true => GroupCommand::Detach { instances },
            false => GroupCommand::Remove { instances },
        };
        ctx.on_group(item.group.id, command).await?;
        Ok(())
    }
}

/// SetCvmProtectedDetach.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetCvmProtectedDetach {
    scaling_group_id: Option<One>,
    instance_ids: Option<Many>,
    protected_from_detach: Option<String>,
}

impl Action<Ctx> for SetCvmProtectedDetach {
    const NAME: &'static str = "SetCvmProtectedDetach";
    type Response = Nothing;

    async fn run(self, ctx: &Ctx) -> Result<Nothing, Fault> {
        let desc = "InvalidParameter.ProtectedFromDetach";
        let item = ctx.group(self.scaling_group_id.as_ref()).await?;
        let given = self.protected_from_detach;
        let given = checks::needed_as(desc, "protectedFromDetach", given)?;
        let protected = match given.trim() {
            "0" => false,
            "1" => true,
            other => return Err(Fault::coded(desc, "protectedFromDetach", other, "0 or 1")),
        };
        let instances = named(self.instance_ids.as_ref(), MOST_NAMED, ctx)?;
        let command = GroupCommand::Protect {
            instances,
            protected,
        };
        ctx.on_group(item.group.id, command).await?;
        Ok(())
    }
}

/// DescribeScalingInstance.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeScalingInstance {
    scaling_group_id: Option<One>,
    instance_ids: Option<Many>,
    creation_type: Option<String>,
    health_status: Option<String>,
    offset: Option<i64>,
    limit: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Instances {
    total_count: usize,
    scaling_instances_set: Vec<ScalingInstance>,
}

/// ScalingInstance.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScalingInstance {
    instance_id: String,
    health_status: &'static str,
    creation_type: CreationType,
    life_cycle_state: &'static str,
    protected_from_scale_in: u8,
    add_time: String,
}

/// The members that are shown, oldest first.
fn shown(view: &GroupView) -> Vec<(InstanceId, ScalingInstance)> {
    let mut members: Vec<&Arc<Instance>> = view.instances.values().collect();
    members.sort_by_key(|member| (member.created_at, member.id));
    let one = |member: &Arc<Instance>| {
        let shown = ScalingInstance {
            instance_id: member.id.to_string(),
            health_status: health(member.health),
            creation_type: member.origin.into(),
            life_cycle_state: lifecycle(member.state)?,
            protected_from_scale_in: u8::from(member.protected),
            add_time: times::shown(member.created_at),
        };
        Some((member.id, shown))
    };
    members.into_iter().filter_map(one).collect()
}

impl Action<Ctx> for DescribeScalingInstance {
    const NAME: &'static str = "DescribeScalingInstance";
    type Response = Instances;

    async fn run(self, ctx: &Ctx) -> Result<Instances, Fault> {
        let page = checks::page(self.offset, self.limit)?;
        let origin = self.creation_type.as_deref().map(|word| {
            let (found, words) = (CreationType::of(word), CreationType::WORDS);
            checks::word("creationType", word, found, words, "InvalidParameter")
        });
        let origin = origin.transpose()?;
        let wanted = self.health_status.as_deref().map(|word| {
            // The documentation has it in two spellings (contradiction T34).
            let words = ["Healthy", "UnHealthy"];
            let found = words
                .into_iter()
                .find(|own| own.eq_ignore_ascii_case(word.trim()));
            checks::word("healthStatus", word, found, &words, "InvalidParameter")
        });
        let wanted = wanted.transpose()?;
        let ids = self.instance_ids;
        let ids = ids.map(|ids| {
            checks::ids::<muster_model::id::kind::Instance>("instanceIds", &ids.0, MOST_IDS)
        });
        let ids = ids.transpose()?;
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let mut found = shown(&view);
        found.retain(|(id, one)| {
            ids.as_ref().is_none_or(|ids| ids.contains(id))
                && origin.is_none_or(|origin| origin == one.creation_type)
                && wanted.is_none_or(|health| health == one.health_status)
        });
        Ok(Instances {
            total_count: found.len(),
            scaling_instances_set: checks::cut(found, page)
                .into_iter()
                .map(|(_, one)| one)
                .collect(),
        })
    }
}
