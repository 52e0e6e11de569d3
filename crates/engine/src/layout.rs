//! What the records of accounts lay out of balancers.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_model::{
    AccountId, Balancer, BalancerPlace, Front, FrontProtocol, GroupView, HandMember, LaidPool,
    Layout, Listener, ListenerId, PoolId, Records,
};

/// Whether a place is a listener or a pool that another account made: nobody's machines become members there. Ids that
/// nobody made here are whoever's they are.
#[must_use]
pub fn is_anothers(records: &[Arc<Records>], account: AccountId, place: &BalancerPlace) -> bool {
    let pool = PoolId::parse_uuid(&place.balancer).ok();
    let listener = ListenerId::parse_uuid(&place.balancer).ok();
    records.iter().any(|records| {
        let pool = pool.and_then(|id| records.pools.get(&id));
        let listener = listener.and_then(|id| records.listeners.get(&id));
        pool.is_some_and(|pool| pool.head.account != account)
            || listener.is_some_and(|listener| listener.head.account != account)
    })
}

/// The layout that these records say, with the places that these groups are bound to.
#[must_use]
pub fn layout<'a>(
    records: &[Arc<Records>],
    views: impl IntoIterator<Item = &'a GroupView>,
) -> Layout {
    let mut all = Layout::default();
    let mut fronts = Vec::new();
    for records in records {
        for listener in records.listeners.values() {
            if let Some(front) = front(records, listener) {
                let age = (listener.head.created_at, listener.head.ordinal, listener.id);
                fronts.push((age, front));
            }
        }
        all.pools.extend(pools(records));
    }
    fronts.sort_by_key(|(age, _)| *age);
    all.fronts = fronts.into_iter().map(|(_, front)| front).collect();
    for view in views {
        let spec = &view.group.spec;
        for binding in spec.balancers.iter().flat_map(Balancer::bindings) {
            let place = binding.target.place();
            if !is_anothers(records, view.group.account, &place) {
                all.bound.entry(place).or_default().insert(view.group.id);
            }
        }
    }
    all
}

fn front(records: &Records, listener: &Listener) -> Option<Front> {
    let spec = &listener.spec;
    let protocol = match spec.protocol.as_str() {
        "HTTP" => FrontProtocol::Http,
        "TCP" => FrontProtocol::Tcp,
        _ => return None,
    };
    let is_up = spec.kept.get("admin_state_up") != Some(&serde_json::Value::Bool(false));
    is_up.then(|| Front {
        listener: listener.id.uuid(),
        protocol,
        port: spec.port,
        pool: records.default_pool(listener).map(PoolId::uuid),
    })
}

fn pools(records: &Records) -> BTreeMap<String, LaidPool> {
    let mut pools: BTreeMap<PoolId, LaidPool> = BTreeMap::new();
    for id in records.pools.keys() {
        pools.insert(*id, LaidPool::default());
    }
    for monitor in records.health_monitors.values() {
        if let Some(pool) = pools.get_mut(&monitor.spec.pool) {
            pool.check = monitor.spec.probe();
        }
    }
    for member in records.pool_members.values() {
        let spec = &member.spec;
        // What is no address was refused when it was made.
        if let (true, Ok(address), Some(pool)) =
            (spec.up, spec.address.parse(), pools.get_mut(&spec.pool))
        {
            pool.members.push(HandMember {
                id: member.id,
                address,
                port: spec.port,
                weight: spec.weight,
            });
        }
    }
    pools
        .into_iter()
        .map(|(id, pool)| (id.uuid(), pool))
        .collect()
}
