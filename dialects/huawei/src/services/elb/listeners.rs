//! Listeners.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Balancer, GroupView, Listener, ListenerId, ListenerSpec, PoolId, Record, RecordId, RecordSpec,
    Records, by_age,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{balancers, forms, pools, with_kept};
use crate::services::body::{Body, Reader};
use crate::services::{Beside, Empty, Wrong};
use crate::times::second;

const PROTOCOLS: &[&str] = &[
    "TCP",
    "UDP",
    "HTTP",
    "HTTPS",
    "TERMINATED_HTTPS",
    "TLS",
    "QUIC",
    "IP",
];

fn shown(beside: &Beside, records: &Records, listener: &Listener) -> Value {
    let spec = &listener.spec;
    let pool = records.default_pool(listener);
    let shown = json!({
        "id": listener.id.uuid(),
        "name": spec.name,
        "description": spec.description,
        "admin_state_up": true,
        "connection_limit": -1,
        "default_pool_id": pool.map(PoolId::uuid),
        "default_tls_container_ref": null,
        "client_ca_tls_container_ref": null,
        "http2_enable": false,
        "insert_headers": {},
        "loadbalancers": [{ "id": spec.balancer.uuid() }],
        "project_id": beside.project(),
        "enterprise_project_id": "0",
        "protocol": spec.protocol,
        "protocol_port": spec.port,
        "sni_container_refs": [],
        "tags": [],
        "tls_ciphers_policy": "",
        "enable_member_retry": true,
        "keepalive_timeout": 60,
        "client_timeout": 60,
        "member_timeout": 60,
        "transparent_client_ip_enable": false,
        "proxy_protocol_enable": false,
        "enhance_l7policy_enable": false,
        "sni_match_algo": "",
        "security_policy_id": null,
        "ipgroup": null,
        "quic_config": null,
        "gzip_enable": false,
        "port_ranges": [],
        "ssl_early_data_enable": false,
        "cps": 0,
        "connection": 0,
        "nat64_enable": false,
        "protection_status": "nonProtection",
        "protection_reason": "",
        "created_at": second(listener.head.created_at),
        "updated_at": second(listener.head.updated_at),
    });
    let mut shown = with_kept(shown, &spec.kept);
    if beside.is_v2() {
        shown["tenant_id"] = json!(beside.project());
        shown["tags"] = json!([]);
    }
    shown
}

pub(super) fn find(records: &Records, id: &str) -> Option<Arc<Listener>> {
    let id = ListenerId::parse_uuid(id).ok()?;
    records.listeners.get(&id).cloned()
}

/// The group that is bound to a listener or a pool, if any.
pub(super) fn bound_group(views: &[Arc<GroupView>], id: &str) -> Option<String> {
    let names = |balancer: &Balancer| match balancer {
        Balancer::Listener { listener } => listener == id,
        Balancer::Pool { pool, .. } => pool == id,
        Balancer::Classic { .. } | Balancer::Forward { .. } => false,
    };
    let mut views = views.iter();
    let user = views.find(|view| view.group.spec.balancers.iter().any(names))?;
    Some(user.group.id.uuid())
}

/// The pool that a listener of a protocol is to send its load to.
pub(super) fn default_pool(
    body: &mut Reader<'_>,
    records: &Records,
    protocol: &str,
) -> Result<Option<PoolId>, Wrong> {
    let id = body.text("default_pool_id", 64)?;
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let wrong = |why: &str| body.invalid("default_pool_id", &id, why);
    let pool = pools::find(records, &id).ok_or_else(|| wrong("it does not exist"))?;
    match forms::misfit(protocol, &pool.spec.protocol) {
        Some(why) => Err(wrong(&why)),
        None => Ok(Some(pool.id)),
    }
}

/// CreateListener.
#[derive(Deserialize)]
pub(super) struct CreateListener {
    listener: Option<Body>,
}

impl Action<Beside> for CreateListener {
    const NAME: &'static str = "CreateListener";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let body = self.listener.ok_or_else(|| beside.missing("listener"))?;
        let mut body = body.read(beside, "listener");
        let records = beside.records().await?;
        let balancer = body.needed("loadbalancer_id", 64)?;
        let found = balancers::find(&records, &balancer);
        let found =
            found.ok_or_else(|| body.invalid("loadbalancer_id", &balancer, "it does not exist"))?;
        let protocol = body.word("protocol", PROTOCOLS)?;
        let protocol = protocol.ok_or_else(|| body.missing("protocol"))?;
        let port = body.whole("protocol_port", 1, 65_535)?;
        let port = port.ok_or_else(|| body.missing("protocol_port"))?;
        let default_pool = default_pool(&mut body, &records, &protocol)?;
        let spec = ListenerSpec {
            balancer: found.id,
            protocol,
            port: u16::try_from(port).unwrap_or(u16::MAX),
            default_pool,
            name: body.text("name", 255)?.unwrap_or_default(),
            description: body.text("description", 255)?.unwrap_or_default(),
            kept: body.kept(forms::LISTENER)?,
        };
        let id = beside.create(RecordSpec::Listener(Box::new(spec))).await?;
        let records = beside.records().await?;
        let Some(Record::Listener(listener)) = records.get(id) else {
            return Err(beside.broken("the listener is gone"));
        };
        Ok(beside.elb_one("listener", shown(beside, &records, &listener)))
    }
}

/// ListListeners.
#[derive(Deserialize)]
pub(super) struct ListListeners {}

impl Action<Beside> for ListListeners {
    const NAME: &'static str = "ListListeners";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let records = beside.records().await?;
        let all = by_age(&records.listeners).into_iter();
        let all = all.map(|listener| shown(beside, &records, listener));
        beside.elb_list("listeners", all.collect()).await
    }
}

/// One, under its name.
pub(super) async fn show(beside: &Beside, id: &str) -> Result<Value, Wrong> {
    let records = beside.records().await?;
    let listener = find(&records, id);
    let listener = listener.ok_or_else(|| beside.absent("The listener", id))?;
    Ok(beside.elb_one("listener", shown(beside, &records, &listener)))
}

/// ShowListener.
#[derive(Deserialize)]
pub(super) struct ShowListener {
    listener_id: String,
}

impl Action<Beside> for ShowListener {
    const NAME: &'static str = "ShowListener";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        show(beside, &self.listener_id).await
    }
}

/// DeleteListener.
#[derive(Deserialize)]
pub(super) struct DeleteListener {
    listener_id: String,
}

impl Action<Beside> for DeleteListener {
    const NAME: &'static str = "DeleteListener";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let id = &self.listener_id;
        let records = beside.records().await?;
        let listener = find(&records, id).ok_or_else(|| beside.absent("The listener", id))?;
        if let Some(user) = bound_group(&beside.views().await?, id) {
            return Err(beside.conflict(format!("The listener {id} is used by the group {user}.")));
        }
        beside.delete(RecordId::Listener(listener.id)).await?;
        Ok(Empty {})
    }
}
