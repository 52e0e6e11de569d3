//! The embedded balancer with real connections on 127.0.0.1.

mod choice;
mod laid_out;
mod measured;
mod misbehaviour;
mod traffic;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use muster_model::{
    BalancerTarget, Ids, InstanceId, Layout, Member, MemberHealth, MemberSpec, OwnerKey,
};
use muster_ports::LoadBalancer;
use muster_ports::contract::balancer::CASES;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Ports of their own for every test: they run at the same time, in processes of their own.
fn options() -> ProxyOptions {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    ProxyOptions {
        ports: port..=port.saturating_add(50),
        other: ListenerOptions {
            check: Check {
                interval_millis: 100,
                timeout_millis: 500,
                ..Check::default()
            },
            ..ListenerOptions::default()
        },
        ..ProxyOptions::default()
    }
}

async fn open(options: ProxyOptions) -> ProxyBalancer {
    ProxyBalancer::open(options, &Layout::default(), [], |_, _| true)
        .await
        .unwrap()
}

fn owner(number: u64) -> OwnerKey {
    OwnerKey {
        group: Ids::new(1).next_id(),
        instance: Ids::new(100 + number).next_id(),
    }
}

fn target(listener: &str) -> BalancerTarget {
    BalancerTarget {
        balancer: "lb-1".to_owned(),
        listener: listener.to_owned(),
        location: None,
        port: 80,
    }
}

fn spec(number: u64, at: SocketAddr) -> MemberSpec {
    MemberSpec {
        owner: owner(number),
        target: target("lbl-1"),
        weight: 10,
        address: Some(at.ip().to_string()),
        machine_port: Some(at.port()),
    }
}

/// Waits, within bounds, until something is so.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..500 {
        if let Some(found) = look().await {
            return found;
        }
        timing::pause(20).await;
    }
    panic!("{what}: not in 10 seconds");
}

async fn member(balancer: &ProxyBalancer, id: InstanceId) -> Option<Arc<Member>> {
    let listed = balancer.list(None).await.unwrap().members;
    listed.into_iter().find(|member| member.machine() == id)
}

async fn healthy(balancer: &ProxyBalancer, numbers: &[u64]) {
    for number in numbers {
        let id = owner(*number).instance;
        until("healthy", async || {
            member(balancer, id)
                .await
                .filter(|member| member.health == MemberHealth::Healthy)
        })
        .await;
    }
}

fn address(balancer: &ProxyBalancer) -> SocketAddr {
    balancer.view()[0].address.unwrap()
}

/// An HTTP server that answers with what it was asked.
struct Backend {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Backend {
    async fn start(name: &'static str) -> Backend {
        Backend::slow(name, 0).await
    }

    async fn slow(name: &'static str, millis: u64) -> Backend {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let task = tokio::spawn({
            let (requests, seen) = (Arc::clone(&requests), Arc::clone(&seen));
            async move {
                loop {
                    let (stream, _) = socket.accept().await.unwrap();
                    let (requests, seen) = (Arc::clone(&requests), Arc::clone(&seen));
                    tokio::spawn(async move {
                        let service = service_fn(move |request: Request<Incoming>| {
                            let (requests, seen) = (Arc::clone(&requests), Arc::clone(&seen));
                            async move {
                                requests.fetch_add(1, Ordering::SeqCst);
                                let (head, body) = request.into_parts();
                                let body = body.collect().await.map(|body| body.to_bytes());
                                let body = body.unwrap_or_default();
                                let headers: BTreeMap<_, _> = head
                                    .headers
                                    .iter()
                                    .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
                                    .collect();
                                let text = format!(
                                    "{name} {} {} {headers:?} {}",
                                    head.method,
                                    head.uri,
                                    String::from_utf8_lossy(&body)
                                );
                                seen.lock().unwrap().push(text.clone());
                                timing::pause(millis).await;
                                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(text))))
                            }
                        });
                        let _ = hyper::server::conn::http1::Builder::new()
                            .serve_connection(TokioIo::new(stream), service)
                            .await;
                    });
                }
            }
        });
        Backend {
            address,
            requests,
            seen,
            task,
        }
    }

    fn count(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server that does with every connection what it is told.
async fn raw<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Sends bytes and reads all that comes back until the other side ends, or nothing comes for a while.
async fn talk(to: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    while let Some(Ok(read)) = timing::within(700, stream.read(&mut buffer)).await {
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(to: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n");
    talk(to, request.as_bytes()).await
}

#[tokio::test]
async fn the_contract() {
    for (name, case) in CASES {
        println!("{name}");
        case(&open(options()).await).await;
    }
}

#[tokio::test]
async fn listeners_are_back_at_their_ports() {
    let dir = tempfile::tempdir().unwrap();
    let options = ProxyOptions {
        dir: Some(dir.path().to_owned()),
        ..options()
    };
    let backend = Backend::start("a").await;
    let first = open(options.clone()).await;
    for listener in ["lbl-1", "lbl-2", "lbl-3"] {
        let at = MemberSpec {
            target: target(listener),
            ..spec(1, backend.address)
        };
        first.attach(&at).await.unwrap();
    }
    let shown = |balancer: &ProxyBalancer| -> Vec<(String, SocketAddr)> {
        let all = balancer.view().into_iter();
        all.map(|one| (one.listener, one.address.unwrap()))
            .collect()
    };
    let before = shown(&first);
    drop(first);
    let second = until("the ports are free again", async || {
        let again = open(options.clone()).await;
        for listener in ["lbl-3", "lbl-2", "lbl-1"] {
            let at = MemberSpec {
                target: target(listener),
                ..spec(1, backend.address)
            };
            again.attach(&at).await.ok()?;
        }
        Some(again)
    })
    .await;
    assert_eq!(shown(&second), before);
}

#[tokio::test]
async fn ports_come_to_an_end_with_a_reason_and_closed_ones_are_given_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let options = ProxyOptions {
        dir: Some(dir.path().to_owned()),
        ports: port..=port,
        ..options()
    };
    let at = |listener: &str| MemberSpec {
        target: target(listener),
        ..spec(1, SocketAddr::from(([127, 0, 0, 1], 9)))
    };
    let balancer = open(options.clone()).await;
    balancer.attach(&at("lbl-1")).await.unwrap();
    let error = balancer.attach(&at("lbl-2")).await.unwrap_err();
    let expected = format!("quota: no port from {port} to {port} is free");
    assert_eq!(error.to_string(), expected);
    assert_eq!(balancer.list(None).await.unwrap().members.len(), 1);
    drop(balancer);
    let again = open(options).await;
    until("the port of the one that is closed", async || {
        again.attach(&at("lbl-2")).await.ok()
    })
    .await;
}

#[tokio::test]
async fn what_is_no_place_for_a_member_is_refused() {
    let balancer = open(options()).await;
    let good = spec(1, SocketAddr::from(([127, 0, 0, 1], 9)));
    let bad = [
        MemberSpec {
            address: None,
            ..good.clone()
        },
        MemberSpec {
            address: Some("host.example".to_owned()),
            ..good.clone()
        },
        MemberSpec {
            machine_port: None,
            target: BalancerTarget {
                port: 0,
                ..good.target.clone()
            },
            ..good
        },
    ];
    for spec in bad {
        balancer.attach(&spec).await.unwrap_err();
    }
    assert!(balancer.list(None).await.unwrap().members.is_empty());
    assert!(
        balancer.view().is_empty(),
        "no listener is opened for nobody"
    );
}
