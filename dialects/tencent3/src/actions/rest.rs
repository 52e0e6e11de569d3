//! Members out of service on purpose, and back: stop, start, standby (rules A10, A11).

use muster_kit::action::Action;
use muster_model::GroupCommand;
use serde::Deserialize;

use super::Started;
use super::instances::on_members;
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::StoppedMode;

on_members! {
    /// StartAutoScalingInstances.
    StartAutoScalingInstances: "ResourceNotFound.InstancesNotInAutoScalingGroup",
        instances => GroupCommand::Start { instances };
    /// EnterStandby.
    EnterStandby: "ResourceNotFound.InstancesNotFound",
        instances => GroupCommand::EnterStandby { instances };
    /// ExitStandby.
    ExitStandby: "ResourceNotFound.InstancesNotFound",
        instances => GroupCommand::ExitStandby { instances };
}

/// StopAutoScalingInstances.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StopAutoScalingInstances {
    auto_scaling_group_id: String,
    instance_ids: Vec<String>,
    stopped_mode: Option<StoppedMode>,
}

impl Action<Ctx> for StopAutoScalingInstances {
    const NAME: &'static str = "StopAutoScalingInstances";
    type Response = Started;

    async fn run(self, ctx: &Ctx) -> Result<Started, Fault> {
        checks::group_id(&self.auto_scaling_group_id, ctx.action)?;
        let instances = checks::members(
            &self.instance_ids,
            "ResourceNotFound.InstancesNotInAutoScalingGroup",
        )?;
        let command = GroupCommand::Stop {
            instances,
            mode: self.stopped_mode.map(Into::into).unwrap_or_default(),
        };
        ctx.start(&self.auto_scaling_group_id, command).await
    }
}
