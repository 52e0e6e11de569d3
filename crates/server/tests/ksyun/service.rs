//! One service behind two doors.

use std::ops::Deref;

use bytes::Bytes;
use http::Method;
use muster_kit::http::{Dialect, Head, Reply, Unserved};
use muster_kit::sign::client::Request;
use muster_ksyun::{Ksyun, Switches};
use muster_runtime::Options;
use muster_tencent3::Tencent3;
use muster_testing::{
    Ground, NOW, REQUEST_ID, incoming, ksyun, ksyun_signed, tencent_client, tencent3,
};
use serde_json::Value;

pub(crate) use muster_testing::{KEY, READ_ONLY};

/// The service.
pub(crate) struct Service {
    ground: Ground,
    ksyun: Ksyun,
    tencent: Tencent3,
}

/// What the doors stand on.
impl Deref for Service {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
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
        let ground = Ground::start(Options::default()).await;
        Service {
            ksyun: ksyun(&ground, rate_limits, switches),
            tencent: tencent3(&ground, false, NOW),
            ground,
        }
    }

    /// Hands a request to the door as the front would.
    pub(crate) async fn handle(&self, head: Head, body: Bytes) -> Reply {
        let incoming = incoming(head, body);
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
        let client = tencent_client(KEY);
        let Request { head, body } = client.post_json(action, NOW, body.to_string());
        let incoming = incoming(head, body);
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
    let Request { head, body } = ksyun_signed(method, key, params);
    (head, body)
}

/// A head.
pub(crate) fn head(method: Method, raw_query: &str, headers: &[(&str, &str)]) -> Head {
    muster_testing::head(method, "/", raw_query, headers)
}
