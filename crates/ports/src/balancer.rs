//! The balancers that spread load over machines.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use muster_model::{
    BalancerPlace, BalancerTarget, GroupId, InstanceId, Layout, Member, MemberHealth, MemberSpec,
    MemberState, OwnerKey, PoolMemberId,
};

/// Why a call to a balancer did not succeed. Closed: each case leads to another next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BalancerError {
    /// Certainly not done, and the same request will be refused again.
    #[error("refused: {0}")]
    Refused(String),
    /// Certainly not done: a quota of the balancer is used up.
    #[error("quota: {0}")]
    Quota(String),
    /// Certainly not done: the balancer failed; a later try may do.
    #[error("failed: {0}")]
    Failed(String),
    /// Nobody knows whether it was done: ask again.
    #[error("no answer: {0}")]
    Unknown(String),
}

/// What balancers list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// The members.
    pub members: Vec<Arc<Member>>,
    /// The balancers that were asked over the network, and how that went.
    pub asked: Vec<Asked>,
}

/// How a balancer answered when it was asked for its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its name, for people: unique, and the same each time.
    pub name: String,
    /// Where it takes members in.
    pub places: Vec<BalancerPlace>,
    /// Why nothing is known of the members there; `None` = they are listed, all of them.
    pub error: Option<BalancerError>,
}

impl Listing {
    /// Where a balancer did not answer.
    #[must_use]
    pub fn silent(&self) -> Vec<BalancerPlace> {
        let silent = self.asked.iter().filter(|asked| asked.error.is_some());
        silent.flat_map(|asked| asked.places.clone()).collect()
    }
}

impl From<Vec<Arc<Member>>> for Listing {
    fn from(members: Vec<Arc<Member>>) -> Self {
        Listing {
            members,
            asked: Vec::new(),
        }
    }
}

/// Balancers.
///
/// Contract (`contract::balancer`):
/// * a member is one machine at one target; every call is idempotent by both: asked twice, it is done once;
/// * whose a member is stands on the member itself, and [`LoadBalancer::list`] finds it by that after any crash of ours;
/// * what is another's is never changed by [`LoadBalancer::drain`] or [`LoadBalancer::detach`];
/// * a call is over when its future is: dropped (or the service killed), it does nothing afterwards. A machine that is
///   bound late would get load after it was taken off;
/// * a listing that is not complete is an error, or says at which places it is not: never just a shorter list.
#[async_trait]
pub trait LoadBalancer: Send + Sync {
    /// Makes the machine a member with this weight, or gives the member that it is this weight: it takes load by that.
    ///
    /// # Errors
    /// See [`BalancerError`].
    async fn attach(&self, member: &MemberSpec) -> Result<(), BalancerError>;

    /// The member keeps what it has and gets nothing new. `Ok` also when it is not there.
    ///
    /// # Errors
    /// See [`BalancerError`].
    async fn drain(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError>;

    /// How many requests or connections the member has in its hands; 0 when it is not there, `None` when the balancer does
    /// not say. One that is drained is not detached before there are none, as long as the engine waits for that.
    ///
    /// # Errors
    /// See [`BalancerError`].
    async fn in_flight(
        &self,
        owner: &OwnerKey,
        target: &BalancerTarget,
    ) -> Result<Option<u32>, BalancerError>;

    /// The machine is no member any more. `Ok` also when it was not.
    ///
    /// # Errors
    /// See [`BalancerError`].
    async fn detach(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError>;

    /// All members with an owner of ours, or those of one group, with what their balancers say of their health.
    ///
    /// # Errors
    /// See [`BalancerError`].
    async fn list(&self, group: Option<GroupId>) -> Result<Listing, BalancerError>;

    /// Makes what accounts laid out so: all of it as it is now, whatever was told before. Balancers that others lay out have
    /// nothing to do. What cannot be had is said where the balancer is looked at; it is tried again when this is called again.
    async fn arrange(&self, _layout: &Layout) {}

    /// What is found of the health of members that were put there by hand; those that take no load are not told of.
    async fn by_hand(&self) -> BTreeMap<PoolMemberId, MemberHealth> {
        BTreeMap::new()
    }
}

/// A table of members that keeps the rules of the contract: for balancers that hold one themselves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberTable {
    members: BTreeMap<(BalancerTarget, InstanceId), Arc<Member>>,
}

impl MemberTable {
    /// Makes a machine a member, or gives the member its weight. A machine that changed hands changes hands here too.
    pub fn attach(&mut self, spec: &MemberSpec) -> Arc<Member> {
        let key = (spec.target.clone(), spec.owner.instance);
        let health = self
            .members
            .get(&key)
            .map_or(MemberHealth::Unknown, |old| old.health);
        self.put(Member {
            owner: spec.owner.clone(),
            target: spec.target.clone(),
            weight: spec.weight,
            state: MemberState::Active,
            health,
            in_flight: None,
        })
    }

    /// Takes over a member as it is told.
    pub fn put(&mut self, member: Member) -> Arc<Member> {
        let key = (member.target.clone(), member.machine());
        let member = Arc::new(member);
        self.members.insert(key, Arc::clone(&member));
        member
    }

    /// Lets a member of this owner have no new load.
    pub fn drain(&mut self, owner: &OwnerKey, target: &BalancerTarget) -> Option<Arc<Member>> {
        let member = self.own(owner, target)?;
        let drained = Member {
            state: MemberState::Draining,
            ..(**member).clone()
        };
        Some(self.put(drained))
    }

    /// Takes a member of this owner out. Returns whether it was there.
    pub fn detach(&mut self, owner: &OwnerKey, target: &BalancerTarget) -> bool {
        let there = self.own(owner, target).is_some();
        if there {
            self.members.remove(&(target.clone(), owner.instance));
        }
        there
    }

    /// The member of this owner there, if any.
    #[must_use]
    pub fn member(&self, owner: &OwnerKey, target: &BalancerTarget) -> Option<Arc<Member>> {
        self.own(owner, target).map(Arc::clone)
    }

    fn own(&self, owner: &OwnerKey, target: &BalancerTarget) -> Option<&Arc<Member>> {
        self.members
            .get(&(target.clone(), owner.instance))
            .filter(|member| member.owner == *owner)
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Members, in the order of their targets.
    #[must_use]
    pub fn list(&self, group: Option<GroupId>) -> Vec<Arc<Member>> {
        self.members
            .values()
            .filter(|member| group.is_none_or(|group| member.owner.group == group))
            .map(Arc::clone)
            .collect()
    }
}
