//! Records of accounts: changed under the account's lock, guarded by its version.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_engine::{Context, Facts};
use muster_model::{
    AccountId, Created, Error, Event, GroupCommand, GroupId, Record, RecordChange, RecordCommand,
    RecordId, Records, Site,
};
use muster_ports::{ApiResult, Clock, Commit, Guard, Row, StoreError};

use crate::api::Ask;
use crate::commit::RETRIES;
use crate::configs::touch;
use crate::directory::AccountSlot;
use crate::runtime::Runtime;

fn rows_of_records(change: &RecordChange) -> impl Iterator<Item = Row> {
    let gone = change.gone.iter().copied().map(Row::NoRecord);
    gone.chain(change.put.iter().cloned().map(Row::Record))
}

/// Whether a change says something about balancers.
fn lays_out(change: &RecordChange) -> bool {
    let put = change.put.iter().map(Record::id);
    let mut ids = change.gone.iter().copied().chain(put);
    ids.any(|id| {
        matches!(
            id,
            RecordId::Listener(_)
                | RecordId::Pool(_)
                | RecordId::PoolMember(_)
                | RecordId::HealthMonitor(_)
        )
    })
}

impl Runtime {
    /// Fills the accounts of the directory with their records.
    pub(crate) async fn load_records(&self) -> Result<(), StoreError> {
        let mut by_account: BTreeMap<AccountId, Records> = BTreeMap::new();
        for record in self.store.records().await? {
            let account = record.head().account;
            by_account.entry(account).or_default().put(record);
        }
        for (account, records) in by_account {
            if let Some(slot) = self.directory.account(account) {
                slot.swap_records(records);
            }
        }
        Ok(())
    }

    /// The records of an account, of all sites; an unknown account has none.
    pub(crate) fn records_of(&self, account: AccountId) -> Arc<Records> {
        self.directory
            .account(account)
            .map(|slot| slot.records())
            .unwrap_or_default()
    }

    /// Decides and commits commands of a door.
    pub(crate) async fn execute_records(
        &self,
        caller: &Ask<'_>,
        commands: &[RecordCommand],
    ) -> ApiResult<Created> {
        let slot = self.account_slot(caller.account)?;
        let lock = slot.lock.lock().await;
        let change = self.decide_records(&slot, &caller.site, commands)?;
        let made: Vec<RecordId> = change.made.clone();
        if !caller.check {
            self.commit_records(&slot, &change, Vec::new()).await?;
            drop(lock);
            // Whatever changed, alarm rules may say something else now.
            self.queue.want(caller.account, self.clock.now());
            // If this ends before that is done, the next listing does it.
            if lays_out(&change) {
                self.arrange().await;
            }
        }
        Ok(match made.first() {
            Some(first) => Created::Record(*first),
            None => Created::Nothing,
        })
    }

    /// Changes records of the shell's own: `with` looks at them as they are and says what becomes of them.
    ///
    /// # Errors
    /// The account is not known, the engine refuses, or the store does not answer.
    pub(crate) async fn change_records(
        &self,
        account: AccountId,
        site: &Site,
        with: impl FnOnce(&Records) -> Vec<RecordCommand> + Send,
    ) -> ApiResult<()> {
        let slot = self.account_slot(account)?;
        let _lock = slot.lock.lock().await;
        let commands = with(&slot.records());
        let change = self.decide_records(&slot, site, &commands)?;
        self.commit_records(&slot, &change, Vec::new()).await
    }

    /// Deletes a group. What stays of it becomes the account's in the same transaction, from the group as it is then.
    pub(crate) async fn delete_group(
        &self,
        caller: &Ask<'_>,
        id: GroupId,
        command: &GroupCommand,
    ) -> ApiResult<Created> {
        let slot = self.account_slot(caller.account)?;
        let _lock = slot.lock.lock().await;
        let facts = Facts::default();
        let mut tries = 0;
        loop {
            let view = self.visible(caller, id)?;
            let version = view.group.version;
            let records = slot.records();
            let most = self.options.settings.quotas.of_2017.left_tasks;
            let there = records.in_site(&caller.site);
            let Some(commands) = muster_engine::leave_tasks(&there, &view, most) else {
                let more = Commit::default();
                return self
                    .apply_with(id, command, &facts, &more, caller.check)
                    .await;
            };
            let change = self.decide_records(&slot, &caller.site, &commands)?;
            let (next, mut more) = touch(&slot.account());
            more.guards.push(Guard::Group(id, version));
            more.rows.extend(rows_of_records(&change));
            let done = self
                .apply_told(id, command, &facts, &more, caller.check)
                .await;
            let group = self.directory.group(id).map(|slot| slot.view());
            match done {
                Ok(applied) => {
                    // A change without effect commits nothing.
                    if applied.committed {
                        slot.swap(next);
                        slot.swap_records(records.after(&change));
                    }
                    return Ok(applied.created);
                }
                // It may have gone through, or somebody was faster.
                Err(error @ Error::Store { .. }) if tries < RETRIES => {
                    let account = slot.account().version;
                    self.reload_account(&slot).await;
                    let now = group.as_ref().map(|view| view.group.version);
                    let moved = now != Some(version) || slot.account().version != account;
                    let there = group.is_some_and(|view| !view.group.deleting);
                    if !(moved && there) {
                        return Err(error);
                    }
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn decide_records(
        &self,
        slot: &AccountSlot,
        site: &Site,
        commands: &[RecordCommand],
    ) -> Result<RecordChange, Error> {
        let facts = Facts::default();
        let mut ids = self.fresh_ids();
        let mut context = Context {
            now: self.clock.now(),
            ids: &mut ids,
            settings: &self.options.settings,
            facts: &facts,
        };
        let there = slot.records().in_site(site);
        muster_engine::change_records(&slot.account(), site, &there, commands, &mut context)
    }

    /// Commits a change, and messages that tell of it. The slot's lock is held by the caller.
    pub(crate) async fn commit_records(
        &self,
        slot: &AccountSlot,
        change: &RecordChange,
        events: Vec<Event>,
    ) -> ApiResult<()> {
        if change.put.is_empty() && change.gone.is_empty() && events.is_empty() {
            return Ok(());
        }
        let (next, mut commit) = touch(&slot.account());
        commit.rows.extend(rows_of_records(change));
        let before = slot.records();
        let now = self.clock.now();
        let notices = crate::topics::notices(&before, change, now, &mut self.fresh_ids());
        let tells = !(notices.is_empty() && events.is_empty());
        commit.rows.extend(notices);
        commit.rows.extend(events.into_iter().map(Row::Event));
        let committed = self.commit_account(slot, commit).await;
        if committed.is_ok() {
            slot.swap(next);
            slot.swap_records(before.after(change));
            self.records_bell.notify_one();
        }
        // Also when it is not known whether it went through; and not before the records are there that are told of.
        if tells {
            self.ring();
        }
        committed
    }
}
