//! Commands on scheduled actions (rules S6, S7).

use std::sync::Arc;

use muster_model::{
    Created, Error, Field, Part, PartId, Problem, Quota, ResourceKind, Schedule, ScheduleCommand,
    ScheduleId, ScheduleSpec, ScheduleTimes, Size,
};

use super::capacity::check_size;
use crate::draft::Draft;
use crate::schedule;

pub(super) fn schedule(draft: &mut Draft<'_>, command: &ScheduleCommand) -> Result<Created, Error> {
    match command {
        ScheduleCommand::Create(spec) => create(draft, spec),
        ScheduleCommand::Modify { id, spec, restart } => modify(draft, *id, spec, *restart),
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

fn create(draft: &mut Draft<'_>, spec: &ScheduleSpec) -> Result<Created, Error> {
    check(draft, spec, None, true)?;
    let limit = draft.settings.quotas.schedules;
    if draft.parts().schedules.len() >= limit as usize {
        return Err(Error::QuotaExceeded {
            quota: Quota::Schedules,
            limit,
        });
    }
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
    };
    draft.put_part(Part::Schedule(Arc::new(schedule)));
    Ok(Created::Schedule(id))
}

fn modify(
    draft: &mut Draft<'_>,
    id: ScheduleId,
    spec: &ScheduleSpec,
    restart: bool,
) -> Result<Created, Error> {
    let old = named(draft, id)?;
    check(draft, spec, Some(id), restart)?;
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
        ..(*old).clone()
    };
    draft.put_part(Part::Schedule(Arc::new(schedule)));
    Ok(Created::Nothing)
}

/// Where schedules take turns, no two may fire at the same time (T:2397).
fn check_alone(
    draft: &Draft<'_>,
    times: &ScheduleTimes,
    own: Option<ScheduleId>,
) -> Result<(), Error> {
    if !schedule::take_turns(draft.group()) {
        return Ok(());
    }
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

/// Rules that hold for the whole of a scheduled action, new or changed. `starts`: its first time is given now, and may not
/// be past.
fn check(
    draft: &Draft<'_>,
    spec: &ScheduleSpec,
    own: Option<ScheduleId>,
    starts: bool,
) -> Result<(), Error> {
    let invalid = |field, problem| Err(Error::Invalid { field, problem });
    let taken = |other: &Arc<Schedule>| other.name == spec.name && Some(other.id) != own;
    let unique = draft.group().door.has_unique_names();
    if unique && draft.parts().schedules.values().any(taken) {
        return Err(Error::NameTaken {
            kind: ResourceKind::Schedule,
            name: spec.name.clone(),
        });
    }
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
