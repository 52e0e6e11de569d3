//! One service behind the door, and texts without what changes from run to run.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_engine::Settings;
use muster_kit::http::{Dialect, Head, Incoming, Reply};
use muster_kit::node::Limits;
use muster_kit::sign::client::{Client, Request};
use muster_model::{Access, Account, AccountId, Catalogue, Ids, Site, Time};
use muster_ports::{Caller, Clock, Commit, Credential, Keys, Row, Store};
use muster_runtime::{Options, Runtime, ShellClock};
use muster_sim::SimCompute;
use muster_store::SqliteStore;
use muster_tencent3::Tencent3;
use serde_json::Value;

pub(crate) const SECRET_ID: &str = "AKIDtest";
pub(crate) const SECRET_KEY: &str = "test-secret";
pub(crate) const READ_ONLY_ID: &str = "AKIDreader";
/// A key of another account.
pub(crate) const OTHER_ID: &str = "AKIDother";
/// The request id of every request.
pub(crate) const REQUEST_ID: &str = "11111111-2222-4333-8444-555555555555";

/// Two keys of one account: one for everything, one that may only look; and one of another account.
struct Three([AccountId; 2]);

impl Keys for Three {
    fn find(&self, access_key_id: &str) -> Option<Credential> {
        let (account, access) = match access_key_id {
            SECRET_ID => (self.0[0], Access::Full),
            READ_ONLY_ID => (self.0[0], Access::ReadOnly),
            OTHER_ID => (self.0[1], Access::Full),
            _ => return None,
        };
        Some(Credential {
            account,
            user: "admin".to_owned(),
            access,
            secret: SECRET_KEY.into(),
        })
    }

    fn site(&self, region: &str) -> Option<Site> {
        (region != "nowhere").then(Site::default)
    }
}

/// The service.
pub(crate) struct Service {
    pub(crate) door: Tencent3,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) sim: Arc<SimCompute>,
    pub(crate) store: Arc<dyn Store>,
    accounts: [AccountId; 2],
    clock_secs: i64,
    rate_limits: bool,
}

impl Service {
    /// A service without anything in it, whose signatures are checked at `clock_secs`.
    pub(crate) async fn start(clock_secs: i64, rate_limits: bool) -> Service {
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        Service::on(store, clock_secs, rate_limits).await
    }

    /// The same on a store that has nothing in it.
    pub(crate) async fn on(store: Arc<dyn Store>, clock_secs: i64, rate_limits: bool) -> Service {
        // Not the seed of the machines: no two things have the same key.
        let mut ids = Ids::new(1000);
        let accounts: [AccountId; 2] = [ids.next_id(), ids.next_id()];
        let row = |(id, name): (AccountId, &str)| {
            Row::Account(Arc::new(Account {
                id,
                name: name.to_owned(),
                version: 1,
                created_at: Time(0),
            }))
        };
        let commit = Commit {
            guards: Vec::new(),
            rows: accounts
                .into_iter()
                .zip(["test", "other"])
                .map(row)
                .collect(),
        };
        store.commit(commit).await.unwrap();
        let clock = Arc::new(ShellClock::new(0));
        let movable: Arc<dyn Clock> = Arc::<ShellClock>::clone(&clock);
        let sim = Arc::new(SimCompute::in_memory(movable, 1));
        let runtime = Runtime::start(
            Arc::clone(&store),
            Arc::<SimCompute>::clone(&sim),
            Arc::<SimCompute>::clone(&sim),
            clock,
            Options::default(),
        );
        let runtime = runtime.await.unwrap();
        Service {
            door: door(&runtime, accounts, clock_secs, rate_limits),
            runtime,
            sim,
            store,
            accounts,
            clock_secs,
            rate_limits,
        }
    }

    /// Goes on with another catalogue, as after a restart.
    pub(crate) async fn restart_with(&mut self, catalogue: Catalogue) {
        let options = Options {
            settings: Settings {
                catalogue,
                ..Settings::default()
            },
            ..Options::default()
        };
        self.restart_on(options).await;
    }

    /// Goes on with other options, as after a restart.
    pub(crate) async fn restart_on(&mut self, options: Options) {
        self.runtime.stop().await;
        self.runtime = self.restarted_with(options).await;
        self.door = door(
            &self.runtime,
            self.accounts,
            self.clock_secs,
            self.rate_limits,
        );
    }

    /// Who calls, for what no answer of the door shows.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            account: self.accounts[0],
            access: Access::Full,
            site: Site::default(),
        }
    }

    /// Another runtime on the same store, machines and clock: the first one has been stopped.
    pub(crate) async fn restarted(&self) -> Arc<Runtime> {
        self.restarted_with(Options::default()).await
    }

    async fn restarted_with(&self, options: Options) -> Arc<Runtime> {
        let runtime = Runtime::start(
            Arc::clone(&self.store),
            Arc::<SimCompute>::clone(&self.sim),
            Arc::<SimCompute>::clone(&self.sim),
            Arc::clone(self.runtime.clock()),
            options,
        );
        runtime.await.unwrap()
    }

    /// Hands a request to the door as the front would.
    pub(crate) async fn handle(&self, head: Head, body: bytes::Bytes) -> Reply {
        let incoming =
            Incoming::new(head, body, REQUEST_ID.to_owned(), &Limits::default()).unwrap();
        assert!(
            self.door.recognises(&incoming.head, &incoming.pairs),
            "{incoming:?}"
        );
        self.door.handle(incoming).await
    }

    /// A signed call; its answer, which always has status 200, this content type and this request id.
    pub(crate) async fn call(&self, action: &str, body: String) -> Value {
        self.call_as(SECRET_ID, action, body).await
    }

    /// The same with another key.
    pub(crate) async fn call_as(&self, key: &str, action: &str, body: String) -> Value {
        let Request { head, body } = client(key).post_json(action, self.clock_secs, body);
        answer(&self.handle(head, body).await)
    }
}

fn door(
    runtime: &Arc<Runtime>,
    accounts: [AccountId; 2],
    clock_secs: i64,
    rate_limits: bool,
) -> Tencent3 {
    let options = muster_tencent3::Options {
        rate_limits,
        limits: Limits::default(),
        now_unix_secs: Arc::new(move || clock_secs),
        seal: Arc::new(|secret| format!("sealed({})", secret.len())),
    };
    let api = Arc::<Runtime>::clone(runtime);
    Tencent3::new(api, Arc::new(Three(accounts)), options)
}

/// The answer under its envelope, without the request id, which is checked.
pub(crate) fn answer(reply: &Reply) -> Value {
    assert_eq!(reply.status.as_u16(), 200);
    assert_eq!(reply.content_type, "application/json");
    let mut value: Value = serde_json::from_slice(&reply.body).unwrap();
    let envelope = value.as_object_mut().unwrap();
    assert_eq!(envelope.len(), 1, "{envelope:?}");
    let mut response = envelope.remove("Response").unwrap();
    let id = response.as_object_mut().unwrap().shift_remove("RequestId");
    assert_eq!(id, Some(REQUEST_ID.into()));
    response
}

pub(crate) fn client(secret_id: &str) -> Client<'_> {
    Client {
        secret_id,
        secret_key: SECRET_KEY,
        host: "127.0.0.1:8700",
        service: "as",
        version: "2018-04-19",
        region: Some("ap-guangzhou"),
    }
}

/// Ids by the order in which they were seen: `asg-1` for the first group. Goes both ways.
#[derive(Default)]
pub(crate) struct Names {
    plain: BTreeMap<String, String>,
    real: BTreeMap<String, String>,
    seen: BTreeMap<String, u32>,
}

const PREFIXES: [&str; 9] = [
    "asg-", "asc-", "asa-", "ins-", "asp-", "asst-", "asn-", "ash-", "asr-",
];

impl Names {
    /// The text with every id and every time replaced.
    pub(crate) fn plain(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let taken = if let Some(id) = id_at(rest) {
                out.push_str(&self.name(id));
                id.len()
            } else if is_time(rest) {
                out.push_str("<time>");
                20
            } else {
                out.push(next);
                next.len_utf8()
            };
            rest = &rest[taken..];
        }
        out
    }

    /// The text with every replaced id put back.
    pub(crate) fn real(&self, text: &str) -> String {
        let mut pairs: Vec<_> = self.real.iter().collect();
        // The longest first: `ins-12` holds `ins-1`.
        pairs.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let mut text = text.to_owned();
        for (name, id) in pairs {
            text = text.replace(&format!("\"{name}\""), &format!("\"{id}\""));
        }
        text
    }

    fn name(&mut self, id: &str) -> String {
        if let Some(name) = self.plain.get(id) {
            return name.clone();
        }
        let prefix = &id[..id.len() - 8];
        let count = self.seen.entry(prefix.to_owned()).or_default();
        *count += 1;
        let name = format!("{prefix}{count}");
        self.plain.insert(id.to_owned(), name.clone());
        self.real.insert(name.clone(), id.to_owned());
        name
    }
}

/// The id that the text starts with. Those of the scripts themselves (`asg-absent01`) are left as they are.
fn id_at(text: &str) -> Option<&str> {
    let prefix = PREFIXES.iter().find(|prefix| text.starts_with(**prefix))?;
    let id = text.get(..prefix.len() + 8)?;
    let body = &id[prefix.len()..];
    let is_id = body
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && !body.starts_with("absent")
        && body != "xxxxxxxx";
    is_id.then_some(id)
}

/// `2026-11-24T16:06:51Z`.
fn is_time(text: &str) -> bool {
    let shape = "dddd-dd-ddTdd:dd:ddZ";
    text.get(..shape.len()).is_some_and(|text| {
        text.bytes().zip(shape.bytes()).all(|(b, s)| match s {
            b'd' => b.is_ascii_digit(),
            other => b == other,
        })
    })
}
