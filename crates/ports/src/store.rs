//! The store: rows, committed in transactions that are guarded by versions.

use std::sync::Arc;

use async_trait::async_trait;
use muster_model::{
    AccessKey, Account, AccountId, Activity, ActivityFilter, ActivityId, Change, ConfigId,
    ConfigSpec, Delta, Event, Group, GroupId, Instance, InstanceId, LaunchConfiguration, Page,
    Paged, Part, PartId, Record, RecordId, Time,
};

/// Rows that one [`Row::OldActivities`] or [`Row::OldEvents`] deletes at the most.
pub const SWEPT_AT_ONCE: u32 = 10_000;

/// What must still be so for a commit to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The group is at this version.
    Group(GroupId, u64),
    /// There is no such group (it is being made).
    NoGroup(GroupId),
    /// The configuration is at this version.
    Config(ConfigId, u64),
    /// The account is at this version.
    Account(AccountId, u64),
}

/// One row to write or delete. Keys are unique over all kinds: writing a *new* row under a taken key is
/// [`StoreError::Conflict`].
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// Writes an account.
    Account(Arc<Account>),
    /// Writes a key pair (sealed).
    AccessKey(Arc<AccessKey>),
    /// Deletes a key pair.
    NoAccessKey(String),
    /// Writes a group.
    Group(Arc<Group>),
    /// Deletes a group with its instances and parts; activities stay until they are swept.
    NoGroup(GroupId),
    /// Writes an instance.
    Instance(Arc<Instance>),
    /// Deletes an instance.
    NoInstance(InstanceId),
    /// Writes an activity.
    Activity(Arc<Activity>),
    /// Deletes the activities that ended before this moment, at most [`SWEPT_AT_ONCE`] of them, oldest first. The newest
    /// one of a group that exists stays.
    OldActivities(Time),
    /// Writes a configuration: its newest version, and that version to look up later.
    Config(Arc<LaunchConfiguration>),
    /// Deletes a configuration; versions that instances were made from can still be looked up.
    NoConfig(ConfigId),
    /// Writes a part of a group: a hook, a policy, a schedule, ...
    Part(Part),
    /// Deletes a part of a group.
    NoPart(PartId),
    /// Writes a record of an account.
    Record(Record),
    /// Deletes a record of an account.
    NoRecord(RecordId),
    /// Appends a message; the store gives it the next number.
    Event(Event),
    /// Deletes the messages that are older than this, at most [`SWEPT_AT_ONCE`] of them, oldest first.
    OldEvents(Time),
    /// Writes a small named value (clock offset, simulated machines, ...).
    Setting {
        /// Name, unique.
        name: String,
        /// Value; `None` deletes.
        value: Option<String>,
    },
}

/// A transaction: all rows or none, and none unless every guard holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// What must still be so.
    pub guards: Vec<Guard>,
    /// What is written.
    pub rows: Vec<Row>,
}

/// The rows of a change of a group. The group's own row comes last, so that what is kept of a deleted group is written
/// before.
#[must_use]
pub fn rows_of(id: GroupId, change: &Change) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let written = change.activities.iter().map(Arc::clone);
    rows.extend(written.map(Row::Activity));
    rows.extend(change.gone.iter().copied().map(Row::NoInstance));
    rows.extend(change.instances.iter().map(Arc::clone).map(Row::Instance));
    rows.extend(change.parts_gone.iter().copied().map(Row::NoPart));
    rows.extend(change.parts.iter().cloned().map(Row::Part));
    rows.extend(change.events.iter().cloned().map(Row::Event));
    match &change.group {
        Delta::Keep => {}
        Delta::Put(group) => rows.push(Row::Group(Arc::clone(group))),
        Delta::Delete => rows.push(Row::NoGroup(id)),
    }
    rows
}

/// A group with everything that belongs to it, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRows {
    /// The group.
    pub group: Arc<Group>,
    /// Its members.
    pub instances: Vec<Arc<Instance>>,
    /// Its activities that have not ended, and its newest one.
    pub activities: Vec<Arc<Activity>>,
    /// Its hooks, policies, schedules and the like.
    pub parts: Vec<Part>,
}

/// A message with its number.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedEvent {
    /// Grows by at least one with each message.
    pub seq: u64,
    /// The message.
    pub event: Event,
}

/// Why the store did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A guard did not hold, or a new key is taken: nothing was written; look again and decide again.
    #[error("the state has changed since it was read")]
    Conflict,
    /// Nothing was written.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It is not known whether it was written: read again.
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
    /// What is stored cannot be read: an operator has to look.
    #[error("the stored data is damaged: {0}")]
    Damaged(String),
}

/// The store. Contract: `contract::store`.
///
/// A commit that has returned `Ok` survives a crash of the process and of the machine (durable).
#[async_trait]
pub trait Store: Send + Sync {
    /// Commits.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn commit(&self, commit: Commit) -> Result<(), StoreError>;

    /// All accounts, by id.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn accounts(&self) -> Result<Vec<Arc<Account>>, StoreError>;

    /// All key pairs, by their public half.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn access_keys(&self) -> Result<Vec<Arc<AccessKey>>, StoreError>;

    /// All configurations, by id.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn configs(&self) -> Result<Vec<Arc<LaunchConfiguration>>, StoreError>;

    /// One version of a configuration, also of a deleted one that instances were made from.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn config_version(
        &self,
        id: ConfigId,
        version: u64,
    ) -> Result<Option<Arc<ConfigSpec>>, StoreError>;

    /// All records of all accounts, by id.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn records(&self) -> Result<Vec<Record>, StoreError>;

    /// All groups with what belongs to them, by id.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn groups(&self) -> Result<Vec<GroupRows>, StoreError>;

    /// One group with what belongs to it.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn group(&self, id: GroupId) -> Result<Option<GroupRows>, StoreError>;

    /// Activities of an account, newest first (by start; of the same moment, the one that was first written later, also within one commit).
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn activities(
        &self,
        account: AccountId,
        filters: &[ActivityFilter],
        page: Page,
    ) -> Result<Paged<Arc<Activity>>, StoreError>;

    /// The newest activity of a group that was not cancelled.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn last_uncancelled(&self, group: GroupId) -> Result<Option<Arc<Activity>>, StoreError>;

    /// One activity.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn activity(&self, id: ActivityId) -> Result<Option<Arc<Activity>>, StoreError>;

    /// Messages after number `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn events(&self, after: u64, limit: usize) -> Result<Vec<SavedEvent>, StoreError>;

    /// Messages of one group after number `after`, oldest first, at most `limit`. They outlive their group.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn group_events(
        &self,
        group: GroupId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<SavedEvent>, StoreError>;

    /// The number of the newest message; 0 when there has been none.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn newest_event(&self) -> Result<u64, StoreError>;

    /// A small named value.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError>;
}
