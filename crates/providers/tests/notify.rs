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
use muster_providers::notify::mail::{Mail, MailOptions};
use muster_providers::notify::nats::{Nats, NatsOptions};
use muster_providers::notify::webhook::{Webhook, WebhookOptions};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

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

/// One conversation with a mail server.
async fn receive_mail(stream: TcpStream, desk: Shared) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 desk\r\n").await?;
    let mut letter: Option<Vec<String>> = None;
    while let Some(line) = lines.next_line().await? {
        let mood = desk.lock().unwrap().mood;
        let word = line.split(' ').next().unwrap_or_default();
        let answer = match (&mut letter, word, mood) {
            (Some(text), ".", _) => {
                note_letter(text, &desk);
                letter = None;
                if mood == Mood::Silent {
                    return Ok(());
                }
                "250 kept"
            }
            (Some(text), ..) => {
                text.push(line);
                continue;
            }
            (None, "RCPT", Mood::Refusing) => "550 nobody of that name",
            (None, "RCPT", Mood::Failing) => "451 out of paper",
            (None, "DATA", _) => {
                letter = Some(Vec::new());
                "354 go on"
            }
            (None, "QUIT", _) => "221 bye",
            (None, ..) => "250 fine",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn note_letter(text: &[String], desk: &Shared) {
    let (head, body) = text.split_at(text.iter().position(String::is_empty).unwrap());
    let id = head
        .iter()
        .find_map(|line| line.strip_prefix("Message-ID: <"));
    let seq = id.unwrap().split('.').next().unwrap().parse().unwrap();
    let body = serde_json::from_str(&body.join("\n")).unwrap();
    desk.lock().unwrap().arrived.push((seq, body));
}

#[tokio::test]
async fn mail_keeps_the_contract() {
    for (name, case) in CASES {
        println!("case: {name}");
        let desk = desk();
        let address = serve(&desk, receive_mail).await;
        let notifier = Mail::new(&MailOptions {
            url: format!("smtp://{address}"),
            login: None,
            from: "muster@example.org".to_owned(),
            to: vec![
                "ops@example.org".to_owned(),
                "Boss <boss@example.org>".to_owned(),
            ],
            timeout: Duration::from_secs(5),
        })
        .unwrap();
        case(&Front { notifier, desk }).await;
    }
}

/// One conversation with a message broker that keeps a stream.
async fn broker(stream: TcpStream, desk: Shared) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let info = serde_json::json!({
        "server_id": "desk", "server_name": "desk", "version": "2.9.10", "go": "", "host": "127.0.0.1", "port": 4222,
        "headers": true, "max_payload": 1_048_576, "proto": 1,
    });
    write
        .write_all(format!("INFO {info}\r\n").as_bytes())
        .await?;
    let mut inbox = String::new();
    let mut line = String::new();
    while read.read_line(&mut line).await? > 0 {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "PING" => write.write_all(b"PONG\r\n").await?,
            "SUB" => inbox = words[words.len() - 1].to_owned(),
            "HPUB" => {
                let (reply, head, all) = (words[2].to_owned(), words[3], words[4]);
                let (head, all): (usize, usize) = (head.parse().unwrap(), all.parse().unwrap());
                let mut bytes = vec![0; all + 2];
                read.read_exact(&mut bytes).await?;
                let headers = String::from_utf8_lossy(&bytes[..head]).into_owned();
                assert!(headers.contains("Nats-Msg-Id: asg-"), "{headers}");
                if let Some(answer) = keep(&bytes[head..all], &desk) {
                    let answer = format!("MSG {reply} {inbox} {}\r\n{answer}\r\n", answer.len());
                    write.write_all(answer.as_bytes()).await?;
                }
            }
            _ => {}
        }
        line.clear();
    }
    Ok(())
}

/// What a stream answers to a message.
fn keep(body: &[u8], desk: &Shared) -> Option<&'static str> {
    let event: Value = serde_json::from_slice(body).unwrap();
    let mut desk = desk.lock().unwrap();
    if matches!(desk.mood, Mood::Accepting | Mood::Silent) {
        let seq = event["id"].as_str().unwrap().parse().unwrap();
        desk.arrived.push((seq, event["data"].clone()));
    }
    match desk.mood {
        Mood::Accepting => Some(r#"{"stream":"desk","seq":1}"#),
        Mood::Refusing => Some(r#"{"error":{"code":400,"description":"too large"}}"#),
        Mood::Failing => Some(r#"{"error":{"code":503,"description":"full"}}"#),
        Mood::Silent => None,
    }
}

#[tokio::test]
async fn nats_keeps_the_contract() {
    for (name, case) in CASES {
        println!("case: {name}");
        let desk = desk();
        let address = serve(&desk, broker).await;
        let notifier = Nats::new(NatsOptions {
            url: format!("nats://{address}"),
            subject: "muster.events".to_owned(),
            login: None,
            token: None,
            timeout: Duration::from_secs(2),
        });
        case(&Front { notifier, desk }).await;
    }
}

/// Lets `talk` have every connection; returns where.
async fn serve<F>(desk: &Shared, talk: fn(TcpStream, Shared) -> F) -> std::net::SocketAddr
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let desk = Arc::clone(desk);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, Arc::clone(&desk)));
        }
    });
    address
}
