//! The native endpoints of the balancers.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{Method, StatusCode};
use muster_model::{BalancerPlace, InstanceId, Member, MemberHealth, MemberState};
use muster_ports::Asked;
use muster_providers::proxy::ListenerView;
use muster_sim::ActError;
use serde_json::{Value, json};

use crate::native::{Native, Outcome, Refusal, internal, not_found};

fn member_json(member: &Member) -> Value {
    let health = match member.health {
        MemberHealth::Healthy => "healthy",
        MemberHealth::Unhealthy => "unhealthy",
        MemberHealth::Unknown => "unknown",
    };
    let state = match member.state {
        MemberState::Active => "active",
        MemberState::Draining => "draining",
    };
    json!({
        "machine": member.machine().to_string(),
        "uuid": member.machine().uuid(),
        "group": member.owner.group.to_string(),
        "port": member.target.port,
        "weight": member.weight,
        "health": health,
        "state": state,
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
    shown["address"] = json!(open.address.to_string());
    shown["protocol"] = json!(open.protocol.name());
    let here = open
        .members
        .iter()
        .filter(|one| one.member.target.is_at(place));
    let members = here.map(|one| {
        let mut member = member_json(&one.member);
        member["address"] = json!(one.address.to_string());
        member["requests"] = json!(one.counts.requests);
        member["failures"] = json!(one.counts.failures);
        member["requests_per_sec"] = json!(one.requests_per_sec);
        member["latency_ms"] = json!(one.counts.latency_millis());
        member
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

    /// Every listener that a group is bound to or that has a member, with its members.
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
