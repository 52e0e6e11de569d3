//! The native endpoints under `/_muster/v1/`: JSON, with a key's secret as the bearer.

use std::sync::Arc;

use http::{Method, StatusCode};
use jiff::Timestamp;
use muster_kit::http::{Head, Reply};
use muster_model::{Access, GroupId, InstanceId, Machine, MachineHealth, MachineState, Time};
use muster_ports::{Commit, Compute, Credential, Row, Store};
use muster_runtime::Runtime;
use muster_sim::{ActError, Action, Faults, ForeignSpec, SimCompute};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::accounts::Keyring;
use crate::sinks::Queue;

/// Longest move of the clock: ten years.
const MOST_SECS: u64 = 10 * 366 * 86_400;
/// Name of the setting that keeps how far the clock is ahead.
pub(crate) const OFFSET_SETTING: &str = "clock.offset_ms";

/// The native endpoints.
pub(crate) struct Native {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) compute: Arc<dyn Compute>,
    /// The embedded balancer, unless it is switched off or simulated.
    pub(crate) proxy: Option<Arc<muster_providers::proxy::ProxyBalancer>>,
    /// The simulated machines, under `--emulate`.
    pub(crate) sim: Option<Arc<SimCompute>>,
    /// The queues that are built in.
    pub(crate) queues: Vec<Queue>,
}

/// A refusal.
pub(crate) struct Refusal(
    pub(crate) StatusCode,
    pub(crate) &'static str,
    pub(crate) String,
);

pub(crate) type Outcome = Result<Value, Refusal>;

pub(crate) fn bad(message: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, "BadRequest", message.into())
}

pub(crate) fn not_found(what: &str) -> Refusal {
    Refusal(
        StatusCode::NOT_FOUND,
        "NotFound",
        format!("{what} does not exist"),
    )
}

pub(crate) fn internal(error: impl std::fmt::Display) -> Refusal {
    Refusal(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Internal",
        error.to_string(),
    )
}

pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.iter().all(u8::is_ascii_whitespace) {
        b"{}"
    } else {
        body
    };
    serde_json::from_slice(body).map_err(|error| bad(error.to_string()))
}

/// Refuses another method than this one.
pub(crate) fn only(method: &Method, right: &Method) -> Result<(), Refusal> {
    match method == right {
        true => Ok(()),
        false => Err(Refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            format!("use {right}"),
        )),
    }
}

/// Refuses a key that may only read.
pub(crate) fn may_write(caller: &Credential) -> Result<(), Refusal> {
    match caller.access {
        Access::Full => Ok(()),
        Access::ReadOnly => Err(Refusal(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "the access key is read-only".to_owned(),
        )),
    }
}

/// A moment in RFC 3339, always with milliseconds, so that texts sort as the moments do.
pub(crate) fn rfc3339(time: Time) -> String {
    Timestamp::from_millisecond(time.0).map_or_else(|_| time.0.to_string(), |at| format!("{at:.3}"))
}

/// `{"advance_secs": N}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_secs: u64,
}

fn machine_json(machine: &Machine) -> Value {
    let state = match machine.state {
        MachineState::Pending => "pending",
        MachineState::Running => "running",
        MachineState::Stopped => "stopped",
        MachineState::Dead => "dead",
    };
    let health = match machine.health {
        MachineHealth::Healthy => "healthy",
        MachineHealth::Unhealthy => "unhealthy",
        MachineHealth::Unknown => "unknown",
    };
    json!({
        "id": machine.id.to_string(),
        "uuid": machine.id.uuid(),
        "group": machine.owner.as_ref().map(|owner| owner.group.to_string()),
        "owner_key": machine.owner.as_ref().map(ToString::to_string),
        "state": state,
        "health": health,
        "vpc": machine.vpc,
        "zone": machine.placement.zone,
        "subnet": machine.placement.subnet,
        "instance_type": machine.placement.instance_type,
        "image": machine.image,
        "name": machine.name,
        "address": machine.address,
        "port": machine.port,
        "created_at": rfc3339(machine.created_at),
        "spot": machine.placement.spot,
        "reclaim_at": machine.reclaim_at.map(rfc3339),
        "tags": machine.tags,
    })
}

impl Native {
    /// Answers a request.
    pub(crate) async fn handle(&self, head: &Head, body: &[u8]) -> Reply {
        let outcome = match self.caller(head) {
            Some(caller) => self.dispatch(head, body, &caller).await,
            None => Err(Refusal(
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                "`Authorization: Bearer <secret key>` is missing or wrong".to_owned(),
            )),
        };
        match outcome {
            Ok(value) => Reply::json(StatusCode::OK, value.to_string()),
            Err(Refusal(status, code, message)) => {
                let mut reply = Reply::json(
                    status,
                    json!({ "error": { "code": code, "message": message } }).to_string(),
                );
                code.clone_into(&mut reply.code);
                reply
            }
        }
    }

    fn caller(&self, head: &Head) -> Option<Credential> {
        let secret = head.header("authorization")?.strip_prefix("Bearer ")?;
        self.keyring.by_secret(secret.trim())
    }

    async fn dispatch(&self, head: &Head, body: &[u8], caller: &Credential) -> Outcome {
        let path = head.path.strip_prefix("/_muster/v1/").unwrap_or_default();
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let get = head.method == Method::GET;
        let allowed = |method: Method| only(&head.method, &method);
        match parts.as_slice() {
            ["machines"] if get => self.machines().await,
            ["groups", id, "explain"] => {
                allowed(Method::GET)?;
                self.explain(id, caller)
            }
            ["policies", id] => self.policy_options(&head.method, id, body, caller).await,
            ["balancers", rest @ ..] => self.balancers_at(&head.method, rest).await,
            ["metrics"] => {
                allowed(Method::POST)?;
                self.measure(body, caller).await
            }
            ["clock"] if get => {
                Ok(json!({ "now": rfc3339(self.emulated().map(|_| self.runtime.time())?) }))
            }
            ["clock"] => {
                allowed(Method::POST)?;
                self.advance(body).await
            }
            ["settle"] => {
                allowed(Method::POST)?;
                self.emulated()?;
                self.runtime.settle().await;
                Ok(json!({ "now": rfc3339(self.runtime.time()) }))
            }
            ["machines"] => {
                allowed(Method::POST)?;
                let machine = self
                    .emulated()?
                    .make_foreign(&read::<ForeignSpec>(body)?)
                    .map_err(internal)?;
                Ok(json!({ "machine": machine_json(&machine) }))
            }
            ["machines", id, action] => {
                allowed(Method::POST)?;
                self.act(id, action)
            }
            ["faults"] if get => serde_json::to_value(self.emulated()?.faults()).map_err(internal),
            ["faults"] => {
                allowed(Method::PUT)?;
                self.emulated()?.set_faults(read::<Faults>(body)?);
                Ok(json!({}))
            }
            ["messages"] => {
                allowed(Method::GET)?;
                self.emulated()?;
                self.messages(head).await
            }
            ["queues", name] => {
                allowed(Method::GET)?;
                self.queue(name, head, caller).await
            }
            _ => Err(not_found(&format!("`{}`", head.path))),
        }
    }

    /// The simulated machines; without `--emulate` most endpoints are not there.
    pub(crate) fn emulated(&self) -> Result<&Arc<SimCompute>, Refusal> {
        self.sim
            .as_ref()
            .ok_or_else(|| not_found("this endpoint without --emulate"))
    }

    async fn machines(&self) -> Outcome {
        let machines = self.compute.inventory().await.map_err(internal)?;
        Ok(
            json!({ "machines": machines.iter().map(|machine| machine_json(machine)).collect::<Vec<_>>() }),
        )
    }

    fn act(&self, id: &str, action: &str) -> Outcome {
        let sim = self.emulated()?;
        let machine =
            InstanceId::parse_any(id).map_err(|_| not_found(&format!("the machine `{id}`")))?;
        let action = match action {
            "kill" => Action::Kill,
            "stop" => Action::Stop,
            "start" => Action::Start,
            "unhealthy" => Action::Unhealthy,
            "healthy" => Action::Healthy,
            "reclaim" => Action::Reclaim,
            other => return Err(not_found(&format!("the action `{other}`"))),
        };
        match sim.act(machine, action) {
            Ok(()) => Ok(json!({})),
            Err(ActError::NotFound(id)) => Err(not_found(&format!("the machine `{id}`"))),
            Err(error @ ActError::Journal(_)) => Err(internal(error)),
        }
    }

    async fn advance(&self, body: &[u8]) -> Outcome {
        self.emulated()?;
        let advance: Advance = read(body)?;
        if advance.advance_secs > MOST_SECS {
            return Err(bad(format!(
                "advance_secs {} is out of range: 0 to {MOST_SECS} is right",
                advance.advance_secs
            )));
        }
        let now = self.runtime.advance(advance.advance_secs).await;
        let offset = self.runtime.clock().offset_millis().to_string();
        let rows = vec![Row::Setting {
            name: OFFSET_SETTING.to_owned(),
            value: Some(offset),
        }];
        self.store
            .commit(Commit {
                guards: Vec::new(),
                rows,
            })
            .await
            .map_err(internal)?;
        Ok(json!({ "now": rfc3339(now) }))
    }

    fn explain(&self, id: &str, caller: &Credential) -> Outcome {
        let absent = || not_found(&format!("the group `{id}`"));
        let group = GroupId::parse_any(id).map_err(|_| absent())?;
        let explained = self.runtime.explain(group).ok_or_else(absent)?;
        // Accounts never see each other.
        if explained["account"] != caller.account.to_string() {
            return Err(absent());
        }
        Ok(explained)
    }
}
