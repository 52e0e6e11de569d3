//! One service behind the door, and texts without what changes from run to run.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::Method;
use muster_engine::Settings;
use muster_kit::http::{Dialect, Head, Reply};
use muster_kit::sign::client::Request;
use muster_qcloud::{Qcloud, Switches};
use muster_runtime::Options;
use muster_testing::{Ground, Words, incoming, qcloud, qcloud_signed};
use serde_json::Value;

pub(crate) use muster_testing::{KEY, NOW, READ_ONLY};

/// The service.
pub(crate) struct Service {
    ground: Ground,
    door: Qcloud,
    nonce: AtomicU64,
}

/// What the door stands on.
impl Deref for Service {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl Service {
    pub(crate) async fn start(switches: Switches, settings: Settings) -> Service {
        Service::with(switches, settings, false).await
    }

    pub(crate) async fn with(switches: Switches, settings: Settings, rate_limits: bool) -> Service {
        let options = Options {
            settings,
            ..Options::default()
        };
        let ground = Ground::start(options).await;
        Service {
            door: qcloud(&ground, rate_limits, switches),
            ground,
            nonce: AtomicU64::new(1),
        }
    }

    /// Hands a request to the door as the front would.
    pub(crate) async fn handle(&self, head: Head, body: Bytes) -> Reply {
        let incoming = incoming(head, body);
        assert!(self.door.recognises(&incoming.head, &incoming.pairs));
        let reply = self.door.handle(incoming).await;
        assert_eq!(reply.status.as_u16(), 200);
        assert_eq!(reply.content_type, "application/json");
        reply
    }

    /// A call with these parameters, the common ones among them where they are to be others.
    pub(crate) async fn send(&self, method: Method, params: &[(&str, &str)]) -> Value {
        let nonce = self.nonce.fetch_add(1, Ordering::Relaxed);
        let Request { head, body } = qcloud_signed(method, nonce, params);
        let reply = self.handle(head, body).await;
        serde_json::from_slice(&reply.body).unwrap()
    }

    pub(crate) async fn call(&self, action: &str, params: &[(&str, &str)]) -> Value {
        let all: Vec<(&str, &str)> = [("Action", action)].iter().chain(params).copied().collect();
        self.send(Method::POST, &all).await
    }
}

/// `asg-1a2b3c4d`, `2026-11-24 16:06:51`.
pub(crate) static WORDS: Words = Words {
    prefixes: &[
        "asg-", "asc-", "asa-", "ins-", "asp-", "asst-", "asn-", "lfh-",
    ],
    own_ids: &["absent"],
    time: "dddd-dd-dd dd:dd:dd",
    own_times: &["2099", "0000"],
};

/// A configuration that is right.
pub(crate) const CONFIG: [(&str, &str); 9] = [
    ("scalingConfigurationName", "web"),
    ("imageId", "img-1"),
    ("imageType", "2"),
    ("cpu", "1"),
    ("mem", "2"),
    ("storageType", "6"),
    ("storageSize", "100"),
    ("bandwidthType", "PayByTraffic"),
    ("bandwidth", "1"),
];

pub(crate) async fn plain() -> Service {
    Service::start(Switches::default(), Settings::default()).await
}

/// The text that a list begins with.
pub(crate) fn first(list: &Value) -> String {
    list[0].as_str().unwrap().to_owned()
}

/// The id of a configuration that is made.
pub(crate) async fn made_config(service: &Service, name: &str) -> String {
    let mut params = CONFIG;
    params[0].1 = name;
    let made = service.call("CreateScalingConfiguration", &params).await;
    first(&made["data"]["scalingConfigurationIdSet"])
}

/// The id of a group that is made of it.
pub(crate) async fn made_group(service: &Service, name: &str, config: &str) -> String {
    let params = [
        ("scalingGroupName", name),
        ("scalingConfigurationId", config),
        ("minSize", "0"),
        ("maxSize", "3"),
        ("vpcId", "0"),
        ("zoneIds.0", "100001"),
        ("removePolicy", "RemoveOldestInstance"),
    ];
    let made = service.call("CreateScalingGroup", &params).await;
    first(&made["data"]["scalingGroupIdSet"])
}
