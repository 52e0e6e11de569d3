//! The ports of the shell, with everything that can go wrong at them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use muster_model::{
    AccessKey, Account, AccountId, Activity, ActivityFilter, ActivityId, ConfigId, ConfigSpec,
    Delivery, GroupId, InstanceId, LaunchConfiguration, LaunchSpec, Machine, OwnerKey, Page, Paged,
    Record, StopMode, Tag, Time,
};
use muster_ports::{
    Clock, CommandEnd, CommandRun, Commit, Compute, ComputeError, GroupRows, Notifier, NotifyError,
    SavedEvent, Store, StoreError,
};
use muster_runtime::ShellClock;
use muster_sim::{Dice, Odds, Point, SimCompute};
use muster_store::SqliteStore;
use tokio::sync::Notify;

use crate::audit::Audit;

/// One life of the service: from a start to a crash.
#[derive(Default)]
pub(crate) struct Life {
    is_over: AtomicBool,
    pub(crate) bell: Notify,
}

impl Life {
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Nothing of a life that is over goes on.
    async fn alive(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }

    async fn die(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.bell.notify_one();
        std::future::pending::<()>().await;
    }
}

/// What outlives every crash, but for the store.
pub(crate) struct Around {
    pub(crate) dice: Dice,
    /// Where to crash, for runs that crash at every point.
    pub(crate) crash_at: Option<Point>,
    /// The commit that the store refuses.
    pub(crate) refuse_at: Option<usize>,
    /// The commit that goes through, and nobody is told.
    pub(crate) unanswered_at: Option<usize>,
    /// How many times the store cannot be read again after such a commit.
    pub(crate) unread: usize,
    pub(crate) commits: usize,
    pub(crate) calls: usize,
    pub(crate) crashes: usize,
    pub(crate) audit: Audit,
    /// Launches that reach the back end when nobody waits for them any more.
    pub(crate) late: Vec<(Time, LaunchSpec)>,
}

/// What the ports share.
pub(crate) struct Shared {
    around: Mutex<Around>,
    pub(crate) clock: Arc<ShellClock>,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) machines: Arc<SimCompute>,
}

impl Shared {
    pub(crate) fn new(seed: u64) -> Arc<Shared> {
        // The clock begins where every run begins, whenever that is.
        let clock = ShellClock::new(-ShellClock::real_unix_secs() * 1000);
        clock.freeze(Time(1_000_000_000));
        let clock = Arc::new(clock);
        let machines = SimCompute::in_memory(Arc::clone(&clock) as Arc<dyn Clock>, seed);
        Arc::new(Shared {
            around: Mutex::new(Around {
                dice: Dice::new(seed, Odds::default()),
                crash_at: None,
                refuse_at: None,
                unanswered_at: None,
                unread: 0,
                commits: 0,
                calls: 0,
                crashes: 0,
                audit: Audit::default(),
                late: Vec::new(),
            }),
            clock,
            store: Arc::new(SqliteStore::in_memory().unwrap()),
            machines: Arc::new(machines),
        })
    }

    pub(crate) fn around(&self) -> MutexGuard<'_, Around> {
        self.around.lock().unwrap()
    }

    /// Others go first, now and then.
    async fn others_first(&self) {
        let turns = {
            let mut around = self.around();
            match around.dice.odds == Odds::default() {
                true => 0,
                false => around.dice.below(4),
            }
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }

    /// Crashes if this is where that is to be.
    async fn crash_if(&self, life: &Life, point: Point) {
        let crashes = {
            let mut around = self.around();
            let ordered = around.crash_at == Some(point);
            if ordered {
                around.crash_at = None;
            }
            let odds = around.dice.odds.crash;
            let crashes = ordered || around.dice.strikes(odds / 2);
            around.crashes += usize::from(crashes);
            crashes
        };
        if crashes {
            life.die().await;
        }
    }
}

/// What becomes of a call.
enum Fate {
    Done,
    Doubled,
    Failed,
    SoldOut,
    LostDone,
    LostNotDone,
    Late,
}

fn fate(around: &mut Around) -> Fate {
    let odds = around.dice.odds;
    let mut strikes = |odds| around.dice.strikes(odds);
    match () {
        () if strikes(odds.error) => Fate::Failed,
        () if strikes(odds.sold_out) => Fate::SoldOut,
        () if strikes(odds.lost_done) => Fate::LostDone,
        () if strikes(odds.lost_not_done) => Fate::LostNotDone,
        () if strikes(odds.hang) => Fate::Late,
        () if strikes(odds.doubled) => Fate::Doubled,
        () => Fate::Done,
    }
}

/// A port of one life.
#[derive(Clone)]
pub(crate) struct Faulty {
    pub(crate) shared: Arc<Shared>,
    pub(crate) life: Arc<Life>,
}

impl Faulty {
    async fn call<T: Send, F: Future<Output = Result<T, ComputeError>> + Send>(
        &self,
        launch: Option<&LaunchSpec>,
        run: impl Fn() -> F + Send + Sync,
    ) -> Result<T, ComputeError> {
        self.life.alive().await;
        self.shared.others_first().await;
        let (number, fate) = {
            let mut around = self.shared.around();
            let number = around.calls;
            around.calls += 1;
            (number, fate(&mut around))
        };
        let before = Point::BeforeCall(number);
        self.shared.crash_if(&self.life, before).await;
        let unknown = |text: &str| Err(ComputeError::Unknown(text.to_owned()));
        match fate {
            Fate::Failed => return Err(ComputeError::Failed("it failed".to_owned())),
            Fate::SoldOut if launch.is_some() => {
                return Err(ComputeError::SoldOut("sold out".to_owned()));
            }
            Fate::LostNotDone => return unknown("lost on the way there"),
            Fate::Late => {
                if let Some(spec) = launch {
                    let mut around = self.shared.around();
                    let millis = 1 + around.dice.millis(900_000);
                    let at = self.shared.clock.now().plus_millis(millis);
                    around.late.push((at, spec.clone()));
                    return unknown("it hangs");
                }
            }
            Fate::Doubled => drop(run().await),
            Fate::Done | Fate::SoldOut | Fate::LostDone => {}
        }
        let done = run().await;
        let after = Point::AfterCall(number);
        self.shared.crash_if(&self.life, after).await;
        match fate {
            Fate::LostDone => unknown("lost on the way back"),
            _ => done,
        }
    }

    fn machines(&self) -> &SimCompute {
        &self.shared.machines
    }

    /// Asks for what there is.
    async fn look(&self) -> Result<&SimCompute, ComputeError> {
        self.life.alive().await;
        self.shared.others_first().await;
        let mut around = self.shared.around();
        let odds = around.dice.odds.no_listing;
        match around.dice.strikes(odds) {
            true => Err(ComputeError::Failed("it does not answer".to_owned())),
            false => Ok(self.machines()),
        }
    }
}

#[async_trait]
impl Compute for Faulty {
    async fn launch(&self, spec: &LaunchSpec) -> Result<Machine, ComputeError> {
        self.shared.around().audit.is_launched(&spec.owner);
        self.call(Some(spec), || self.machines().launch(spec)).await
    }

    async fn terminate(&self, owner: &OwnerKey) -> Result<(), ComputeError> {
        self.call(None, || self.machines().terminate(owner)).await
    }

    async fn adopt(&self, owner: &OwnerKey) -> Result<Machine, ComputeError> {
        self.call(None, || self.machines().adopt(owner)).await
    }

    async fn release(&self, owner: &OwnerKey) -> Result<(), ComputeError> {
        self.call(None, || self.machines().release(owner)).await
    }

    async fn start(&self, owner: &OwnerKey) -> Result<Machine, ComputeError> {
        self.call(None, || Compute::start(self.machines(), owner))
            .await
    }

    async fn stop(&self, owner: &OwnerKey, mode: StopMode) -> Result<Machine, ComputeError> {
        self.call(None, || self.machines().stop(owner, mode)).await
    }

    async fn reset(&self, spec: &LaunchSpec, at: Time) -> Result<Machine, ComputeError> {
        self.call(None, || self.machines().reset(spec, at)).await
    }

    async fn tag(&self, owner: &OwnerKey, tags: &[Tag]) -> Result<Machine, ComputeError> {
        self.call(None, || self.machines().tag(owner, tags)).await
    }

    async fn command(
        &self,
        owner: &OwnerKey,
        run: &CommandRun,
    ) -> Result<CommandEnd, ComputeError> {
        self.call(None, || self.machines().command(owner, run))
            .await
    }

    async fn list(&self, group: Option<GroupId>) -> Result<Vec<Arc<Machine>>, ComputeError> {
        Compute::list(self.look().await?, group).await
    }

    async fn describe(&self, ids: &[InstanceId]) -> Result<Vec<Machine>, ComputeError> {
        self.look().await?.describe(ids).await
    }

    async fn inventory(&self) -> Result<Vec<Arc<Machine>>, ComputeError> {
        self.look().await?.inventory().await
    }

    async fn changed(&self) -> Option<GroupId> {
        self.machines().changed().await
    }
}

/// Endpoints of subscriptions.
#[async_trait]
impl Notifier for Faulty {
    async fn deliver(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        let delivery: Delivery = serde_json::from_value(message.event.body.clone()).unwrap();
        let call = self.call(None, || async {
            self.shared.around().audit.is_heard(&delivery);
            Ok(())
        });
        call.await.map_err(|error| match error {
            ComputeError::Unknown(text) => NotifyError::Unknown(text),
            _ => NotifyError::Failed("no".to_owned()),
        })
    }
}

impl Faulty {
    async fn store(&self) -> &SqliteStore {
        self.life.alive().await;
        &self.shared.store
    }

    /// The store, when it is read again after something went wrong.
    async fn store_that_answers(&self) -> Result<&SqliteStore, StoreError> {
        let store = self.store().await;
        let mut around = self.shared.around();
        let odds = around.dice.odds.no_listing;
        let troubled = around.refuse_at.is_none() && around.unanswered_at.is_none();
        let unread = troubled && around.unread > 0;
        around.unread -= usize::from(unread);
        match unread || around.dice.strikes(odds) {
            true => Err(StoreError::Unavailable("not now".to_owned())),
            false => Ok(store),
        }
    }
}

#[async_trait]
impl Store for Faulty {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.life.alive().await;
        self.shared.others_first().await;
        // Somebody may have crashed meanwhile.
        self.life.alive().await;
        let (number, lost, unknown) = {
            let mut around = self.shared.around();
            let (number, odds) = (around.commits, around.dice.odds);
            around.commits += 1;
            let ordered = |at: &mut Option<usize>| at.take_if(|at| *at == number).is_some();
            let lost = ordered(&mut around.refuse_at);
            let unknown = ordered(&mut around.unanswered_at);
            let lost = lost || around.dice.strikes(odds.commit_lost);
            (
                number,
                lost,
                unknown || around.dice.strikes(odds.commit_unknown),
            )
        };
        let before = Point::BeforeCommit(number);
        self.shared.crash_if(&self.life, before).await;
        if lost {
            return Err(StoreError::Unavailable("not now".to_owned()));
        }
        // Nothing runs beside it, so that a seed is a run.
        let done = pollster::block_on(self.shared.store.commit(commit.clone()));
        if done.is_ok() {
            let now = self.shared.clock.now();
            self.shared.around().audit.is_committed(&commit, now);
        }
        let after = Point::AfterCommit(number);
        self.shared.crash_if(&self.life, after).await;
        match (&done, unknown) {
            (Ok(()), true) => Err(StoreError::Unknown("no answer".to_owned())),
            _ => done,
        }
    }

    async fn accounts(&self) -> Result<Vec<Arc<Account>>, StoreError> {
        pollster::block_on(self.store().await.accounts())
    }

    async fn access_keys(&self) -> Result<Vec<Arc<AccessKey>>, StoreError> {
        pollster::block_on(self.store().await.access_keys())
    }

    async fn configs(&self) -> Result<Vec<Arc<LaunchConfiguration>>, StoreError> {
        pollster::block_on(self.store().await.configs())
    }

    async fn config_version(
        &self,
        id: ConfigId,
        version: u64,
    ) -> Result<Option<Arc<ConfigSpec>>, StoreError> {
        pollster::block_on(self.store().await.config_version(id, version))
    }

    async fn records(&self) -> Result<Vec<Record>, StoreError> {
        pollster::block_on(self.store_that_answers().await?.records())
    }

    async fn groups(&self) -> Result<Vec<GroupRows>, StoreError> {
        pollster::block_on(self.store().await.groups())
    }

    async fn group(&self, id: GroupId) -> Result<Option<GroupRows>, StoreError> {
        pollster::block_on(self.store_that_answers().await?.group(id))
    }

    async fn activities(
        &self,
        account: AccountId,
        filters: &[ActivityFilter],
        page: Page,
    ) -> Result<Paged<Arc<Activity>>, StoreError> {
        pollster::block_on(self.store().await.activities(account, filters, page))
    }

    async fn last_uncancelled(&self, group: GroupId) -> Result<Option<Arc<Activity>>, StoreError> {
        pollster::block_on(self.store().await.last_uncancelled(group))
    }

    async fn activity(&self, id: ActivityId) -> Result<Option<Arc<Activity>>, StoreError> {
        pollster::block_on(self.store().await.activity(id))
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<SavedEvent>, StoreError> {
        pollster::block_on(self.store().await.events(after, limit))
    }

    async fn group_events(
        &self,
        group: GroupId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<SavedEvent>, StoreError> {
        pollster::block_on(self.store().await.group_events(group, after, limit))
    }

    async fn newest_event(&self) -> Result<u64, StoreError> {
        pollster::block_on(self.store().await.newest_event())
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        pollster::block_on(self.store().await.setting(name))
    }
}

/// Machines that carry a key of somebody's, and those that do not.
pub(crate) fn sorted(machines: &SimCompute) -> (Vec<Arc<Machine>>, BTreeSet<InstanceId>) {
    let all = pollster::block_on(machines.inventory()).unwrap();
    let (owned, free): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.owner.is_some());
    (owned, free.iter().map(|machine| machine.id).collect())
}
