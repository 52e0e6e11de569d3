//! One runtime behind all doors, and what must hold after every answer.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use muster_engine::check;
use muster_huawei::Huawei;
use muster_kit::http::{Dialect, FORM, Head, Incoming};
use muster_kit::node::Limits;
use muster_kit::sign::aws4::encoded;
use muster_kit::sign::client::{Client, Request};
use muster_kit::sign::{huawei as sdk_hmac, ksyun as simplified};
use muster_ksyun::Ksyun;
use muster_model::{Access, Account, AccountId, GroupView, Ids, Site, Time};
use muster_ports::{Api, Caller, Clock, Commit, Credential, Identity, Keys, LoggedIn, Row, Store};
use muster_qcloud::Qcloud;
use muster_runtime::{Options, Runtime, ShellClock};
use muster_sim::{Dice, Odds, SimCompute};
use muster_store::SqliteStore;
use muster_tencent3::Tencent3;
use serde_json::Value;

const KEY: &str = "AKIDtest";
const SECRET: &str = "test-secret";
const HOST: &str = "127.0.0.1:8700";
const REQUEST_ID: &str = "11111111-2222-4333-8444-555555555555";
/// A project id, as scripts bring one along.
const PROJECT: &str = "0dd8cb413000906a2fcdc019b5a84546";
/// What signatures are made and checked at, in three spellings.
const NOW: i64 = 1_795_485_600;
const TIMESTAMP: &str = "2026-11-24T02:00:00Z";
const SDK_DATE: &str = "20261124T020000Z";

/// One key of one account, and one region.
struct One(AccountId);

impl Keys for One {
    fn find(&self, access_key_id: &str) -> Option<Credential> {
        (access_key_id == KEY).then(|| Credential {
            account: self.0,
            user: "admin".to_owned(),
            access: Access::Full,
            secret: SECRET.into(),
        })
    }

    fn site(&self, _region: &str) -> Option<Site> {
        Some(Site::default())
    }
}

#[async_trait::async_trait]
impl Identity for One {
    fn log_in(&self, _account: &str, _user: &str, _password: &str) -> Option<LoggedIn> {
        None
    }

    fn account_name(&self, account: AccountId) -> Option<String> {
        (account == self.0).then(|| "test".to_owned())
    }

    fn project(&self, _account: AccountId, _region: &str) -> String {
        PROJECT.to_owned()
    }

    fn project_of(&self, _id: &str) -> Option<(AccountId, String)> {
        None
    }

    fn regions(&self) -> Vec<String> {
        vec!["cn-north-4".to_owned()]
    }

    fn has_sites(&self) -> bool {
        false
    }

    async fn use_region(&self, _region: &str) -> Result<(), String> {
        Ok(())
    }
}

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

/// The service, its machines, and what is drawn.
pub(crate) struct World {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) sim: Arc<SimCompute>,
    pub(crate) dice: Dice,
    store: Arc<dyn Store>,
    clock: Arc<ShellClock>,
    account: AccountId,
    doors: Vec<Arc<dyn Dialect>>,
    nonce: u64,
    /// What was asked and answered, and what happened in between.
    pub(crate) log: Vec<String>,
    /// How many changes were taken, by door.
    pub(crate) done: std::collections::BTreeMap<&'static str, usize>,
}

async fn start(
    store: &Arc<dyn Store>,
    sim: &Arc<SimCompute>,
    clock: &Arc<ShellClock>,
) -> Arc<Runtime> {
    let runtime = Runtime::start(
        Arc::clone(store),
        Arc::<SimCompute>::clone(sim),
        Arc::<SimCompute>::clone(sim),
        Arc::clone(clock),
        Options::default(),
    );
    runtime.await.unwrap()
}

fn doors(runtime: &Arc<Runtime>, account: AccountId) -> Vec<Arc<dyn Dialect>> {
    let seal = || -> Arc<dyn Fn(&str) -> String + Send + Sync> {
        Arc::new(|secret| format!("sealed({})", secret.len()))
    };
    let keys = || Arc::new(One(account));
    let api = || Arc::<Runtime>::clone(runtime);
    let tencent = muster_tencent3::Options {
        rate_limits: false,
        limits: Limits::default(),
        now_unix_secs: Arc::new(|| NOW),
        seal: seal(),
    };
    let huawei = muster_huawei::Options {
        limits: Limits::default(),
        now_unix_secs: Arc::new(|| NOW),
        seal: seal(),
        seal_token: Arc::new(|text| Some(text.to_owned())),
        open_token: Arc::new(|text| Some(text.to_owned())),
        // What is made of it is nobody's secret here.
        random: Arc::new(|| [7; 32]),
        topics: muster_huawei::TopicOptions {
            confirm_at_once: true,
            has_mail: false,
            certificate: Arc::from(""),
            public_url: None,
        },
    };
    let ksyun = muster_ksyun::Options {
        rate_limits: false,
        limits: Limits::default(),
        now_unix_secs: Arc::new(|| NOW),
        seal: seal(),
        switches: muster_ksyun::Switches::default(),
    };
    let qcloud = muster_qcloud::Options {
        rate_limits: false,
        limits: Limits::default(),
        now_unix_secs: Arc::new(|| NOW),
        seal: seal(),
        switches: muster_qcloud::Switches::default(),
    };
    vec![
        Arc::new(Tencent3::new(api(), keys(), tencent)),
        Arc::new(Huawei::new(api(), keys(), huawei)),
        Arc::new(Ksyun::new(api(), keys(), ksyun)),
        Arc::new(Qcloud::new(api(), keys(), qcloud)),
    ]
}

impl World {
    pub(crate) async fn new(seed: u64) -> World {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().unwrap());
        let account: AccountId = Ids::new(1000).next_id();
        let row = Row::Account(Arc::new(Account {
            id: account,
            name: "test".to_owned(),
            version: 1,
            created_at: Time(0),
        }));
        let commit = Commit {
            guards: Vec::new(),
            rows: vec![row],
        };
        store.commit(commit).await.unwrap();
        let clock = Arc::new(ShellClock::new(0));
        let movable: Arc<dyn Clock> = Arc::<ShellClock>::clone(&clock);
        let sim = Arc::new(SimCompute::in_memory(movable, seed));
        let runtime = start(&store, &sim, &clock).await;
        World {
            doors: doors(&runtime, account),
            runtime,
            sim,
            dice: Dice::new(seed, Odds::default()),
            store,
            clock,
            account,
            nonce: 0,
            log: Vec::new(),
            done: std::collections::BTreeMap::new(),
        }
    }

    /// Stops, and starts again on the same store and machines.
    pub(crate) async fn restart(&mut self) {
        self.runtime.stop().await;
        self.runtime = start(&self.store, &self.sim, &self.clock).await;
        self.doors = doors(&self.runtime, self.account);
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.dice.below(of.len())]
    }

    /// The groups as the service believes them, oldest first.
    pub(crate) async fn views(&self) -> Vec<Arc<GroupView>> {
        let caller = Caller {
            account: self.account,
            access: Access::Full,
            site: Site::default(),
        };
        let views = self.runtime.views(&caller).await.unwrap();
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

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

/// A request of Tencent Cloud 3.0.
pub(crate) fn tencent(action: &str, body: &Value) -> Ask {
    let client = Client {
        secret_id: KEY,
        secret_key: SECRET,
        host: HOST,
        service: "as",
        version: "2018-04-19",
        region: Some("ap-guangzhou"),
    };
    let Request { head, body: bytes } = client.post_json(action, NOW, body.to_string());
    Ask {
        what: format!("tencent {action} {body}"),
        head,
        body: bytes,
    }
}

/// A request of Huawei Cloud; `path` is what follows the project, with the query.
pub(crate) fn huawei(method: Method, path: &str, body: &Value) -> Ask {
    huawei_at("v1", method, path, body)
}

/// The same of another version.
pub(crate) fn huawei_at(version: &str, method: Method, path: &str, body: &Value) -> Ask {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let bytes: Bytes = match body {
        Value::Null => Bytes::new(),
        body => body.to_string().into(),
    };
    let mut head = Head {
        method,
        path: format!("/autoscaling-api/{version}/{PROJECT}/{path}"),
        raw_query: query.to_owned(),
        headers: headers(&[
            ("host", HOST),
            ("content-type", "application/json"),
            ("x-project-id", PROJECT),
            ("x-sdk-date", SDK_DATE),
        ]),
    };
    let signed = "content-type;host;x-project-id;x-sdk-date";
    let mac = sdk_hmac::sign(&head, &bytes, SECRET.as_bytes(), signed);
    let authorization = format!(
        "{} Access={KEY}, SignedHeaders={signed}, Signature={mac}",
        sdk_hmac::ALGORITHM
    );
    let authorization = HeaderValue::from_str(&authorization).unwrap();
    head.headers.insert("authorization", authorization);
    Ask {
        what: format!("huawei {} {version}/{path}?{query} {body}", head.method),
        head,
        body: bytes,
    }
}

/// A request of Kingsoft Cloud, with the simplified signature.
pub(crate) fn ksyun(action: &str, params: &[(&str, String)]) -> Ask {
    let common = [
        ("Action", action),
        ("Accesskey", KEY),
        ("Service", "kec"),
        ("Version", "2016-03-04"),
        ("Timestamp", TIMESTAMP),
        ("SignatureVersion", "1.0"),
        ("SignatureMethod", "HMAC-SHA256"),
        ("Format", "json"),
    ];
    let own = params.iter().map(|(name, value)| (*name, value.as_str()));
    let pairs: Vec<(&str, &str)> = common.into_iter().chain(own).collect();
    let mac = simplified::sign(SECRET.as_bytes(), &simplified::text(pairs.iter().copied()));
    let all = pairs.iter().copied().chain([("Signature", mac.as_str())]);
    let form: Vec<String> = all
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    Ask {
        what: format!("ksyun {action} {params:?}"),
        head: Head {
            method: Method::POST,
            path: "/".to_owned(),
            raw_query: String::new(),
            headers: headers(&[("host", HOST), ("content-type", FORM)]),
        },
        body: form.join("&").into(),
    }
}

/// A request of the Tencent Cloud API of 2017: each has a nonce of its own.
pub(crate) fn qcloud(world: &mut World, action: &str, params: &[(&str, String)]) -> Ask {
    world.nonce += 1;
    let mut pairs = vec![
        ("Action", action.to_owned()),
        ("Nonce", world.nonce.to_string()),
        ("Region", "gz".to_owned()),
        ("SecretId", KEY.to_owned()),
        ("Timestamp", NOW.to_string()),
    ];
    pairs.extend(params.iter().map(|(name, value)| (*name, value.clone())));
    pairs.sort();
    let listed: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let text = format!("GET{HOST}/v2/index.php?{}", listed.join("&"));
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    pairs.push(("Signature", STANDARD.encode(mac.finalize().into_bytes())));
    let query: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    Ask {
        what: format!("qcloud {action} {params:?}"),
        head: Head {
            method: Method::GET,
            path: "/v2/index.php".to_owned(),
            raw_query: query.join("&"),
            headers: headers(&[("host", HOST)]),
        },
        body: Bytes::new(),
    }
}
