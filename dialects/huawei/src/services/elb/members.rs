//! Members of pools: those that groups have there, as their balancer lists them, and those that were put there by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Balancer, GroupView, Key, Member, MemberHealth, Pool, PoolMember, PoolMemberId, PoolMemberSpec,
    RecordId, RecordSpec, Records, by_age,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{id_of, pools};
use crate::services::body::Body;
use crate::services::{Beside, Empty, Wrong};
use crate::times::second;

/// The id of a member that a group has: the same each time, another one for another port.
fn bound_id(member: &Member) -> String {
    let bits = member.machine().key().bits() ^ (u64::from(member.target.port) << 24);
    PoolMemberId::new(Key::from_bits(bits)).uuid()
}

/// Whether the members of a pool are checked as their owner says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Checked {
    /// By the health check of the pool.
    Yes,
    /// The pool has none, or it is switched off.
    No,
    /// The pool is one that only groups name: what there is to say is what was found.
    Elsewhere,
}

/// What a balancer found, in the words of this service.
fn operating_status(beside: &Beside, checked: Checked, health: MemberHealth) -> &'static str {
    match (checked, health) {
        (Checked::No, _) | (Checked::Elsewhere, MemberHealth::Unknown) => "NO_MONITOR",
        (_, MemberHealth::Healthy) => "ONLINE",
        (_, MemberHealth::Unhealthy) => "OFFLINE",
        // The older version has no word for that.
        (Checked::Yes, MemberHealth::Unknown) if beside.is_v2() => "NO_MONITOR",
        (Checked::Yes, MemberHealth::Unknown) => "INITIAL",
    }
}

/// The status of a member at the listeners of its pool.
fn at_listeners(listeners: &[String], status: &str) -> Value {
    let at = listeners.iter();
    at.map(|id| json!({ "listener_id": id, "operating_status": status }))
        .collect()
}

/// Whether a pool is one that was made here, or that a group names.
fn is_known(records: &Records, views: &[Arc<GroupView>], id: &str) -> bool {
    let names = |balancer: &Balancer| match balancer {
        Balancer::Pool { pool, .. } => pool == id,
        Balancer::Classic { .. } | Balancer::Forward { .. } | Balancer::Listener { .. } => false,
    };
    let mut groups = views.iter().map(|view| &view.group.spec.balancers);
    pools::find(records, id).is_some() || groups.any(|balancers| balancers.iter().any(names))
}

fn bound(
    beside: &Beside,
    view: &GroupView,
    member: &Member,
    (status, listeners): (&str, &[String]),
) -> Value {
    let instance = view.instances.get(&member.machine());
    let machine = instance.and_then(|instance| instance.machine.as_ref());
    let address = machine.and_then(|machine| machine.address.clone());
    let own_port = machine.and_then(|machine| machine.port);
    let port = match member.target.port {
        0 => own_port.unwrap_or_default(),
        port => port,
    };
    let placement = instance.map(|instance| &instance.placement);
    let shown = json!({
        "id": bound_id(member),
        "name": instance.map(|instance| instance.name.clone()),
        "project_id": beside.project(),
        "address": address,
        "protocol_port": port,
        "weight": member.weight,
        "admin_state_up": true,
        "subnet_cidr_id": placement.map(|placement| placement.subnet.clone()),
        "availability_zone": placement.map(|placement| placement.zone.clone()),
        "ip_version": "v4",
        "operating_status": status,
        "status": at_listeners(listeners, status),
        "reason": null,
        "member_type": "instance",
        "instance_id": member.machine().uuid(),
        "created_at": instance.map(|instance| second(instance.created_at)),
        "updated_at": instance.map(|instance| second(instance.created_at)),
    });
    older(beside, shown)
}

fn by_hand(beside: &Beside, member: &PoolMember, (status, listeners): (&str, &[String])) -> Value {
    let spec = &member.spec;
    let version = if spec.address.contains(':') {
        "v6"
    } else {
        "v4"
    };
    let shown = json!({
        "id": member.id.uuid(),
        "name": spec.name,
        "project_id": beside.project(),
        "address": spec.address,
        "protocol_port": spec.port,
        "weight": spec.weight,
        "admin_state_up": spec.up,
        "subnet_cidr_id": spec.subnet,
        "availability_zone": spec.zone,
        "ip_version": version,
        "operating_status": status,
        "status": at_listeners(listeners, status),
        "reason": null,
        "member_type": "ip",
        "instance_id": null,
        "created_at": second(member.head.created_at),
        "updated_at": second(member.head.updated_at),
    });
    older(beside, shown)
}

/// With the names of the older version, where that is spoken.
fn older(beside: &Beside, mut shown: Value) -> Value {
    if beside.is_v2() {
        shown["tenant_id"] = json!(beside.project());
        shown["subnet_id"] = shown["subnet_cidr_id"].clone();
    }
    shown
}

/// What members are told from: asked for once, however many pools are shown.
pub(super) struct Board {
    records: Arc<Records>,
    views: Vec<Arc<GroupView>>,
    listed: Vec<Arc<Member>>,
    by_hand: BTreeMap<PoolMemberId, MemberHealth>,
}

impl Board {
    pub(super) async fn look(beside: &Beside) -> Result<Board, Wrong> {
        let listed = beside.ctx.api.members(beside.caller()).await;
        let by_hand = beside.ctx.api.by_hand(beside.caller()).await;
        Ok(Board {
            records: beside.records().await?,
            views: beside.views().await?,
            listed: listed.map_err(|error| beside.refused(&error))?,
            by_hand: by_hand.map_err(|error| beside.refused(&error))?,
        })
    }

    fn checked(&self, pool: Option<&Pool>) -> Checked {
        let Some(pool) = pool else {
            return Checked::Elsewhere;
        };
        let mut monitors = self.records.health_monitors.values();
        let monitor = monitors.find(|monitor| monitor.spec.pool == pool.id);
        match monitor.is_some_and(|monitor| monitor.spec.is_on()) {
            true => Checked::Yes,
            false => Checked::No,
        }
    }

    /// The members of a pool, or nothing when there is no such pool.
    pub(super) fn members(&self, beside: &Beside, id: &str) -> Option<Vec<Value>> {
        if !is_known(&self.records, &self.views, id) {
            return None;
        }
        let pool = pools::find(&self.records, id);
        let listeners: Vec<String> = match &pool {
            Some(pool) => {
                let listeners = pools::listeners(&self.records, pool.id).into_iter();
                listeners.map(muster_model::ListenerId::uuid).collect()
            }
            None => Vec::new(),
        };
        let checked = self.checked(pool.as_deref());
        let here = |member: &&Arc<Member>| {
            let place = &member.target.balancer;
            place == id || listeners.contains(place)
        };
        let bound = self.listed.iter().filter(here).filter_map(|member| {
            let mut views = self.views.iter();
            let view = views.find(|view| view.group.id == member.owner.group)?;
            let status = operating_status(beside, checked, member.health);
            Some(bound(beside, view, member, (status, &listeners)))
        });
        let made = by_age(&self.records.pool_members).into_iter();
        let made = made.filter(|member| {
            pool.as_ref()
                .is_some_and(|pool| member.spec.pool == pool.id)
        });
        let made = made.map(|member| {
            let health = self.by_hand.get(&member.id).copied().unwrap_or_default();
            // One that takes no load is not checked.
            let checked = if member.spec.up { checked } else { Checked::No };
            let status = operating_status(beside, checked, health);
            by_hand(beside, member, (status, &listeners))
        });
        Some(bound.chain(made).collect())
    }
}

/// The members of a pool, or nothing when there is no such pool.
pub(super) async fn all(beside: &Beside, id: &str) -> Result<Option<Vec<Value>>, Wrong> {
    Ok(Board::look(beside).await?.members(beside, id))
}

/// CreateMember.
#[derive(Deserialize)]
pub(super) struct CreateMember {
    pool_id: String,
    member: Option<Body>,
}

impl Action<Beside> for CreateMember {
    const NAME: &'static str = "CreateMember";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let records = beside.records().await?;
        let pool = pools::find(&records, &self.pool_id);
        let pool = pool.ok_or_else(|| beside.absent("The pool", &self.pool_id))?;
        let body = self.member.ok_or_else(|| beside.missing("member"))?;
        let mut body = body.read(beside, "member");
        let address = body.needed("address", 64)?;
        if address.parse::<std::net::IpAddr>().is_err() {
            return Err(body.invalid("address", address, "an address is right"));
        }
        let port = body.whole("protocol_port", 1, 65_535)?;
        let port = port.ok_or_else(|| body.missing("protocol_port"))?;
        let weight = body.whole("weight", 0, 100)?.unwrap_or(1);
        let subnet = body.text("subnet_cidr_id", 64)?;
        let spec = PoolMemberSpec {
            pool: pool.id,
            name: body.text("name", 255)?.unwrap_or_default(),
            address,
            port: u16::try_from(port).unwrap_or(u16::MAX),
            weight: u16::try_from(weight).unwrap_or(1),
            subnet: subnet.or(body.text("subnet_id", 64)?),
            zone: body.text("availability_zone", 64)?,
            up: body.flag("admin_state_up")?.unwrap_or(true),
        };
        let mut others = records.pool_members.values();
        let is_there = |other: &&Arc<PoolMember>| {
            let other = &other.spec;
            (other.pool, &other.address, other.port) == (spec.pool, &spec.address, spec.port)
        };
        if others.any(|other| is_there(&other)) {
            let (address, port) = (&spec.address, spec.port);
            return Err(beside.conflict(format!("There is a member at {address}:{port}.")));
        }
        let id = beside
            .create(RecordSpec::PoolMember(Box::new(spec)))
            .await?;
        let id = match id {
            RecordId::PoolMember(id) => id.uuid(),
            other => return Err(beside.broken(&format!("{other} is no member"))),
        };
        show(beside, &self.pool_id, &id).await
    }
}

/// ListMembers.
#[derive(Deserialize)]
pub(super) struct ListMembers {
    pool_id: String,
}

impl Action<Beside> for ListMembers {
    const NAME: &'static str = "ListMembers";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let members = all(beside, &self.pool_id).await?;
        let members = members.ok_or_else(|| beside.absent("The pool", &self.pool_id))?;
        beside.elb_list("members", members).await
    }
}

/// One, under its name.
pub(super) async fn show(beside: &Beside, pool: &str, id: &str) -> Result<Value, Wrong> {
    let members = all(beside, pool).await?;
    let members = members.ok_or_else(|| beside.absent("The pool", pool))?;
    let mut members = members.into_iter();
    let member = members.find(|member| id_of(member) == id);
    let member = member.ok_or_else(|| beside.absent("The member", id))?;
    Ok(beside.elb_one("member", member))
}

/// ShowMember.
#[derive(Deserialize)]
pub(super) struct ShowMember {
    pool_id: String,
    member_id: String,
}

impl Action<Beside> for ShowMember {
    const NAME: &'static str = "ShowMember";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        show(beside, &self.pool_id, &self.member_id).await
    }
}

/// DeleteMember.
#[derive(Deserialize)]
pub(super) struct DeleteMember {
    pool_id: String,
    member_id: String,
}

impl Action<Beside> for DeleteMember {
    const NAME: &'static str = "DeleteMember";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let id = &self.member_id;
        let records = beside.records().await?;
        let made = PoolMemberId::parse_uuid(id).ok();
        let made = made.and_then(|id| records.pool_members.get(&id));
        let made = made.filter(|member| member.spec.pool.uuid() == self.pool_id);
        if let Some(member) = made {
            let pool = pools::find(&records, &self.pool_id);
            let kept = pool.map(|pool| pool.spec.kept.clone()).unwrap_or_default();
            if kept.get("member_deletion_protection_enable") == Some(&Value::Bool(true)) {
                let pool = &self.pool_id;
                return Err(beside.conflict(format!(
                    "The pool {pool} has member_deletion_protection_enable; switch it off."
                )));
            }
            beside.delete(RecordId::PoolMember(member.id)).await?;
            return Ok(Empty {});
        }
        let members = all(beside, &self.pool_id).await?;
        let members = members.ok_or_else(|| beside.absent("The pool", &self.pool_id))?;
        match members.iter().any(|member| id_of(member) == *id) {
            true => {
                let message = format!("The member {id} is a group's; take it out of the group.");
                Err(beside.conflict(message))
            }
            false => Err(beside.absent("The member", id)),
        }
    }
}
