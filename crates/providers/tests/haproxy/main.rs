//! The balancer contract, and more, on a real HAProxy.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test says what broke by failing, and waits in real time"
)]

mod daemon;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use daemon::{Daemon, free_port};
use muster_model::{
    BalancerPlace, BalancerTarget, Ids, Member, MemberHealth, MemberSpec, MemberState, OwnerKey,
};
use muster_ports::contract::balancer::CASES;
use muster_ports::{BalancerError, LoadBalancer};
use muster_providers::haproxy::{Check, HaProxy, HaProxyOptions};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn place(listener: &str, location: Option<&str>) -> BalancerPlace {
    BalancerPlace {
        balancer: "lb-contract".to_owned(),
        listener: listener.to_owned(),
        location: location.map(str::to_owned),
    }
}

fn options(daemon: &Daemon) -> HaProxyOptions {
    HaProxyOptions {
        name: "edge".to_owned(),
        socket: daemon.socket(),
        mark: "muster".to_owned(),
        timeout: Duration::from_secs(5),
        check: Some(Check {
            interval_millis: 100,
            rise: 1,
            fall: 2,
        }),
        up_patience: Duration::ZERO,
        slow_start_secs: 0,
        backends: vec![
            (place("lbl-1", None), "one".to_owned()),
            (place("lbl-2", None), "two".to_owned()),
            (place("lbl-1", Some("loc-1")), "three".to_owned()),
        ],
    }
}

/// An HAProxy with the three backends, and a frontend of the first.
fn daemon(port: u16) -> Daemon {
    Daemon::start(
        2,
        "  mode http\n  retries 0",
        &format!(
            "frontend front\n  bind 127.0.0.1:{port}\n  default_backend one\n\
             backend one\n  balance roundrobin\n  option httpchk GET /health\n  server static1 127.0.0.1:1 disabled\n\
             backend two\n  balance leastconn\n\
             backend three\n  balance roundrobin\n"
        ),
    )
}

fn owner(instance: u64) -> OwnerKey {
    OwnerKey {
        group: Ids::new(1).next_id(),
        instance: Ids::new(100 + instance).next_id(),
    }
}

fn target(listener: &str) -> BalancerTarget {
    BalancerTarget {
        balancer: "lb-contract".to_owned(),
        listener: listener.to_owned(),
        location: None,
        port: 80,
    }
}

fn spec(instance: u64, port: u16) -> MemberSpec {
    MemberSpec {
        owner: owner(instance),
        target: target("lbl-1"),
        weight: 10,
        address: Some("127.0.0.1".to_owned()),
        machine_port: Some(port),
    }
}

async fn members(haproxy: &HaProxy) -> Vec<Arc<Member>> {
    let listing = haproxy.list(None).await.unwrap();
    assert_eq!(listing.silent(), []);
    assert_eq!(listing.asked.len(), 3);
    listing.members
}

async fn eventually<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let by = Instant::now() + Duration::from_secs(10);
    while !holds().await {
        assert!(Instant::now() < by, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A machine: it answers with its name, a request for `/slow` after a while, and checks with its status.
struct Machine {
    port: u16,
    status: Arc<AtomicU16>,
    served: Arc<AtomicU64>,
}

fn serve(mut stream: TcpStream, status: &AtomicU16, served: &AtomicU64) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut first = String::new();
    for line in &mut lines {
        let line = line?;
        if first.is_empty() {
            first.clone_from(&line);
        }
        if line.is_empty() {
            break;
        }
    }
    let code = match first.contains("/health") {
        true => status.load(Ordering::SeqCst),
        false => 200,
    };
    if !first.contains("/health") {
        served.fetch_add(1, Ordering::SeqCst);
    }
    if first.contains("/slow") {
        std::thread::sleep(Duration::from_millis(400));
    }
    let answer = format!("HTTP/1.1 {code} X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    stream.write_all(answer.as_bytes())
}

fn machine() -> Machine {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (status, served) = (Arc::new(AtomicU16::new(200)), Arc::new(AtomicU64::new(0)));
    let of = (Arc::clone(&status), Arc::clone(&served));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (status, served) = (Arc::clone(&of.0), Arc::clone(&of.1));
            std::thread::spawn(move || serve(stream, &status, &served));
        }
    });
    Machine {
        port,
        status,
        served,
    }
}

/// Status of an answer to a request.
fn get(port: u16, path: &str) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let status = answer.split(' ').nth(1);
    status.and_then(|code| code.parse().ok()).unwrap_or(0)
}

async fn found(haproxy: &HaProxy, health: MemberHealth) -> bool {
    let members = members(haproxy).await;
    !members.is_empty() && members.iter().all(|member| member.health == health)
}

#[tokio::test]
async fn the_contract() {
    let daemon = daemon(free_port());
    let checked = HaProxy::new(options(&daemon));
    let plain = HaProxy::new(HaProxyOptions {
        check: None,
        slow_start_secs: 3,
        ..options(&daemon)
    });
    for (name, case) in CASES {
        for haproxy in [&checked, &plain] {
            println!("{name}");
            case(haproxy).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_read_back_and_load_comes_only_when_it_is_good() {
    let front = free_port();
    let daemon = daemon(front);
    let haproxy = HaProxy::new(options(&daemon));
    let machine = machine();
    machine.status.store(503, Ordering::SeqCst);
    haproxy.attach(&spec(1, machine.port)).await.unwrap();
    assert_eq!(get(front, "/"), 503, "no load before a check was good");
    eventually("unhealthy", || found(&haproxy, MemberHealth::Unhealthy)).await;
    assert_eq!(machine.served.load(Ordering::SeqCst), 0);
    machine.status.store(200, Ordering::SeqCst);
    eventually("healthy", || found(&haproxy, MemberHealth::Healthy)).await;
    assert_eq!(get(front, "/"), 200);
    machine.status.store(500, Ordering::SeqCst);
    eventually("unhealthy again", || {
        found(&haproxy, MemberHealth::Unhealthy)
    })
    .await;
    // Without checks nothing is known.
    let unchecked = HaProxy::new(HaProxyOptions {
        check: None,
        ..options(&daemon)
    });
    let two = MemberSpec {
        target: target("lbl-2"),
        ..spec(2, machine.port)
    };
    unchecked.attach(&two).await.unwrap();
    let members = members(&haproxy).await;
    let member = members.iter().find(|m| m.target == two.target).unwrap();
    assert_eq!(member.health, MemberHealth::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_waited_for_until_it_is_up() {
    let front = free_port();
    let daemon = daemon(front);
    let haproxy = HaProxy::new(HaProxyOptions {
        up_patience: Duration::from_secs(5),
        ..options(&daemon)
    });
    let machine = machine();
    machine.status.store(503, Ordering::SeqCst);
    let status = Arc::clone(&machine.status);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        status.store(200, Ordering::SeqCst);
    });
    haproxy.attach(&spec(1, machine.port)).await.unwrap();
    assert_eq!(get(front, "/"), 200);
    // Not for ever.
    let hasty = HaProxy::new(HaProxyOptions {
        up_patience: Duration::from_millis(200),
        ..options(&daemon)
    });
    let began = Instant::now();
    hasty.attach(&spec(2, 9)).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(3));
    assert_eq!(members(&haproxy).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_member_finishes_what_it_has() {
    let front = free_port();
    let daemon = daemon(front);
    let haproxy = HaProxy::new(options(&daemon));
    let (one, two) = (machine(), machine());
    haproxy.attach(&spec(1, one.port)).await.unwrap();
    eventually("healthy", || found(&haproxy, MemberHealth::Healthy)).await;
    let slow = std::thread::spawn(move || get(front, "/slow"));
    eventually("it has the request", async || {
        one.served.load(Ordering::SeqCst) == 1
    })
    .await;
    haproxy.attach(&spec(2, two.port)).await.unwrap();
    eventually("healthy", || found(&haproxy, MemberHealth::Healthy)).await;
    let in_flight = async |instance| {
        let (owner, target) = (owner(instance), target("lbl-1"));
        haproxy.in_flight(&owner, &target).await.unwrap()
    };
    haproxy.drain(&owner(1), &target("lbl-1")).await.unwrap();
    assert_eq!(in_flight(1).await, Some(1));
    assert_eq!(in_flight(2).await, Some(0));
    assert_eq!(in_flight(3).await, Some(0), "it is not there");
    for _ in 0..10 {
        assert_eq!(get(front, "/"), 200);
    }
    assert_eq!(one.served.load(Ordering::SeqCst), 1, "nothing new");
    assert_eq!(two.served.load(Ordering::SeqCst), 10);
    // Taking it out waits for the one that it has.
    haproxy.detach(&owner(1), &target("lbl-1")).await.unwrap();
    assert_eq!(slow.join().unwrap(), 200);
    let left = members(&haproxy).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].owner, owner(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_do_not_end_are_cut() {
    let front = free_port();
    let daemon = daemon(front);
    let haproxy = HaProxy::new(options(&daemon));
    // A machine that accepts and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let unchecked = HaProxy::new(HaProxyOptions {
        check: None,
        ..options(&daemon)
    });
    let port = silent.local_addr().unwrap().port();
    unchecked.attach(&spec(1, port)).await.unwrap();
    let stuck = std::thread::spawn(move || get(front, "/"));
    let held = silent.accept().unwrap();
    unchecked.detach(&owner(1), &target("lbl-1")).await.unwrap();
    assert_eq!(members(&haproxy).await, []);
    assert_eq!(stuck.join().unwrap(), 502);
    drop(held);
}

#[tokio::test]
async fn what_others_put_there_stays_as_it_is() {
    let daemon = daemon(free_port());
    let haproxy = HaProxy::new(options(&daemon));
    let other = HaProxy::new(HaProxyOptions {
        mark: "muster2".to_owned(),
        ..options(&daemon)
    });
    let before = daemon.ask("show servers state one");
    other.attach(&spec(1, 9)).await.unwrap();
    haproxy.attach(&spec(1, 9)).await.unwrap();
    assert_eq!(members(&haproxy).await.len(), 1);
    haproxy.drain(&owner(1), &target("lbl-1")).await.unwrap();
    haproxy.detach(&owner(1), &target("lbl-1")).await.unwrap();
    assert_eq!(members(&haproxy).await, []);
    let theirs = members(&other).await;
    assert_eq!((theirs.len(), theirs[0].state), (1, MemberState::Active));
    other.detach(&owner(1), &target("lbl-1")).await.unwrap();
    let fixed = |text: &str| {
        text.lines()
            .nth(2)
            .unwrap()
            .split(' ')
            .take(9)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(fixed(&before), fixed(&daemon.ask("show servers state one")));
}

#[tokio::test]
async fn a_half_made_member_is_finished() {
    let daemon = daemon(free_port());
    let haproxy = HaProxy::new(options(&daemon));
    let name = format!("one/muster.{}.{}.80", owner(1).group, owner(1).instance);
    daemon.ask(&format!("add server {name} 127.0.0.1:9 weight 0 check"));
    let half = members(&haproxy).await;
    assert_eq!((half[0].state, half[0].weight), (MemberState::Draining, 0));
    assert_eq!(half[0].health, MemberHealth::Unknown);
    haproxy.attach(&spec(1, 9)).await.unwrap();
    let whole = members(&haproxy).await;
    assert_eq!((whole[0].state, whole[0].weight), (MemberState::Active, 10));
    // The machine has another address now.
    haproxy.attach(&spec(1, 10)).await.unwrap();
    assert_eq!(members(&haproxy).await.len(), 1);
    assert!(
        daemon
            .ask("show servers state one")
            .contains(" 10 - 0 0 - - 0\n")
    );
}

#[tokio::test]
async fn refusals_say_what_is_wrong() {
    let daemon = daemon(free_port());
    let place = place("lbl-9", None);
    let haproxy = HaProxy::new(HaProxyOptions {
        backends: vec![(place.clone(), "nope".to_owned())],
        ..options(&daemon)
    });
    let at = |listener: &str| MemberSpec {
        target: target(listener),
        ..spec(1, 9)
    };
    let refused = |result| matches!(result, Err(BalancerError::Refused(_)));
    assert!(
        refused(haproxy.attach(&at("lbl-9")).await),
        "no such backend"
    );
    assert!(
        refused(haproxy.attach(&at("lbl-1")).await),
        "not configured"
    );
    let listing = haproxy.list(None).await.unwrap();
    assert_eq!(listing.silent(), [place]);
    assert!(listing.members.is_empty());
    let haproxy = HaProxy::new(options(&daemon));
    for address in [None, Some("web.example"), Some("127.0.0.1:1 disabled")] {
        let wrong = MemberSpec {
            address: address.map(str::to_owned),
            ..at("lbl-1")
        };
        assert!(refused(haproxy.attach(&wrong).await), "{address:?}");
    }
}

#[tokio::test]
async fn one_that_was_killed_says_so_and_comes_back_empty() {
    let mut daemon = daemon(free_port());
    let haproxy = HaProxy::new(options(&daemon));
    haproxy.attach(&spec(1, 9)).await.unwrap();
    daemon.kill();
    let listing = haproxy.list(None).await.unwrap();
    assert_eq!((listing.members.len(), listing.silent().len()), (0, 3));
    let failed = |result| matches!(result, Err(BalancerError::Failed(_)));
    assert!(failed(haproxy.attach(&spec(1, 9)).await));
    assert!(failed(haproxy.detach(&owner(1), &target("lbl-1")).await));
    daemon.start_again();
    assert_eq!(members(&haproxy).await, [], "it forgot");
    haproxy.attach(&spec(1, 9)).await.unwrap();
    assert_eq!(members(&haproxy).await.len(), 1);
}

#[tokio::test]
async fn one_that_hangs_is_unknown_and_does_nothing_late() {
    let daemon = daemon(free_port());
    let haproxy = HaProxy::new(HaProxyOptions {
        timeout: Duration::from_millis(300),
        ..options(&daemon)
    });
    let pid = Pid::from_raw(daemon.pid());
    haproxy.attach(&spec(1, 9)).await.unwrap();
    kill(pid, Signal::SIGSTOP).unwrap();
    // The signal is only on its way then.
    eventually("it has stopped", || async {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        stat.unwrap().contains(") T ")
    })
    .await;
    let unknown = |result| matches!(result, Err(BalancerError::Unknown(_)));
    let began = Instant::now();
    assert!(unknown(haproxy.drain(&owner(1), &target("lbl-1")).await));
    assert!(unknown(haproxy.attach(&spec(2, 9)).await));
    let listing = haproxy.list(None).await.unwrap();
    assert_eq!((listing.members.len(), listing.silent().len()), (0, 3));
    assert!(began.elapsed() < Duration::from_secs(4));
    kill(pid, Signal::SIGCONT).unwrap();
    // What was asked for before is over before anything else is done.
    haproxy.attach(&spec(1, 9)).await.unwrap();
    let left = members(&haproxy).await;
    assert_eq!(left.len(), 1, "the second was never asked for");
    assert_eq!(
        (&left[0].owner, left[0].state),
        (&owner(1), MemberState::Active)
    );
}
