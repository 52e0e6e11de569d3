//! Load balancers.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    LoadBalancer, LoadBalancerId, LoadBalancerSpec, Record, RecordId, RecordSpec, Records, by_age,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{forms, refs, with_kept};
use crate::services::body::{Body, Reader};
use crate::services::{Beside, Empty, Wrong};
use crate::times::second;

/// With what is so as long as nobody says otherwise.
fn with_unset(shown: Value) -> Value {
    let unset = json!({
        "ipv6_vip_address": null,
        "ipv6_vip_virsubnet_id": null,
        "ipv6_vip_port_id": null,
        "l4_flavor_id": null,
        "l4_scale_flavor_id": null,
        "l7_flavor_id": null,
        "l7_scale_flavor_id": null,
        "gw_flavor_id": null,
        "loadbalancer_type": null,
        "frozen_scene": null,
        "autoscaling": { "enable": false, "min_l7_flavor_id": "" },
        "public_border_group": "center",
        "service_lb_mode": "lb",
        "instance_type": null,
        "instance_id": null,
        "proxy_protocol_extensions": [],
        "waf_failure_action": "forward",
        "log_group_id": null,
        "log_topic_id": null,
        "custom_qos_limit": null,
    });
    match (shown, unset) {
        (Value::Object(mut shown), Value::Object(unset)) => {
            shown.extend(unset);
            Value::Object(shown)
        }
        (shown, _) => shown,
    }
}

fn shown(beside: &Beside, records: &Records, balancer: &LoadBalancer) -> Value {
    let (spec, id) = (&balancer.spec, balancer.id);
    let listeners = by_age(&records.listeners).into_iter();
    let listeners = listeners.filter(|listener| listener.spec.balancer == id);
    let pools = by_age(&records.pools).into_iter();
    let pools = pools.filter(|pool| pool.spec.balancer == Some(id));
    let shown = json!({
        "id": id.uuid(),
        "name": spec.name,
        "description": spec.description,
        "provisioning_status": "ACTIVE",
        "operating_status": "ONLINE",
        "admin_state_up": true,
        "provider": "vlb",
        "pools": refs(pools.map(|pool| pool.id.uuid())),
        "listeners": refs(listeners.map(|listener| listener.id.uuid())),
        "project_id": beside.project(),
        "vpc_id": spec.vpc,
        "vip_subnet_cidr_id": spec.subnet,
        "vip_address": spec.address,
        "vip_port_id": id.uuid(),
        "tags": [],
        "created_at": second(balancer.head.created_at),
        "updated_at": second(balancer.head.updated_at),
        "guaranteed": true,
        "eips": [],
        "publicips": [],
        "global_eips": [],
        "availability_zone_list": [],
        "elb_virsubnet_ids": [],
        "elb_virsubnet_type": "ipv4",
        "enterprise_project_id": spec.enterprise_project.as_deref().unwrap_or("0"),
        "billing_info": "",
        "ip_target_enable": false,
        "deletion_protection_enable": false,
        "charge_mode": "lcu",
        "protection_status": "nonProtection",
        "protection_reason": "",
    });
    let mut shown = with_kept(with_unset(shown), &spec.kept);
    if beside.is_v2() {
        shown["tenant_id"] = json!(beside.project());
        shown["vip_subnet_id"] = json!(spec.subnet);
        shown["tags"] = json!([]);
    }
    shown
}

/// The load balancer that an id names.
pub(super) fn find(records: &Records, id: &str) -> Option<Arc<LoadBalancer>> {
    let id = LoadBalancerId::parse_uuid(id).ok()?;
    records.load_balancers.get(&id).cloned()
}

/// The address that a load balancer is to have.
pub(super) fn address(body: &mut Reader<'_>) -> Result<Option<String>, Wrong> {
    let address = body
        .text("vip_address", 64)?
        .filter(|text| !text.is_empty());
    match address {
        Some(text) if text.parse::<std::net::Ipv4Addr>().is_err() => {
            Err(body.invalid("vip_address", text, "an IPv4 address is right"))
        }
        address => Ok(address),
    }
}

/// CreateLoadBalancer.
#[derive(Deserialize)]
pub(super) struct CreateLoadBalancer {
    loadbalancer: Option<Body>,
}

impl Action<Beside> for CreateLoadBalancer {
    const NAME: &'static str = "CreateLoadBalancer";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let body = self.loadbalancer;
        let body = body.ok_or_else(|| beside.missing("loadbalancer"))?;
        let mut body = body.read(beside, "loadbalancer");
        let subnet = match beside.is_v2() {
            true => Some(body.needed("vip_subnet_id", 64)?),
            false => body.text("vip_subnet_cidr_id", 64)?,
        };
        let vpc = body.text("vpc_id", 64)?;
        if vpc.is_none() && subnet.is_none() {
            return Err(body.missing("vpc_id"));
        }
        let address = address(&mut body)?;
        if address.is_some() && subnet.is_none() {
            return Err(body.missing("vip_subnet_cidr_id"));
        }
        let spec = LoadBalancerSpec {
            name: body.text("name", 255)?.unwrap_or_default(),
            description: body.text("description", 255)?.unwrap_or_default(),
            vpc,
            subnet,
            address,
            enterprise_project: body.text("enterprise_project_id", 36)?,
            kept: body.kept(forms::BALANCER)?,
        };
        if !beside.is_v2() && spec.kept.get("guaranteed") == Some(&Value::Bool(false)) {
            return Err(body.invalid("guaranteed", false, "true is right"));
        }
        let id = beside
            .create(RecordSpec::LoadBalancer(Box::new(spec)))
            .await?;
        let records = beside.records().await?;
        let Some(Record::LoadBalancer(balancer)) = records.get(id) else {
            return Err(beside.broken("the load balancer is gone"));
        };
        Ok(beside.elb_one("loadbalancer", shown(beside, &records, &balancer)))
    }
}

/// ListLoadBalancers.
#[derive(Deserialize)]
pub(super) struct ListLoadBalancers {}

impl Action<Beside> for ListLoadBalancers {
    const NAME: &'static str = "ListLoadBalancers";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let records = beside.records().await?;
        let all = by_age(&records.load_balancers).into_iter();
        let all = all.map(|balancer| shown(beside, &records, balancer));
        beside.elb_list("loadbalancers", all.collect()).await
    }
}

/// One, under its name.
pub(super) async fn show(beside: &Beside, id: &str) -> Result<Value, Wrong> {
    let records = beside.records().await?;
    let balancer = find(&records, id);
    let absent = || beside.absent("The load balancer", id);
    let balancer = balancer.ok_or_else(absent)?;
    Ok(beside.elb_one("loadbalancer", shown(beside, &records, &balancer)))
}

/// ShowLoadBalancer.
#[derive(Deserialize)]
pub(super) struct ShowLoadBalancer {
    loadbalancer_id: String,
}

impl Action<Beside> for ShowLoadBalancer {
    const NAME: &'static str = "ShowLoadBalancer";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        show(beside, &self.loadbalancer_id).await
    }
}

/// DeleteLoadBalancer.
#[derive(Deserialize)]
pub(super) struct DeleteLoadBalancer {
    loadbalancer_id: String,
}

impl Action<Beside> for DeleteLoadBalancer {
    const NAME: &'static str = "DeleteLoadBalancer";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let records = beside.records().await?;
        let balancer = find(&records, &self.loadbalancer_id);
        let absent = || beside.absent("The load balancer", &self.loadbalancer_id);
        let balancer = balancer.ok_or_else(absent)?;
        if balancer.spec.kept.get("deletion_protection_enable") == Some(&Value::Bool(true)) {
            let id = &self.loadbalancer_id;
            let message =
                format!("The load balancer {id} has deletion_protection_enable; switch it off.");
            return Err(beside.conflict(message));
        }
        beside.delete(RecordId::LoadBalancer(balancer.id)).await?;
        Ok(Empty {})
    }
}
