//! From a change to a commit, and what to do when it does not go through.

use muster_model::{Change, Error, GroupId, GroupView};
use muster_ports::{Clock, Commit, Guard, StoreError, rows_of};

use crate::directory::{AccountSlot, Slot};
use crate::runtime::Runtime;

/// How often a command is decided again because the state moved under it.
pub(crate) const RETRIES: u32 = 8;

/// An error of the store as an error of the facade.
pub(crate) fn store_error(error: &StoreError) -> Error {
    let message = match error {
        StoreError::Unavailable(why) => why.clone(),
        StoreError::Conflict | StoreError::Unknown(_) | StoreError::Damaged(_) => error.to_string(),
    };
    Error::Store { message }
}

impl Runtime {
    /// Commits a change of a group that was computed from `view`, with what else goes into the same transaction, and
    /// swaps the view. The slot's lock is held by the caller. After an error the view in memory is what the store has.
    pub(crate) async fn commit_change(
        &self,
        slot: &Slot,
        view: &GroupView,
        change: &Change,
        more: Commit,
    ) -> Result<(), StoreError> {
        let id = view.group.id;
        let mut commit = more;
        commit.guards.push(Guard::Group(id, view.group.version));
        commit.rows.extend(rows_of(id, change));
        let committed = self.commit(commit).await;
        // Also when it is not known whether it went through.
        if !change.events.is_empty() {
            self.ring();
        }
        match committed {
            Ok(()) => {
                self.count_ended(view, change);
                match view.after(change) {
                    Some(mut next) => {
                        next.config = next
                            .group
                            .spec
                            .config
                            .and_then(|id| self.directory.config(id));
                        if let Some(at) = next.group.wake_at {
                            self.queue.want(id, at);
                        }
                        slot.swap(next);
                    }
                    None => {
                        self.directory.remove_group(id);
                        self.queue.forget(id);
                    }
                }
                Ok(())
            }
            Err(error) => {
                // Where that fails, whoever needs the group next reads it.
                let _ = self.reload(id, slot).await;
                Err(error)
            }
        }
    }

    /// Commits, and counts how it went. Everything that is written goes through here.
    pub(crate) async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let Some(_begun) = self.begin_commit() else {
            return Err(StoreError::Unavailable(
                "the service has stopped".to_owned(),
            ));
        };
        let result = self.store.commit(commit).await;
        self.metrics.commit(&result);
        result
    }

    /// Sees to it that the view in memory is what the store has: one that could not be read again is tried once more now. The
    /// slot's lock is held by the caller.
    pub(crate) async fn freshen(&self, id: GroupId, slot: &Slot) -> Result<(), StoreError> {
        match slot.is_stale() {
            true => self.reload(id, slot).await,
            false => Ok(()),
        }
    }

    /// Reads a group again: after a conflict, or when it is not known whether a commit went through.
    async fn reload(&self, id: GroupId, slot: &Slot) -> Result<(), StoreError> {
        match self.store.group(id).await {
            Ok(Some(rows)) => {
                slot.set_stale(false);
                let view = self.directory.assemble(rows);
                if let Some(at) = view.group.wake_at {
                    self.queue.want(id, at);
                }
                slot.swap(view);
                Ok(())
            }
            Ok(None) => {
                slot.set_stale(false);
                self.directory.remove_group(id);
                self.queue.forget(id);
                Ok(())
            }
            Err(error) => {
                // The view in memory may be behind; its version guards against deciding from it until it is read.
                slot.set_stale(true);
                tracing::warn!(group = %id, %error, "the group could not be read again");
                self.retry_later(id);
                Err(error)
            }
        }
    }

    /// Reads again what an account has: after a conflict, or when it is not known whether a commit went through. What went
    /// through without an answer has consequences like anything else: groups, jobs, times, alarm rules.
    pub(crate) async fn reload_account(&self, slot: &AccountSlot) {
        let id = slot.account().id;
        let read = async {
            let accounts = self.store.accounts().await?;
            let records = self.store.records().await?;
            let configs = self.store.configs().await?;
            Ok::<_, StoreError>((accounts, records, configs, self.store.groups().await?))
        };
        match read.await {
            Ok((accounts, records, configs, groups)) => {
                let mut accounts = accounts.into_iter();
                if let Some(account) = accounts.find(|account| account.id == id) {
                    slot.swap(account);
                }
                let own = records
                    .into_iter()
                    .filter(|record| record.head().account == id);
                slot.swap_records(own.collect());
                let own = configs.into_iter().filter(|config| config.account == id);
                self.directory.replace_configs(id, own.collect());
                // Groups that are known are read again by their own commits.
                for rows in groups {
                    let group = &rows.group;
                    if group.account == id && self.directory.group(group.id).is_none() {
                        self.admit_group(self.directory.assemble(rows));
                    }
                }
                slot.set_stale(false);
                self.take_up_jobs(slot);
                self.records_bell.notify_one();
                self.queue.want(id, self.clock.now());
            }
            Err(error) => {
                tracing::warn!(account = %id, %error, "the account could not be read again");
                slot.set_stale(true);
                self.retry_later(id);
            }
        }
    }

    fn count_ended(&self, before: &GroupView, change: &Change) {
        for activity in &change.activities {
            let was = before
                .activities
                .get(&activity.id)
                .is_some_and(|old| old.status.is_ended());
            if activity.status.is_ended() && !was {
                self.metrics.activity(activity.kind, activity.status);
                tracing::info!(
                    group = %activity.group, activity = %activity.id, kind = ?activity.kind, status = ?activity.status,
                    message = activity.status_message, "activity ended"
                );
            }
        }
    }
}
