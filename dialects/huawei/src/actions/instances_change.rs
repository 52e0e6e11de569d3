//! Instances: added, removed, protected, put aside. A batch is done as a whole or refused as a whole.

use muster_kit::action::Action;
use muster_model::{
    Error, GroupCommand, GroupPatch, GroupView, InstanceId, Lifecycle, Machine, Origin,
};
use serde::{Deserialize, Serialize};

use super::Empty;
use crate::checks;
use crate::codes;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::InstanceAction;

/// Instances that one call may name (L2165).
const BATCH: usize = 10;

/// What of a batch cannot be done, as clients look for it.
#[derive(Serialize)]
struct Bad {
    #[serde(rename = "instanceId")]
    instance_id: String,
    #[serde(rename = "errorCode")]
    error_code: &'static str,
}

/// The whole is refused; the message names each instance that stands in the way, and why.
fn refuse(code: &'static str, bad: &[Bad]) -> Result<(), Fault> {
    match bad.is_empty() {
        true => Ok(()),
        false => {
            let text = serde_json::to_string(bad).unwrap_or_default();
            Err(Fault::new(code, text))
        }
    }
}

/// The code that stands for a failed batch of this kind.
fn batch_code(action: InstanceAction) -> &'static str {
    match action {
        InstanceAction::Add => "AS.4029",
        InstanceAction::Remove => "AS.4030",
        InstanceAction::Protect
        | InstanceAction::Unprotect
        | InstanceAction::EnterStandby
        | InstanceAction::ExitStandby => "AS.4033",
    }
}

/// Members that are in the state that an action needs.
fn members(
    view: &GroupView,
    texts: &[String],
    action: InstanceAction,
    wanted: Lifecycle,
) -> Result<Vec<InstanceId>, Fault> {
    let (mut found, mut bad) = (Vec::new(), Vec::new());
    for text in texts {
        let id = InstanceId::parse_uuid(text).ok();
        let member = id.and_then(|id| view.instances.get(&id));
        let error_code = match member {
            Some(member) if member.state == wanted => {
                found.push(member.id);
                continue;
            }
            Some(_) => "AS.4015",
            None => "AS.4006",
        };
        bad.push(Bad {
            instance_id: text.clone(),
            error_code,
        });
    }
    refuse(batch_code(action), &bad)?;
    Ok(found)
}

/// Refuses while an activity runs.
fn check_idle(view: &GroupView, ctx: &Ctx) -> Result<(), Fault> {
    match view.group.busy {
        Some(activity) => Err(ctx.refused(&Error::Busy { activity })),
        None => Ok(()),
    }
}

/// What is left may not be fewer than the minimum, whether the group is on or off (rules I3, I4).
fn check_min(view: &GroupView, leaving: usize) -> Result<(), Fault> {
    let left = view.instances.len().saturating_sub(leaving);
    let min = view.group.spec.size.min;
    match left >= min as usize {
        true => Ok(()),
        false => {
            let detail = format!("{left} would be left; `min_instance_number` is {min}.");
            Err(Fault::new("AS.2036", detail))
        }
    }
}

/// Takes members out: with their machines, but for those that were added by hand, or without.
async fn remove(
    view: &GroupView,
    ids: Vec<InstanceId>,
    with_machines: bool,
    ctx: &Ctx,
) -> Result<(), Fault> {
    let all_manual = ids.iter().all(|id| {
        let member = view.instances.get(id);
        member.is_some_and(|member| member.origin == Origin::Manual)
    });
    let command = match with_machines && !all_manual {
        true => GroupCommand::Remove { instances: ids },
        false => GroupCommand::Detach { instances: ids },
    };
    ctx.change(view.group.id, command).await.map(|_| ())
}

/// DeleteScalingInstance.
#[derive(Deserialize)]
pub(crate) struct DeleteScalingInstance {
    instance_id: String,
    instance_delete: Option<String>,
}

impl Action<Ctx> for DeleteScalingInstance {
    const NAME: &'static str = "DeleteScalingInstance";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let with_machine =
            checks::yes("AS.4007", "instance_delete", self.instance_delete.as_ref())?;
        let absent = || {
            Fault::new(
                "AS.4006",
                format!("`instance_id` is `{}`.", self.instance_id),
            )
        };
        let id = InstanceId::parse_uuid(&self.instance_id).map_err(|_| absent())?;
        let views = ctx.every_view().await?;
        let view = views.iter().find(|view| view.instances.contains_key(&id));
        let view = view.ok_or_else(absent)?;
        Ctx::check_stays(view)?;
        check_idle(view, ctx)?;
        let state = view.instances.get(&id).map(|member| member.state);
        if state != Some(Lifecycle::InService) {
            let detail = format!("`instance_id` is `{}`.", self.instance_id);
            return Err(Fault::new("AS.4015", detail));
        }
        check_min(view, 1)?;
        remove(view, vec![id], with_machine, ctx).await?;
        Ok(Empty {})
    }
}

/// BatchInstancesAction.
#[derive(Deserialize)]
pub(crate) struct BatchInstancesAction {
    scaling_group_id: String,
    instances_id: Option<Vec<String>>,
    instance_delete: Option<String>,
    action: Option<String>,
    instance_append: Option<String>,
}

impl BatchInstancesAction {
    /// The instances, each once.
    fn named(&self, action: InstanceAction) -> Result<Vec<String>, Fault> {
        let list = self.instances_id.clone().unwrap_or_default();
        if list.is_empty() {
            let code = match action {
                InstanceAction::Add => "AS.4019",
                InstanceAction::Remove => "AS.4013",
                _ => "AS.4032",
            };
            return Err(Fault::missing(code, "instances_id"));
        }
        checks::count("AS.4043", "instances_id", &list, BATCH)?;
        let mut each: Vec<String> = Vec::with_capacity(list.len());
        for id in list {
            if !each.contains(&id) {
                each.push(id);
            }
        }
        Ok(each)
    }

    /// Adds machines (rule I5): the group is in service, idle, and has room.
    async fn add(&self, view: &GroupView, texts: &[String], ctx: &Ctx) -> Result<(), Fault> {
        if !view.group.spec.enabled {
            return Err(ctx.refused(&Error::Disabled));
        }
        check_idle(view, ctx)?;
        let mut bad = Vec::new();
        let mut ids = Vec::with_capacity(texts.len());
        for text in texts {
            match InstanceId::parse_uuid(text) {
                Ok(id) => ids.push(id),
                Err(_) => bad.push(Bad {
                    instance_id: text.clone(),
                    error_code: "AS.4006",
                }),
            }
        }
        refuse("AS.4029", &bad)?;
        let wanted = view.instances.len() + ids.len();
        let max = view.group.spec.size.max;
        if wanted > max as usize {
            let detail = format!("There would be {wanted}; `max_instance_number` is {max}.");
            return Err(Fault::new("AS.2035", detail));
        }
        let command = GroupCommand::Attach {
            instances: ids,
            machines: Vec::<Machine>::new(),
        };
        let id = view.group.id;
        let command = muster_model::Command::Group { id, command };
        match ctx.api.execute(&ctx.caller, command).await {
            Ok(_) => Ok(()),
            Err(Error::CannotAttach { instance, refusal }) => refuse(
                "AS.4029",
                &[Bad {
                    instance_id: instance.uuid(),
                    error_code: codes::attach_refusal(&refusal),
                }],
            ),
            Err(error) => Err(ctx.refused_by(id, &error).await),
        }
    }
}

/// Puts members aside, with others in their place if that is wanted (rule I10).
async fn stand_by(
    view: &GroupView,
    ids: Vec<InstanceId>,
    append: bool,
    ctx: &Ctx,
) -> Result<(), Fault> {
    if !append {
        check_min(view, ids.len())?;
    }
    let id = view.group.id;
    ctx.change(id, GroupCommand::EnterStandby { instances: ids })
        .await?;
    if append {
        let patch = GroupPatch {
            desired: Some(view.group.spec.size.desired),
            ..GroupPatch::default()
        };
        ctx.change(id, GroupCommand::Modify(Box::new(patch)))
            .await?;
    }
    Ok(())
}

impl Action<Ctx> for BatchInstancesAction {
    const NAME: &'static str = "BatchInstancesAction";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let word = self
            .action
            .as_ref()
            .ok_or_else(|| Fault::missing("AS.4018", "action"))?;
        let action: InstanceAction = checks::word("AS.4018", "action", word)?;
        let texts = self.named(action)?;
        let with_machines = match action {
            InstanceAction::Remove => {
                checks::yes("AS.4007", "instance_delete", self.instance_delete.as_ref())?
            }
            _ => false,
        };
        let append = match action {
            InstanceAction::EnterStandby => {
                checks::yes("AS.0022", "instance_append", self.instance_append.as_ref())?
            }
            _ => false,
        };
        let view = ctx.staying(&self.scaling_group_id).await?;
        let id = view.group.id;
        let serving = |action| members(&view, &texts, action, Lifecycle::InService);
        match action {
            InstanceAction::Add => self.add(&view, &texts, ctx).await?,
            InstanceAction::Remove => {
                check_idle(&view, ctx)?;
                let ids = serving(action)?;
                check_min(&view, ids.len())?;
                remove(&view, ids, with_machines, ctx).await?;
            }
            InstanceAction::Protect | InstanceAction::Unprotect => {
                let command = GroupCommand::Protect {
                    instances: serving(action)?,
                    protected: action == InstanceAction::Protect,
                };
                ctx.change(id, command).await?;
            }
            InstanceAction::EnterStandby => {
                check_idle(&view, ctx)?;
                let ids = serving(action)?;
                stand_by(&view, ids, append, ctx).await?;
            }
            InstanceAction::ExitStandby => {
                check_idle(&view, ctx)?;
                let instances = members(&view, &texts, action, Lifecycle::Standby)?;
                ctx.change(id, GroupCommand::ExitStandby { instances })
                    .await?;
            }
        }
        Ok(Empty {})
    }
}
