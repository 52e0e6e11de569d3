//! Scheduled tasks.

use muster_kit::action::Action;
use muster_kit::decode::{Many, One};
use muster_model::{
    Command, Created, GroupCommand, RecordCommand, RecordId, Schedule, ScheduleCommand, ScheduleId,
    ScheduleSpec, ScheduleTimes,
};
use serde::{Deserialize, Serialize};

use super::Empty;
use super::schedule_times::{
    DAILY, End, Said, at_start, days, days_at_start, end, here, not_alone, shown_cron,
};
use super::schedules_named::{Named, all, left, on_task};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times::{self, OFF, ZONE};

/// CreateScheduledTask. The desired number is of the command line (difference U06).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateScheduledTask {
    scaling_group_id: Option<One>,
    scaling_scheduled_task_name: String,
    readjust_max_size: i64,
    readjust_min_size: i64,
    readjust_desired_capacity: Option<i64>,
    start_time: String,
    end_time: Option<String>,
    recurrence: Option<String>,
}

/// The ids of new tasks (without the d that they have elsewhere, contradiction T13).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedTasks {
    scaling_schedule_task_id: [String; 1],
}

impl CreateScheduledTask {
    fn times(&self) -> Result<ScheduleTimes, Fault> {
        let start_at = times::read("startTime", &self.start_time)?;
        let said = (
            self.recurrence.as_deref().map(days).transpose()?,
            self.end_time.as_deref().map(end).transpose()?,
        );
        let (cron, end_at) = match said {
            (None, None | Some(End::Off)) => (None, None),
            (Some(days), Some(End::Off)) if days == DAILY => (None, None),
            (Some(days), Some(End::At(end))) => (Some(at_start(&days, start_at)), Some(end)),
            (Some(_), None | Some(End::Off)) | (None, Some(End::At(_))) => return Err(not_alone()),
        };
        Ok(ScheduleTimes {
            start_at,
            end_at,
            cron,
            zone: ZONE.to_owned(),
            repeat: None,
        })
    }
}

impl Action<Ctx> for CreateScheduledTask {
    const NAME: &'static str = "CreateScheduledTask";
    type Response = CreatedTasks;

    async fn run(self, ctx: &Ctx) -> Result<CreatedTasks, Fault> {
        let name = &self.scaling_scheduled_task_name;
        checks::name("scalingScheduledTaskName", name)?;
        let size = |parameter, value| checks::size(parameter, value, None, ctx);
        let desired = self.readjust_desired_capacity;
        let desired = desired.map(|desired| size("readjustDesiredCapacity", desired));
        let spec = ScheduleSpec {
            times: self.times()?,
            min: size("readjustMinSize", self.readjust_min_size)?,
            max: size("readjustMaxSize", self.readjust_max_size)?,
            desired: desired.transpose()?,
            name: self.scaling_scheduled_task_name,
        };
        let group = checks::group(self.scaling_group_id.as_ref(), ctx)?;
        let command = GroupCommand::Schedule(ScheduleCommand::Create2017(Box::new(spec)));
        let said = Said {
            start: Some(&self.start_time),
            end: self.end_time.as_deref(),
            recurrence: self.recurrence.as_deref(),
        };
        let Created::Schedule(id) = said.execute(group, command, ctx).await? else {
            return Err(Fault::internal());
        };
        Ok(CreatedTasks {
            scaling_schedule_task_id: [id.to_string()],
        })
    }
}

/// ScheduledTask.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScheduledTask {
    scaling_scheduled_task_id: String,
    scaling_scheduled_task_name: String,
    scaling_group_id: String,
    readjust_max_size: u32,
    readjust_min_size: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    readjust_desired_capacity: Option<u32>,
    start_time: String,
    end_time: String,
    recurrence: String,
    create_time: String,
}

impl From<&Schedule> for ScheduledTask {
    fn from(schedule: &Schedule) -> Self {
        let times = &schedule.times;
        let cron = here(times).flatten();
        ScheduledTask {
            scaling_scheduled_task_id: schedule.id.to_string(),
            scaling_scheduled_task_name: schedule.name.clone(),
            scaling_group_id: schedule.group.to_string(),
            readjust_max_size: schedule.max,
            readjust_min_size: schedule.min,
            readjust_desired_capacity: schedule.desired,
            start_time: times::shown(times.start_at),
            // What switches a repetition off is also what is shown without one.
            end_time: times.end_at.map_or_else(|| OFF.to_owned(), times::shown),
            recurrence: cron.map_or_else(
                || format!("* * {DAILY}"),
                |cron| shown_cron(&cron, times.start_at),
            ),
            create_time: times::shown(schedule.created_at),
        }
    }
}

/// DescribeScheduledTask.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeScheduledTask {
    scaling_group_id: Option<One>,
    scaling_scheduled_task_ids: Option<Many>,
    scaling_scheduled_task_name: Option<String>,
    offset: Option<i64>,
    limit: Option<i64>,
}

/// Its answer (contradiction T14).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tasks {
    total_count: usize,
    scaling_schedule_task_set: Vec<ScheduledTask>,
}

impl Action<Ctx> for DescribeScheduledTask {
    const NAME: &'static str = "DescribeScheduledTask";
    type Response = Tasks;

    async fn run(self, ctx: &Ctx) -> Result<Tasks, Fault> {
        let page = checks::page(self.offset, self.limit)?;
        let ids = self.scaling_scheduled_task_ids;
        let ids = ids.map(|ids| checks::ids("scalingScheduledTaskIds", &ids.0, checks::MOST_NAMED));
        let ids: Option<Vec<ScheduleId>> = ids.transpose()?;
        let group = checks::group(self.scaling_group_id.as_ref(), ctx)?;
        let views = ctx.views().await?;
        let mut found = match views.iter().find(|view| view.group.id == group) {
            Some(view) => all(view),
            None => left(group, ctx).await?,
        };
        found.retain(|schedule| {
            let name = self.scaling_scheduled_task_name.as_ref();
            ids.as_ref().is_none_or(|ids| ids.contains(&schedule.id))
                && name.is_none_or(|name| schedule.name == *name)
        });
        Ok(Tasks {
            total_count: found.len(),
            scaling_schedule_task_set: checks::cut(found, page)
                .iter()
                .map(|one| (&**one).into())
                .collect(),
        })
    }
}

/// ModifyScheduledTask: what is left out stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModifyScheduledTask {
    scaling_scheduled_task_id: Option<One>,
    scaling_scheduled_task_name: Option<String>,
    readjust_max_size: Option<i64>,
    readjust_min_size: Option<i64>,
    readjust_desired_capacity: Option<i64>,
    start_time: Option<String>,
    end_time: Option<String>,
    recurrence: Option<String>,
    scaling_group_id: Option<One>,
}

impl ModifyScheduledTask {
    fn times(&self, old: &ScheduleTimes) -> Result<ScheduleTimes, Fault> {
        let start = self.start_time.as_deref();
        let start = start
            .map(|text| times::read("startTime", text))
            .transpose()?;
        let start_at = start.unwrap_or(old.start_at);
        let end = self.end_time.as_deref().map(end).transpose()?;
        // What is shown of a cron text of another door is written back as it is.
        let said = self.recurrence.as_deref().map(str::trim);
        let own = here(old).flatten();
        let shown = own.as_ref().map(|cron| shown_cron(cron, old.start_at));
        let as_shown = said.is_some() && said == shown.as_deref();
        let days = said.filter(|_| !as_shown).map(days).transpose()?;
        let off = match (&days, &end) {
            (Some(days), Some(End::Off)) if days != DAILY => return Err(not_alone()),
            (_, Some(End::Off)) => true,
            // Every day, and no end is given with it: the word for nothing repeated (L2541).
            (Some(days), None) => days == DAILY,
            (_, Some(End::At(_))) | (None, None) => false,
        };
        if off {
            return Ok(ScheduleTimes {
                start_at,
                end_at: None,
                cron: None,
                zone: old.zone.clone(),
                repeat: None,
            });
        }
        let kept = match &days {
            // The same as before: also what only another door has words for.
            Some(new) => own
                .as_deref()
                .and_then(|cron| days_at_start(cron, old.start_at))
                .is_some_and(|was| was == new),
            None => true,
        };
        // Hour and minute follow the first time.
        let moved = own
            .as_deref()
            .filter(|_| start_at != old.start_at)
            .and_then(|cron| days_at_start(cron, old.start_at))
            .map(str::to_owned);
        let (cron, zone) = match days.or(moved) {
            Some(days) => (Some(at_start(&days, start_at)), ZONE.to_owned()),
            None => (old.cron.clone(), old.zone.clone()),
        };
        Ok(ScheduleTimes {
            start_at,
            end_at: match end {
                Some(End::At(end)) => Some(end),
                Some(End::Off) | None => old.end_at,
            },
            cron,
            zone,
            repeat: old.repeat.clone().filter(|_| kept),
        })
    }
}

impl ModifyScheduledTask {
    /// What becomes of the task, and whether its first time is given anew.
    fn over(&self, old: &Schedule, ctx: &Ctx) -> Result<(ScheduleSpec, bool), Fault> {
        let size = |parameter: &str, value: Option<i64>, old: Option<u32>| {
            let given = value.map(|value| checks::size(parameter, value, old, ctx));
            given.transpose()
        };
        let times = self.times(&old.times)?;
        let (min, max) = (
            size("readjustMinSize", self.readjust_min_size, Some(old.min))?,
            size("readjustMaxSize", self.readjust_max_size, Some(old.max))?,
        );
        let desired = self.readjust_desired_capacity;
        let new_name = self.scaling_scheduled_task_name.as_ref();
        if let Some(name) = new_name.filter(|name| **name != old.name) {
            checks::name("scalingScheduledTaskName", name)?;
        }
        // A repetition may have begun.
        let starts = times.start_at != old.times.start_at && times.cron.is_none();
        let (min, max) = (min.unwrap_or(old.min), max.unwrap_or(old.max));
        // New bounds take a desired number with them that nobody gave here.
        let kept = old.desired.map(|desired| desired.max(min).min(max));
        let spec = ScheduleSpec {
            name: new_name.unwrap_or(&old.name).clone(),
            times,
            min,
            max,
            desired: size("readjustDesiredCapacity", desired, old.desired)?.or(kept),
        };
        Ok((spec, starts))
    }
}

impl Action<Ctx> for ModifyScheduledTask {
    const NAME: &'static str = "ModifyScheduledTask";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let ids = (
            self.scaling_scheduled_task_id.as_ref(),
            self.scaling_group_id.as_ref(),
        );
        let said = Said {
            start: self.start_time.as_deref(),
            end: self.end_time.as_deref(),
            recurrence: self.recurrence.as_deref(),
        };
        on_task(ids, &said, ctx, |named| {
            Ok(match named {
                Named::Of(view, old) => {
                    let (spec, starts) = self.over(old, ctx)?;
                    let command = view.modify_task(old.id, spec, starts);
                    let command =
                        command.map_err(|error| ctx.refused(&error, &old.id.to_string()))?;
                    let id = view.group.id;
                    Command::Group { id, command }
                }
                Named::Left(left) => {
                    let (spec, starts) = self.over(&left.spec.task, ctx)?;
                    Command::Records(vec![RecordCommand::ModifyLeftTask {
                        id: left.id,
                        spec: Box::new(spec),
                        starts,
                    }])
                }
            })
        })
        .await
    }
}

/// DeleteScheduledTask.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteScheduledTask {
    scaling_group_id: Option<One>,
    scaling_scheduled_task_id: Option<One>,
}

impl Action<Ctx> for DeleteScheduledTask {
    const NAME: &'static str = "DeleteScheduledTask";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        checks::group(self.scaling_group_id.as_ref(), ctx)?;
        let ids = (
            self.scaling_scheduled_task_id.as_ref(),
            self.scaling_group_id.as_ref(),
        );
        on_task(ids, &Said::default(), ctx, |named| {
            Ok(match named {
                Named::Of(view, old) => Command::Group {
                    id: view.group.id,
                    command: view.delete_task(old.id),
                },
                Named::Left(left) => {
                    let id = RecordId::LeftTask(left.id);
                    Command::Records(vec![RecordCommand::Delete { id }])
                }
            })
        })
        .await
    }
}
