//! What is measured: machines, the embedded balancer and HAProxy in front of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use muster_model::{BalancerTarget, Ids, Layout, MemberSpec, OwnerKey};
use muster_ports::LoadBalancer;
use muster_providers::proxy::{ListenerOptions, Protocol, ProxyBalancer, ProxyOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::daemon::{Daemon, free_port};
use crate::load;

/// Bytes of a body.
pub const BODY: usize = 1024;
/// Machines behind each balancer.
pub const MACHINES: usize = 2;
/// Threads of each balancer.
pub const THREADS: usize = 2;

/// Everything, as long as it lives.
pub struct Parts {
    pub ways: Vec<(&'static str, SocketAddr)>,
    _balancer: ProxyBalancer,
    _haproxy: Daemon,
    _runtimes: Vec<Runtime>,
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Answers every request on a connection with the same text.
async fn answer(mut stream: TcpStream, text: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    let mut have = 0;
    loop {
        let read = stream.read(&mut buffer[have..]).await?;
        if read == 0 {
            return Ok(());
        }
        have += read;
        if buffer[..have].ends_with(b"\r\n\r\n") {
            stream.write_all(text).await?;
            have = 0;
        }
    }
}

/// A machine; all are in one thread.
fn machine(runtime: &Runtime) -> SocketAddr {
    let body = "x".repeat(BODY);
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY}\r\n\r\n{body}");
    let text: &'static [u8] = text.leak().as_bytes();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(answer(stream, text));
        }
    });
    address
}

fn threads(count: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(count)
        .enable_all()
        .build()
        .unwrap()
}

/// HAProxy with an HTTP and a TCP frontend over the machines.
fn haproxy(machines: &[SocketAddr]) -> (Daemon, SocketAddr, SocketAddr) {
    let (http, tcp) = (free_port(), free_port());
    let mut config = String::new();
    for (mode, port) in [("http", http), ("tcp", tcp)] {
        config.push_str(&format!(
            "frontend f{mode}\n  mode {mode}\n  bind 127.0.0.1:{port}\n  default_backend b{mode}\n\
             backend b{mode}\n  mode {mode}\n  balance roundrobin\n"
        ));
        if mode == "http" {
            // As the embedded one does.
            config.push_str("  option forwardfor\n  http-reuse always\n");
        }
        for (number, machine) in machines.iter().enumerate() {
            config.push_str(&format!("  server s{number} {machine} check inter 2s\n"));
        }
    }
    (Daemon::start(THREADS, "", &config), local(http), local(tcp))
}

/// The embedded balancer with an HTTP and a TCP listener over the machines.
async fn embedded(machines: &[SocketAddr]) -> (ProxyBalancer, SocketAddr, SocketAddr) {
    let (http, tcp) = (local(free_port()), local(free_port()));
    let listener = |address, protocol| ListenerOptions {
        listen: Some(address),
        protocol,
        ..ListenerOptions::default()
    };
    let key = |listener: &str| ("lb-bench".to_owned(), listener.to_owned());
    let options = ProxyOptions {
        listeners: BTreeMap::from([
            (key("http"), listener(http, Protocol::Http)),
            (key("tcp"), listener(tcp, Protocol::Tcp)),
        ]),
        ..ProxyOptions::default()
    };
    let balancer = ProxyBalancer::open(options, &Layout::default(), [], |_, _| true)
        .await
        .unwrap();
    let mut ids = Ids::new(1);
    let group = ids.next_id();
    for machine in machines {
        let instance = ids.next_id();
        for listener in ["http", "tcp"] {
            let member = MemberSpec {
                owner: OwnerKey { group, instance },
                target: BalancerTarget {
                    balancer: "lb-bench".to_owned(),
                    listener: listener.to_owned(),
                    location: None,
                    port: machine.port(),
                },
                weight: 10,
                address: Some(machine.ip().to_string()),
                machine_port: None,
            };
            balancer.attach(&member).await.unwrap();
        }
    }
    (balancer, http, tcp)
}

impl Parts {
    /// Starts everything, and waits until requests come through.
    pub fn start() -> Parts {
        let (machines_on, embedded_on) = (threads(1), threads(THREADS));
        let machines: Vec<SocketAddr> = (0..MACHINES).map(|_| machine(&machines_on)).collect();
        let (balancer, http, tcp) = embedded_on.block_on(embedded(&machines));
        let (haproxy, haproxy_http, haproxy_tcp) = haproxy(&machines);
        let parts = Parts {
            ways: vec![
                ("direct", machines[0]),
                ("embedded HTTP", http),
                ("embedded TCP", tcp),
                ("HAProxy HTTP", haproxy_http),
                ("HAProxy TCP", haproxy_tcp),
            ],
            _balancer: balancer,
            _haproxy: haproxy,
            _runtimes: vec![machines_on, embedded_on],
        };
        for (name, address) in &parts.ways {
            let by = Instant::now() + Duration::from_secs(20);
            while !load::answers(*address) {
                assert!(Instant::now() < by, "{name} does not come up");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        parts
    }
}
