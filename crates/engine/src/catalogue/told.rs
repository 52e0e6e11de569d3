//! Whom hooks, notifications and policies name: who is told, and what is run.

use muster_model::{Catalogue, Error, HookCommand, Listed, Misfit, NotificationTarget};

use super::{entry, exists, misfit};

/// Whether a kind of queues or topics is of the newer of both services.
fn is_tdmq(kind: &str) -> bool {
    kind.starts_with("TDMQ")
}

/// Refuses a receiver that is not there, or a topic that nobody hears. `own_topic`: it is one that the account made.
pub(crate) fn check_receiver(
    catalogue: &Catalogue,
    target: Option<&NotificationTarget>,
    own_topic: bool,
) -> Result<(), Error> {
    let Some(target) = target.filter(|_| catalogue.strict && !own_topic) else {
        return Ok(());
    };
    match target {
        NotificationTarget::UserGroups(groups) => check_user_groups(catalogue, groups),
        NotificationTarget::Queue { kind, name } => {
            let listed = match is_tdmq(kind) {
                true => Listed::TdmqQueue,
                false => Listed::CmqQueue,
            };
            exists(&catalogue.queues, listed, [name])
        }
        NotificationTarget::Topic { kind, name } => {
            let (listed, unheard) = match is_tdmq(kind) {
                true => (Listed::TdmqTopic, Misfit::TdmqTopicUnheard),
                false => (Listed::CmqTopic, Misfit::CmqTopicUnheard),
            };
            match entry(&catalogue.topics, listed, name)?.without_subscriber {
                true => Err(misfit(unheard, name)),
                false => Ok(()),
            }
        }
    }
}

/// Refuses user groups that are not there.
pub(crate) fn check_user_groups(catalogue: &Catalogue, groups: &[String]) -> Result<(), Error> {
    match catalogue.strict {
        true => exists(&catalogue.user_groups, Listed::UserGroup, groups),
        false => Ok(()),
    }
}

/// Refuses a command that is not there.
pub(crate) fn check_command(
    catalogue: &Catalogue,
    command: Option<&HookCommand>,
) -> Result<(), Error> {
    match command.filter(|_| catalogue.strict) {
        Some(command) => exists(&catalogue.commands, Listed::Command, [&command.command]),
        None => Ok(()),
    }
}
