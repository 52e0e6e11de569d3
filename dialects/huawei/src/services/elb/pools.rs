//! Pools: what groups name in `lbaas_listeners`.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    ListenerId, Pool, PoolId, PoolSpec, Record, RecordId, RecordSpec, Records, by_age,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::listeners::bound_group;
use super::members::Board;
use super::{balancers, forms, refs, with_kept};
use crate::services::body::{Body, Reader};
use crate::services::{Beside, Empty, Wrong};
use crate::times::second;

const PROTOCOLS: &[&str] = &["TCP", "UDP", "HTTP", "HTTPS", "QUIC", "GRPC", "TLS", "IP"];
pub(super) const ALGORITHMS: &[&str] = &[
    "ROUND_ROBIN",
    "LEAST_CONNECTIONS",
    "SOURCE_IP",
    "QUIC_CID",
    "2_TUPLE_HASH",
    "5_TUPLE_HASH",
];

/// The pool that an id names.
pub(super) fn find(records: &Records, id: &str) -> Option<Arc<Pool>> {
    let id = PoolId::parse_uuid(id).ok()?;
    records.pools.get(&id).cloned()
}

/// The listeners that send their load to a pool.
pub(super) fn listeners(records: &Records, pool: PoolId) -> Vec<ListenerId> {
    let all = by_age(&records.listeners).into_iter();
    let all = all.filter(|listener| records.default_pool(listener) == Some(pool));
    all.map(|listener| listener.id).collect()
}

impl Beside {
    fn pool_shape(&self, board: &Board, records: &Records, pool: &Pool) -> Value {
        let (spec, id) = (&pool.spec, pool.id);
        let mut monitors = records.health_monitors.values();
        let monitor = monitors.find(|monitor| monitor.spec.pool == id);
        let members = board.members(self, &id.uuid()).unwrap_or_default();
        let shown = json!({
            "id": id.uuid(),
            "name": spec.name,
            "description": spec.description,
            "admin_state_up": true,
            "healthmonitor_id": monitor.map_or_else(String::new, |monitor| monitor.id.uuid()),
            "lb_algorithm": spec.algorithm,
            "listeners": refs(listeners(records, id).into_iter().map(ListenerId::uuid)),
            "loadbalancers": refs(spec.balancer.iter().map(|balancer| balancer.uuid())),
            "members": refs(members.iter().map(super::id_of)),
            "project_id": self.project(),
            "protocol": spec.protocol,
            "session_persistence": null,
            "ip_version": "v4",
            "slow_start": null,
            "member_deletion_protection_enable": false,
            "vpc_id": spec.vpc,
            "type": "",
            "protection_status": "nonProtection",
            "protection_reason": "",
            "any_port_enable": false,
            "az_affinity": null,
            "connection_drain": null,
            "pool_health": { "minimum_healthy_member_count": 0 },
            "public_border_group": "center",
            "quic_cid_hash_strategy": null,
            "enterprise_project_id": "0",
            "created_at": second(pool.head.created_at),
            "updated_at": second(pool.head.updated_at),
        });
        let mut shown = with_kept(shown, &spec.kept);
        if self.is_v2() {
            shown["tenant_id"] = json!(self.project());
        }
        shown
    }
}

fn read(mut body: Reader<'_>, records: &Records) -> Result<PoolSpec, Wrong> {
    let protocol = body.word("protocol", PROTOCOLS)?;
    let protocol = protocol.ok_or_else(|| body.missing("protocol"))?;
    let algorithm = body.word("lb_algorithm", ALGORITHMS)?;
    let algorithm = algorithm.ok_or_else(|| body.missing("lb_algorithm"))?;
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let balancer = filled(body.text("loadbalancer_id", 64)?);
    let listener = filled(body.text("listener_id", 64)?);
    let vpc = filled(body.text("vpc_id", 64)?);
    let listener = listener.map(|id| {
        let known = ListenerId::parse_uuid(&id).ok();
        let known = known.and_then(|id| records.listeners.get(&id).cloned());
        known.ok_or_else(|| body.invalid("listener_id", &id, "it does not exist"))
    });
    let listener = listener.transpose()?;
    if let Some(listener) = &listener
        && let Some(pool) = records.default_pool(listener)
    {
        let wanted = format!("its default pool is {}", pool.uuid());
        return Err(body.invalid("listener_id", listener.id.uuid(), &wanted));
    }
    if let Some(listener) = &listener
        && let Some(why) = forms::misfit(&listener.spec.protocol, &protocol)
    {
        return Err(body.invalid("protocol", protocol, &why));
    }
    let balancer = balancer.map(|id| {
        let known = balancers::find(records, &id);
        known.ok_or_else(|| body.invalid("loadbalancer_id", &id, "it does not exist"))
    });
    let balancer = balancer.transpose()?.map(|balancer| balancer.id);
    let of_listener = listener.as_ref().map(|listener| listener.spec.balancer);
    let (name, description) = (body.text("name", 255)?, body.text("description", 255)?);
    let kept = body.kept(forms::POOL)?;
    match kept.get("type").and_then(Value::as_str) {
        None if balancer.is_none() && listener.is_none() => {
            return Err(body.missing("loadbalancer_id"));
        }
        Some("instance") if vpc.is_none() => return Err(body.missing("vpc_id")),
        Some("ip") if vpc.is_some() => {
            let id = vpc.unwrap_or_default();
            return Err(body.invalid("vpc_id", id, "none is right for a pool of the type ip"));
        }
        Some(_) | None => {}
    }
    Ok(PoolSpec {
        name: name.unwrap_or_default(),
        description: description.unwrap_or_default(),
        balancer: balancer.or(of_listener),
        listener: listener.map(|listener| listener.id),
        protocol,
        algorithm,
        vpc,
        kept,
    })
}

/// CreatePool.
#[derive(Deserialize)]
pub(super) struct CreatePool {
    pool: Option<Body>,
}

impl Action<Beside> for CreatePool {
    const NAME: &'static str = "CreatePool";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let body = self.pool.ok_or_else(|| beside.missing("pool"))?;
        let records = beside.records().await?;
        let spec = read(body.read(beside, "pool"), &records)?;
        let id = beside.create(RecordSpec::Pool(Box::new(spec))).await?;
        let (records, board) = (beside.records().await?, Board::look(beside).await?);
        let Some(Record::Pool(pool)) = records.get(id) else {
            return Err(beside.broken("the pool is gone"));
        };
        Ok(beside.elb_one("pool", beside.pool_shape(&board, &records, &pool)))
    }
}

/// ListPools.
#[derive(Deserialize)]
pub(super) struct ListPools {}

impl Action<Beside> for ListPools {
    const NAME: &'static str = "ListPools";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let records = beside.records().await?;
        let board = Board::look(beside).await?;
        let all = by_age(&records.pools).into_iter();
        let all = all
            .map(|pool| beside.pool_shape(&board, &records, pool))
            .collect();
        beside.elb_list("pools", all).await
    }
}

/// One, under its name.
pub(super) async fn show(beside: &Beside, id: &str) -> Result<Value, Wrong> {
    let (records, board) = (beside.records().await?, Board::look(beside).await?);
    let pool = find(&records, id);
    let pool = pool.ok_or_else(|| beside.absent("The pool", id))?;
    Ok(beside.elb_one("pool", beside.pool_shape(&board, &records, &pool)))
}

/// ShowPool.
#[derive(Deserialize)]
pub(super) struct ShowPool {
    pool_id: String,
}

impl Action<Beside> for ShowPool {
    const NAME: &'static str = "ShowPool";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        show(beside, &self.pool_id).await
    }
}

/// DeletePool.
#[derive(Deserialize)]
pub(super) struct DeletePool {
    pool_id: String,
}

impl Action<Beside> for DeletePool {
    const NAME: &'static str = "DeletePool";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let id = &self.pool_id;
        let records = beside.records().await?;
        let pool = find(&records, id).ok_or_else(|| beside.absent("The pool", id))?;
        if let Some(user) = bound_group(&beside.views().await?, id) {
            return Err(beside.conflict(format!("The pool {id} is used by the group {user}.")));
        }
        beside.delete(RecordId::Pool(pool.id)).await?;
        Ok(Empty {})
    }
}
