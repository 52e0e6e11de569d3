//! Commands on scheduled actions (rules S6, S7).

use std::sync::Arc;

use muster_model::{
    Created, Error, Field, KeptBounds, Part, PartId, Problem, Quota, ResourceKind, Schedule,
    ScheduleCommand, ScheduleId, ScheduleSpec, ScheduleTimes, Size, Time,
};

use super::capacity::check_size;
use crate::draft::Draft;
use crate::schedule;

/// What a scheduled action is held against.
pub(crate) struct Beside<'a> {
    /// Those of its group, itself among them.
    pub(crate) all: Vec<&'a Schedule>,
    /// Each has a name of its own.
    pub(crate) unique: bool,
    /// No two fire at the same time (T:2397).
    pub(crate) take_turns: bool,
    /// The time.
    pub(crate) now: Time,
}

impl<'a> Beside<'a> {
    fn of(draft: &'a Draft<'_>) -> Beside<'a> {
        Beside {
            all: draft
                .parts()
                .schedules
                .values()
                .map(AsRef::as_ref)
                .collect(),
            unique: draft.group().door.has_unique_names(),
            take_turns: schedule::take_turns(draft.group()),
            now: draft.now,
        }
    }

    fn others(&self, own: Option<ScheduleId>) -> impl Iterator<Item = &'a Schedule> {
        let others = self.all.iter().copied();
        others.filter(move |other| Some(other.id) != own)
    }
}

pub(super) fn schedule(draft: &mut Draft<'_>, command: &ScheduleCommand) -> Result<Created, Error> {
    match command {
        ScheduleCommand::Create(spec) => {
            check(&Beside::of(draft), spec, None, true)?;
            check_quota(draft, draft.settings.quotas.schedules)?;
            create(draft, spec, None)
        }
        ScheduleCommand::Create2017(spec) => {
            let beside = Beside {
                // In a group of another API as well: the caller is told what its documentation says.
                take_turns: true,
                ..Beside::of(draft)
            };
            check(&beside, spec, None, spec.times.cron.is_none())?;
            check_comes(draft.now, spec)?;
            let quotas = &draft.settings.quotas;
            check_quota(draft, quotas.schedules.min(quotas.of_2017.tasks))?;
            create(draft, spec, None)
        }
        ScheduleCommand::Modify { id, spec, restart } => {
            let old = named(draft, *id)?;
            check(&Beside::of(draft), spec, Some(*id), *restart)?;
            modify(draft, &old, spec, KeptBounds::default())
        }
        ScheduleCommand::CreateTask { spec, keeps } => {
            check_task(draft, spec, None, *keeps)?;
            check_quota(draft, draft.settings.quotas.schedules)?;
            create(draft, spec, Some(*keeps))
        }
        ScheduleCommand::ModifyTask { id, spec, keeps } => {
            let old = named(draft, *id)?;
            check_task(draft, spec, Some(&old), *keeps)?;
            modify(draft, &old, spec, *keeps)
        }
        ScheduleCommand::Switch { id, enabled } => {
            let switched = Schedule {
                enabled: *enabled,
                ..(*named(draft, *id)?).clone()
            };
            draft.put_part(Part::Schedule(Arc::new(switched)));
            Ok(Created::Nothing)
        }
        ScheduleCommand::Delete { id } => {
            named(draft, *id)?;
            draft.drop_part(PartId::Schedule(*id));
            Ok(Created::Nothing)
        }
    }
}

fn named(draft: &Draft<'_>, id: ScheduleId) -> Result<Arc<Schedule>, Error> {
    let found = draft.parts().schedules.get(&id).cloned();
    found.ok_or_else(|| Error::NotFound {
        kind: ResourceKind::Schedule,
        id: id.to_string(),
    })
}

fn check_quota(draft: &Draft<'_>, limit: u32) -> Result<(), Error> {
    match draft.parts().schedules.len() >= limit as usize {
        true => Err(Error::QuotaExceeded {
            quota: Quota::Schedules,
            limit,
        }),
        false => Ok(()),
    }
}

fn create(
    draft: &mut Draft<'_>,
    spec: &ScheduleSpec,
    task: Option<KeptBounds>,
) -> Result<Created, Error> {
    let (id, now) = (draft.ids.next_id(), draft.now);
    let group = draft.group();
    let schedule = Schedule {
        id,
        group: group.id,
        name: spec.name.clone(),
        enabled: true,
        times: spec.times.clone(),
        min: spec.min,
        max: spec.max,
        desired: spec.desired,
        created_at: now,
        ordinal: group.version,
        fired_at: None,
        next_at: schedule::next_after(&spec.times, now),
        keeps: task.unwrap_or_default(),
        is_task: task.is_some(),
        waits_for: None,
        updated_at: None,
    };
    draft.put_part(Part::Schedule(Arc::new(schedule)));
    Ok(Created::Schedule(id))
}

fn modify(
    draft: &mut Draft<'_>,
    old: &Schedule,
    spec: &ScheduleSpec,
    keeps: KeptBounds,
) -> Result<Created, Error> {
    let new = Schedule {
        next_at: match spec.times == old.times {
            true => old.next_at,
            false => schedule::next_after(&spec.times, draft.now),
        },
        keeps,
        ..said(old, spec)
    };
    if let Some(new) = changed(old, new, draft.now) {
        draft.put_part(Part::Schedule(Arc::new(new)));
    }
    Ok(Created::Nothing)
}

/// A scheduled action that is to be like this.
fn said(old: &Schedule, spec: &ScheduleSpec) -> Schedule {
    Schedule {
        name: spec.name.clone(),
        times: spec.times.clone(),
        min: spec.min,
        max: spec.max,
        desired: spec.desired,
        ..old.clone()
    }
}

/// What is written back as it was shown is no change.
fn changed(old: &Schedule, new: Schedule, now: Time) -> Option<Schedule> {
    (new != *old).then_some(Schedule {
        updated_at: Some(now),
        ..new
    })
}

/// One whose group is gone, changed: by the rules of those that are left of its group. `None` = it is like that already.
/// `starts`: its first time is given anew.
///
/// # Errors
/// Refused.
pub(crate) fn modify_left(
    beside: &Beside<'_>,
    old: &Schedule,
    spec: &ScheduleSpec,
    starts: bool,
) -> Result<Option<Schedule>, Error> {
    check(beside, spec, Some(old.id), starts)?;
    Ok(changed(old, said(old, spec), beside.now))
}

/// Where schedules take turns, no two may fire at the same time (T:2397).
fn check_alone(
    beside: &Beside<'_>,
    times: &ScheduleTimes,
    own: Option<ScheduleId>,
) -> Result<(), Error> {
    if !beside.take_turns {
        return Ok(());
    }
    let now = beside.now;
    let mut others = beside.others(own);
    match others.find(|other| schedule::shared(times, &other.times, now).is_some()) {
        Some(other) => Err(Error::Invalid {
            field: Field::Start,
            problem: Problem::Duplicate(other.name.clone()),
        }),
        None => Ok(()),
    }
}

/// Rules of a scheduled action that may leave bounds as they are: the sizes that it sets have to go together, times have to
/// come, and the door has read those times, past starts and all.
fn check_task(
    draft: &Draft<'_>,
    spec: &ScheduleSpec,
    old: Option<&Schedule>,
    keeps: KeptBounds,
) -> Result<(), Error> {
    let beside = Beside::of(draft);
    check_name(&beside, spec, old.map(|old| old.id))?;
    let min = if keeps.min { 0 } else { spec.min };
    let max = if keeps.max { u32::MAX } else { spec.max };
    check_size(Size {
        min,
        desired: spec.desired.unwrap_or(min),
        max,
    })?;
    if old.is_none_or(|old| old.times != spec.times) {
        check_comes(draft.now, spec)?;
    }
    check_alone(&beside, &spec.times, old.map(|old| old.id))
}

/// Refuses times of which none is to come.
fn check_comes(now: Time, spec: &ScheduleSpec) -> Result<(), Error> {
    match schedule::next_after(&spec.times, now) {
        Some(_) => Ok(()),
        None => Err(Error::Invalid {
            field: Field::Recurrence,
            problem: Problem::Unusable("no such time comes".to_owned()),
        }),
    }
}

/// A name is unique in its group, where the door of the group has it so.
fn check_name(
    beside: &Beside<'_>,
    spec: &ScheduleSpec,
    own: Option<ScheduleId>,
) -> Result<(), Error> {
    let mut others = beside.others(own);
    match beside.unique && others.any(|other| other.name == spec.name) {
        false => Ok(()),
        true => Err(Error::NameTaken {
            kind: ResourceKind::Schedule,
            name: spec.name.clone(),
        }),
    }
}

/// Rules that hold for the whole of a scheduled action, new or changed. `starts`: its first time is given now, and may not
/// be past.
fn check(
    beside: &Beside<'_>,
    spec: &ScheduleSpec,
    own: Option<ScheduleId>,
    starts: bool,
) -> Result<(), Error> {
    let invalid = |field, problem| Err(Error::Invalid { field, problem });
    check_name(beside, spec, own)?;
    check_size(Size {
        min: spec.min,
        desired: spec.desired.unwrap_or(spec.min),
        max: spec.max,
    })?;
    let times = &spec.times;
    match (&times.cron, times.end_at) {
        (None, None) => {}
        (Some(_), None) => return invalid(Field::End, Problem::NeededBy(Field::Recurrence)),
        (None, Some(_)) => return invalid(Field::Recurrence, Problem::NeededBy(Field::End)),
        (Some(cron), Some(_)) if !schedule::is_readable(cron, &times.zone) => {
            let why = format!("`{cron}` is not a cron text of five fields");
            return invalid(Field::Recurrence, Problem::Unusable(why));
        }
        (Some(_), Some(end)) if end <= times.start_at => {
            let why = "it is not after the start".to_owned();
            return invalid(Field::End, Problem::Unusable(why));
        }
        (Some(_), Some(_)) => {}
    }
    check_alone(beside, times, own)?;
    if starts && times.start_at < beside.now {
        return invalid(Field::Start, Problem::Unusable("it is past".to_owned()));
    }
    Ok(())
}
