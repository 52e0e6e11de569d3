//! What is in memory: every account, configuration and group as last committed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use muster_engine::Ring;
use muster_model::{
    Account, AccountId, ConfigId, GroupId, GroupView, LaunchConfiguration, Records, Site,
};
use muster_ports::GroupRows;

/// A group in memory.
pub(crate) struct Slot {
    view: RwLock<Arc<GroupView>>,
    /// Held over "look, decide, commit, swap": one at a time per group.
    pub(crate) lock: tokio::sync::Mutex<()>,
    /// The last evaluations.
    pub(crate) evaluations: Mutex<Ring>,
    /// It may be otherwise in the store, or gone: it could not be read again.
    stale: AtomicBool,
}

impl Slot {
    pub(crate) fn new(view: GroupView) -> Slot {
        Slot {
            view: RwLock::new(Arc::new(view)),
            lock: tokio::sync::Mutex::new(()),
            evaluations: Mutex::new(Ring::default()),
            stale: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_stale(&self) -> bool {
        self.stale.load(Ordering::SeqCst)
    }

    pub(crate) fn set_stale(&self, stale: bool) {
        self.stale.store(stale, Ordering::SeqCst);
    }

    pub(crate) fn view(&self) -> Arc<GroupView> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn swap(&self, view: GroupView) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }
}

/// An account in memory. Its lock is held over everything that changes which groups and configurations it has, under
/// which names, or who uses what.
pub(crate) struct AccountSlot {
    account: RwLock<Arc<Account>>,
    records: RwLock<Arc<Records>>,
    /// It may be otherwise in the store: it could not be read again.
    stale: AtomicBool,
    pub(crate) lock: tokio::sync::Mutex<()>,
}

impl AccountSlot {
    pub(crate) fn new(account: Arc<Account>) -> AccountSlot {
        AccountSlot {
            account: RwLock::new(account),
            records: RwLock::default(),
            stale: AtomicBool::new(false),
            lock: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) fn is_stale(&self) -> bool {
        self.stale.load(Ordering::SeqCst)
    }

    pub(crate) fn set_stale(&self, stale: bool) {
        self.stale.store(stale, Ordering::SeqCst);
    }

    pub(crate) fn account(&self) -> Arc<Account> {
        Arc::clone(&self.account.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn swap(&self, account: Arc<Account>) {
        *self.account.write().unwrap_or_else(PoisonError::into_inner) = account;
    }

    /// The records of the account, of all sites.
    pub(crate) fn records(&self) -> Arc<Records> {
        Arc::clone(&self.records.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn swap_records(&self, records: Records) {
        *self.records.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(records);
    }
}

#[derive(Default)]
struct Inner {
    accounts: BTreeMap<AccountId, Arc<AccountSlot>>,
    configs: BTreeMap<ConfigId, Arc<LaunchConfiguration>>,
    groups: BTreeMap<GroupId, Arc<Slot>>,
}

/// Everything that is in memory.
#[derive(Default)]
pub(crate) struct Directory {
    inner: RwLock<Inner>,
}

impl Directory {
    fn read<T>(&self, with: impl FnOnce(&Inner) -> T) -> T {
        with(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, with: impl FnOnce(&mut Inner) -> T) -> T {
        with(&mut self.inner.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn put_account(&self, account: Arc<Account>) {
        self.write(|inner| {
            inner
                .accounts
                .entry(account.id)
                .or_insert_with(|| Arc::new(AccountSlot::new(account)));
        });
    }

    pub(crate) fn account(&self, id: AccountId) -> Option<Arc<AccountSlot>> {
        self.read(|inner| inner.accounts.get(&id).cloned())
    }

    pub(crate) fn accounts(&self) -> Vec<Arc<AccountSlot>> {
        self.read(|inner| inner.accounts.values().cloned().collect())
    }

    pub(crate) fn account_ids(&self) -> Vec<AccountId> {
        self.read(|inner| inner.accounts.keys().copied().collect())
    }

    pub(crate) fn put_config(&self, config: Arc<LaunchConfiguration>) {
        self.write(|inner| inner.configs.insert(config.id, config));
    }

    /// The configurations of an account are these and no others.
    pub(crate) fn replace_configs(&self, account: AccountId, own: Vec<Arc<LaunchConfiguration>>) {
        let own = own.into_iter().map(|config| (config.id, config));
        self.write(|inner| {
            inner.configs.retain(|_, config| config.account != account);
            inner.configs.extend(own);
        });
    }

    pub(crate) fn remove_config(&self, id: ConfigId) {
        self.write(|inner| inner.configs.remove(&id));
    }

    pub(crate) fn config(&self, id: ConfigId) -> Option<Arc<LaunchConfiguration>> {
        self.read(|inner| inner.configs.get(&id).cloned())
    }

    /// The configurations of an account in a site, by age.
    pub(crate) fn configs(&self, account: AccountId, site: &Site) -> Vec<Arc<LaunchConfiguration>> {
        let mut found: Vec<_> = self.read(|inner| {
            inner
                .configs
                .values()
                .filter(|c| c.account == account && c.site == *site)
                .cloned()
                .collect()
        });
        found.sort_by_key(|config| (config.created_at, config.ordinal, config.id));
        found
    }

    pub(crate) fn put_group(&self, view: GroupView) -> Arc<Slot> {
        let id = view.group.id;
        let slot = Arc::new(Slot::new(view));
        self.write(|inner| inner.groups.insert(id, Arc::clone(&slot)));
        slot
    }

    pub(crate) fn remove_group(&self, id: GroupId) {
        self.write(|inner| inner.groups.remove(&id));
    }

    pub(crate) fn group(&self, id: GroupId) -> Option<Arc<Slot>> {
        self.read(|inner| inner.groups.get(&id).cloned())
    }

    pub(crate) fn slots(&self) -> Vec<(GroupId, Arc<Slot>)> {
        self.read(|inner| {
            inner
                .groups
                .iter()
                .map(|(id, slot)| (*id, Arc::clone(slot)))
                .collect()
        })
    }

    /// The groups of an account in a site that doors show, by age.
    pub(crate) fn views(&self, account: AccountId, site: &Site) -> Vec<Arc<GroupView>> {
        self.sorted(account, site, false)
    }

    /// Those that are being deleted, by age.
    pub(crate) fn leaving(&self, account: AccountId, site: &Site) -> Vec<Arc<GroupView>> {
        self.sorted(account, site, true)
    }

    fn sorted(&self, account: AccountId, site: &Site, deleting: bool) -> Vec<Arc<GroupView>> {
        let mut views: Vec<_> =
            self.read(|inner| inner.groups.values().map(|slot| slot.view()).collect());
        views.retain(|view| {
            let group = &view.group;
            group.account == account && group.site == *site && group.deleting == deleting
        });
        views.sort_by_key(|view| (view.group.created_at, view.group.ordinal, view.group.id));
        views
    }

    /// A view made of rows, with the newest version of its configuration.
    pub(crate) fn assemble(&self, rows: GroupRows) -> GroupView {
        let config = rows.group.spec.config.and_then(|id| self.config(id));
        let parts = rows.parts.into_iter().collect();
        GroupView::of_rows(rows.group, config, rows.instances, rows.activities, parts)
    }
}
