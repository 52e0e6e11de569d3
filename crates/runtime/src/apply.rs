//! A command applied to one group: decided from what is in memory, and committed.

use muster_engine::{Context, Facts};
use muster_model::{Created, Error, GroupCommand, GroupId};
use muster_ports::{ApiResult, Clock, Commit, StoreError};

use crate::api::no_group;
use crate::commit::{RETRIES, store_error};
use crate::runtime::Runtime;

/// What came of a command.
pub(crate) struct Applied {
    pub(crate) created: Created,
    /// What was to go into the transaction is in the store: not so if the command was only looked at or had no effect.
    pub(crate) committed: bool,
}

impl Runtime {
    /// Applies a command that depends on nothing but the group.
    pub(crate) async fn apply_to(&self, id: GroupId, command: &GroupCommand) -> ApiResult<Created> {
        let facts = match command {
            GroupCommand::Measured(_) => self.measured_facts(id),
            _ => Facts::default(),
        };
        let made = self
            .apply_with(id, command, &facts, &Commit::default(), false)
            .await?;
        if matches!(command, GroupCommand::Measured(_)) {
            self.measured(id);
        }
        Ok(made)
    }

    /// Applies a command to a group; what else is in `more` goes into the same transaction. `check`: commits nothing.
    pub(crate) async fn apply_with(
        &self,
        id: GroupId,
        command: &GroupCommand,
        facts: &Facts,
        more: &Commit,
        check: bool,
    ) -> ApiResult<Created> {
        let applied = self.apply_told(id, command, facts, more, check).await?;
        Ok(applied.created)
    }

    /// As [`Runtime::apply_with`], and whether anything was committed.
    pub(crate) async fn apply_told(
        &self,
        id: GroupId,
        command: &GroupCommand,
        facts: &Facts,
        more: &Commit,
        check: bool,
    ) -> ApiResult<Applied> {
        let not_committed = |created| Applied {
            created,
            committed: false,
        };
        for _ in 0..RETRIES {
            let Some(slot) = self.directory.group(id) else {
                // An answer for a group that is gone has nobody to tell.
                return match command {
                    GroupCommand::StepDone(_)
                    | GroupCommand::Rung { .. }
                    | GroupCommand::Observed(_)
                    | GroupCommand::Untold { .. }
                    | GroupCommand::Recover => Ok(not_committed(Created::Nothing)),
                    _ => Err(no_group(id)),
                };
            };
            let _lock = slot.lock.lock().await;
            let fresh = self.freshen(id, &slot).await;
            fresh.map_err(|error| store_error(&error))?;
            if self.directory.group(id).is_none() {
                continue;
            }
            let view = slot.view();
            let mut ids = self.fresh_ids();
            let settings = self.settings_of(view.group.account, &view.group.site);
            let mut context = Context {
                now: self.clock.now(),
                ids: &mut ids,
                settings: &settings,
                facts,
            };
            let (change, created, record) =
                muster_engine::apply_told(&view, command, &mut context)?;
            if check {
                return Ok(not_committed(created));
            }
            if change.is_empty() {
                self.evaluated(&slot, record, command.name(), &view, &[]);
                return Ok(not_committed(created));
            }
            match self
                .commit_change(&slot, &view, &change, more.clone())
                .await
            {
                Ok(()) => {
                    self.evaluated(&slot, record, command.name(), &view, &[]);
                    self.stirred();
                    return Ok(Applied {
                        created,
                        committed: true,
                    });
                }
                Err(StoreError::Conflict) if more.guards.is_empty() => {}
                Err(error) => return Err(store_error(&error)),
            }
        }
        Err(Error::Store {
            message: "the group changes too fast".to_owned(),
        })
    }
}
