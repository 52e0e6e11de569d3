//! One service behind the door, and texts without what changes from run to run.

use std::ops::Deref;
use std::sync::Arc;

use muster_engine::Settings;
use muster_kit::http::{Dialect, Head, Reply};
use muster_kit::sign::client::Request;
use muster_model::Catalogue;
use muster_ports::Store;
use muster_runtime::{Options, Runtime};
use muster_tencent3::Tencent3;
use muster_testing::{Ground, REQUEST_ID, Words, incoming};
use serde_json::Value;

pub(crate) use muster_testing::{
    KEY as SECRET_ID, OTHER as OTHER_ID, READ_ONLY as READ_ONLY_ID, tencent_client as client,
};

/// The service.
pub(crate) struct Service {
    pub(crate) door: Tencent3,
    ground: Ground,
    clock_secs: i64,
    rate_limits: bool,
}

/// What the door stands on.
impl Deref for Service {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl Service {
    /// A service without anything in it, whose signatures are checked at `clock_secs`.
    pub(crate) async fn start(clock_secs: i64, rate_limits: bool) -> Service {
        let ground = Ground::start(Options::default()).await;
        Service::of(ground, clock_secs, rate_limits)
    }

    /// The same on a store that has nothing in it.
    pub(crate) async fn on(store: Arc<dyn Store>, clock_secs: i64, rate_limits: bool) -> Service {
        let ground = Ground::on(store, 1, Options::default()).await;
        Service::of(ground, clock_secs, rate_limits)
    }

    fn of(ground: Ground, clock_secs: i64, rate_limits: bool) -> Service {
        Service {
            door: muster_testing::tencent3(&ground, rate_limits, clock_secs),
            ground,
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
        self.ground.restart(options).await;
        self.door = muster_testing::tencent3(&self.ground, self.rate_limits, self.clock_secs);
    }

    /// Another runtime on the same store, machines and clock: the first one has been stopped.
    pub(crate) async fn restarted(&self) -> Arc<Runtime> {
        self.ground.restarted(Options::default()).await
    }

    /// Hands a request to the door as the front would.
    pub(crate) async fn handle(&self, head: Head, body: bytes::Bytes) -> Reply {
        let incoming = incoming(head, body);
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

/// `asg-1a2b3c4d`, `2026-11-24T16:06:51Z`.
pub(crate) static WORDS: Words = Words {
    prefixes: &[
        "asg-", "asc-", "asa-", "ins-", "asp-", "asst-", "asn-", "ash-", "asr-",
    ],
    own_ids: &["absent", "xxxxxxxx"],
    time: "dddd-dd-ddTdd:dd:ddZ",
    own_times: &[],
};
