//! Scheduled tasks of a group: at a time they set its numbers.

use muster_kit::action::Action;
use muster_model::{
    Created, GroupCommand, GroupView, KeptBounds, Schedule, ScheduleCommand, ScheduleId,
    ScheduleSpec, ScheduleTimes, Size, Time,
};
use serde::{Deserialize, Serialize};

use super::Empty;
use super::groups_write::MOST_INSTANCES;
use super::policies_write::POLICY_NAME;
use crate::checks::{self, PAGE, filled, page};
use crate::context::Ctx;
use crate::door::domain_id;
use crate::fault::Fault;
use crate::shapes::policy::Scheduled;
use crate::times::second;
use crate::words::{RecurrenceType, TaskRecurrence, Word};

/// IntegerRange: what is not said stays as the group has it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Numbers {
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desire: Option<i64>,
}

impl Numbers {
    /// Minimum, desired number and maximum, as far as they are said; one has to be.
    fn read(self) -> Result<[Option<u32>; 3], Fault> {
        let read = |code, name: &str, value: Option<i64>| {
            let name = format!("instance_number.{name}");
            let read = |value| checks::number(code, &name, value, 0, MOST_INSTANCES);
            value.map(read).transpose()
        };
        let numbers = [
            read("AS.2004", "min", self.min)?,
            read("AS.2005", "desire", self.desire)?,
            read("AS.2004", "max", self.max)?,
        ];
        match numbers.iter().all(Option::is_none) {
            true => Err(Fault::missing("AS.0022", "instance_number")),
            false => Ok(numbers),
        }
    }

    fn of(task: &Schedule) -> Numbers {
        Numbers {
            max: (!task.keeps.max).then(|| task.max.into()),
            min: (!task.keeps.min).then(|| task.min.into()),
            desire: task.desired.map(i64::from),
        }
    }
}

/// The times of a task: once, unless a recurrence is said.
fn times(given: Scheduled, old: Option<&Schedule>, now: Time) -> Result<ScheduleTimes, Fault> {
    let name = "scheduled_policy.recurrence_type";
    let Some(kind) = filled(given.recurrence_type.clone()) else {
        return given.once(now, old.map(|old| &old.times));
    };
    let kind: TaskRecurrence = checks::word("AS.3004", name, &kind)?;
    let given = Scheduled {
        recurrence_type: Some(RecurrenceType::from(kind).word().to_owned()),
        ..given
    };
    given.recurring(now)
}

/// The times as they are shown: in the words of tasks.
fn shown_times(times: &ScheduleTimes) -> Scheduled {
    let shown = Scheduled::of(times);
    let kind = shown
        .recurrence_type
        .as_deref()
        .and_then(RecurrenceType::read);
    Scheduled {
        recurrence_type: kind.map(|kind| TaskRecurrence::from(kind).word().to_owned()),
        ..shown
    }
}

/// What a task is to be.
fn spec(
    name: String,
    times: ScheduleTimes,
    [min, desired, max]: [Option<u32>; 3],
    size: Size,
) -> (Box<ScheduleSpec>, KeptBounds) {
    let keeps = KeptBounds {
        min: min.is_none(),
        max: max.is_none(),
    };
    let spec = ScheduleSpec {
        name,
        times,
        min: min.unwrap_or(size.min),
        max: max.unwrap_or(size.max),
        desired,
    };
    (Box::new(spec), keeps)
}

/// CreateGroupScheduledTask.
#[derive(Deserialize)]
pub(crate) struct CreateGroupScheduledTask {
    scaling_group_id: String,
    name: Option<String>,
    scheduled_policy: Option<Scheduled>,
    instance_number: Option<Numbers>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Made {
    task_id: String,
}

impl Action<Ctx> for CreateGroupScheduledTask {
    const NAME: &'static str = "CreateGroupScheduledTask";
    type Response = Made;

    async fn run(self, ctx: &Ctx) -> Result<Made, Fault> {
        let name = checks::given_name("name", self.name, &POLICY_NAME)?;
        let given = self.scheduled_policy;
        let given = given.ok_or_else(|| Fault::missing("AS.3003", "scheduled_policy"))?;
        let times = times(given, None, ctx.api.now())?;
        let numbers = self.instance_number.unwrap_or_default().read()?;
        let view = ctx.staying(&self.scaling_group_id).await?;
        let (spec, keeps) = spec(name, times, numbers, view.group.spec.size);
        let command = ScheduleCommand::CreateTask { spec, keeps };
        match change(ctx, &view, command).await? {
            Created::Schedule(id) => Ok(Made { task_id: id.uuid() }),
            _ => Err(Fault::system("The request made nothing.")),
        }
    }
}

async fn change(ctx: &Ctx, view: &GroupView, command: ScheduleCommand) -> Result<Created, Fault> {
    ctx.change(view.group.id, GroupCommand::Schedule(command))
        .await
}

/// The task that an id names in a group.
fn task<'a>(view: &'a GroupView, id: &str) -> Result<&'a Schedule, Fault> {
    let task = ScheduleId::parse_uuid(id).map_err(|_| Fault::absent(id))?;
    let found = view.parts.schedules.get(&task);
    found.map(|task| &**task).ok_or_else(|| Fault::absent(id))
}

/// UpdateGroupScheduledTask: what is not given stays; times and numbers are given as a whole.
#[derive(Deserialize)]
pub(crate) struct UpdateGroupScheduledTask {
    scaling_group_id: String,
    scheduled_task_id: String,
    name: Option<String>,
    scheduled_policy: Option<Scheduled>,
    instance_number: Option<Numbers>,
}

impl Action<Ctx> for UpdateGroupScheduledTask {
    const NAME: &'static str = "UpdateGroupScheduledTask";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        if let Some(name) = &self.name {
            checks::name("name", name, &POLICY_NAME)?;
        }
        let numbers = self.instance_number.map(Numbers::read).transpose()?;
        let view = ctx.staying(&self.scaling_group_id).await?;
        let old = task(&view, &self.scheduled_task_id)?;
        let times = match self.scheduled_policy {
            Some(given) => times(given, Some(old), ctx.api.now())?,
            None => old.times.clone(),
        };
        let name = self.name.unwrap_or_else(|| old.name.clone());
        let kept = [
            (!old.keeps.min).then_some(old.min),
            old.desired,
            (!old.keeps.max).then_some(old.max),
        ];
        let size = view.group.spec.size;
        let (spec, keeps) = spec(name, times, numbers.unwrap_or(kept), size);
        let id = old.id;
        change(ctx, &view, ScheduleCommand::ModifyTask { id, spec, keeps }).await?;
        Ok(Empty {})
    }
}

/// DeleteGroupScheduledTask.
#[derive(Deserialize)]
pub(crate) struct DeleteGroupScheduledTask {
    scaling_group_id: String,
    scheduled_task_id: String,
}

impl Action<Ctx> for DeleteGroupScheduledTask {
    const NAME: &'static str = "DeleteGroupScheduledTask";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let view = ctx.staying(&self.scaling_group_id).await?;
        let id = task(&view, &self.scheduled_task_id)?.id;
        change(ctx, &view, ScheduleCommand::Delete { id }).await?;
        Ok(Empty {})
    }
}

/// ListGroupScheduledTasks.
#[derive(Deserialize)]
pub(crate) struct ListGroupScheduledTasks {
    scaling_group_id: String,
    limit: Option<String>,
    marker: Option<String>,
}

/// Its answer.
#[derive(Default, Serialize)]
pub(crate) struct Listed {
    page_info: PageInfo,
    scheduled_tasks: Vec<TaskDetail>,
}

/// PageInfo: the id of the last one shown, if there are more.
#[derive(Default, Serialize)]
struct PageInfo {
    next_marker: Option<String>,
}

/// ScheduledTaskDetail.
#[derive(Serialize)]
struct TaskDetail {
    task_id: String,
    scaling_group_id: String,
    name: String,
    scheduled_policy: Scheduled,
    instance_number: Numbers,
    create_time: String,
    update_time: String,
    tenant_id: String,
    domain_id: String,
}

impl TaskDetail {
    fn new(ctx: &Ctx, task: &Schedule) -> TaskDetail {
        TaskDetail {
            task_id: task.id.uuid(),
            scaling_group_id: task.group.uuid(),
            name: task.name.clone(),
            scheduled_policy: shown_times(&task.times),
            instance_number: Numbers::of(task),
            create_time: second(task.created_at),
            update_time: second(task.updated_at.unwrap_or(task.created_at)),
            tenant_id: ctx.project.clone(),
            domain_id: domain_id(ctx.caller.account),
        }
    }
}

impl Action<Ctx> for ListGroupScheduledTasks {
    const NAME: &'static str = "ListGroupScheduledTasks";
    type Response = Listed;

    async fn run(self, ctx: &Ctx) -> Result<Listed, Fault> {
        let limit = page(PAGE, None, self.limit.as_ref())?.limit as usize;
        let marker = filled(self.marker).map(|marker| {
            ScheduleId::parse_uuid(&marker).map_err(|_| {
                let wanted = "the `next_marker` of an answer is right";
                Fault::value("AS.1074", "marker", marker, wanted)
            })
        });
        let marker = marker.transpose()?;
        let view = match ctx.view(&self.scaling_group_id).await {
            Ok(view) => view,
            // A group that is not there has none (rule O3).
            Err(fault) if fault.code == "AS.2007" => return Ok(Listed::default()),
            Err(fault) => return Err(fault),
        };
        let rest = view.parts.schedules.values();
        let rest = rest.filter(|task| marker.is_none_or(|marker| task.id > marker));
        let mut tasks: Vec<_> = rest.take(limit + 1).collect();
        let more = tasks.len() > limit;
        tasks.truncate(limit);
        let last = tasks.last().map(|task| task.id.uuid());
        Ok(Listed {
            page_info: PageInfo {
                next_marker: last.filter(|_| more),
            },
            scheduled_tasks: tasks
                .iter()
                .map(|task| TaskDetail::new(ctx, task))
                .collect(),
        })
    }
}
