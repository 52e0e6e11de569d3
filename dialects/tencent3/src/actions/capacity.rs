//! Switching, deleting and sizing groups.

use muster_kit::action::Action;
use muster_model::{Field, GroupCommand, Problem};
use serde::Deserialize;

use super::{Empty, Started};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;

/// EnableAutoScalingGroup.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EnableAutoScalingGroup {
    auto_scaling_group_id: String,
}

impl Action<Ctx> for EnableAutoScalingGroup {
    const NAME: &'static str = "EnableAutoScalingGroup";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        ctx.on_group(&self.auto_scaling_group_id, GroupCommand::Enable)
            .await?;
        Ok(Empty {})
    }
}

/// DisableAutoScalingGroup.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DisableAutoScalingGroup {
    auto_scaling_group_id: String,
}

impl Action<Ctx> for DisableAutoScalingGroup {
    const NAME: &'static str = "DisableAutoScalingGroup";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        ctx.on_group(&self.auto_scaling_group_id, GroupCommand::Disable)
            .await?;
        Ok(Empty {})
    }
}

/// DeleteAutoScalingGroup.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteAutoScalingGroup {
    auto_scaling_group_id: String,
}

impl Action<Ctx> for DeleteAutoScalingGroup {
    const NAME: &'static str = "DeleteAutoScalingGroup";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        ctx.on_group(
            &self.auto_scaling_group_id,
            GroupCommand::Delete { force: false },
        )
        .await?;
        Ok(Empty {})
    }
}

/// ModifyDesiredCapacity.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyDesiredCapacity {
    auto_scaling_group_id: String,
    desired_capacity: i64,
    min_size: Option<i64>,
    max_size: Option<i64>,
}

impl Action<Ctx> for ModifyDesiredCapacity {
    const NAME: &'static str = "ModifyDesiredCapacity";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let command = GroupCommand::SetDesired {
            desired: checks::size("DesiredCapacity", self.desired_capacity)?,
            min: self
                .min_size
                .map(|size| checks::size("MinSize", size))
                .transpose()?,
            max: self
                .max_size
                .map(|size| checks::size("MaxSize", size))
                .transpose()?,
        };
        ctx.on_group(&self.auto_scaling_group_id, command).await?;
        Ok(Empty {})
    }
}

/// How many instances to add or remove: 1 to 2000.
fn count(ctx: &Ctx, value: i64) -> Result<u32, Fault> {
    let problem = Problem::Range {
        value,
        min: 1,
        max: 2000,
    };
    match u32::try_from(value) {
        Ok(count) if (1..=2000).contains(&count) => Ok(count),
        Ok(_) | Err(_) => Err(ctx.refused(&muster_model::Error::Invalid {
            field: Field::Count,
            problem,
        })),
    }
}

/// ScaleOutInstances.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScaleOutInstances {
    auto_scaling_group_id: String,
    scale_out_number: i64,
}

impl Action<Ctx> for ScaleOutInstances {
    const NAME: &'static str = "ScaleOutInstances";
    type Response = Started;

    async fn run(self, ctx: &Ctx) -> Result<Started, Fault> {
        let count = count(ctx, self.scale_out_number)?;
        ctx.start(
            &self.auto_scaling_group_id,
            GroupCommand::ScaleOut { count },
        )
        .await
    }
}

/// ScaleInInstances.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScaleInInstances {
    auto_scaling_group_id: String,
    scale_in_number: i64,
}

impl Action<Ctx> for ScaleInInstances {
    const NAME: &'static str = "ScaleInInstances";
    type Response = Started;

    async fn run(self, ctx: &Ctx) -> Result<Started, Fault> {
        let count = count(ctx, self.scale_in_number)?;
        ctx.start(&self.auto_scaling_group_id, GroupCommand::ScaleIn { count })
            .await
    }
}
