//! What the doors stand on: store, simulated machines, a clock that can be moved, and the runtime.

use std::sync::Arc;

use muster_model::{Access, Account, Ids, Site, Time};
use muster_ports::{Caller, Clock, Commit, Row, Store};
use muster_runtime::{Options, Runtime, ShellClock};
use muster_sim::SimCompute;
use muster_store::SqliteStore;

use crate::Accounts;

/// A runtime, and what it runs on.
pub struct Ground {
    /// The runtime.
    pub runtime: Arc<Runtime>,
    /// The machines and balancers.
    pub sim: Arc<SimCompute>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Who may call.
    pub accounts: Accounts,
    clock: Arc<ShellClock>,
}

impl Ground {
    /// Nothing but the accounts, on a store of its own.
    pub async fn start(options: Options) -> Ground {
        Ground::on(Arc::new(SqliteStore::in_memory().unwrap()), 1, options).await
    }

    /// The same on a store that has nothing in it, with machines that draw from `seed`.
    pub async fn on(store: Arc<dyn Store>, seed: u64, options: Options) -> Ground {
        // Not the seed of the machines: no two things have the same key.
        let mut ids = Ids::new(1000);
        let accounts = Accounts {
            own: ids.next_id(),
            other: ids.next_id(),
        };
        let row = |(id, name): (_, &str)| {
            Row::Account(Arc::new(Account {
                id,
                name: name.to_owned(),
                version: 1,
                created_at: Time(0),
            }))
        };
        let both = [(accounts.own, "test"), (accounts.other, "other")];
        let commit = Commit {
            guards: Vec::new(),
            rows: both.into_iter().map(row).collect(),
        };
        store.commit(commit).await.unwrap();
        let clock = Arc::new(ShellClock::new(0));
        let movable: Arc<dyn Clock> = Arc::<ShellClock>::clone(&clock);
        let sim = Arc::new(SimCompute::in_memory(movable, seed));
        Ground {
            runtime: run(&store, &sim, &clock, options).await,
            sim,
            store,
            accounts,
            clock,
        }
    }

    /// Stops, and goes on with other options on the same store, machines and clock, as after a restart. The doors are to be
    /// made anew.
    pub async fn restart(&mut self, options: Options) {
        self.runtime.stop().await;
        self.runtime = self.restarted(options).await;
    }

    /// Another runtime on the same store, machines and clock: the first one has been stopped.
    pub async fn restarted(&self, options: Options) -> Arc<Runtime> {
        run(&self.store, &self.sim, &self.clock, options).await
    }

    /// Who calls, for what no answer of a door shows.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller {
            account: self.accounts.own,
            access: Access::Full,
            site: Site::default(),
        }
    }
}

async fn run(
    store: &Arc<dyn Store>,
    sim: &Arc<SimCompute>,
    clock: &Arc<ShellClock>,
    options: Options,
) -> Arc<Runtime> {
    let runtime = Runtime::start(
        Arc::clone(store),
        Arc::<SimCompute>::clone(sim),
        Arc::<SimCompute>::clone(sim),
        Arc::clone(clock),
        options,
    );
    runtime.await.unwrap()
}
