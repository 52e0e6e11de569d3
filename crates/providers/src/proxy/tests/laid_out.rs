//! What accounts lay out: listeners at ports of their own, checks of pools, members that were put there by hand.

use std::collections::BTreeSet;

use muster_model::{
    BalancerPlace, Codes, Front, FrontProtocol, GroupId, HandMember, LaidPool, PoolMemberId, Probe,
    ProbeAsk,
};

use super::*;

const LISTENER: &str = "listener-1";
const POOL: &str = "pool-1";

/// A socket at a port that is none of those that the balancer gives out.
fn free_socket(options: &ProxyOptions) -> std::net::TcpListener {
    let sockets = std::iter::repeat_with(|| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let mut beside = sockets.filter(|socket| {
        let port = socket.local_addr().unwrap().port();
        !options.ports.contains(&port)
    });
    beside.next().unwrap()
}

fn free_port(options: &ProxyOptions) -> u16 {
    free_socket(options).local_addr().unwrap().port()
}

fn front(listener: &str, port: u16) -> Front {
    Front {
        listener: listener.to_owned(),
        protocol: FrontProtocol::Http,
        port,
        pool: Some(POOL.to_owned()),
    }
}

fn hand(number: u64, at: SocketAddr, weight: u16) -> HandMember {
    HandMember {
        id: hand_id(number),
        address: at.ip(),
        port: at.port(),
        weight,
    }
}

fn hand_id(number: u64) -> PoolMemberId {
    Ids::new(500 + number).next_id()
}

fn laid(fronts: Vec<Front>, pool: LaidPool) -> Layout {
    Layout {
        fronts,
        pools: [(POOL.to_owned(), pool)].into(),
        ..Layout::default()
    }
}

fn with(members: Vec<HandMember>) -> LaidPool {
    LaidPool {
        members,
        check: None,
    }
}

/// A machine of a group at the pool.
fn at_pool(number: u64, at: SocketAddr) -> MemberSpec {
    MemberSpec {
        target: BalancerTarget {
            balancer: POOL.to_owned(),
            listener: POOL.to_owned(),
            location: None,
            port: 80,
        },
        ..spec(number, at)
    }
}

fn shown(balancer: &ProxyBalancer, id: &str) -> Option<ListenerView> {
    let mut all = balancer.view().into_iter();
    all.find(|one| one.listener == id)
}

async fn well(balancer: &ProxyBalancer, count: usize) {
    until("everybody is well", async || {
        let view = shown(balancer, POOL)?;
        let well = view.members.iter();
        let well = well.filter(|one| one.health == MemberHealth::Healthy);
        (well.count() == count).then_some(())
    })
    .await;
}

fn is_open(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[tokio::test]
async fn a_listener_is_at_its_port_and_goes_with_it() {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let options = options();
    let balancer = open(options.clone()).await;
    balancer.attach(&at_pool(1, a.address)).await.unwrap();
    let own = shown(&balancer, POOL).unwrap().address.unwrap();
    let port = free_port(&options);
    let layout = laid(vec![front(LISTENER, port)], LaidPool::default());
    balancer.arrange(&layout).await;
    // The pool is reached there, with whoever comes later, and has no port of its own any more.
    balancer.attach(&at_pool(2, b.address)).await.unwrap();
    well(&balancer, 2).await;
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    for _ in 0..4 {
        get(at, "/").await;
    }
    assert_eq!((a.count(), b.count()), (2, 2));
    assert_eq!(shown(&balancer, POOL).unwrap().address, Some(at));
    until("its own port is closed", async || {
        (!is_open(own.port())).then_some(())
    })
    .await;

    // Anew, at another port: the old one is closed when that is done.
    let other = free_port(&options);
    balancer
        .arrange(&laid(vec![front(LISTENER, other)], LaidPool::default()))
        .await;
    assert!(!is_open(port) && is_open(other));
    balancer
        .arrange(&laid(Vec::new(), LaidPool::default()))
        .await;
    assert!(!is_open(other));
    assert_eq!(shown(&balancer, POOL).unwrap().address, Some(own));
    assert!(get(own, "/").await.contains("200 OK"));
}

#[tokio::test]
async fn where_a_port_cannot_be_had_the_pool_has_its_own_and_it_is_said_why() {
    let a = Backend::start("a").await;
    let given = options();
    let taken = free_socket(&given);
    let port = taken.local_addr().unwrap().port();
    let reserved = free_port(&given);
    let options = ProxyOptions {
        reserved: vec![reserved..=reserved],
        ..given.clone()
    };
    let balancer = open(options.clone()).await;
    let layout = |port| {
        laid(
            vec![front(LISTENER, port)],
            with(vec![hand(1, a.address, 1)]),
        )
    };
    let first = *given.ports.start();
    for (port, why) in [
        (80, "protocol_port 80 is none of 1024 to 65535".to_owned()),
        (port, format!("127.0.0.1:{port}: Address already in use")),
        (
            reserved,
            format!("{reserved} is one of {reserved} to {reserved}"),
        ),
        (first, format!("{first} is one of {first} to")),
    ] {
        balancer.arrange(&layout(port)).await;
        let refused = shown(&balancer, LISTENER).unwrap().refused.unwrap();
        assert!(refused.contains(&why), "{refused}");
        let own = shown(&balancer, POOL).unwrap().address.unwrap();
        assert!(get(own, "/").await.contains("200 OK"), "{port}");
    }
    // Once the port is free it is had, without anything new.
    balancer.arrange(&layout(port)).await;
    drop(taken);
    balancer.arrange(&layout(port)).await;
    assert_eq!(shown(&balancer, LISTENER).unwrap().refused, None);
    assert!(is_open(port));
    // Of two the older has it, and the younger after that.
    let two = |all| laid(all, LaidPool::default());
    let both = vec![front(LISTENER, port), front("listener-2", port)];
    balancer.arrange(&two(both)).await;
    let refused = shown(&balancer, "listener-2").unwrap().refused.unwrap();
    assert!(
        refused.contains("the listener listener-1 is there"),
        "{refused}"
    );
    balancer
        .arrange(&two(vec![front("listener-2", port)]))
        .await;
    assert_eq!(shown(&balancer, "listener-2").unwrap().refused, None);

    let off = ProxyOptions {
        front_ports: None,
        ..options.clone()
    };
    let balancer = open(off).await;
    balancer.arrange(&layout(free_port(&options))).await;
    let refused = shown(&balancer, LISTENER).unwrap().refused.unwrap();
    assert_eq!(refused, "proxy.listener_ports is false");
}

#[tokio::test]
async fn what_was_put_there_by_hand_has_load_by_its_weight_and_is_nobodys() {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let balancer = open(options()).await;
    balancer.attach(&at_pool(1, a.address)).await.unwrap();
    let layout = |weight| laid(Vec::new(), with(vec![hand(1, b.address, weight)]));
    balancer.arrange(&layout(30)).await;
    well(&balancer, 2).await;
    let at = shown(&balancer, POOL).unwrap().address.unwrap();
    let load = async |n| {
        let before = (a.count(), b.count());
        for _ in 0..n {
            get(at, "/").await;
        }
        (a.count() - before.0, b.count() - before.1)
    };
    assert_eq!(load(8).await, (2, 6));
    let health = balancer.by_hand().await;
    assert_eq!(health, [(hand_id(1), MemberHealth::Healthy)].into());
    // Groups are told of their own machines only, and take only these off.
    assert_eq!(balancer.list(None).await.unwrap().members.len(), 1);
    balancer.arrange(&layout(10)).await;
    assert_eq!(load(8).await, (4, 4));
    balancer.arrange(&layout(0)).await;
    assert_eq!(load(4).await, (4, 0));
    balancer.arrange(&layout(10)).await;
    let machine = at_pool(1, a.address);
    balancer
        .detach(&machine.owner, &machine.target)
        .await
        .unwrap();
    assert_eq!(load(4).await, (0, 4));
    balancer.attach(&machine).await.unwrap();
    well(&balancer, 2).await;
    balancer
        .arrange(&laid(Vec::new(), LaidPool::default()))
        .await;
    assert_eq!(load(4).await, (4, 0));
    assert!(balancer.by_hand().await.is_empty());
}

/// A member that answers with a status that is told.
async fn answering(status: Arc<AtomicUsize>) -> SocketAddr {
    raw(move |mut stream| {
        let status = Arc::clone(&status);
        async move {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            let asked = String::from_utf8_lossy(&buffer[..read]).into_owned();
            let good =
                asked.starts_with("HEAD /ready?now HTTP/1.1") && asked.contains("shop.example");
            let status = match good {
                true => status.load(Ordering::SeqCst),
                false => 404,
            };
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
    .await
}

fn probe(ask: ProbeAsk, port: Option<u16>) -> LaidPool {
    LaidPool {
        check: Some(Probe {
            ask,
            port,
            delay_secs: 1,
            timeout_secs: 1,
            rises: 1,
            falls: 1,
        }),
        members: vec![hand(1, SocketAddr::from(([127, 0, 0, 1], 9)), 1)],
    }
}

#[tokio::test]
async fn a_pool_is_checked_as_it_says() {
    let status = Arc::new(AtomicUsize::new(204));
    let at = answering(Arc::clone(&status)).await;
    let balancer = open(options()).await;
    let becomes = async |wanted: MemberHealth| {
        until("its health", async || {
            let found = balancer.by_hand().await[&hand_id(1)];
            (found == wanted).then_some(())
        })
        .await;
    };
    let http = |codes: &str| ProbeAsk::Http {
        method: "HEAD".to_owned(),
        path: "/ready?now".to_owned(),
        host: Some("shop.example".to_owned()),
        codes: Codes::parse(codes).unwrap(),
    };
    // The member itself takes no connection: only what is asked at the other port counts.
    let lay = async |ask, port| {
        balancer.arrange(&laid(Vec::new(), probe(ask, port))).await;
    };
    lay(http("200-204"), Some(at.port())).await;
    becomes(MemberHealth::Healthy).await;
    lay(http("200"), Some(at.port())).await;
    becomes(MemberHealth::Unhealthy).await;
    status.store(200, Ordering::SeqCst);
    becomes(MemberHealth::Healthy).await;
    lay(ProbeAsk::Connect, None).await;
    becomes(MemberHealth::Unhealthy).await;
    lay(ProbeAsk::Nothing, None).await;
    becomes(MemberHealth::Unknown).await;
    lay(ProbeAsk::Connect, Some(at.port())).await;
    becomes(MemberHealth::Healthy).await;
}

#[tokio::test]
async fn what_finds_no_member_is_counted_for_who_is_bound() {
    let group = owner(1).group;
    let other: GroupId = Ids::new(9).next_id();
    let place = |id: &str| BalancerPlace {
        balancer: id.to_owned(),
        listener: id.to_owned(),
        location: None,
    };
    let options = options();
    let port = free_port(&options);
    let mut layout = laid(vec![front(LISTENER, port)], LaidPool::default());
    layout.bound = [
        (place(POOL), BTreeSet::from([group])),
        (place("elsewhere"), BTreeSet::from([other])),
    ]
    .into();
    let balancer = open(options).await;
    balancer.arrange(&layout).await;
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    for _ in 0..3 {
        assert!(get(at, "/").await.starts_with("HTTP/1.1 503 "));
    }
    let counts = balancer.counts(group).unwrap();
    assert_eq!((counts.requests, counts.failures), (3, 3));
    assert_eq!(balancer.counts(other).unwrap().requests, 0);
    assert_eq!(shown(&balancer, LISTENER).unwrap().unserved, 3);
    // Where a group is bound there is a listener before there is a machine.
    let elsewhere = shown(&balancer, "elsewhere").unwrap().address.unwrap();
    assert!(get(elsewhere, "/").await.starts_with("HTTP/1.1 503 "));
    assert_eq!(balancer.counts(other).unwrap().requests, 1);
    layout.bound.clear();
    balancer.arrange(&layout).await;
    assert_eq!(balancer.counts(group), None);
}
