//! The runtime: what it holds, how it starts and stops.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use muster_engine::Settings;
use muster_model::{
    Account, Call, CallPhase, Catalogue, ConfigId, ConfigSpec, GroupCommand, GroupId, Ids, Time,
};
use muster_ports::{Clock, Compute, LoadBalancer, Store, StoreError};
use prometheus_client::registry::Registry;
use tokio::sync::{Notify, Semaphore};

use crate::clock::ShellClock;
use crate::directory::Directory;
use crate::listed::Listed;
use crate::metrics::Metrics;
use crate::outbox::Bell;
use crate::queue::Queue;
use crate::servers::Jobs;
use crate::sources::Looks;

/// Commands of hooks that run at the same time.
const COMMANDS: usize = 256;

/// What an operator can tune of the shell.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What an operator can tune of the engine.
    pub settings: Settings,
    /// Groups worked on at the same time.
    pub workers: usize,
    /// Calls to the back end at the same time.
    pub calls: usize,
    /// Time between two listings of all machines, milliseconds.
    pub observe_period_millis: i64,
    /// Ended activities are kept this long, days.
    pub activity_days: u32,
    /// Messages are kept this long, days.
    pub message_days: u32,
    /// How long a stop waits for calls in flight, milliseconds.
    pub drain_millis: i64,
    /// What the ids follow from, for runs that are to be repeated; `None` = they come from the operating system.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            settings: Settings::default(),
            workers: 16,
            calls: 64,
            observe_period_millis: 10_000,
            activity_days: 90,
            message_days: 30,
            drain_millis: 10_000,
            seed: None,
        }
    }
}

/// Why the runtime did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store could not be read.
    #[error("what is stored could not be read: {0}")]
    Store(#[from] StoreError),
}

/// The shell around the engine. One per process and store.
pub struct Runtime {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) compute: Arc<dyn Compute>,
    pub(crate) balancer: Arc<dyn LoadBalancer>,
    pub(crate) clock: Arc<ShellClock>,
    pub(crate) options: Options,
    /// That of the options, as doors look at it.
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) directory: Directory,
    pub(crate) queue: Queue,
    pub(crate) metrics: Metrics,
    pub(crate) call_permits: Semaphore,
    /// Commands of hooks at the same time.
    pub(crate) command_permits: Semaphore,
    /// Calls to the back end that are not over, listings and deliveries among them.
    pub(crate) in_flight: AtomicUsize,
    /// Something became quieter.
    pub(crate) quieter: Notify,
    pub(crate) stopped: Notify,
    /// One for each sink of messages.
    pub(crate) bells: OnceLock<Vec<Arc<Bell>>>,
    /// How the last looks at metrics went.
    pub(crate) looks: Mutex<Looks>,
    /// Balancers by name, and why they did not answer when they were last asked, if so.
    pub(crate) answers: Mutex<BTreeMap<String, Option<String>>>,
    /// Work on machines that are asked for by themselves.
    pub(crate) jobs: Jobs,
    /// What there is for accounts, where the catalogue is strict.
    pub(crate) listed: Listed,
    /// Rings when records have changed.
    pub(crate) records_bell: Notify,
    /// Held by whoever tells balancers what is laid out.
    pub(crate) arranging: tokio::sync::Mutex<()>,
    /// Held by whoever moves the clock.
    pub(crate) moving: tokio::sync::Mutex<()>,
    /// Where ids come from in a run that is to be repeated.
    seeded: Option<Mutex<Ids>>,
    stop: AtomicBool,
    /// It has stopped: nothing is committed any more.
    ended: AtomicBool,
    /// Commits that have begun.
    commits: AtomicUsize,
    ready: AtomicBool,
    versions: Mutex<BTreeMap<(ConfigId, u64), Arc<ConfigSpec>>>,
}

impl Runtime {
    /// Loads everything, takes up what was interrupted, and starts the workers.
    ///
    /// # Errors
    /// What is stored could not be read.
    pub async fn start(
        store: Arc<dyn Store>,
        compute: Arc<dyn Compute>,
        balancer: Arc<dyn LoadBalancer>,
        clock: Arc<ShellClock>,
        options: Options,
    ) -> Result<Arc<Runtime>, StartError> {
        let runtime = Arc::new(Runtime {
            store,
            compute,
            balancer,
            clock,
            call_permits: Semaphore::new(options.calls),
            seeded: options.seed.map(|seed| Mutex::new(Ids::new(seed))),
            command_permits: Semaphore::new(COMMANDS),
            catalogue: Arc::new(options.settings.catalogue.clone()),
            options,
            directory: Directory::default(),
            queue: Queue::default(),
            metrics: Metrics::default(),
            in_flight: AtomicUsize::new(0),
            quieter: Notify::new(),
            stopped: Notify::new(),
            bells: OnceLock::new(),
            looks: Mutex::default(),
            answers: Mutex::new(BTreeMap::new()),
            jobs: Jobs::default(),
            listed: Listed::default(),
            records_bell: Notify::new(),
            arranging: tokio::sync::Mutex::new(()),
            moving: tokio::sync::Mutex::new(()),
            stop: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            commits: AtomicUsize::new(0),
            ready: AtomicBool::new(false),
            versions: Mutex::new(BTreeMap::new()),
        });
        let interrupted = runtime.load().await?;
        for id in interrupted {
            runtime.deliver(id, GroupCommand::Recover).await;
        }
        runtime.arrange().await;
        tokio::spawn(Arc::clone(&runtime).dispatch());
        tokio::spawn(Arc::clone(&runtime).observe_by_hint());
        tokio::spawn(Arc::clone(&runtime).observe_by_period());
        tokio::spawn(Arc::clone(&runtime).sweep_by_period());
        tokio::spawn(Arc::clone(&runtime).work_on_jobs());
        tokio::spawn(Arc::clone(&runtime).size_bandwidths());
        runtime.ready.store(true, Ordering::SeqCst);
        Ok(runtime)
    }

    /// Fills the directory; the groups with calls in flight come back.
    async fn load(&self) -> Result<Vec<GroupId>, StoreError> {
        for account in self.store.accounts().await? {
            self.directory.put_account(account);
        }
        self.load_records().await?;
        self.load_jobs();
        self.look_at_alarms();
        for config in self.store.configs().await? {
            self.directory.put_config(config);
        }
        let now = self.clock.now();
        let mut interrupted = Vec::new();
        for rows in self.store.groups().await? {
            let is_in_flight = |call: &Call| matches!(call.phase, CallPhase::InFlight { .. });
            let mut instances = rows.instances.iter();
            let in_flight = instances.any(|instance| instance.calls().any(is_in_flight));
            let view = self.directory.assemble(rows);
            let id = view.group.id;
            if in_flight {
                interrupted.push(id);
            }
            self.queue
                .want(id, view.group.wake_at.unwrap_or(now).min(now));
            self.directory.put_group(view);
        }
        Ok(interrupted)
    }

    /// Makes an account known that has been committed.
    pub fn put_account(&self, account: Arc<Account>) {
        self.directory.put_account(account);
    }

    /// Brings a command of the shell's own home: it is applied sooner or later, whatever the store does meanwhile.
    pub(crate) async fn deliver(&self, id: GroupId, command: GroupCommand) {
        let mut wait_millis: u64 = 10;
        loop {
            match self.apply_to(id, &command).await {
                Ok(_) => return,
                Err(muster_model::Error::Store { message }) => {
                    tracing::warn!(group = %id, message, "an answer could not be written down yet");
                }
                Err(error) => {
                    tracing::error!(group = %id, %error, "a command of the shell was refused");
                    return;
                }
            }
            if self.stopping() {
                return;
            }
            // On the real clock also under emulation: the store does not live in the movable time.
            crate::clock::pause_millis(wait_millis).await;
            wait_millis = (wait_millis * 2).min(2000);
        }
    }

    pub(crate) fn versions(&self) -> MutexGuard<'_, BTreeMap<(ConfigId, u64), Arc<ConfigSpec>>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A source of fresh keys.
    pub(crate) fn fresh_ids(&self) -> Ids {
        match &self.seeded {
            None => fresh_ids(),
            Some(ids) => {
                let mut ids = ids.lock().unwrap_or_else(PoisonError::into_inner);
                Ids::new(ids.next_key().bits())
            }
        }
    }

    /// Tells those who wait for quiet to look again.
    pub(crate) fn stirred(&self) {
        self.quieter.notify_waiters();
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Whether requests can be answered.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst) && !self.stopping()
    }

    /// The clock of the service.
    #[must_use]
    pub fn clock(&self) -> &Arc<ShellClock> {
        &self.clock
    }

    /// The present moment of the service.
    #[must_use]
    pub fn time(&self) -> Time {
        self.clock.now()
    }

    /// Metric families with their present values. `with` gets the registry for encoding.
    pub fn with_registry<T>(&self, with: impl FnOnce(&Registry) -> T) -> T {
        self.metrics
            .refresh(&self.directory, self.queue.depth(self.clock.now()));
        self.metrics.with_registry(with)
    }

    /// Stops taking turns and waits, within bounds, for calls in flight. What is cut off is taken up at the next start: its
    /// answers are not written down any more.
    pub async fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.stopped.notify_waiters();
        let mut left = self.options.drain_millis;
        while left > 0 && self.in_flight.load(Ordering::SeqCst) > self.clock.parked() {
            crate::clock::pause_millis(10).await;
            left -= 10;
        }
        self.ended.store(true, Ordering::SeqCst);
        while left > 0 && self.commits.load(Ordering::SeqCst) > 0 {
            crate::clock::pause_millis(10).await;
            left -= 10;
        }
    }

    /// A commit begins: it is counted until what comes back is dropped. `None` = the runtime has stopped, and whoever runs
    /// next on this store is not to find that it changes.
    pub(crate) fn begin_commit(&self) -> Option<Begun<'_>> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        let begun = Begun(self);
        (!self.ended.load(Ordering::SeqCst)).then_some(begun)
    }
}

/// A commit that has begun.
pub(crate) struct Begun<'a>(&'a Runtime);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.0.commits.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A source of fresh keys: the one place where the shell is random. The store refuses a key that is taken.
#[expect(
    clippy::disallowed_methods,
    reason = "ids of a running service come from the operating system"
)]
fn fresh_ids() -> Ids {
    Ids::new(rand::random())
}
