//! Scheduled actions of other doors, which are policies here: what is done with one of them as a policy is done with it as
//! what it is.

use muster_model::{
    AdjustBy, GroupCommand, GroupPatch, GroupView, PolicyCommand, PolicyId, PolicyKind, PolicySpec,
    Schedule, ScheduleCommand, ScheduleId, ScheduleSpec,
};

use crate::fault::Fault;

/// The scheduled action that has this id as a policy.
fn task(view: &GroupView, id: PolicyId) -> Option<&Schedule> {
    let task = view.parts.schedules.get(&ScheduleId::new(id.key()));
    task.map(|task| &**task)
}

/// The command that does with a policy what is asked for.
pub(crate) fn on_policy(view: &GroupView, command: PolicyCommand) -> Result<GroupCommand, Fault> {
    let of = |id: &PolicyId| task(view, *id);
    let found = match &command {
        PolicyCommand::Create { .. }
        | PolicyCommand::CreateDescribed { .. }
        | PolicyCommand::SetOptions { .. } => None,
        PolicyCommand::Modify { id, .. }
        | PolicyCommand::ModifyDescribed { id, .. }
        | PolicyCommand::Delete { id }
        | PolicyCommand::Execute { id, .. } => of(id),
    };
    let Some(task) = found else {
        return Ok(GroupCommand::Policy(command));
    };
    Ok(match command {
        PolicyCommand::Modify { spec, .. } | PolicyCommand::ModifyDescribed { spec, .. } => {
            GroupCommand::Schedule(modified(view, task, *spec)?)
        }
        PolicyCommand::Execute { .. } => {
            let now = view.group.spec.size.desired;
            GroupCommand::Modify(Box::new(GroupPatch {
                min: Some(task.min),
                max: Some(task.max),
                desired: Some(task.desired.unwrap_or(now.clamp(task.min, task.max))),
                ..GroupPatch::default()
            }))
        }
        PolicyCommand::Delete { .. }
        | PolicyCommand::Create { .. }
        | PolicyCommand::CreateDescribed { .. }
        | PolicyCommand::SetOptions { .. } => {
            GroupCommand::Schedule(ScheduleCommand::Delete { id: task.id })
        }
    })
}

/// What this door has no words for stays: the bounds that it sets, and that it only clamps.
fn modified(view: &GroupView, task: &Schedule, spec: PolicySpec) -> Result<ScheduleCommand, Fault> {
    let id = task.id;
    if spec.enabled != task.enabled {
        let enabled = spec.enabled;
        return Ok(ScheduleCommand::Switch { id, enabled });
    }
    let cooldown = view.group.spec.cooldown_secs;
    if let Some(secs) = spec.cooldown_secs.filter(|secs| *secs != cooldown) {
        let wanted = format!("a scheduled action has that of its group, {cooldown}");
        return Err(Fault::value("AS.3012", "cool_down_time", secs, &wanted));
    }
    let (times, adjust) = match spec.kind {
        PolicyKind::Timed { times, adjust } => (times, adjust),
        PolicyKind::Simple { .. }
        | PolicyKind::External { .. }
        | PolicyKind::Target(_)
        | PolicyKind::Unhealthy => {
            let wanted = "it is a scheduled action: SCHEDULED or RECURRENCE is right";
            let name = "scaling_policy_type";
            return Err(Fault::value("AS.3002", name, "ALARM", wanted));
        }
    };
    let desired = match adjust {
        AdjustBy::To(number) if number == i64::from(task.shown_desired()) => task.desired,
        AdjustBy::To(number) => u32::try_from(number).ok(),
        AdjustBy::By(_) | AdjustBy::ByPercent(_) | AdjustBy::ToPercent(_) => {
            let wanted = "it is a scheduled action: SET with a number is right";
            let name = "scaling_policy_action.operation";
            let word = crate::shapes::policy::Adjust::of(adjust).operation;
            return Err(Fault::value(
                "AS.3017",
                name,
                word.unwrap_or_default(),
                wanted,
            ));
        }
    };
    Ok(ScheduleCommand::Modify {
        id,
        spec: Box::new(ScheduleSpec {
            name: spec.name,
            times,
            min: task.min,
            max: task.max,
            desired,
        }),
        restart: false,
    })
}
