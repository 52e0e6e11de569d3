//! One service behind the door, and a token for it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use muster_huawei::Huawei;
use muster_kit::http::{Dialect, Head, Incoming};
use muster_kit::node::Limits;
use muster_model::{Access, Account, AccountId, Ids, Site, Time};
use muster_ports::{Clock, Commit, Credential, Identity, Keys, LoggedIn, Row, Store};
use muster_runtime::{Options, Runtime, ShellClock};
use muster_sim::SimCompute;
use muster_store::SqliteStore;
use serde_json::{Value, json};

const KEY: &str = "AKtest";
const SECRET: &str = "test-secret";
const PROJECT: &str = "0dd8cb413000906a2fcdc019b5a84546";
/// What tokens are checked at: 2026-11-24T02:00:00Z.
const NOW: i64 = 1_795_485_600;

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

    fn site(&self, _: &str) -> Option<Site> {
        Some(Site::default())
    }
}

#[async_trait]
impl Identity for One {
    fn log_in(&self, _: &str, _: &str, password: &str) -> Option<LoggedIn> {
        let credential = self.find(KEY).filter(|_| password == SECRET)?;
        Some(LoggedIn {
            access_key_id: KEY.to_owned(),
            credential,
        })
    }

    fn account_name(&self, _: AccountId) -> Option<String> {
        Some("muster".to_owned())
    }

    fn project(&self, _: AccountId, _: &str) -> String {
        PROJECT.to_owned()
    }

    fn project_of(&self, id: &str) -> Option<(AccountId, String)> {
        (id == PROJECT).then(|| (self.0, "cn-north-4".to_owned()))
    }

    fn regions(&self) -> Vec<String> {
        vec!["cn-north-4".to_owned()]
    }

    fn has_sites(&self) -> bool {
        false
    }

    async fn use_region(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// The service.
pub(crate) struct Service {
    pub(crate) runtime: Arc<Runtime>,
    huawei: Huawei,
    token: String,
}

impl Service {
    pub(crate) async fn start() -> Service {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().unwrap());
        let account: AccountId = Ids::new(1000).next_id();
        let row = Row::Account(Arc::new(Account {
            id: account,
            name: "muster".to_owned(),
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
            sim,
            clock,
            Options::default(),
        );
        let runtime = runtime.await.unwrap();
        let options = muster_huawei::Options {
            limits: Limits::default(),
            now_unix_secs: Arc::new(|| NOW),
            seal: Arc::new(|secret| format!("sealed({})", secret.len())),
            seal_token: Arc::new(|text| Some(text.replace('"', "'"))),
            open_token: Arc::new(|text| Some(text.replace('\'', "\""))),
            random: Arc::new(|| [7; 32]),
            topics: muster_huawei::TopicOptions {
                confirm_at_once: true,
                has_mail: false,
                certificate: Arc::from(""),
                public_url: None,
            },
        };
        let api = Arc::<Runtime>::clone(&runtime);
        let huawei = Huawei::new(api, Arc::new(One(account)), options);
        let mut service = Service {
            runtime,
            huawei,
            token: String::new(),
        };
        service.log_in().await;
        service
    }

    async fn log_in(&mut self) {
        let user = json!({ "name": "admin", "password": SECRET, "domain": { "name": "muster" } });
        let identity = json!({ "methods": ["password"], "password": { "user": user } });
        let scope = json!({ "project": { "name": "cn-north-4" } });
        let body = json!({ "auth": { "identity": identity, "scope": scope } });
        let incoming = incoming(Method::POST, "/v3/auth/tokens", "", Some(&body), None);
        let reply = self.huawei.handle(incoming).await;
        let token = reply.headers.iter();
        let token = token.clone().find(|(name, _)| name == "x-subject-token");
        self.token = token.unwrap().1.to_str().unwrap().to_owned();
    }

    /// Asks for a path below which `{p}` is the project; comes back with status and body.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let path = path.replace("{p}", PROJECT);
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let incoming = incoming(method, path, query, body.as_ref(), Some(&self.token));
        assert!(self.huawei.recognises(&incoming.head, &incoming.pairs));
        let reply = self.huawei.handle(incoming).await;
        let body = match reply.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&reply.body).unwrap(),
        };
        (reply.status.as_u16(), body)
    }
}

fn incoming(
    method: Method,
    path: &str,
    query: &str,
    body: Option<&Value>,
    token: Option<&str>,
) -> Incoming {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("127.0.0.1:8700"));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    if let Some(token) = token {
        headers.insert("x-auth-token", HeaderValue::from_str(token).unwrap());
    }
    let head = Head {
        method,
        path: path.to_owned(),
        raw_query: query.to_owned(),
        headers,
    };
    let body = body.map(|body| Bytes::from(body.to_string()));
    let id = "11111111-2222-4333-8444-555555555555".to_owned();
    Incoming::new(head, body.unwrap_or_default(), id, &Limits::default()).unwrap()
}
