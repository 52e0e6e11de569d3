//! Listeners and pools that are named without their balancer (Huawei).
//!
//! Those that accounts made are known, strict or not: one of another account or site does not exist, and one of the group's
//! own account is in its VPC. Others are ids, which a strict catalogue has to list.

use std::sync::Arc;

use muster_model::{
    AccountId, Balancer, Catalogue, Error, Listed, ListenerId, LoadBalancerId, Misfit, PoolId,
    RecordHead, Records, Site,
};

use super::{misfit, unlisted};

/// Whose group names them, and what there is.
pub(super) struct Laid<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// What all accounts made.
    pub(super) records: &'a [Arc<Records>],
    pub(super) account: AccountId,
    pub(super) site: &'a Site,
}

/// What is known of a place.
enum Place {
    /// It is there; its VPC, if that is known.
    There(Option<String>),
    /// It is not there for this account.
    Absent,
    /// Nobody made it here, and the catalogue is not asked.
    Unknown,
}

fn named(balancer: &Balancer) -> Option<(Listed, &str)> {
    match balancer {
        Balancer::Listener { listener } => Some((Listed::Listener, listener)),
        Balancer::Pool { pool, .. } => Some((Listed::Pool, pool)),
        Balancer::Classic { .. } | Balancer::Forward { .. } => None,
    }
}

impl Laid<'_> {
    /// Refuses one that is not there.
    pub(super) fn exists(&self, balancer: &Balancer) -> Result<(), Error> {
        let Some((kind, id)) = named(balancer) else {
            return Ok(());
        };
        match self.find(kind, id) {
            Place::Absent => Err(unlisted(kind, id)),
            Place::There(_) | Place::Unknown => Ok(()),
        }
    }

    /// Refuses one that is not in the VPC.
    pub(super) fn fits(&self, vpc: &str, balancer: &Balancer) -> Result<(), Error> {
        let Some((kind, id)) = named(balancer) else {
            return Ok(());
        };
        match self.find(kind, id) {
            Place::There(Some(own)) if own != vpc => Err(misfit(Misfit::BalancerOfOtherVpc, id)),
            Place::There(_) | Place::Absent | Place::Unknown => Ok(()),
        }
    }

    fn find(&self, kind: Listed, id: &str) -> Place {
        let made = |records: &Arc<Records>| match kind {
            Listed::Pool => self.pool(records, PoolId::parse_uuid(id).ok()?),
            _ => self.listener(records, ListenerId::parse_uuid(id).ok()?),
        };
        let found = self.records.iter().find_map(made);
        found.unwrap_or_else(|| self.listed(kind, id))
    }

    fn is_own(&self, head: &RecordHead) -> bool {
        head.account == self.account && head.site == *self.site
    }

    fn pool(&self, records: &Records, id: PoolId) -> Option<Place> {
        let pool = records.pools.get(&id)?;
        if !self.is_own(&pool.head) {
            return Some(Place::Absent);
        }
        let spec = &pool.spec;
        let of_listener = || {
            let listener = records.listeners.get(&spec.listener?)?;
            Some(listener.spec.balancer)
        };
        let balancer = spec.balancer.or_else(of_listener);
        let vpc = balancer.and_then(|id| self.vpc_of(records, id));
        Some(Place::There(vpc.or_else(|| spec.vpc.clone())))
    }

    fn listener(&self, records: &Records, id: ListenerId) -> Option<Place> {
        let listener = records.listeners.get(&id)?;
        Some(match self.is_own(&listener.head) {
            true => Place::There(self.vpc_of(records, listener.spec.balancer)),
            false => Place::Absent,
        })
    }

    /// The VPC of a balancer: its own, or that of its subnet.
    fn vpc_of(&self, records: &Records, id: LoadBalancerId) -> Option<String> {
        let spec = &records.load_balancers.get(&id)?.spec;
        let of_subnet = || {
            let id = spec.subnet.as_ref()?;
            let mut made = records.subnets.values();
            let made = made.find(|subnet| subnet.id.uuid() == *id);
            let listed = self.catalogue.subnets.get(id);
            made.map(|subnet| &subnet.spec.vpc)
                .or(listed.map(|subnet| &subnet.vpc))
                .cloned()
        };
        spec.vpc.clone().or_else(of_subnet)
    }

    /// What a strict catalogue says of a place that nobody made here.
    fn listed(&self, kind: Listed, id: &str) -> Place {
        if !self.catalogue.strict {
            return Place::Unknown;
        }
        let mut balancers = self.catalogue.balancers.values();
        let found = balancers.find(|balancer| match kind {
            Listed::Pool => balancer.pools.contains(id),
            _ => balancer.listeners.contains_key(id),
        });
        found.map_or(Place::Absent, |balancer| Place::There(balancer.vpc.clone()))
    }
}
