//! Scheduled tasks. Two languages of repetition: cron texts whose hour and minute are those of the first time, and units
//! with a cycle. Inside both are a cron text in China's zone.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Created, GroupCommand, GroupView, ResourceKind, Schedule, ScheduleCommand, ScheduleId,
    ScheduleSpec, ScheduleTimes,
};
use serde::{Deserialize, Serialize, Serializer};

use super::Returned;
use crate::checks::{self, Many, One};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::repeats::{
    RepeatUnit, Repetition, Said, at_start, shown_cron, shown_repeat, started_at,
};
use crate::times::{self, ZONE};

/// CreateScheduledTask.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateScheduledTask {
    scaling_group_id: One,
    scaling_scheduled_task_name: String,
    readjust_max_size: i64,
    readjust_min_size: i64,
    readjust_expect_size: i64,
    start_time: String,
    end_time: Option<String>,
    recurrence: Option<String>,
    repeat_unit: Option<String>,
    repeat_cycle: Option<String>,
}

/// The id of a task, in the set of an answer (without the d that it has elsewhere).
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TaskKey {
    scaling_schedule_task_id: String,
}

impl TaskKey {
    fn of(id: ScheduleId) -> TaskKey {
        TaskKey {
            scaling_schedule_task_id: id.decimal(),
        }
    }
}

/// The set of an answer to CreateScheduledTask: what clients read, or the number of the example (contradiction K10).
pub(crate) enum CreatedTask {
    /// The object.
    Object(TaskKey),
    /// The number.
    Number(u64),
}

impl Serialize for CreatedTask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            CreatedTask::Object(key) => key.serialize(serializer),
            CreatedTask::Number(number) => serializer.serialize_u64(*number),
        }
    }
}

impl Action<Ctx> for CreateScheduledTask {
    const NAME: &'static str = "CreateScheduledTask";
    type Response = Returned<CreatedTask>;

    async fn run(self, ctx: &Ctx) -> Result<Returned<CreatedTask>, Fault> {
        checks::name(
            "ScalingScheduledTaskName",
            &self.scaling_scheduled_task_name,
        )?;
        let size = |parameter, value| checks::size(parameter, value, None, ctx);
        let start_at = times::read("StartTime", &self.start_time)?;
        let end_at = self.end_time.map(|end| times::read("EndTime", &end));
        let said = Said {
            recurrence: self.recurrence,
            unit: self.repeat_unit,
            cycle: self.repeat_cycle,
        };
        let (cron, repeat) = match said.read()? {
            Repetition::Unsaid | Repetition::Ended => (None, None),
            Repetition::Days(days, repeat) => (Some(at_start(&days, start_at)), repeat),
        };
        let spec = ScheduleSpec {
            name: self.scaling_scheduled_task_name,
            times: ScheduleTimes {
                start_at,
                end_at: end_at.transpose()?,
                cron,
                zone: ZONE.to_owned(),
                repeat,
            },
            min: size("ReadjustMinSize", self.readjust_min_size)?,
            max: size("ReadjustMaxSize", self.readjust_max_size)?,
            desired: Some(size("ReadjustExpectSize", self.readjust_expect_size)?),
        };
        let group = ctx.group(&self.scaling_group_id).await?.group.id;
        let command = GroupCommand::Schedule(ScheduleCommand::Create(Box::new(spec)));
        let Created::Schedule(id) = ctx.on_group(group, command).await? else {
            return Err(Fault::unavailable());
        };
        let number = id.decimal().parse();
        Ok(Returned::set(match ctx.switches.bare_task_id {
            false => CreatedTask::Object(TaskKey::of(id)),
            true => CreatedTask::Number(number.map_err(|_| Fault::unavailable())?),
        }))
    }
}

/// ScalingScheduleTask.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScheduledTask {
    scaling_group_id: String,
    scaling_scheduled_task_id: String,
    scaling_scheduled_task_name: String,
    readjust_max_size: u32,
    readjust_min_size: u32,
    readjust_expect_size: u32,
    start_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurrence: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_unit: Option<RepeatUnit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_cycle: Option<String>,
    create_time: String,
}

impl ScheduledTask {
    fn of(schedule: &Schedule) -> ScheduledTask {
        let times = &schedule.times;
        let (unit, cycle) = times.repeat.as_ref().map(shown_repeat).unzip();
        let cron = shown_cron(times).flatten();
        ScheduledTask {
            scaling_group_id: schedule.group.decimal(),
            scaling_scheduled_task_id: schedule.id.decimal(),
            scaling_scheduled_task_name: schedule.name.clone(),
            readjust_max_size: schedule.max,
            readjust_min_size: schedule.min,
            readjust_expect_size: schedule.shown_desired(),
            start_time: times::shown(times.start_at),
            end_time: times.end_at.map(times::shown),
            recurrence: cron.filter(|_| unit.is_none()),
            repeat_unit: unit,
            repeat_cycle: cycle,
            create_time: times::shown(schedule.created_at),
        }
    }
}

/// The tasks of a group, oldest first; policies that set a number at a time are such.
fn all(view: &GroupView) -> Vec<Arc<Schedule>> {
    let mut found = view.tasks();
    found.retain(|task| shown_cron(&task.times).is_some());
    found
}

/// DescribeScheduledTask.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeScheduledTask {
    scaling_group_id: One,
    scaling_scheduled_task_id: Option<Many>,
    scaling_scheduled_task_name: Option<String>,
    marker: Option<i64>,
    max_results: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tasks {
    scheduled_task_size: usize,
    scaling_schedule_task_set: Vec<ScheduledTask>,
}

impl Action<Ctx> for DescribeScheduledTask {
    const NAME: &'static str = "DescribeScheduledTask";
    type Response = Tasks;

    async fn run(self, ctx: &Ctx) -> Result<Tasks, Fault> {
        let page = checks::page(self.marker, self.max_results, checks::TASK_PAGES, ctx)?;
        let ids = self.scaling_scheduled_task_id;
        let ids = ids.map(|ids| checks::ids("ScalingScheduledTaskId", &ids.0));
        let ids: Option<Vec<ScheduleId>> = ids.transpose()?;
        let view = ctx.view(&self.scaling_group_id).await?;
        let mut found = all(&view);
        found.retain(|schedule| {
            let name = self.scaling_scheduled_task_name.as_ref();
            ids.as_ref().is_none_or(|ids| ids.contains(&schedule.id))
                && name.is_none_or(|name| schedule.name.contains(name.as_str()))
        });
        let count = found.len();
        let shown = checks::cut(found, page);
        Ok(Tasks {
            scheduled_task_size: count,
            scaling_schedule_task_set: shown.iter().map(|one| ScheduledTask::of(one)).collect(),
        })
    }
}

/// The task that is named, in the group if one is given.
async fn named(
    id: &One,
    group: Option<&One>,
    ctx: &Ctx,
) -> Result<(Arc<GroupView>, Arc<Schedule>), Fault> {
    let key: ScheduleId = checks::id("ScalingScheduledTaskId", &id.0, ResourceKind::Schedule, ctx)?;
    let views = match group {
        Some(group) => vec![ctx.view(group).await?],
        None => ctx.views().await?,
    };
    let found = views.into_iter().find_map(|view| {
        let task = all(&view).into_iter().find(|task| task.id == key)?;
        Some((view, task))
    });
    found.ok_or_else(|| ctx.absent(ResourceKind::Schedule, &id.0))
}

/// ModifyScheduledTask: what is left out stays, the first time too (contradiction K21).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyScheduledTask {
    scaling_scheduled_task_id: One,
    scaling_scheduled_task_name: Option<String>,
    readjust_max_size: Option<i64>,
    readjust_min_size: Option<i64>,
    readjust_expect_size: Option<i64>,
    start_time: Option<String>,
    end_time: Option<String>,
    recurrence: Option<String>,
    repeat_unit: Option<String>,
    repeat_cycle: Option<String>,
    scaling_group_id: Option<One>,
}

impl ModifyScheduledTask {
    fn times(&self, old: &ScheduleTimes) -> Result<ScheduleTimes, Fault> {
        let read = |parameter, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| times::read(parameter, text)).transpose()
        };
        let start_at = read("StartTime", &self.start_time)?.unwrap_or(old.start_at);
        let said = Said {
            // What is shown of a cron text of another door is written back as it is.
            recurrence: self
                .recurrence
                .clone()
                .filter(|text| shown_cron(old).flatten().as_ref() != Some(text)),
            unit: self.repeat_unit.clone(),
            cycle: self.repeat_cycle.clone(),
        };
        let times = match said.read()? {
            Repetition::Days(days, repeat) => ScheduleTimes {
                start_at,
                cron: Some(at_start(&days, start_at)),
                zone: ZONE.to_owned(),
                repeat,
                ..old.clone()
            },
            // It is left to its first time; an end goes with a repetition only.
            Repetition::Ended if old.repeat.is_some() => {
                return Ok(ScheduleTimes {
                    start_at,
                    end_at: read("EndTime", &self.end_time)?,
                    cron: None,
                    zone: ZONE.to_owned(),
                    repeat: None,
                });
            }
            Repetition::Unsaid | Repetition::Ended => started_at(old, start_at),
        };
        Ok(ScheduleTimes {
            end_at: read("EndTime", &self.end_time)?.or(old.end_at),
            ..times
        })
    }
}

impl Action<Ctx> for ModifyScheduledTask {
    const NAME: &'static str = "ModifyScheduledTask";
    type Response = Returned<TaskKey>;

    async fn run(self, ctx: &Ctx) -> Result<Returned<TaskKey>, Fault> {
        let group = self.scaling_group_id.as_ref();
        let (view, old) = named(&self.scaling_scheduled_task_id, group, ctx).await?;
        let size = |parameter: &str, value: Option<i64>, old: Option<u32>| {
            let given = value.map(|value| checks::size(parameter, value, old, ctx));
            given.transpose()
        };
        let times = self.times(&old.times)?;
        let restart = times.start_at != old.times.start_at;
        let spec = ScheduleSpec {
            min: size("ReadjustMinSize", self.readjust_min_size, Some(old.min))?.unwrap_or(old.min),
            max: size("ReadjustMaxSize", self.readjust_max_size, Some(old.max))?.unwrap_or(old.max),
            desired: match size("ReadjustExpectSize", self.readjust_expect_size, old.desired)? {
                // Shown in place of a desired number that is not touched.
                Some(same) if old.desired.is_none() && same == old.min => None,
                Some(other) => Some(other),
                None => old.desired,
            },
            name: match self.scaling_scheduled_task_name {
                Some(name) if name == old.name => name,
                Some(name) => {
                    checks::name("ScalingScheduledTaskName", &name)?;
                    name
                }
                None => old.name.clone(),
            },
            times,
        };
        let command = view.modify_task(old.id, spec, restart);
        let command = command.map_err(|error| ctx.refused(&error, &old.id.decimal()))?;
        ctx.on_group(old.group, command).await?;
        Ok(Returned::done(TaskKey::of(old.id)))
    }
}

/// DeleteScheduledTask.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteScheduledTask {
    scaling_group_id: One,
    scaling_scheduled_task_id: One,
}

impl Action<Ctx> for DeleteScheduledTask {
    const NAME: &'static str = "DeleteScheduledTask";
    type Response = Returned<TaskKey>;

    async fn run(self, ctx: &Ctx) -> Result<Returned<TaskKey>, Fault> {
        let group = Some(&self.scaling_group_id);
        let (view, old) = named(&self.scaling_scheduled_task_id, group, ctx).await?;
        ctx.on_group(old.group, view.delete_task(old.id)).await?;
        Ok(Returned::set(TaskKey::of(old.id)))
    }
}
