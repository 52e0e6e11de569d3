//! The contract of the Notifier port, on real receivers that answer on this machine.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use muster_ports::contract::notifier::{CASES, Inbox, Mood};
use muster_ports::{Notifier, NotifyError};
use muster_providers::notify::webhook::{Webhook, WebhookOptions};
use serde_json::Value;
use tokio::net::TcpListener;

/// What a receiver has, and what it does.
struct Desk {
    mood: Mood,
    arrived: Vec<(u64, Value)>,
    signed: Vec<[String; 4]>,
}

type Shared = Arc<Mutex<Desk>>;

fn desk() -> Shared {
    Arc::new(Mutex::new(Desk {
        mood: Mood::Accepting,
        arrived: Vec::new(),
        signed: Vec::new(),
    }))
}

/// A notifier in front of a desk.
struct Front<N> {
    notifier: N,
    desk: Shared,
}

#[async_trait::async_trait]
impl<N: Notifier> Inbox for Front<N> {
    fn notifier(&self) -> &dyn Notifier {
        &self.notifier
    }

    fn mood(&self, mood: Mood) {
        self.desk.lock().unwrap().mood = mood;
    }

    async fn arrived(&self) -> Vec<(u64, Value)> {
        self.desk.lock().unwrap().arrived.clone()
    }
}

async fn answer(
    request: Request<Incoming>,
    desk: Shared,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/cloudevents+json");
    let [id, at, signature] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let signed = [id, at, text, signature];
    let event: Value = serde_json::from_slice(&body).unwrap();
    let mut desk = desk.lock().unwrap();
    let status = match desk.mood {
        Mood::Refusing => StatusCode::UNPROCESSABLE_ENTITY,
        Mood::Failing => StatusCode::SERVICE_UNAVAILABLE,
        Mood::Accepting | Mood::Silent => {
            let seq = event["id"].as_str().unwrap().parse().unwrap();
            desk.arrived.push((seq, event["data"].clone()));
            desk.signed.push(signed);
            StatusCode::NO_CONTENT
        }
    };
    match desk.mood {
        // The connection ends without an answer.
        Mood::Silent => Err(std::io::Error::other("silent")),
        _ => Ok(Response::builder()
            .status(status)
            .body(Full::default())
            .unwrap()),
    }
}

/// Takes posts; returns where.
async fn listen(desk: Shared) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let desk = Arc::clone(&desk);
            let service = service_fn(move |request| answer(request, Arc::clone(&desk)));
            let served = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move {
                let _ = served.await;
            });
        }
    });
    format!("http://{address}/hook")
}

fn webhook(url: &str) -> Webhook {
    Webhook::new(WebhookOptions {
        url: url.to_owned(),
        secret: b"secret".to_vec(),
        timeout: Duration::from_secs(5),
        now_unix_secs: Arc::new(|| 1_700_000_000),
    })
    .unwrap()
}

#[tokio::test]
async fn webhooks_keep_the_contract() {
    for (name, case) in CASES {
        println!("case: {name}");
        let desk = desk();
        let notifier = webhook(&listen(Arc::clone(&desk)).await);
        case(&Front { notifier, desk }).await;
    }
}

#[tokio::test]
async fn a_webhook_is_signed_over_number_time_and_body() {
    let desk = desk();
    let notifier = webhook(&listen(Arc::clone(&desk)).await);
    let front = Front { notifier, desk };
    let (_, whole) = CASES[0];
    whole(&front).await;
    let signed = front.desk.lock().unwrap().signed[0].clone();
    assert_eq!(signed[..2], ["7", "1700000000"]);
    assert_eq!(
        signed[2],
        r#"{"specversion":"1.0","id":"7","source":"/muster/groups/asg-rc1cn5yp","type":"muster.notification","time":"1970-01-01T00:00:00.014Z","datacontenttype":"application/json","data":{"z":1,"a":[1.5,null]}}"#
    );
    // printf '7.1700000000.%s' "$body" | openssl dgst -sha256 -hmac secret -binary | base64
    assert_eq!(signed[3], "v1,4peVguWW1nv8kMcxi4myJ9pgl6pjrldDTgFoYXqXhgw=");
}

#[tokio::test]
async fn nobody_there_is_a_failure_and_a_wrong_address_is_told() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let front = Front {
        notifier: webhook(&format!("http://{address}/")),
        desk: desk(),
    };
    let message = muster_ports::SavedEvent {
        seq: 1,
        event: muster_model::Event {
            group: muster_model::Ids::new(1).next_id(),
            account: None,
            at: muster_model::Time(0),
            kind: muster_model::EventKind::Hook,
            to: None,
            body: Value::Null,
        },
    };
    let failed = front.notifier().deliver(&message).await;
    assert!(matches!(failed, Err(NotifyError::Failed(_))), "{failed:?}");
    for url in ["ftp://x/", "hook", "http:///"] {
        let options = WebhookOptions {
            url: url.to_owned(),
            secret: Vec::new(),
            timeout: Duration::from_secs(1),
            now_unix_secs: Arc::new(|| 0),
        };
        assert!(Webhook::new(options).is_err(), "{url}");
    }
}
