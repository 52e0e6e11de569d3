//! Commands on launch configurations (rules C1-C10).

use muster_model::{
    Account, ClearFields, ConfigId, ConfigPatch, ConfigSpec, Door, Error, LaunchConfiguration, Site,
};

use crate::Context;

/// Makes a configuration. `context.facts`: is the name taken, how many are there.
///
/// # Errors
/// Refused; nothing changes.
pub fn create_config(
    account: &Account,
    door: Door,
    site: &Site,
    spec: &ConfigSpec,
    context: &mut Context<'_>,
) -> Result<LaunchConfiguration, Error> {
    let _ = (account, door, site, spec, context);
    Err(Error::Overloaded)
}

/// Changes some of a configuration. `context.facts`: is the new name taken.
///
/// # Errors
/// Refused; nothing changes.
pub fn modify_config(
    old: &LaunchConfiguration,
    patch: &ConfigPatch,
    context: &mut Context<'_>,
) -> Result<LaunchConfiguration, Error> {
    let _ = (old, patch, context);
    Err(Error::Overloaded)
}

/// Empties some of a configuration.
#[must_use]
pub fn clear_config(
    old: &LaunchConfiguration,
    fields: ClearFields,
    context: &mut Context<'_>,
) -> LaunchConfiguration {
    let _ = (fields, context);
    old.clone()
}

/// Replaces all of a configuration but its login.
///
/// # Errors
/// Refused; nothing changes.
pub fn upgrade_config(
    old: &LaunchConfiguration,
    spec: &ConfigSpec,
    context: &mut Context<'_>,
) -> Result<LaunchConfiguration, Error> {
    let _ = (old, spec, context);
    Err(Error::Overloaded)
}

/// Whether a configuration may be deleted. `context.facts.used_by`: a group that uses it.
///
/// # Errors
/// It is used.
pub fn delete_config(id: ConfigId, context: &mut Context<'_>) -> Result<(), Error> {
    let _ = (id, context);
    Ok(())
}
