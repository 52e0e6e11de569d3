//! Scheduled actions (rules S6-S8). Times are Beijing time on this door.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_kit::cron::in_zone;
use muster_kit::time::{format_offset, format_utc, parse};
use muster_model::{
    Created, Error, GroupCommand, GroupId, GroupView, ResourceKind, Schedule, ScheduleCommand,
    ScheduleId, ScheduleSpec, ScheduleTimes, Time,
};
use serde::{Deserialize, Serialize};

use super::{Empty, Selection, SentFilter, exact, page};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;

/// The zone in which this door reads cron texts: UTC+8.
const ZONE: &str = "Asia/Shanghai";
/// The same as hours.
const ZONE_HOURS: i8 = 8;

fn time(parameter: &str, value: &str) -> Result<Time, Fault> {
    parse(value).map(Time).map_err(|_| {
        Fault::new(
            "InvalidParameterValue.TimeFormat",
            Fault::value(
                parameter,
                value,
                "a time of the form YYYY-MM-DDThh:mm:ss+08:00",
            )
            .message,
        )
    })
}

fn name(value: &str) -> Result<(), Fault> {
    let fault = match checks::name("ScheduledActionName", value, 60, false) {
        Ok(()) => return Ok(()),
        Err(fault) => fault,
    };
    Err(match &*fault.code {
        "InvalidParameterValue.TooLong" => fault,
        _ => Fault::new(
            "InvalidParameterValue.InvalidScheduledActionNameIncludeIllegalChar",
            fault.message,
        ),
    })
}

/// Out of range has codes of its own here.
fn size(parameter: &'static str, code: &'static str, value: i64) -> Result<u32, Fault> {
    checks::size(parameter, value).map_err(|fault| Fault::new(code, fault.message))
}

fn max(value: i64) -> Result<u32, Fault> {
    size("MaxSize", "LimitExceeded.MaxSizeLimitExceeded", value)
}

fn min(value: i64) -> Result<u32, Fault> {
    size("MinSize", "LimitExceeded.MinSizeLimitExceeded", value)
}

fn desired(value: i64) -> Result<u32, Fault> {
    let code = "LimitExceeded.DesiredCapacityLimitExceeded";
    size("DesiredCapacity", code, value)
}

/// CreateScheduledAction.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateScheduledAction {
    auto_scaling_group_id: String,
    scheduled_action_name: String,
    max_size: i64,
    min_size: i64,
    desired_capacity: i64,
    start_time: String,
    end_time: Option<String>,
    recurrence: Option<String>,
    disable_update_desired_capacity: Option<bool>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedSchedule {
    scheduled_action_id: String,
}

impl Action<Ctx> for CreateScheduledAction {
    const NAME: &'static str = "CreateScheduledAction";
    type Response = CreatedSchedule;

    async fn run(self, ctx: &Ctx) -> Result<CreatedSchedule, Fault> {
        name(&self.scheduled_action_name)?;
        let wanted = desired(self.desired_capacity)?;
        let spec = ScheduleSpec {
            name: self.scheduled_action_name,
            times: ScheduleTimes {
                start_at: time("StartTime", &self.start_time)?,
                end_at: self.end_time.map(|end| time("EndTime", &end)).transpose()?,
                cron: self.recurrence.filter(|cron| !cron.is_empty()),
                zone: ZONE.to_owned(),
                repeat: None,
            },
            min: min(self.min_size)?,
            max: max(self.max_size)?,
            desired: (!self.disable_update_desired_capacity.unwrap_or(false)).then_some(wanted),
        };
        let command = GroupCommand::Schedule(ScheduleCommand::Create(Box::new(spec)));
        let Created::Schedule(id) = ctx.on_group(&self.auto_scaling_group_id, command).await?
        else {
            return Err(Fault::made_nothing());
        };
        Ok(CreatedSchedule {
            scheduled_action_id: id.to_string(),
        })
    }
}

fn id(value: &str, ctx: &Ctx) -> Result<ScheduleId, Fault> {
    if !ScheduleId::is_well_formed(value) {
        let text = "an id of the form `asst-xxxxxxxx`";
        return Err(Fault::new(
            "InvalidParameterValue.InvalidScheduledActionId",
            Fault::value("ScheduledActionId", value, text).message,
        ));
    }
    ScheduleId::parse(value).map_err(|_| absent(value, ctx))
}

fn absent(value: &str, ctx: &Ctx) -> Fault {
    ctx.refused(&Error::NotFound {
        kind: ResourceKind::Schedule,
        id: value.to_owned(),
    })
}

/// The cron text of a scheduled action as this door reads it; `Err` = it says other times than any such text here does.
fn shown_cron(times: &ScheduleTimes) -> Result<Option<String>, ()> {
    let Some(cron) = &times.cron else {
        return Ok(None);
    };
    in_zone(cron, &times.zone, ZONE_HOURS).map(Some).ok_or(())
}

/// All scheduled actions that the caller has, by age, with their groups. Policies that set a number at a time are such.
async fn all(ctx: &Ctx) -> Result<Vec<(Arc<GroupView>, Arc<Schedule>)>, Fault> {
    let views = ctx.api.views(&ctx.caller).await;
    let mut found = Vec::new();
    for view in views.map_err(|error| ctx.refused(&error))? {
        let shown = view.tasks().into_iter();
        let shown = shown.filter(|task| shown_cron(&task.times).is_ok());
        found.extend(shown.map(|task| (Arc::clone(&view), task)));
    }
    found.sort_by_key(|(_, task)| (task.created_at, task.ordinal, task.id));
    Ok(found)
}

async fn named(value: &str, ctx: &Ctx) -> Result<(Arc<GroupView>, Arc<Schedule>), Fault> {
    let id = id(value, ctx)?;
    let mut found = all(ctx).await?.into_iter();
    found
        .find(|(_, task)| task.id == id)
        .ok_or_else(|| absent(value, ctx))
}

async fn execute(ctx: &Ctx, group: GroupId, command: GroupCommand) -> Result<Empty, Fault> {
    ctx.execute(muster_model::Command::Group { id: group, command })
        .await?;
    Ok(Empty {})
}

/// A number of instances as given, or the one that is written back as it was shown.
fn given(
    value: Option<i64>,
    shown: u32,
    read: fn(i64) -> Result<u32, Fault>,
) -> Result<Option<u32>, Fault> {
    let read = |value| match value == i64::from(shown) {
        true => Ok(shown),
        false => read(value),
    };
    value.map(read).transpose()
}

/// ModifyScheduledAction: what is left out stays.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyScheduledAction {
    scheduled_action_id: String,
    scheduled_action_name: Option<String>,
    max_size: Option<i64>,
    min_size: Option<i64>,
    desired_capacity: Option<i64>,
    start_time: Option<String>,
    end_time: Option<String>,
    recurrence: Option<String>,
    disable_update_desired_capacity: Option<bool>,
}

impl Action<Ctx> for ModifyScheduledAction {
    const NAME: &'static str = "ModifyScheduledAction";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let (view, old) = named(&self.scheduled_action_id, ctx).await?;
        if let Some(given) = self
            .scheduled_action_name
            .as_ref()
            .filter(|n| **n != old.name)
        {
            name(given)?;
        }
        let wanted = given(self.desired_capacity, old.shown_desired(), desired)?;
        let start = self
            .start_time
            .map(|start| time("StartTime", &start))
            .transpose()?;
        let end = self.end_time.map(|end| time("EndTime", &end)).transpose()?;
        let kept = old.desired.or(wanted);
        // A repetition that this door has no words for stays as long as its cron text does.
        let shown = shown_cron(&old.times).unwrap_or_default();
        let cron = self.recurrence.filter(|cron| shown.as_ref() != Some(cron));
        let times = ScheduleTimes {
            start_at: start.unwrap_or(old.times.start_at),
            end_at: end.or(old.times.end_at),
            ..old.times.clone()
        };
        let spec = ScheduleSpec {
            name: self
                .scheduled_action_name
                .unwrap_or_else(|| old.name.clone()),
            times: match cron {
                None => times,
                Some(cron) => ScheduleTimes {
                    cron: Some(cron),
                    zone: ZONE.to_owned(),
                    repeat: None,
                    ..times
                },
            },
            min: given(self.min_size, old.min, min)?.unwrap_or(old.min),
            max: given(self.max_size, old.max, max)?.unwrap_or(old.max),
            desired: match self.disable_update_desired_capacity {
                Some(true) => None,
                Some(false) => Some(wanted.or(old.desired).unwrap_or(old.min)),
                None => wanted.or(kept),
            },
        };
        let command = view.modify_task(old.id, spec, start.is_some());
        let command = command.map_err(|error| ctx.refused(&error))?;
        execute(ctx, old.group, command).await
    }
}

/// DeleteScheduledAction.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteScheduledAction {
    scheduled_action_id: String,
}

impl Action<Ctx> for DeleteScheduledAction {
    const NAME: &'static str = "DeleteScheduledAction";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let (view, old) = named(&self.scheduled_action_id, ctx).await?;
        execute(ctx, old.group, view.delete_task(old.id)).await
    }
}

/// DescribeScheduledActions.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeScheduledActions {
    scheduled_action_ids: Option<Vec<String>>,
    filters: Option<Vec<SentFilter>>,
    offset: Option<i64>,
    limit: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Schedules {
    total_count: usize,
    scheduled_action_set: Vec<ScheduledAction>,
}

/// ScheduledAction.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScheduledAction {
    scheduled_action_id: String,
    scheduled_action_name: String,
    auto_scaling_group_id: String,
    start_time: String,
    recurrence: String,
    end_time: String,
    max_size: u32,
    desired_capacity: u32,
    min_size: u32,
    created_time: String,
    scheduled_type: &'static str,
    disable_update_desired_capacity: bool,
}

impl From<&Schedule> for ScheduledAction {
    fn from(schedule: &Schedule) -> Self {
        let times = &schedule.times;
        ScheduledAction {
            scheduled_action_id: schedule.id.to_string(),
            scheduled_action_name: schedule.name.clone(),
            auto_scaling_group_id: schedule.group.to_string(),
            start_time: format_offset(times.start_at.0, ZONE_HOURS),
            recurrence: shown_cron(times).ok().flatten().unwrap_or_default(),
            // Text always, as clients read it: empty for one that fires once.
            end_time: times
                .end_at
                .map(|end| format_offset(end.0, ZONE_HOURS))
                .unwrap_or_default(),
            max_size: schedule.max,
            desired_capacity: schedule.shown_desired(),
            min_size: schedule.min,
            created_time: format_utc(schedule.created_at.0),
            scheduled_type: match times.cron {
                Some(_) => "CRONTAB",
                None => "ONCE",
            },
            disable_update_desired_capacity: schedule.desired.is_none(),
        }
    }
}

const SELECTION: Selection = Selection {
    names: &[
        exact("scheduled-action-id"),
        exact("scheduled-action-name"),
        exact("auto-scaling-group-id"),
    ],
    ids: "ScheduledActionIds",
    conflict: "InvalidParameter.Conflict",
    too_many: "InvalidParameterValue.LimitExceeded",
    unknown: "InvalidParameterValue.Filter",
};

impl Action<Ctx> for DescribeScheduledActions {
    const NAME: &'static str = "DescribeScheduledActions";
    type Response = Schedules;

    async fn run(self, ctx: &Ctx) -> Result<Schedules, Fault> {
        let page = page(self.offset, self.limit)?;
        let sent = SELECTION.check(self.scheduled_action_ids.as_ref(), self.filters)?;
        for filter in sent.iter().filter(|f| f.name == "auto-scaling-group-id") {
            checks::group_ids(&filter.values)?;
        }
        let ids = self.scheduled_action_ids.unwrap_or_default();
        for value in &ids {
            if !ScheduleId::is_well_formed(value) {
                id(value, ctx)?;
            }
        }
        let mut found = all(ctx).await?;
        found.retain(|(_, schedule)| ids.is_empty() || ids.contains(&schedule.id.to_string()));
        found.retain(|(_, schedule)| {
            sent.iter().all(|filter| {
                let shown = match filter.name {
                    "scheduled-action-id" => schedule.id.to_string(),
                    "scheduled-action-name" => schedule.name.clone(),
                    _ => schedule.group.to_string(),
                };
                filter.values.contains(&shown)
            })
        });
        let shown = found.iter().skip(page.offset).take(page.limit);
        Ok(Schedules {
            total_count: found.len(),
            scheduled_action_set: shown
                .map(|(_, schedule)| ScheduledAction::from(&**schedule))
                .collect(),
        })
    }
}
