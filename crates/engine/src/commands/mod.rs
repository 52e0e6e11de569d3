//! One file per family of commands; this is the dispatch.

pub(crate) mod create;

use muster_model::{Change, Created, Error, GroupCommand, GroupView};

use crate::Context;

pub(crate) fn apply(
    view: &GroupView,
    command: &GroupCommand,
    context: &mut Context<'_>,
) -> Result<(Change, Created), Error> {
    let _ = (view, command, context);
    Err(Error::Overloaded)
}
