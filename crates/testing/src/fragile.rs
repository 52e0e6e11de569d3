//! A store that fails when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use muster_model::{
    AccessKey, Account, AccountId, Activity, ActivityFilter, ActivityId, ConfigId, ConfigSpec,
    GroupId, LaunchConfiguration, Page, Paged, Record,
};
use muster_ports::{Commit, GroupRows, SavedEvent, Store, StoreError};
use muster_store::SqliteStore;

/// A store that can be made to fail.
pub struct Fragile {
    inner: SqliteStore,
    broken: AtomicBool,
}

impl Fragile {
    /// One that works.
    #[must_use]
    pub fn new(inner: SqliteStore) -> Fragile {
        Fragile {
            inner,
            broken: AtomicBool::new(false),
        }
    }

    /// From here on it fails, or works again.
    pub fn fail(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.broken.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("the disk is gone".to_owned())),
            false => Ok(()),
        }
    }
}

macro_rules! fragile {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {
        #[async_trait]
        impl Store for Fragile {$(
            async fn $name(&self, $($argument: $kind),*) -> Result<$result, StoreError> {
                self.check()?;
                self.inner.$name($($argument),*).await
            }
        )*}
    };
}

fragile! {
    commit(commit: Commit) -> ();
    accounts() -> Vec<Arc<Account>>;
    access_keys() -> Vec<Arc<AccessKey>>;
    configs() -> Vec<Arc<LaunchConfiguration>>;
    config_version(id: ConfigId, version: u64) -> Option<Arc<ConfigSpec>>;
    records() -> Vec<Record>;
    groups() -> Vec<GroupRows>;
    group(id: GroupId) -> Option<GroupRows>;
    activities(account: AccountId, filters: &[ActivityFilter], page: Page) -> Paged<Arc<Activity>>;
    last_uncancelled(group: GroupId) -> Option<Arc<Activity>>;
    activity(id: ActivityId) -> Option<Arc<Activity>>;
    events(after: u64, limit: usize) -> Vec<SavedEvent>;
    group_events(group: GroupId, after: u64, limit: usize) -> Vec<SavedEvent>;
    newest_event() -> u64;
    setting(name: &str) -> Option<String>;
}
