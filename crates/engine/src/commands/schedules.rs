//! Commands on scheduled actions (rules S6, S7).

use std::sync::Arc;

use muster_model::{
    Created, Error, Field, KeptBounds, Part, PartId, Problem, Quota, ResourceKind, Schedule,
    ScheduleCommand, ScheduleId, ScheduleSpec, ScheduleTimes, Size,
};

use super::capacity::check_size;
use crate::draft::Draft;
use crate::schedule;

pub(super) fn schedule(draft: &mut Draft<'_>, command: &ScheduleCommand) -> Result<Created, Error> {
    match command {
        ScheduleCommand::Create(spec) => {
            check(draft, spec, None, true)?;
            check_quota(draft, draft.settings.quotas.schedules)?;
            create(draft, spec, None)
        }
        ScheduleCommand::Create2017(spec) => {
            check(draft, spec, None, spec.times.cron.is_none())?;
            check_comes(draft, spec)?;
            // In a group of another API as well: the caller is told what its documentation says.
            check_apart(draft, &spec.times, None)?;
            let quotas = &draft.settings.quotas;
            check_quota(draft, quotas.schedules.min(quotas.of_2017.tasks))?;
            create(draft, spec, None)
        }
        ScheduleCommand::Modify { id, spec, restart } => {
            let old = named(draft, *id)?;
            check(draft, spec, Some(*id), *restart)?;
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
    let schedule = Schedule {
        name: spec.name.clone(),
        times: spec.times.clone(),
        min: spec.min,
        max: spec.max,
        desired: spec.desired,
        next_at: match spec.times == old.times {
            true => old.next_at,
            false => schedule::next_after(&spec.times, draft.now),
        },
        keeps,
        ..old.clone()
    };
    // What is written back as it was shown is no change.
    if schedule != *old {
        let updated_at = Some(draft.now);
        draft.put_part(Part::Schedule(Arc::new(Schedule {
            updated_at,
            ..schedule
        })));
    }
    Ok(Created::Nothing)
}

/// Where schedules take turns, no two may fire at the same time (T:2397).
fn check_alone(
    draft: &Draft<'_>,
    times: &ScheduleTimes,
    own: Option<ScheduleId>,
) -> Result<(), Error> {
    match schedule::take_turns(draft.group()) {
        true => check_apart(draft, times, own),
        false => Ok(()),
    }
}

fn check_apart(
    draft: &Draft<'_>,
    times: &ScheduleTimes,
    own: Option<ScheduleId>,
) -> Result<(), Error> {
    let others = draft.parts().schedules.values();
    let mut others = others.filter(|other| Some(other.id) != own);
    let now = draft.now;
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
    check_name(draft, spec, old.map(|old| old.id))?;
    let min = if keeps.min { 0 } else { spec.min };
    let max = if keeps.max { u32::MAX } else { spec.max };
    check_size(Size {
        min,
        desired: spec.desired.unwrap_or(min),
        max,
    })?;
    if old.is_none_or(|old| old.times != spec.times) {
        check_comes(draft, spec)?;
    }
    check_alone(draft, &spec.times, old.map(|old| old.id))
}

/// Refuses times of which none is to come.
fn check_comes(draft: &Draft<'_>, spec: &ScheduleSpec) -> Result<(), Error> {
    match schedule::next_after(&spec.times, draft.now) {
        Some(_) => Ok(()),
        None => Err(Error::Invalid {
            field: Field::Recurrence,
            problem: Problem::Unusable("no such time comes".to_owned()),
        }),
    }
}

/// A name is unique in its group, where the door of the group has it so.
fn check_name(
    draft: &Draft<'_>,
    spec: &ScheduleSpec,
    own: Option<ScheduleId>,
) -> Result<(), Error> {
    let taken = |other: &Arc<Schedule>| other.name == spec.name && Some(other.id) != own;
    let unique = draft.group().door.has_unique_names();
    match unique && draft.parts().schedules.values().any(taken) {
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
    draft: &Draft<'_>,
    spec: &ScheduleSpec,
    own: Option<ScheduleId>,
    starts: bool,
) -> Result<(), Error> {
    let invalid = |field, problem| Err(Error::Invalid { field, problem });
    check_name(draft, spec, own)?;
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
    check_alone(draft, times, own)?;
    if starts && times.start_at < draft.now {
        return invalid(Field::Start, Problem::Unusable("it is past".to_owned()));
    }
    Ok(())
}
