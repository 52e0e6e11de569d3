//! The observer: looks at what the back end holds, by period and at a hint.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use muster_model::{GroupCommand, GroupId, Machine, Member, Observation, OwnerKey, Time};
use muster_ports::{Clock, Commit, ComputeError, Listing, Row};

use crate::runtime::Runtime;

const DAY_MILLIS: i64 = 86_400_000;
/// Time between two sweeps of old activities.
const SWEEP_PERIOD_MILLIS: i64 = 600_000;

impl Runtime {
    /// Looks by period until the runtime stops.
    pub(crate) async fn observe_by_period(self: Arc<Self>) {
        while !self.stopping() {
            self.observe_all().await;
            let next = self
                .clock
                .now()
                .plus_millis(self.options.observe_period_millis);
            tokio::select! {
                biased;
                () = self.clock.wait(next) => {}
                () = self.stopped.notified() => {}
            }
        }
    }

    /// Forgets old activities and messages by period until the runtime stops.
    pub(crate) async fn sweep_by_period(self: Arc<Self>) {
        while !self.stopping() {
            let now = self.clock.now();
            let old = |days: u32| now.plus_millis(-i64::from(days) * DAY_MILLIS);
            let commit = Commit {
                guards: Vec::new(),
                rows: vec![
                    Row::OldActivities(old(self.options.activity_days)),
                    Row::OldEvents(old(self.options.message_days)),
                ],
            };
            if let Err(error) = self.commit(commit).await {
                tracing::warn!(%error, "old rows could not be forgotten; the next sweep tries again");
            }
            tokio::select! {
                biased;
                () = self.clock.wait(now.plus_millis(SWEEP_PERIOD_MILLIS)) => {}
                () = self.stopped.notified() => {}
            }
        }
    }

    /// Looks at single groups when the back end says that something may have happened.
    pub(crate) async fn observe_by_hint(self: Arc<Self>) {
        while !self.stopping() {
            tokio::select! {
                biased;
                hint = self.compute.changed() => match hint {
                    Some(group) => self.observe(Some(group)).await,
                    None => self.observe_all().await,
                },
                () = self.stopped.notified() => {}
            }
        }
    }

    /// Lists all machines and tells every group of its own.
    pub(crate) async fn observe_all(&self) {
        self.observe(None).await;
    }

    /// Looks at one group, or at all.
    pub(crate) async fn observe(&self, group: Option<GroupId>) {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        self.look_at(group).await;
    }

    /// Lists and tells. The caller has counted it as in flight.
    pub(crate) async fn look_at(&self, group: Option<GroupId>) {
        let asked_at = self.clock.now();
        let patience = u64::from(self.options.settings.call_timeout_secs);
        let listed = tokio::select! {
            biased;
            listed = self.compute.list(group) => listed,
            () = self.clock.deadline(asked_at.plus_secs(patience)) => {
                Err(ComputeError::Unknown("no answer in time".to_owned()))
            }
        };
        self.metrics.listing(listed.is_ok());
        match listed {
            Ok(machines) => {
                if group.is_none() {
                    self.arrange().await;
                }
                let listing = self.listed_members(group).await;
                self.tell(group, asked_at, machines, listing.as_ref()).await;
                if let Some(listing) = &listing {
                    self.sweep_members(&listing.members).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the machines could not be listed: nothing is concluded from that")
            }
        }
        self.want_jobs();
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.stirred();
    }

    async fn tell(
        &self,
        only: Option<GroupId>,
        asked_at: Time,
        machines: Vec<Arc<Machine>>,
        listing: Option<&Listing>,
    ) {
        let silent = listing.map(Listing::silent).unwrap_or_default();
        let mut by_group: BTreeMap<GroupId, Vec<Arc<Machine>>> = BTreeMap::new();
        for machine in machines {
            if let Some(owner) = &machine.owner {
                by_group.entry(owner.group).or_default().push(machine);
            }
        }
        let mut at_balancers: BTreeMap<GroupId, Vec<Arc<Member>>> = BTreeMap::new();
        for member in listing.iter().flat_map(|listing| &listing.members) {
            at_balancers
                .entry(member.owner.group)
                .or_default()
                .push(Arc::clone(member));
        }
        let slots = match only {
            Some(id) => self
                .directory
                .group(id)
                .map(|slot| (id, slot))
                .into_iter()
                .collect(),
            None => self.directory.slots(),
        };
        for (id, slot) in slots {
            let machines = by_group.remove(&id).unwrap_or_default();
            if machines.is_empty() && slot.view().machines() == 0 {
                continue;
            }
            self.deliver(
                id,
                GroupCommand::Observed(Observation {
                    asked_at,
                    machines,
                    members: listing.map(|_| at_balancers.remove(&id).unwrap_or_default()),
                    silent: silent.clone(),
                }),
            )
            .await;
        }
        for machine in by_group.into_values().flatten() {
            if let Some(owner) = &machine.owner {
                self.collect(owner).await;
            }
        }
    }

    /// Destroys a machine that carries the key of a group that does not exist.
    async fn collect(&self, owner: &OwnerKey) {
        if self.directory.group(owner.group).is_some() {
            return;
        }
        match self.store.group(owner.group).await {
            Ok(None) => {}
            Ok(Some(_)) => return,
            Err(error) => {
                tracing::warn!(%owner, %error, "it could not be made sure that the machine is nobody's");
                return;
            }
        }
        if self.free_own(owner).await {
            return;
        }
        tracing::warn!(%owner, "a machine carries the key of a group that does not exist: it is destroyed");
        self.metrics.collected();
        if let Err(error) = self.compute.terminate(owner).await {
            tracing::warn!(%owner, %error, "the machine could not be destroyed; the next listing tries again");
        }
    }
}
