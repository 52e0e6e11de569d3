//! Scheduled tasks whose group is gone: those of the API of 2017 stay (T:1973). They are shown, changed and deleted as
//! before, and never fire.

use muster_model::{
    Door, Error, GroupView, LeftTaskId, LeftTaskSpec, Record, RecordCommand, RecordId, RecordSpec,
    Records, Schedule, ScheduleSpec, Time, by_age,
};

use crate::commands::schedules::{Beside, modify_left};
use crate::records::{absent, changed};
use crate::schedule;

/// What becomes of an account's records when a group is deleted whose scheduled tasks stay (T:1973): those of groups that
/// were made through the API of 2017, whichever API deletes them. `None`: they go with it. With more of them than there may
/// be, `most`, the oldest go.
#[must_use]
pub fn leave_tasks(records: &Records, view: &GroupView, most: u32) -> Option<Vec<RecordCommand>> {
    if most == 0 || !schedule::take_turns(&view.group) {
        return None;
    }
    let mut left: Vec<_> = view.parts.schedules.values().collect();
    left.sort_by_key(|task| (task.created_at, task.ordinal, task.id));
    let over = left.len().saturating_sub(most as usize);
    let mut commands: Vec<RecordCommand> = left
        .into_iter()
        .skip(over)
        .map(|task| LeftTaskSpec {
            task: Schedule {
                next_at: None,
                ..(**task).clone()
            },
        })
        .map(|spec| RecordCommand::Create(RecordSpec::LeftTask(Box::new(spec))))
        .collect();
    let over = (records.left_tasks.len() + commands.len()).saturating_sub(most as usize);
    let oldest = by_age(&records.left_tasks).into_iter().take(over);
    commands.extend(oldest.map(|task| RecordCommand::Delete {
        id: RecordId::LeftTask(task.id),
    }));
    Some(commands)
}

/// Changes one of them, by the rules of a group of the API of 2017. `None` = it is like that already.
///
/// # Errors
/// Refused.
pub(crate) fn modify(
    records: &Records,
    id: LeftTaskId,
    (spec, starts): (&ScheduleSpec, bool),
    now: Time,
) -> Result<Option<Record>, Error> {
    let record = RecordId::LeftTask(id);
    let old = records.left_tasks.get(&id).ok_or_else(|| absent(record))?;
    let tasks = records.left_tasks.values().map(|left| &left.spec.task);
    let beside = Beside {
        all: tasks
            .filter(|task| task.group == old.spec.task.group)
            .collect(),
        unique: Door::Tencent2.has_unique_names(),
        take_turns: true,
        now,
    };
    let task = modify_left(&beside, &old.spec.task, spec, starts)?;
    let spec = task.map(|task| RecordSpec::LeftTask(Box::new(LeftTaskSpec { task })));
    Ok(spec.and_then(|spec| spec.under(record, changed(&old.head, now))))
}
