//! The native endpoints of the balancers.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{Method, StatusCode};
use muster_model::{BalancerPlace, InstanceId, Member, MemberHealth, MemberState};
use muster_ports::Asked;
use muster_providers::proxy::{ListenerView, Whose};
use muster_sim::ActError;
use serde_json::{Value, json};

use crate::native::{Native, Outcome, Refusal, internal, not_found};

fn health_word(health: MemberHealth) -> &'static str {
    match health {
        MemberHealth::Healthy => "healthy",
        MemberHealth::Unhealthy => "unhealthy",
        MemberHealth::Unknown => "unknown",
    }
}

fn state_word(state: MemberState) -> &'static str {
    match state {
        MemberState::Active => "active",
        MemberState::Draining => "draining",
    }
}

fn member_json(member: &Member) -> Value {
    json!({
        "machine": member.machine().to_string(),
        "uuid": member.machine().uuid(),
        "group": member.owner.group.to_string(),
        "port": member.target.port,
        "weight": member.weight,
        "health": health_word(member.health),
        "state": state_word(member.state),
        "in_flight": member.in_flight,
    })
}

/// A listener with its members, and why they are not known if they are not.
fn listener_json(place: &BalancerPlace, members: Vec<Value>, asked: &[Asked]) -> Value {
    let mut shown = json!({
        "listener": place.listener,
        "location": place.location,
        "members": members,
    });
    let asked = asked.iter().find(|asked| asked.places.contains(place));
    if let Some(error) = asked.and_then(|asked| asked.error.as_ref()) {
        shown["error"] = json!(error.to_string());
    }
    shown
}

/// What only the embedded balancer knows: where it listens, and what each of its members has done.
fn show_open(shown: &mut Value, place: &BalancerPlace, open: &ListenerView) {
    if let Some(address) = open.address {
        shown["address"] = json!(address.to_string());
        shown["protocol"] = json!(open.protocol.name());
    }
    if let Some(refused) = &open.refused {
        shown["error"] = json!(refused);
    }
    let members = open.members.iter();
    let members = members.filter_map(|one| {
        let mut member = match &one.whose {
            Whose::Machine { owner, target } if target.is_at(place) => json!({
                "machine": owner.instance.to_string(),
                "uuid": owner.instance.uuid(),
                "group": owner.group.to_string(),
                "port": target.port,
            }),
            Whose::Hand(id) if place.location.is_none() => json!({
                "machine": null,
                "uuid": id.uuid(),
                "group": null,
                "port": one.address.port(),
            }),
            Whose::Machine { .. } | Whose::Hand(_) => return None,
        };
        member["weight"] = json!(one.weight);
        member["health"] = json!(health_word(one.health));
        member["state"] = json!(state_word(one.state));
        member["in_flight"] = json!(one.in_flight);
        member["address"] = json!(one.address.to_string());
        member["requests"] = json!(one.counts.requests);
        member["failures"] = json!(one.counts.failures);
        member["requests_per_sec"] = json!(one.requests_per_sec);
        member["latency_ms"] = json!(one.counts.latency_millis());
        Some(member)
    });
    shown["members"] = members.collect();
}

/// Members by balancer, listener and location.
type Tree = BTreeMap<String, BTreeMap<(String, Option<String>), Vec<Value>>>;

impl Native {
    /// What is under `balancers`.
    pub(crate) async fn balancers_at(&self, method: &Method, rest: &[&str]) -> Outcome {
        match (method, rest) {
            (&Method::GET, []) => self.balancers().await,
            (&Method::POST, [lb, "listeners", listener, "members", id, verdict]) => {
                self.judge(lb, listener, id, verdict)
            }
            (_, [] | [_, "listeners", _, "members", _, _]) => Err(Refusal(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                format!("use {}", if rest.is_empty() { "GET" } else { "POST" }),
            )),
            (_, _) => Err(not_found("this endpoint of the balancers")),
        }
    }

    /// Every listener that a group is bound to, that has a member or that is open, with its members.
    async fn balancers(&self) -> Outcome {
        let listing = self.runtime.balancer().list(None).await.map_err(internal)?;
        let open = self.proxy.as_ref().map(|proxy| proxy.view());
        let open = open.unwrap_or_default();
        let mut tree = Tree::new();
        for target in self.runtime.bound_targets() {
            tree.entry(target.balancer)
                .or_default()
                .entry((target.listener, target.location))
                .or_default();
        }
        for one in &open {
            let listeners = tree.entry(one.balancer.clone()).or_default();
            // Under each location of it that is bound, else by itself.
            if !listeners.keys().any(|(id, _)| *id == one.listener) {
                listeners.insert((one.listener.clone(), None), Vec::new());
            }
        }
        for member in &listing.members {
            let target = &member.target;
            tree.entry(target.balancer.clone())
                .or_default()
                .entry((target.listener.clone(), target.location.clone()))
                .or_default()
                .push(member_json(member));
        }
        let balancers: Vec<Value> = tree
            .into_iter()
            .map(|(lb, listeners)| {
                let listeners: Vec<Value> = listeners
                    .into_iter()
                    .map(|((listener, location), members)| {
                        let place = BalancerPlace {
                            balancer: lb.clone(),
                            listener,
                            location,
                        };
                        let mut shown = listener_json(&place, members, &listing.asked);
                        let open = open.iter().find(|open| {
                            open.balancer == place.balancer && open.listener == place.listener
                        });
                        if let Some(open) = open {
                            show_open(&mut shown, &place, open);
                        }
                        shown
                    })
                    .collect();
                json!({ "lb": lb, "listeners": listeners })
            })
            .collect();
        Ok(json!({ "balancers": balancers }))
    }

    /// Lets a balancer find a member healthy, or not.
    fn judge(&self, lb: &str, listener: &str, id: &str, verdict: &str) -> Outcome {
        let sim = Arc::clone(self.emulated()?);
        let absent = || not_found(&format!("the member `{id}` of `{lb}/{listener}`"));
        let machine = InstanceId::parse_any(id).map_err(|_| absent())?;
        let health = match verdict {
            "healthy" => MemberHealth::Healthy,
            "unhealthy" => MemberHealth::Unhealthy,
            other => return Err(not_found(&format!("the action `{other}`"))),
        };
        match sim.judge(lb, listener, machine, health) {
            Ok(()) => Ok(json!({})),
            Err(ActError::NotFound(_)) => Err(absent()),
            Err(error @ ActError::Journal(_)) => Err(internal(error)),
        }
    }
}
