//! One service behind two doors, and texts without what changes from run to run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::Method;
use muster_engine::Settings;
use muster_kit::http::{Dialect, Head, Incoming, Reply};
use muster_kit::node::Limits;
use muster_kit::sign::client::{Client, Request};
use muster_model::{Access, Account, AccountId, Ids, Site, Time};
use muster_ports::{Clock, Commit, Credential, Keys, Row, Store};
use muster_qcloud::{Qcloud, Switches};
use muster_runtime::{Options, Runtime, ShellClock};
use muster_sim::SimCompute;
use muster_store::SqliteStore;
use serde_json::Value;

pub(crate) const KEY: &str = "AKIDtest";
pub(crate) const READ_ONLY: &str = "AKIDreader";
pub(crate) const SECRET: &str = "test-secret";
/// What signatures are made and checked at: 2026-11-24T02:00:00Z.
pub(crate) const NOW: i64 = 1_795_485_600;

/// Two keys of one account: one for everything, one that may only look.
struct Two(AccountId);

impl Keys for Two {
    fn find(&self, access_key_id: &str) -> Option<Credential> {
        let access = match access_key_id {
            KEY => Access::Full,
            READ_ONLY => Access::ReadOnly,
            _ => return None,
        };
        Some(Credential {
            account: self.0,
            user: "admin".to_owned(),
            access,
            secret: SECRET.into(),
        })
    }

    fn site(&self, region: &str) -> Option<Site> {
        (region != "nowhere").then(Site::default)
    }
}

/// The service.
pub(crate) struct Service {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) sim: Arc<SimCompute>,
    door: Qcloud,
    nonce: AtomicU64,
}

impl Service {
    pub(crate) async fn start(switches: Switches, settings: Settings) -> Service {
        Service::with(switches, settings, false).await
    }

    pub(crate) async fn with(switches: Switches, settings: Settings, rate_limits: bool) -> Service {
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
        let sim = Arc::new(SimCompute::in_memory(movable, 1));
        let options = Options {
            settings,
            ..Options::default()
        };
        let runtime = Runtime::start(
            store,
            Arc::<SimCompute>::clone(&sim),
            Arc::<SimCompute>::clone(&sim),
            clock,
            options,
        );
        let runtime = runtime.await.unwrap();
        let options = muster_qcloud::Options {
            rate_limits,
            limits: Limits::default(),
            now_unix_secs: Arc::new(|| NOW),
            seal: Arc::new(|secret| format!("sealed({})", secret.len())),
            switches,
        };
        let door = Qcloud::new(
            Arc::<Runtime>::clone(&runtime),
            Arc::new(Two(account)),
            options,
        );
        Service {
            runtime,
            sim,
            door,
            nonce: AtomicU64::new(1),
        }
    }

    /// Hands a request to the door as the front would.
    pub(crate) async fn handle(&self, head: Head, body: Bytes) -> Reply {
        let incoming = Incoming::new(head, body, "id".to_owned(), &Limits::default()).unwrap();
        assert!(self.door.recognises(&incoming.head, &incoming.pairs));
        let reply = self.door.handle(incoming).await;
        assert_eq!(reply.status.as_u16(), 200);
        assert_eq!(reply.content_type, "application/json");
        reply
    }

    /// A call with these parameters, the common ones among them where they are to be others.
    pub(crate) async fn send(&self, method: Method, params: &[(&str, &str)]) -> Value {
        let nonce = self.nonce.fetch_add(1, Ordering::Relaxed).to_string();
        let now = NOW.to_string();
        let common = [
            ("Region", "gz"),
            ("SecretId", KEY),
            ("Timestamp", now.as_str()),
            ("Nonce", nonce.as_str()),
        ];
        let given = |name: &str| params.iter().any(|(key, _)| *key == name);
        let common = common.into_iter().filter(|(name, _)| !given(name));
        let pairs: Vec<(&str, &str)> = params.iter().copied().chain(common).collect();
        let client = Client {
            secret_id: KEY,
            secret_key: SECRET,
            host: "127.0.0.1:8700",
            service: "",
            version: "",
            region: None,
        };
        let Request { head, body } = client.form_2017(method, &pairs);
        let reply = self.handle(head, body).await;
        serde_json::from_slice(&reply.body).unwrap()
    }

    pub(crate) async fn call(&self, action: &str, params: &[(&str, &str)]) -> Value {
        let all: Vec<(&str, &str)> = [("Action", action)].iter().chain(params).copied().collect();
        self.send(Method::POST, &all).await
    }
}

/// Ids by the order in which they were seen: `asg-1` for the first group. Goes both ways.
#[derive(Default)]
pub(crate) struct Names {
    plain: BTreeMap<String, String>,
    real: BTreeMap<String, String>,
    seen: BTreeMap<String, u32>,
}

const PREFIXES: [&str; 8] = [
    "asg-", "asc-", "asa-", "ins-", "asp-", "asst-", "asn-", "lfh-",
];

impl Names {
    /// The text with every id, every time and the number of the account replaced.
    pub(crate) fn plain(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let taken = if let Some(id) = id_at(rest) {
                out.push_str(&self.name(id));
                id.len()
            } else if is_time(rest) {
                out.push_str("<time>");
                19
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
        self.real
            .get(text)
            .cloned()
            .unwrap_or_else(|| text.to_owned())
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
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (body.bytes().all(good) && !body.starts_with("absent")).then_some(id)
}

/// `2026-11-24 16:06:51`, of this century and no script's own.
fn is_time(text: &str) -> bool {
    let shape = "dddd-dd-dd dd:dd:dd";
    let is = |text: &str| {
        text.bytes().zip(shape.bytes()).all(|(b, s)| match s {
            b'd' => b.is_ascii_digit(),
            other => b == other,
        })
    };
    let own = |text: &str| text.starts_with("2099") || text.starts_with("0000");
    text.get(..shape.len())
        .is_some_and(|text| is(text) && !own(text))
}
