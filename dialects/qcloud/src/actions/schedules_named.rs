//! Which scheduled task is meant: one of a group, or one that its group has left behind (T:1973).

use std::sync::Arc;

use muster_kit::decode::One;
use muster_model::{
    Command, Error, GroupId, GroupView, LeftTask, ResourceKind, Schedule, ScheduleId,
};

use super::schedule_times::{Said, here};
use super::{EMPTY, Empty};
use crate::checks;
use crate::codes;
use crate::context::Ctx;
use crate::fault::Fault;

/// The tasks of a group, oldest first; policies that set a number at a time are such.
pub(super) fn all(view: &GroupView) -> Vec<Arc<Schedule>> {
    let mut found = view.tasks();
    found.retain(|task| here(&task.times).is_some());
    found
}

/// What is left of the tasks of a group that is gone, oldest first; a group that has left none is not there.
pub(super) async fn left(group: GroupId, ctx: &Ctx) -> Result<Vec<Arc<Schedule>>, Fault> {
    let records = ctx.records().await?;
    let tasks = records.left_tasks.values().map(|left| &left.spec.task);
    let mut found: Vec<_> = tasks
        .filter(|task| task.group == group && here(&task.times).is_some())
        .map(|task| Arc::new(task.clone()))
        .collect();
    found.sort_by_key(|task| (task.created_at, task.ordinal, task.id));
    match found.is_empty() {
        true => Err(ctx.absent(ResourceKind::Group, &group.to_string())),
        false => Ok(found),
    }
}

/// A task that is named.
pub(super) enum Named {
    /// Of a group.
    Of(Arc<GroupView>, Arc<Schedule>),
    /// Of a group that is gone (T:1973).
    Left(Arc<LeftTask>),
}

/// The task that is named, in the group if one is given.
async fn named(id: Option<&One>, group: Option<&One>, ctx: &Ctx) -> Result<Named, Fault> {
    let kind = ResourceKind::Schedule;
    let desc = codes::unknown(kind, ctx.action);
    let id = checks::needed_as(desc, "scalingScheduledTaskId", id)?;
    let key: ScheduleId = checks::id("scalingScheduledTaskId", &id.0, kind, ctx)?;
    let group = group.map(|group| checks::group(Some(group), ctx));
    let group = group.transpose()?;
    let is_its = |id: GroupId| group.is_none_or(|group| group == id);
    let mut views = ctx.views().await?;
    views.retain(|view| is_its(view.group.id));
    let there = !views.is_empty();
    let found = views.into_iter().find_map(|view| {
        let schedule = all(&view).into_iter().find(|task| task.id == key)?;
        Some(Named::Of(view, schedule))
    });
    if let Some(found) = found {
        return Ok(found);
    }
    let records = ctx.records().await?;
    let mut left = records
        .left_tasks
        .values()
        .map(|left| (left, &left.spec.task));
    if let Some((left, _)) = left
        .clone()
        .find(|(_, task)| task.id == key && is_its(task.group))
    {
        return Ok(Named::Left(Arc::clone(left)));
    }
    match group {
        Some(group) if !there && !left.any(|(_, task)| task.group == group) => {
            Err(ctx.absent(ResourceKind::Group, &group.to_string()))
        }
        Some(_) | None => Err(ctx.absent(kind, &id.0)),
    }
}

/// Does what `make` makes of the task that is named, in the group if one is given. A task whose group goes meanwhile is
/// looked for once more: it stays. What is wrong with a time is told of the text that was `said`.
pub(super) async fn on_task(
    (id, group): (Option<&One>, Option<&One>),
    said: &Said<'_>,
    ctx: &Ctx,
    make: impl Fn(&Named) -> Result<Command, Fault>,
) -> Result<Empty, Fault> {
    let mut looks = 0;
    loop {
        let named = named(id, group, ctx).await?;
        let task = match &named {
            Named::Of(_, task) => task,
            Named::Left(left) => &left.spec.task,
        };
        let (task, group_id) = (task.id.to_string(), task.group.to_string());
        looks += 1;
        match ctx.api.execute(&ctx.caller, make(&named)?).await {
            Ok(_) => return Ok(EMPTY),
            Err(Error::NotFound {
                kind: ResourceKind::Group,
                ..
            }) if looks == 1 => {}
            Err(Error::NotFound {
                kind: ResourceKind::Record,
                ..
            }) => return Err(ctx.absent(ResourceKind::Schedule, &task)),
            Err(error) => return Err(said.refused(&error, &group_id, ctx)),
        }
    }
}
