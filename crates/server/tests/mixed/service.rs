//! One runtime behind all doors, and what must hold after every answer.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use muster_engine::check;
use muster_kit::http::{Dialect, Head, Incoming};
use muster_kit::node::Limits;
use muster_kit::sign::client::Request;
use muster_model::GroupView;
use muster_ports::Api;
use muster_runtime::Options;
use muster_sim::{Dice, Odds};
use muster_store::SqliteStore;
use muster_testing::{
    Ground, KEY, NOW, REQUEST_ID, huawei_signed, ksyun_signed, qcloud_signed, tencent_client,
};
use serde_json::Value;

/// A project id, as scripts bring one along: nobody's here.
const PROJECT: &str = "b53e5554fad0494d96206fb84296510b";

/// A signed request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// What is asked, for people.
    pub(crate) what: String,
    head: Head,
    body: Bytes,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) door: &'static str,
    pub(crate) status: u16,
    /// Of an error; else empty.
    pub(crate) code: String,
    pub(crate) body: Value,
}

/// The service, and what is drawn.
pub(crate) struct World {
    pub(crate) dice: Dice,
    ground: Ground,
    doors: Vec<Arc<dyn Dialect>>,
    nonce: u64,
    /// What was asked and answered, and what happened in between.
    pub(crate) log: Vec<String>,
    /// How many changes were taken, by door.
    pub(crate) done: BTreeMap<&'static str, usize>,
}

/// What the doors stand on.
impl Deref for World {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

fn doors(ground: &Ground) -> Vec<Arc<dyn Dialect>> {
    let switches = muster_ksyun::Switches::default();
    vec![
        Arc::new(muster_testing::tencent3(ground, false, NOW)),
        Arc::new(muster_testing::huawei(ground)),
        Arc::new(muster_testing::ksyun(ground, false, switches)),
        Arc::new(muster_testing::qcloud(
            ground,
            false,
            muster_qcloud::Switches::default(),
        )),
    ]
}

impl World {
    pub(crate) async fn new(seed: u64) -> World {
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        let ground = Ground::on(store, seed, Options::default()).await;
        World {
            dice: Dice::new(seed, Odds::default()),
            doors: doors(&ground),
            ground,
            nonce: 0,
            log: Vec::new(),
            done: BTreeMap::new(),
        }
    }

    /// Stops, and starts again on the same store and machines.
    pub(crate) async fn restart(&mut self) {
        self.ground.restart(Options::default()).await;
        self.doors = doors(&self.ground);
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.dice.below(of.len())]
    }

    /// The groups as the service believes them, oldest first.
    pub(crate) async fn views(&self) -> Vec<Arc<GroupView>> {
        let views = self.runtime.views(&self.caller()).await.unwrap();
        views
            .into_iter()
            .filter(|view| !view.group.deleting)
            .collect()
    }

    /// Asks for a change; whatever is answered is no failure of the service.
    pub(crate) async fn send(&mut self, ask: Ask) -> Result<Answer, String> {
        let answer = self.exchange(ask).await?;
        if answer.code.is_empty() {
            *self.done.entry(answer.door).or_default() += 1;
        }
        Ok(answer)
    }

    /// Sends a request; exactly one door takes it for its own.
    async fn exchange(&mut self, ask: Ask) -> Result<Answer, String> {
        let what = ask.what.clone();
        let incoming = Incoming::new(
            ask.head,
            ask.body,
            REQUEST_ID.to_owned(),
            &Limits::default(),
        );
        let incoming = incoming.map_err(|error| format!("{what}: {error}"))?;
        let (head, pairs) = (&incoming.head, &incoming.pairs);
        let mut mine = self
            .doors
            .iter()
            .filter(|door| door.recognises(head, pairs));
        let (Some(door), None) = (mine.next(), mine.next()) else {
            return Err(format!("{what}: not of one door"));
        };
        let door = Arc::clone(door);
        let reply = door.handle(incoming).await;
        let status = reply.status.as_u16();
        let body = match reply.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&reply.body)
                .map_err(|error| format!("{what}: {error}: {:?}", reply.body))?,
        };
        let code = error_code(&body);
        self.log.push(format!("{what} -> {status} {code}"));
        if status >= 500 || code.starts_with("Internal") || code.starts_with("6000") {
            return Err(format!("{what}: {status} {body}"));
        }
        if code.is_empty() != (reply.code.is_empty() && status < 400) {
            return Err(format!(
                "{what}: {status} {body} is told as `{}`",
                reply.code
            ));
        }
        Ok(Answer {
            door: door.name(),
            status,
            code,
            body,
        })
    }

    /// A read that has to succeed.
    pub(crate) async fn read(&mut self, ask: Ask) -> Result<Value, String> {
        let what = ask.what.clone();
        let answer = self.exchange(ask).await?;
        self.log.pop();
        match answer.code.is_empty() {
            true => Ok(answer.body),
            false => Err(format!(
                "{what}: {} {}: {}",
                answer.door, answer.status, answer.body
            )),
        }
    }

    /// What the engine's invariants find to be wrong.
    pub(crate) async fn problems(&self) -> Vec<String> {
        let views = self.views().await;
        let all = views.iter().flat_map(|view| {
            let found = check::problems(view).into_iter();
            found.map(|problem| format!("{}: {problem}", view.group.id))
        });
        all.collect()
    }

    /// Unix milliseconds of the service.
    pub(crate) fn now(&self) -> i64 {
        self.runtime.time().0
    }
}

/// The code of an error, as any of the doors spells it; empty without one.
fn error_code(body: &Value) -> String {
    let places = [
        &body["Response"]["Error"]["Code"],
        &body["Error"]["Code"],
        &body["error"]["code"],
        &body["error_code"],
    ];
    let codes = places.into_iter().filter_map(Value::as_str);
    let of_2017 = body["code"].as_i64().filter(|code| *code != 0);
    let of_2017 =
        of_2017.map(|code| format!("{code} {}", body["codeDesc"].as_str().unwrap_or_default()));
    codes
        .map(str::to_owned)
        .next()
        .or(of_2017)
        .unwrap_or_default()
}

/// A request, with what it asks for people.
fn ask(what: String, request: Request) -> Ask {
    let Request { head, body } = request;
    Ask { what, head, body }
}

/// A request of Tencent Cloud 3.0.
pub(crate) fn tencent(action: &str, body: &Value) -> Ask {
    let request = tencent_client(KEY).post_json(action, NOW, body.to_string());
    ask(format!("tencent {action} {body}"), request)
}

/// A request of Huawei Cloud; `path` is what follows the project, with the query.
pub(crate) fn huawei(method: Method, path: &str, body: &Value) -> Ask {
    huawei_at("v1", method, path, body)
}

/// The same of another version.
pub(crate) fn huawei_at(version: &str, method: Method, path: &str, body: &Value) -> Ask {
    let what = format!("huawei {method} {version}/{path} {body}");
    let path = format!("/autoscaling-api/{version}/{PROJECT}/{path}");
    let project = [("x-project-id", PROJECT)];
    ask(what, huawei_signed(method, &path, body, &project))
}

/// The action and its parameters.
fn pairs<'a>(action: &'a str, params: &'a [(&str, String)]) -> Vec<(&'a str, &'a str)> {
    let own = params.iter().map(|(name, value)| (*name, value.as_str()));
    [("Action", action)].into_iter().chain(own).collect()
}

/// A request of Kingsoft Cloud, with the simplified signature.
pub(crate) fn ksyun(action: &str, params: &[(&str, String)]) -> Ask {
    let request = ksyun_signed(Method::POST, KEY, &pairs(action, params));
    ask(format!("ksyun {action} {params:?}"), request)
}

/// A request of the Tencent Cloud API of 2017: each has a nonce of its own.
pub(crate) fn qcloud(world: &mut World, action: &str, params: &[(&str, String)]) -> Ask {
    world.nonce += 1;
    let request = qcloud_signed(Method::GET, world.nonce, &pairs(action, params));
    ask(format!("qcloud {action} {params:?}"), request)
}
