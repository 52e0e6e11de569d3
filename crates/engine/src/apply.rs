//! Commands on one group.

use muster_model::{Change, Created, Error, GroupCommand, GroupView, Ids, Time};

use crate::{Facts, Record, Settings};

/// What a command depends on besides the group.
#[derive(Debug)]
pub struct Context<'a> {
    /// The present moment.
    pub now: Time,
    /// Where fresh ids come from.
    pub ids: &'a mut Ids,
    /// What an operator can tune.
    pub settings: &'a Settings,
    /// Facts about the account.
    pub facts: &'a Facts,
}

/// Applies a command to a group, and tells what was considered.
///
/// # Errors
/// The command is refused; nothing changes.
pub fn apply_told(
    view: &GroupView,
    command: &GroupCommand,
    context: &mut Context<'_>,
) -> Result<(Change, Created, Record), Error> {
    crate::commands::apply(view, command, context)
}

/// Applies a command to a group.
///
/// # Errors
/// The command is refused; nothing changes.
pub fn apply(
    view: &GroupView,
    command: &GroupCommand,
    context: &mut Context<'_>,
) -> Result<(Change, Created), Error> {
    let (change, created, _) = apply_told(view, command, context)?;
    Ok((change, created))
}
