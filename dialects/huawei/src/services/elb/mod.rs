//! Elastic Load Balance (spec `facets.elb`), version 3, and version 2 for older clients: the paths are the same.
//!
//! Balancers, listeners, pools and health checks are records that groups name; the members that a group has at a pool are
//! told by whoever balances, with what it found of their health.

mod balancers;
mod forms;
mod listeners;
mod members;
mod monitors;
mod pools;
mod updates;

use http::Method;
use serde_json::{Map, Value, json};

use super::{Beside, Codes, Service, Wrong, route};
use crate::routes::Route;

/// The service.
pub(super) static SERVICE: Service = Service {
    name: "elb",
    routes: ROUTES,
    write,
    codes: Codes {
        malformed: "ELB.8902",
        absent: "ELB.8904",
        conflict: "ELB.8907",
        quota: "ELB.8905",
        denied: "ELB.1102",
        system: "ELB.9999",
    },
};

fn write(wrong: &Wrong, request_id: &str) -> Value {
    json!({
        "error_code": wrong.code,
        "error_msg": wrong.message,
        "request_id": request_id,
    })
}

/// A thing that is made, listed, shown and deleted, in both versions.
macro_rules! things {
    ($($all:literal $one:literal $create:ty, $list:ty, $show:ty, $update:ty, $delete:ty;)*) => {
        static ROUTES: &[Route<Beside>] = &[
            $(
                route::<$create>(Method::POST, concat!("/v3/{project_id}/elb/", $all), 201),
                route::<$list>(Method::GET, concat!("/v3/{project_id}/elb/", $all), 200),
                route::<$show>(Method::GET, concat!("/v3/{project_id}/elb/", $all, $one), 200),
                route::<$update>(Method::PUT, concat!("/v3/{project_id}/elb/", $all, $one), 200),
                route::<$delete>(Method::DELETE, concat!("/v3/{project_id}/elb/", $all, $one), 204),
                route::<$create>(Method::POST, concat!("/v2/{project_id}/elb/", $all), 201),
                route::<$list>(Method::GET, concat!("/v2/{project_id}/elb/", $all), 200),
                route::<$show>(Method::GET, concat!("/v2/{project_id}/elb/", $all, $one), 200),
                route::<$update>(Method::PUT, concat!("/v2/{project_id}/elb/", $all, $one), 200),
                route::<$delete>(Method::DELETE, concat!("/v2/{project_id}/elb/", $all, $one), 204),
            )*
        ];
    };
}

things! {
    "loadbalancers" "/{loadbalancer_id}"
        balancers::CreateLoadBalancer, balancers::ListLoadBalancers, balancers::ShowLoadBalancer, updates::UpdateLoadBalancer,
        balancers::DeleteLoadBalancer;
    "listeners" "/{listener_id}"
        listeners::CreateListener, listeners::ListListeners, listeners::ShowListener, updates::UpdateListener,
        listeners::DeleteListener;
    "pools" "/{pool_id}"
        pools::CreatePool, pools::ListPools, pools::ShowPool, updates::UpdatePool, pools::DeletePool;
    "healthmonitors" "/{healthmonitor_id}"
        monitors::CreateHealthMonitor, monitors::ListHealthMonitors, monitors::ShowHealthMonitor, updates::UpdateHealthMonitor,
        monitors::DeleteHealthMonitor;
    "pools/{pool_id}/members" "/{member_id}"
        members::CreateMember, members::ListMembers, members::ShowMember, updates::UpdateMember, members::DeleteMember;
}

/// References, as lists of them are written.
fn refs(ids: impl Iterator<Item = String>) -> Value {
    ids.map(|id| json!({ "id": id })).collect()
}

/// Puts what was kept in place of what is shown without it.
fn with_kept(shown: Value, kept: &muster_model::Kept) -> Value {
    let Value::Object(mut shown) = shown else {
        return shown;
    };
    shown.extend(
        kept.iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    Value::Object(shown)
}

fn id_of(shown: &Value) -> String {
    shown["id"].as_str().unwrap_or_default().to_owned()
}

/// Whether what is shown has a value that a query asks for.
fn has(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Number(number) => number.to_string() == wanted,
        Value::Bool(flag) => flag.to_string() == wanted,
        Value::Array(items) => items.iter().any(|item| match item {
            Value::Object(item) => item.get("id").is_some_and(|id| has(id, wanted)),
            other => has(other, wanted),
        }),
        // `enable=true` of a member of it; without a name it is whether it is switched on.
        Value::Object(members) => {
            let (name, wanted) = wanted.split_once('=').unwrap_or(("enable", wanted));
            members.get(name).is_some_and(|value| has(value, wanted))
        }
        Value::Null => false,
    }
}

/// Queries after members of pools: what each is called there.
const OF_MEMBERS: [(&str, &str); 3] = [
    ("member_address", "address"),
    ("member_device_id", "instance_id"),
    ("member_instance_id", "instance_id"),
];

/// The pools of something that is shown: its own, those that it names, or itself.
fn pools_of(shown: &Value) -> Vec<String> {
    if let Some(all) = shown["pools"].as_array() {
        return all.iter().map(id_of).collect();
    }
    let own = match shown.get("default_pool_id") {
        Some(id) => id.as_str(),
        None => shown["id"].as_str(),
    };
    own.map(str::to_owned).into_iter().collect()
}

impl Beside {
    /// Whether the older version is spoken.
    fn is_v2(&self) -> bool {
        self.path.starts_with("/v2/")
    }

    /// Whether something is what a list asks for: every parameter that is a member of it, any value of each.
    fn wants(&self, shown: &Map<String, Value>) -> bool {
        let mut names = self.query.iter().map(|(name, _)| name.as_str());
        names.all(|name| {
            let member = match name {
                "limit" | "marker" | "page_reverse" => return true,
                "enterprise_project_id" if self.asked(name) == Some("all_granted_eps") => {
                    return true;
                }
                "loadbalancer_id" => "loadbalancers",
                "listener_id" => "listeners",
                "pool_id" => "pools",
                name => name,
            };
            let strategy = shown.get("quic_cid_hash_strategy");
            let value = match member {
                "quic_cid_len" => strategy.map(|strategy| &strategy["len"]),
                "quic_cid_offset" => strategy.map(|strategy| &strategy["offset"]),
                member => shown.get(member),
            };
            let Some(value) = value else {
                return true;
            };
            let mut wanted = self.all_asked(name).peekable();
            wanted.peek().is_none() || wanted.any(|wanted| has(value, wanted))
        })
    }

    /// Keeps what has members like those that a list asks for.
    async fn with_members(&self, mut all: Vec<Value>) -> Result<Vec<Value>, Wrong> {
        let is_asked = |(name, _): &&(&str, &str)| self.asked(name).is_some();
        let asked: Vec<_> = OF_MEMBERS.iter().filter(is_asked).collect();
        if asked.is_empty() {
            return Ok(all);
        }
        let board = members::Board::look(self).await?;
        all.retain(|shown| {
            let pools = pools_of(shown).into_iter();
            let members = pools.filter_map(|pool| board.members(self, &pool));
            let members: Vec<Value> = members.flatten().collect();
            asked.iter().all(|(name, member)| {
                let mut wanted = self.all_asked(name);
                wanted.any(|wanted| members.iter().any(|one| has(&one[*member], wanted)))
            })
        });
        Ok(all)
    }

    /// The part of a list that is asked for, under its name.
    async fn elb_list(&self, name: &str, all: Vec<Value>) -> Result<Value, Wrong> {
        let wanted = |shown: &Value| shown.as_object().is_some_and(|shown| self.wants(shown));
        let found: Vec<Value> = all.into_iter().filter(wanted).collect();
        let found = self.with_members(found).await?;
        if let Some(marker) = self.asked("marker")
            && !found.iter().any(|shown| id_of(shown) == marker)
        {
            return Err(self.invalid("marker", marker, "the id of one of the list is right"));
        }
        let shown = self.window(2000, 2000)?.cut(found, id_of);
        if self.is_v2() {
            return Ok(json!({ name: shown }));
        }
        let page = self.page_info(&shown, id_of);
        Ok(json!({ name: shown, "page_info": page, "request_id": self.request_id }))
    }

    /// One thing under its name.
    fn elb_one(&self, name: &str, shown: Value) -> Value {
        match self.is_v2() {
            true => json!({ name: shown }),
            false => json!({ name: shown, "request_id": self.request_id }),
        }
    }
}
