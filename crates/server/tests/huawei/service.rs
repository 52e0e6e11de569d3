//! One service behind the door, and a token for it.

use std::ops::Deref;

use bytes::Bytes;
use http::Method;
use muster_huawei::Huawei;
use muster_kit::http::{Dialect, Incoming};
use muster_runtime::Options;
use muster_testing::{Ground, HOST, PROJECT, REGION, SECRET, body, head, huawei, incoming};
use serde_json::{Value, json};

/// The service.
pub(crate) struct Service {
    ground: Ground,
    huawei: Huawei,
    token: String,
}

/// What the door stands on.
impl Deref for Service {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl Service {
    pub(crate) async fn start() -> Service {
        Service::over(Ground::start(Options::default()).await).await
    }

    pub(crate) async fn over(ground: Ground) -> Service {
        let mut service = Service {
            huawei: huawei(&ground),
            ground,
            token: String::new(),
        };
        service.log_in().await;
        service
    }

    async fn log_in(&mut self) {
        let user = json!({ "name": "admin", "password": SECRET, "domain": { "name": "test" } });
        let identity = json!({ "methods": ["password"], "password": { "user": user } });
        let scope = json!({ "project": { "name": REGION } });
        let body = json!({ "auth": { "identity": identity, "scope": scope } });
        let asked = asked(Method::POST, "/v3/auth/tokens", Some(&body), None);
        let reply = self.huawei.handle(asked).await;
        let token = reply.headers.iter();
        let token = token.clone().find(|(name, _)| name == "x-subject-token");
        self.token = token.unwrap().1.to_str().unwrap().to_owned();
    }

    /// Asks for a path below which `{p}` is the project; comes back with status and body.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        sent: Option<Value>,
    ) -> (u16, Value) {
        let path = path.replace("{p}", PROJECT);
        let asked = asked(method, &path, sent.as_ref(), Some(&self.token));
        assert!(self.huawei.recognises(&asked.head, &asked.pairs));
        let reply = self.huawei.handle(asked).await;
        (reply.status.as_u16(), body(&reply))
    }
}

fn asked(method: Method, path: &str, body: Option<&Value>, token: Option<&str>) -> Incoming {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut headers = vec![("host", HOST), ("content-type", "application/json")];
    headers.extend(token.map(|token| ("x-auth-token", token)));
    let body = body.map(|body| Bytes::from(body.to_string()));
    let head = head(method, path, query, &headers);
    incoming(head, body.unwrap_or_default())
}
