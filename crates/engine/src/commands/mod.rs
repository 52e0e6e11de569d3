//! Commands on one group: one file per family; this is the dispatch.

pub(crate) mod balancers;
pub(crate) mod capacity;
pub(crate) mod create;
mod delete;
mod hooks;
mod measure;
mod members;
mod modify;
mod notifications;
mod observe;
pub(crate) mod policies;
mod pool;
mod refresh;
pub(crate) mod rest;
pub(crate) mod schedules;
pub(crate) mod step;

use muster_model::{Change, Created, Error, GroupCommand, GroupView};

use crate::draft::Draft;
use crate::reason::Record;
use crate::{Context, plan, timed};

/// Applies a command, then decides what follows from it: intent is committed together with what caused it.
pub(crate) fn apply(
    view: &GroupView,
    command: &GroupCommand,
    context: &mut Context<'_>,
) -> Result<(Change, Created, Record), Error> {
    let facts = context.facts;
    let mut draft = Draft::new(view, context.now, &mut *context.ids, context.settings);
    draft.own_topic = facts.own_topic;
    let created = match command {
        GroupCommand::Modify(patch) => modify::modify(&mut draft, patch, facts)?,
        GroupCommand::SetDesired { desired, min, max } => {
            capacity::set_desired(&mut draft, *desired, *min, *max)?
        }
        GroupCommand::Enable => modify::enable(&mut draft)?,
        GroupCommand::Disable => modify::disable(&mut draft),
        GroupCommand::Delete { force } => delete::delete(&mut draft, *force)?,
        GroupCommand::ScaleOut { count } => capacity::scale_out(&mut draft, *count)?,
        GroupCommand::ScaleIn { count } => capacity::scale_in(&mut draft, *count)?,
        GroupCommand::Attach {
            instances,
            machines,
        } => members::attach(&mut draft, instances, machines)?,
        GroupCommand::Detach { instances } => members::detach(&mut draft, instances)?,
        GroupCommand::Remove { instances } => members::remove(&mut draft, instances)?,
        GroupCommand::Protect {
            instances,
            protected,
        } => members::protect(&mut draft, instances, *protected)?,
        GroupCommand::Stop { instances, mode } => rest::stop(&mut draft, instances, *mode)?,
        GroupCommand::Start { instances } => rest::start(&mut draft, instances)?,
        GroupCommand::EnterStandby { instances } => rest::enter_standby(&mut draft, instances)?,
        GroupCommand::ExitStandby { instances } => rest::exit_standby(&mut draft, instances)?,
        GroupCommand::Balancers(change) => balancers::change(&mut draft, change, facts)?,
        GroupCommand::Adjust(adjustment) => capacity::adjust(&mut draft, adjustment)?,
        GroupCommand::Hook(change) => hooks::change(&mut draft, change)?,
        GroupCommand::Schedule(command) => schedules::schedule(&mut draft, command)?,
        GroupCommand::Policy(command) => policies::policy(&mut draft, command, facts)?,
        GroupCommand::Measured(points) => measure::measured(&mut draft, points, facts)?,
        GroupCommand::Rung { alarm_id, at, why } => {
            timed::ring(&mut draft, alarm_id, *at, why);
            Created::Nothing
        }
        GroupCommand::Notification(command) => notifications::notification(&mut draft, command)?,
        GroupCommand::WarmPool(command) => pool::pool(&mut draft, *command)?,
        GroupCommand::Refresh(command) => refresh::refresh(&mut draft, command)?,
        GroupCommand::Observed(observation) => observe::observe(&mut draft, observation),
        GroupCommand::StepDone(outcome) => {
            step::apply(&mut draft, outcome);
            Created::Nothing
        }
        GroupCommand::Untold { token } => {
            crate::hooks::untold(&mut draft, token);
            Created::Nothing
        }
        GroupCommand::Recover => step::recover(&mut draft),
        GroupCommand::ConfigChanged => {
            draft.release_brake();
            Created::Nothing
        }
    };
    if !draft.is_deleted() {
        plan::decide(&mut draft);
    }
    let (change, record) = draft.finish(view);
    Ok((change, created, record))
}
