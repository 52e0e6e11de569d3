//! One service behind two doors.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use muster_kit::http::{Dialect, FORM, Head, Incoming, Reply, Unserved};
use muster_kit::node::Limits;
use muster_kit::sign::aws4::encoded;
use muster_kit::sign::client::{Client, Request};
use muster_kit::sign::ksyun;
use muster_ksyun::{Ksyun, Switches};
use muster_model::{Access, Account, AccountId, Ids, Site, Time};
use muster_ports::{Clock, Commit, Credential, Keys, Row, Store};
use muster_runtime::{Options, Runtime, ShellClock};
use muster_sim::SimCompute;
use muster_store::SqliteStore;
use muster_tencent3::Tencent3;
use serde_json::Value;

pub(crate) const KEY: &str = "AKLTtest";
pub(crate) const READ_ONLY: &str = "AKLTreader";
pub(crate) const SECRET: &str = "test-secret";
/// The request id of every request.
pub(crate) const REQUEST_ID: &str = "11111111-2222-4333-8444-555555555555";
/// What signatures are made and checked at: 2026-11-24T02:00:00Z.
pub(crate) const NOW: i64 = 1_795_485_600;
/// The same as the simplified signature has it.
pub(crate) const TIMESTAMP: &str = "2026-11-24T02:00:00Z";

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
    ksyun: Ksyun,
    tencent: Tencent3,
}

/// An answer of the Kingsoft door.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// Code and message of an error.
    pub(crate) fn error(&self) -> (String, String) {
        let text = |name: &str| {
            self.body["Error"][name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        (text("Code"), text("Message"))
    }
}

impl Service {
    pub(crate) async fn start() -> Service {
        Service::with(Switches::default(), false).await
    }

    pub(crate) async fn with(switches: Switches, rate_limits: bool) -> Service {
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
        let runtime = Runtime::start(
            store,
            Arc::<SimCompute>::clone(&sim),
            Arc::<SimCompute>::clone(&sim),
            clock,
            Options::default(),
        );
        let runtime = runtime.await.unwrap();
        let options = muster_ksyun::Options {
            rate_limits,
            limits: Limits::default(),
            now_unix_secs: Arc::new(|| NOW),
            seal: Arc::new(|secret| format!("sealed({})", secret.len())),
            switches,
        };
        let ksyun = Ksyun::new(
            Arc::<Runtime>::clone(&runtime),
            Arc::new(Two(account)),
            options,
        );
        let options = muster_tencent3::Options {
            rate_limits: false,
            limits: Limits::default(),
            now_unix_secs: Arc::new(|| NOW),
            seal: Arc::new(|secret| format!("sealed({})", secret.len())),
        };
        let tencent = Tencent3::new(
            Arc::<Runtime>::clone(&runtime),
            Arc::new(Two(account)),
            options,
        );
        Service {
            runtime,
            sim,
            ksyun,
            tencent,
        }
    }

    /// Hands a request to the door as the front would.
    pub(crate) async fn handle(&self, head: Head, body: Bytes) -> Reply {
        let incoming =
            Incoming::new(head, body, REQUEST_ID.to_owned(), &Limits::default()).unwrap();
        let (head, pairs) = (&incoming.head, &incoming.pairs);
        assert!(self.ksyun.recognises(head, pairs), "{incoming:?}");
        assert!(!self.tencent.recognises(head, pairs), "{incoming:?}");
        self.ksyun.handle(incoming).await
    }

    /// What the door says to a request that the front could not hand over.
    pub(crate) fn unserved(&self, why: &Unserved) -> Reply {
        self.ksyun.unserved(why, REQUEST_ID)
    }

    /// A call with the simplified signature, answered in JSON.
    pub(crate) async fn call(&self, params: &[(&str, &str)]) -> Answer {
        self.call_as(KEY, params).await
    }

    /// The same with another key.
    pub(crate) async fn call_as(&self, key: &str, params: &[(&str, &str)]) -> Answer {
        let (head, body) = signed(Method::POST, key, params);
        let reply = self.handle(head, body).await;
        assert_eq!(reply.content_type, "application/json");
        let mut body: Value = serde_json::from_slice(&reply.body).unwrap();
        let id = body.as_object_mut().unwrap().shift_remove("RequestId");
        assert_eq!(id, Some(REQUEST_ID.into()));
        Answer {
            status: reply.status.as_u16(),
            body,
        }
    }

    /// A call that has to be carried out.
    pub(crate) async fn ok(&self, params: &[(&str, &str)]) -> Value {
        let answer = self.call(params).await;
        assert_eq!(answer.status, 200, "{params:?} {answer:?}");
        answer.body
    }

    /// A call of the other door that has to be carried out.
    pub(crate) async fn tencent(&self, action: &str, body: Value) -> Value {
        let client = Client {
            secret_id: KEY,
            secret_key: SECRET,
            host: "127.0.0.1:8700",
            service: "as",
            version: "2018-04-19",
            region: Some("ap-guangzhou"),
        };
        let Request { head, body } = client.post_json(action, NOW, body.to_string());
        let incoming =
            Incoming::new(head, body, REQUEST_ID.to_owned(), &Limits::default()).unwrap();
        assert!(!self.ksyun.recognises(&incoming.head, &incoming.pairs));
        let reply = self.tencent.handle(incoming).await;
        let answer: Value = serde_json::from_slice(&reply.body).unwrap();
        let response = answer["Response"].clone();
        assert!(response["Error"].is_null(), "{action}: {response}");
        response
    }
}

/// A request with the simplified signature.
pub(crate) fn signed(method: Method, key: &str, params: &[(&str, &str)]) -> (Head, Bytes) {
    let common = [
        ("Accesskey", key),
        ("Service", "kec"),
        ("Version", "2016-03-04"),
        ("Timestamp", TIMESTAMP),
        ("SignatureVersion", "1.0"),
        ("SignatureMethod", "HMAC-SHA256"),
        ("Format", "json"),
    ];
    let given = |name: &str| params.iter().any(|(key, _)| *key == name);
    let common = common.into_iter().filter(|(name, _)| !given(name));
    let pairs: Vec<(&str, &str)> = params.iter().copied().chain(common).collect();
    let mac = ksyun::sign(SECRET.as_bytes(), &ksyun::text(pairs.iter().copied()));
    let all = pairs.iter().copied().chain([("Signature", mac.as_str())]);
    let encoded: Vec<String> = all
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    let encoded = encoded.join("&");
    let headers = [("host", "127.0.0.1:8700"), ("content-type", FORM)];
    let (raw_query, body) = match method {
        Method::GET => (encoded, String::new()),
        _ => (String::new(), encoded),
    };
    (head(method, &raw_query, &headers), body.into())
}

/// A head.
pub(crate) fn head(method: Method, raw_query: &str, headers: &[(&str, &str)]) -> Head {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    Head {
        method,
        path: "/".into(),
        raw_query: raw_query.to_owned(),
        headers,
    }
}
