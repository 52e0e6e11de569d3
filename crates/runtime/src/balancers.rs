//! Calls to the balancers, and what they list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard, PoisonError};

use muster_engine::balancers;
use muster_model::{
    AccountId, Balancer, BalancerPlace, BalancerTarget, Binding, GroupId, GroupView, Member,
    MemberSpec, OwnerKey, Records,
};
use muster_ports::{Asked, BalancerError, Clock, ComputeError, Listing, LoadBalancer};

use crate::runtime::Runtime;

/// The answer of a balancer in the words of the executor, with where it was.
fn as_call(error: BalancerError, target: &BalancerTarget) -> ComputeError {
    let at = |message| {
        format!(
            "load balancer {}, listener {}: {message}",
            target.balancer, target.listener
        )
    };
    match error {
        BalancerError::Refused(message) => ComputeError::Refused(at(message)),
        BalancerError::Quota(message) => ComputeError::Quota(at(message)),
        BalancerError::Failed(message) => ComputeError::Failed(at(message)),
        BalancerError::Unknown(message) => ComputeError::Unknown(at(message)),
    }
}

impl Runtime {
    /// Makes the balancers agree with what is written down of an instance. What goes is first drained everywhere, and is
    /// taken off when nothing is left there, or the engine does not wait for that any more: `Some` = it still waits for
    /// so much (0 = for some that the balancer does not count).
    pub(crate) async fn balance(
        &self,
        view: &GroupView,
        owner: &OwnerKey,
    ) -> Result<Option<u32>, ComputeError> {
        let instance = view
            .instances
            .get(&owner.instance)
            .ok_or_else(|| ComputeError::Failed("the instance is gone".to_owned()))?;
        let machine = instance.machine.as_ref();
        let (wanted, unwanted): (Vec<_>, Vec<_>) =
            instance.bindings.iter().partition(|binding| binding.wanted);
        let records = self.all_records();
        for binding in &wanted {
            let place = binding.target.place();
            if muster_engine::is_anothers(&records, view.group.account, &place) {
                let error = BalancerError::Refused("another account's".to_owned());
                return Err(as_call(error, &binding.target));
            }
            let member = MemberSpec {
                owner: owner.clone(),
                target: binding.target.clone(),
                weight: binding.weight,
                address: machine.and_then(|machine| machine.address.clone()),
                machine_port: machine.and_then(|machine| machine.port),
            };
            let attached = self.balancer.attach(&member).await;
            attached.map_err(|error| as_call(error, &binding.target))?;
        }
        for binding in &unwanted {
            let drained = self.balancer.drain(owner, &binding.target).await;
            drained.map_err(|error| as_call(error, &binding.target))?;
        }
        if instance.drain_by.is_some() {
            let resting = wanted.into_iter().filter(|binding| binding.weight == 0);
            let left = self
                .left(owner, unwanted.iter().copied().chain(resting))
                .await?;
            if left.is_some() {
                return Ok(left);
            }
        }
        for binding in &unwanted {
            let detached = self.balancer.detach(owner, &binding.target).await;
            detached.map_err(|error| as_call(error, &binding.target))?;
        }
        Ok(None)
    }

    /// What a machine has in its hands at some targets: `None` = nothing, `Some(0)` = that is not known.
    async fn left(
        &self,
        owner: &OwnerKey,
        at: impl Iterator<Item = &Binding>,
    ) -> Result<Option<u32>, ComputeError> {
        let mut left = None;
        for binding in at {
            let counted = self.balancer.in_flight(owner, &binding.target).await;
            match counted.map_err(|error| as_call(error, &binding.target))? {
                Some(0) => {}
                Some(count) => left = Some(left.unwrap_or(0) + count),
                None => left = left.or(Some(0)),
            }
        }
        Ok(left)
    }

    /// Which of these another account made.
    pub(crate) fn anothers(
        &self,
        account: AccountId,
        balancers: &[Balancer],
    ) -> BTreeSet<BalancerPlace> {
        if balancers.is_empty() {
            return BTreeSet::new();
        }
        let records = self.all_records();
        let mut places: BTreeSet<BalancerPlace> = balancers.iter().map(Balancer::place).collect();
        places.retain(|place| muster_engine::is_anothers(&records, account, place));
        places
    }

    fn all_records(&self) -> Vec<Arc<Records>> {
        let accounts = self.directory.accounts();
        accounts.iter().map(|slot| slot.records()).collect()
    }

    /// Has the balancers make what accounts laid out so. One at a time, from what is committed by then: whatever happens in
    /// between, the last one says how it is.
    pub(crate) async fn arrange(&self) {
        let _one = self.arranging.lock().await;
        let slots = self.directory.slots();
        let views: Vec<Arc<GroupView>> = slots.iter().map(|(_, slot)| slot.view()).collect();
        let views = views.iter().map(|view| &**view);
        let layout = muster_engine::layout(&self.all_records(), views);
        let patience = u64::from(self.options.settings.call_timeout_secs);
        let until = self.clock.now().plus_secs(patience);
        tokio::select! {
            biased;
            () = self.balancer.arrange(&layout) => {}
            () = self.clock.deadline(until) => {
                tracing::warn!("the balancers were not arranged in time; the next listing tries again");
            }
        }
    }

    /// What the balancers list; `None` when they do not, or when nobody asks for it.
    pub(crate) async fn listed_members(&self, group: Option<GroupId>) -> Option<Listing> {
        if let Some(id) = group {
            let slot = self.directory.group(id)?;
            let view = slot.view();
            let bound = !view.group.spec.balancers.is_empty()
                || view.instances.values().any(|i| !i.bindings.is_empty());
            if !bound {
                return None;
            }
        }
        let patience = u64::from(self.options.settings.call_timeout_secs);
        let until = self.clock.now().plus_secs(patience);
        let listed = tokio::select! {
            biased;
            listed = self.balancer.list(group) => listed,
            () = self.clock.deadline(until) => Err(BalancerError::Unknown("no answer in time".to_owned())),
        };
        match listed {
            Ok(listing) => {
                self.note_answers(&listing.asked);
                Some(listing)
            }
            Err(error) => {
                tracing::warn!(%error, "the members of the balancers could not be listed: nothing is concluded from that");
                None
            }
        }
    }

    /// Writes down which balancers answered, and says when that changes.
    fn note_answers(&self, asked: &[Asked]) {
        let mut known = self.answers();
        for one in asked {
            let error = one.error.as_ref().map(ToString::to_string);
            self.metrics.balancer(&one.name, error.is_none());
            let before = known.insert(one.name.clone(), error.clone());
            match (before.flatten(), error) {
                (None, Some(error)) => tracing::warn!(
                    balancer = one.name,
                    error,
                    "a balancer does not answer: nothing is concluded of its members"
                ),
                (Some(_), None) => tracing::info!(balancer = one.name, "it answers again"),
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
    }

    fn answers(&self) -> MutexGuard<'_, BTreeMap<String, Option<String>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Balancers that did not answer when they were last asked for their members, by name, and why.
    #[must_use]
    pub fn silent_balancers(&self) -> BTreeMap<String, String> {
        let answers = self.answers();
        let silent = answers
            .iter()
            .filter_map(|(name, error)| Some((name.clone(), error.clone()?)));
        silent.collect()
    }

    /// Clears away members that nobody else does: their instances are gone, or past unbinding.
    pub(crate) async fn sweep_members(&self, members: &[Arc<Member>]) {
        for member in members {
            let slot = self.directory.group(member.owner.group);
            let view = slot.map(|slot| slot.view());
            if !balancers::is_stray(view.as_deref(), member) {
                continue;
            }
            tracing::warn!(owner = %member.owner, target = ?member.target, "a member is left at its balancer: it is taken off");
            if let Err(error) = self.balancer.detach(&member.owner, &member.target).await {
                tracing::warn!(owner = %member.owner, %error, "it could not be taken off; the next listing tries again");
            }
        }
    }

    /// Every place that a group is bound to.
    #[must_use]
    pub fn bound_targets(&self) -> BTreeSet<BalancerTarget> {
        let slots = self.directory.slots();
        let views = slots.iter().map(|(_, slot)| slot.view());
        views
            .flat_map(|view| {
                let bindings = view
                    .group
                    .spec
                    .balancers
                    .iter()
                    .flat_map(muster_model::Balancer::bindings);
                bindings.map(|binding| binding.target).collect::<Vec<_>>()
            })
            .collect()
    }

    /// The balancers.
    #[must_use]
    pub fn balancer(&self) -> &Arc<dyn LoadBalancer> {
        &self.balancer
    }
}
