//! Instances, shown.

use muster_kit::action::Action;
use muster_model::{Instance, Origin};
use serde::{Deserialize, Serialize};

use super::Numbers;
use crate::checks::{self, INSTANCES_PAGE, filled, page};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::config::shown_id;
use crate::times::second;
use crate::words::{HealthStatus, LifeCycleState};

/// ListScalingInstances.
#[derive(Deserialize)]
pub(crate) struct ListScalingInstances {
    scaling_group_id: String,
    life_cycle_state: Option<String>,
    health_status: Option<String>,
    protect_from_scaling_down: Option<String>,
    start_number: Option<String>,
    limit: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Instances {
    #[serde(flatten)]
    numbers: Numbers,
    scaling_group_instances: Vec<Shown>,
}

/// ScalingGroupInstance.
#[derive(Serialize)]
struct Shown {
    instance_id: String,
    instance_name: String,
    scaling_group_id: String,
    scaling_group_name: String,
    life_cycle_state: LifeCycleState,
    health_status: HealthStatus,
    scaling_configuration_name: String,
    scaling_configuration_id: Option<String>,
    create_time: String,
    protect_from_scaling_down: bool,
}

/// How an instance is: before it serves, nobody knows.
fn health(instance: &Instance) -> HealthStatus {
    match LifeCycleState::from(instance.state) {
        LifeCycleState::Pending | LifeCycleState::PendingWait => HealthStatus::Initializing,
        _ if instance.health.is_healthy() => HealthStatus::Normal,
        _ => HealthStatus::Error,
    }
}

fn shown(instance: &Instance, group_name: &str) -> Shown {
    Shown {
        instance_id: instance.id.uuid(),
        instance_name: instance.name.clone(),
        scaling_group_id: instance.group.uuid(),
        scaling_group_name: group_name.to_owned(),
        life_cycle_state: instance.state.into(),
        health_status: health(instance),
        // What was added by hand has no configuration (rule I2).
        scaling_configuration_name: match (&instance.config, instance.origin) {
            (Some(config), _) => config.name.clone(),
            (None, Origin::Manual) => "MANNUAL_ADD".to_owned(),
            (None, Origin::Auto) => String::new(),
        },
        scaling_configuration_id: instance.config.as_ref().map(|config| shown_id(config.id)),
        create_time: second(instance.created_at),
        protect_from_scaling_down: instance.protected,
    }
}

/// Whether those are wanted that are protected, or those that are not.
fn protection(text: Option<&String>) -> Result<Option<bool>, Fault> {
    let read = |text: &String| match text {
        _ if text.eq_ignore_ascii_case("true") => Ok(true),
        _ if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => {
            let name = "protect_from_scaling_down";
            Err(Fault::value(
                "AS.0022",
                name,
                text,
                "true or false is right",
            ))
        }
    };
    text.map(read).transpose()
}

impl Action<Ctx> for ListScalingInstances {
    const NAME: &'static str = "ListScalingInstances";
    type Response = Instances;

    async fn run(self, ctx: &Ctx) -> Result<Instances, Fault> {
        let state: Option<LifeCycleState> = checks::word_if_given(
            "AS.4003",
            "life_cycle_state",
            filled(self.life_cycle_state).as_ref(),
        )?;
        let wanted: Option<HealthStatus> = checks::word_if_given(
            "AS.4004",
            "health_status",
            filled(self.health_status).as_ref(),
        )?;
        let page = page(
            INSTANCES_PAGE,
            self.start_number.as_ref(),
            self.limit.as_ref(),
        )?;
        let protected = protection(filled(self.protect_from_scaling_down).as_ref())?;
        let view = ctx.view(&self.scaling_group_id).await?;
        let mut members: Vec<_> = view.instances.values().collect();
        members.sort_by_key(|instance| (instance.created_at, instance.id));
        members.retain(|instance| {
            state.is_none_or(|state| state == instance.state.into())
                && wanted.is_none_or(|wanted| wanted == health(instance))
                && protected.is_none_or(|protected| protected == instance.protected)
        });
        let cut = page.cut(members);
        let name = &view.group.spec.name;
        Ok(Instances {
            scaling_group_instances: cut.items.iter().map(|member| shown(member, name)).collect(),
            numbers: Numbers::of(cut.total, page),
        })
    }
}
