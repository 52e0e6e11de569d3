//! What was made, changed: what is sent takes the place of what was there, the rest stays.

use muster_kit::action::Action;
use muster_model::{
    HealthMonitorSpec, Kept, ListenerSpec, LoadBalancerSpec, PoolMemberId, PoolMemberSpec,
    PoolSpec, RecordCommand, RecordId, RecordSpec,
};
use serde::Deserialize;
use serde_json::Value;

use super::{balancers, id_of, listeners, members, monitors, pools};
use crate::services::body::{Body, Reader};
use crate::services::{Beside, Wrong};

impl Beside {
    async fn replace(&self, id: RecordId, version: u64, spec: RecordSpec) -> Result<(), Wrong> {
        let replace = RecordCommand::Replace { id, version, spec };
        self.change(vec![replace]).await.map(|_| ())
    }
}

/// What is kept, with what is sent in its place.
fn over(mut old: Kept, body: Reader<'_>, names: &[&str]) -> Kept {
    old.extend(body.kept(names));
    old
}

/// UpdateLoadBalancer.
#[derive(Deserialize)]
pub(super) struct UpdateLoadBalancer {
    loadbalancer_id: String,
    loadbalancer: Option<Body>,
}

impl Action<Beside> for UpdateLoadBalancer {
    const NAME: &'static str = "UpdateLoadBalancer";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let id = &self.loadbalancer_id;
        let records = beside.records().await?;
        let old = balancers::find(&records, id);
        let old = old.ok_or_else(|| beside.absent("The load balancer", id))?;
        let body = self.loadbalancer;
        let body = body.ok_or_else(|| beside.missing("loadbalancer"))?;
        let mut body = body.read(beside, "loadbalancer");
        let spec = old.spec.clone();
        let spec = LoadBalancerSpec {
            name: body.text("name", 255)?.unwrap_or(spec.name),
            description: body.text("description", 255)?.unwrap_or(spec.description),
            subnet: body.text("vip_subnet_cidr_id", 64)?.or(spec.subnet),
            address: body.text("vip_address", 64)?.or(spec.address),
            kept: over(spec.kept, body, &balancers::KEPT),
            ..spec
        };
        let record = RecordId::LoadBalancer(old.id);
        let spec = RecordSpec::LoadBalancer(Box::new(spec));
        beside.replace(record, old.head.version, spec).await?;
        balancers::show(beside, id).await
    }
}

/// UpdateListener.
#[derive(Deserialize)]
pub(super) struct UpdateListener {
    listener_id: String,
    listener: Option<Body>,
}

impl Action<Beside> for UpdateListener {
    const NAME: &'static str = "UpdateListener";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let id = &self.listener_id;
        let records = beside.records().await?;
        let old = listeners::find(&records, id);
        let old = old.ok_or_else(|| beside.absent("The listener", id))?;
        let body = self.listener.ok_or_else(|| beside.missing("listener"))?;
        let mut body = body.read(beside, "listener");
        let pool = body.text("default_pool_id", 64)?;
        let pool = pool.filter(|pool| !pool.is_empty()).map(|id| {
            let pool = pools::find(&records, &id);
            pool.ok_or_else(|| body.invalid("default_pool_id", &id, "it does not exist"))
        });
        let pool = pool.transpose()?.map(|pool| pool.id);
        let spec = old.spec.clone();
        let spec = ListenerSpec {
            name: body.text("name", 255)?.unwrap_or(spec.name),
            description: body.text("description", 255)?.unwrap_or(spec.description),
            default_pool: pool.or(spec.default_pool),
            kept: over(spec.kept, body, &listeners::KEPT),
            ..spec
        };
        let record = RecordId::Listener(old.id);
        let spec = RecordSpec::Listener(Box::new(spec));
        beside.replace(record, old.head.version, spec).await?;
        listeners::show(beside, id).await
    }
}

/// UpdatePool.
#[derive(Deserialize)]
pub(super) struct UpdatePool {
    pool_id: String,
    pool: Option<Body>,
}

impl Action<Beside> for UpdatePool {
    const NAME: &'static str = "UpdatePool";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let id = &self.pool_id;
        let records = beside.records().await?;
        let old = pools::find(&records, id).ok_or_else(|| beside.absent("The pool", id))?;
        let body = self.pool.ok_or_else(|| beside.missing("pool"))?;
        let mut body = body.read(beside, "pool");
        let algorithm = body.word("lb_algorithm", &pools::ALGORITHMS)?;
        let spec = old.spec.clone();
        let spec = PoolSpec {
            name: body.text("name", 255)?.unwrap_or(spec.name),
            description: body.text("description", 255)?.unwrap_or(spec.description),
            algorithm: algorithm.unwrap_or(spec.algorithm),
            kept: over(spec.kept, body, &pools::KEPT),
            ..spec
        };
        let record = RecordId::Pool(old.id);
        let spec = RecordSpec::Pool(Box::new(spec));
        beside.replace(record, old.head.version, spec).await?;
        pools::show(beside, id).await
    }
}

/// UpdateHealthMonitor.
#[derive(Deserialize)]
pub(super) struct UpdateHealthMonitor {
    healthmonitor_id: String,
    healthmonitor: Option<Body>,
}

impl Action<Beside> for UpdateHealthMonitor {
    const NAME: &'static str = "UpdateHealthMonitor";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let id = &self.healthmonitor_id;
        let records = beside.records().await?;
        let old = monitors::find(&records, id);
        let old = old.ok_or_else(|| beside.absent("The health check", id))?;
        let body = self.healthmonitor;
        let body = body.ok_or_else(|| beside.missing("healthmonitor"))?;
        let mut body = body.read(beside, "healthmonitor");
        let mut number = |name: &str, max: i64, old: u32| {
            let number = body.whole(name, 1, max)?;
            Ok::<u32, Wrong>(
                number
                    .and_then(|one| u32::try_from(one).ok())
                    .unwrap_or(old),
            )
        };
        let spec = old.spec.clone();
        let (delay_secs, timeout_secs) = (
            number("delay", 50, spec.delay_secs)?,
            number("timeout", 50, spec.timeout_secs)?,
        );
        let (rises, falls) = (
            number("max_retries", 10, spec.rises)?,
            number("max_retries_down", 10, spec.falls)?,
        );
        let spec = HealthMonitorSpec {
            name: body.text("name", 255)?.unwrap_or(spec.name),
            kind: body.word("type", &monitors::KINDS)?.unwrap_or(spec.kind),
            delay_secs,
            timeout_secs,
            rises,
            falls,
            kept: {
                let mut kept = spec.kept;
                // Null is a value here: each member is asked at its own port again.
                if body.is_null("monitor_port") {
                    kept.remove("monitor_port");
                }
                kept.extend(monitors::check_kept(&mut body)?);
                kept
            },
            ..spec
        };
        let record = RecordId::HealthMonitor(old.id);
        let spec = RecordSpec::HealthMonitor(Box::new(spec));
        beside.replace(record, old.head.version, spec).await?;
        monitors::show(beside, id).await
    }
}

/// UpdateMember.
#[derive(Deserialize)]
pub(super) struct UpdateMember {
    pool_id: String,
    member_id: String,
    member: Option<Body>,
}

impl Action<Beside> for UpdateMember {
    const NAME: &'static str = "UpdateMember";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let id = &self.member_id;
        let records = beside.records().await?;
        let old = PoolMemberId::parse_uuid(id).ok();
        let old = old.and_then(|id| records.pool_members.get(&id));
        let old = old.filter(|member| member.spec.pool.uuid() == self.pool_id);
        let Some(old) = old else {
            let known = members::all(beside, &self.pool_id).await?;
            let mut known = known.into_iter().flatten();
            return Err(match known.any(|member| id_of(&member) == *id) {
                true => beside.conflict(format!(
                    "The member {id} is a group's; its weight is the group's."
                )),
                false => beside.absent("The member", id),
            });
        };
        let body = self.member.ok_or_else(|| beside.missing("member"))?;
        let mut body = body.read(beside, "member");
        let weight = body.whole("weight", 0, 100)?;
        let spec = old.spec.clone();
        let spec = PoolMemberSpec {
            name: body.text("name", 255)?.unwrap_or(spec.name),
            weight: weight
                .and_then(|weight| u16::try_from(weight).ok())
                .unwrap_or(spec.weight),
            up: body.flag("admin_state_up")?.unwrap_or(spec.up),
            ..spec
        };
        let record = RecordId::PoolMember(old.id);
        let spec = RecordSpec::PoolMember(Box::new(spec));
        beside.replace(record, old.head.version, spec).await?;
        members::show(beside, &self.pool_id, id).await
    }
}
