//! Listeners.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Balancer, GroupView, Listener, ListenerId, ListenerSpec, PoolId, Record, RecordId, RecordSpec,
    Records, by_age,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{balancers, pools, with_kept};
use crate::services::body::Body;
use crate::services::{Beside, Empty, Wrong};
use crate::times::second;

/// What is shown again as it was sent.
pub(super) const KEPT: [&str; 30] = [
    "admin_state_up",
    "client_ca_tls_container_ref",
    "client_timeout",
    "connection",
    "connection_limit",
    "cps",
    "default_tls_container_ref",
    "enable_member_retry",
    "enhance_l7policy_enable",
    "enterprise_project_id",
    "gzip_enable",
    "http2_enable",
    "insert_headers",
    "ipgroup",
    "keepalive_timeout",
    "member_timeout",
    "nat64_enable",
    "port_ranges",
    "protection_reason",
    "protection_status",
    "proxy_protocol_enable",
    "quic_config",
    "security_policy_id",
    "sni_container_refs",
    "sni_match_algo",
    "ssl_early_data_enable",
    "tags",
    "tls_ciphers_policy",
    "transparent_client_ip_enable",
    "sni_container",
];

const PROTOCOLS: [&str; 8] = [
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
        let protocol = body.word("protocol", &PROTOCOLS)?;
        let protocol = protocol.ok_or_else(|| body.missing("protocol"))?;
        let port = body.whole("protocol_port", 1, 65_535)?;
        let port = port.ok_or_else(|| body.missing("protocol_port"))?;
        let pool = body.text("default_pool_id", 64)?;
        let pool = pool.filter(|pool| !pool.is_empty()).map(|id| {
            let pool = pools::find(&records, &id);
            pool.ok_or_else(|| body.invalid("default_pool_id", &id, "it does not exist"))
        });
        let spec = ListenerSpec {
            balancer: found.id,
            protocol,
            port: u16::try_from(port).unwrap_or(u16::MAX),
            default_pool: pool.transpose()?.map(|pool| pool.id),
            name: body.text("name", 255)?.unwrap_or_default(),
            description: body.text("description", 255)?.unwrap_or_default(),
            kept: body.kept(&KEPT),
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
        beside.elb_list("listeners", all.collect())
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
