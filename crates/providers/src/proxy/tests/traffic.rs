//! What comes through, and what happens to it while members come and go.

use super::*;

async fn two(options: ProxyOptions) -> (ProxyBalancer, Backend, Backend) {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let balancer = open(options).await;
    balancer.attach(&spec(1, a.address)).await.unwrap();
    balancer.attach(&spec(2, b.address)).await.unwrap();
    healthy(&balancer, &[1, 2]).await;
    (balancer, a, b)
}

#[tokio::test]
async fn requests_are_spread_and_say_whose_they_are() {
    let (balancer, a, b) = two(options()).await;
    let to = address(&balancer);
    let mut stream = TcpStream::connect(to).await.unwrap();
    let mut buffer = vec![0; 65536];
    for n in 0..10 {
        let body = format!("body {n}");
        let request = format!(
            "POST /p?q={n} HTTP/1.1\r\nHost: web.example\r\nX-Own: 1\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let read = stream.read(&mut buffer).await.unwrap();
        let answer = String::from_utf8_lossy(&buffer[..read]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.contains(&format!("POST /p?q={n}")), "{answer}");
        assert!(
            answer.contains(r#""x-forwarded-for": "127.0.0.1""#),
            "{answer}"
        );
        assert!(
            answer.contains(r#""x-forwarded-proto": "http""#),
            "{answer}"
        );
        assert!(answer.contains(r#""host": "web.example""#), "{answer}");
        assert!(answer.ends_with(&body), "{answer}");
    }
    assert_eq!(
        (a.count(), b.count()),
        (5, 5),
        "one connection, ten requests"
    );
    let counts: Vec<_> = balancer.view()[0]
        .members
        .iter()
        .map(|one| (one.counts.requests, one.counts.failures, one.in_flight))
        .collect();
    assert_eq!(counts, [(5, 0, 0), (5, 0, 0)]);
}

#[tokio::test]
async fn large_bodies_come_through_in_both_ways_of_length() {
    let (balancer, _one, _other) = two(options()).await;
    let to = address(&balancer);
    let body = "x".repeat(1 << 20);
    let plain = format!(
        "PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = talk(to, plain.as_bytes()).await;
    assert!(
        answer.ends_with(&body),
        "{} bytes: {:.300}",
        answer.len(),
        answer
    );
    let chunked = format!(
        "PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    assert!(talk(to, chunked.as_bytes()).await.contains(&body));
}

#[tokio::test]
async fn nobody_there_is_a_plain_503() {
    let balancer = open(options()).await;
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    balancer.attach(&spec(1, nobody)).await.unwrap();
    let to = address(&balancer);
    balancer.detach(&owner(1), &target("lbl-1")).await.unwrap();
    let answer = get(to, "/").await;
    assert!(
        answer.starts_with("HTTP/1.1 503 Service Unavailable"),
        "{answer}"
    );
    assert!(answer.contains("content-type: text/plain"), "{answer}");
    assert!(
        answer.ends_with("no member of this listener takes requests\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_drained_member_finishes_what_it_has() {
    let slow = Backend::slow("slow", 600).await;
    let balancer = open(options()).await;
    balancer.attach(&spec(1, slow.address)).await.unwrap();
    healthy(&balancer, &[1]).await;
    let to = address(&balancer);
    let request = tokio::spawn(async move { get(to, "/long").await });
    let in_flight = async || {
        let counted = balancer.in_flight(&owner(1), &target("lbl-1")).await;
        counted.unwrap()
    };
    until("in flight", async || {
        (in_flight().await == Some(1)).then_some(())
    })
    .await;
    balancer.drain(&owner(1), &target("lbl-1")).await.unwrap();
    let refused = get(to, "/new").await;
    assert!(
        refused.starts_with("HTTP/1.1 503"),
        "nothing new: {refused}"
    );
    assert_eq!(in_flight().await, Some(1));
    assert!(request.await.unwrap().contains("slow GET /long"));
    until("nothing is left", async || {
        (in_flight().await == Some(0)).then_some(())
    })
    .await;
    assert_eq!(slow.count(), 1);
}

#[tokio::test]
async fn a_member_that_is_taken_off_is_cut_off() {
    let slow = Backend::slow("slow", 5000).await;
    let balancer = open(options()).await;
    balancer.attach(&spec(1, slow.address)).await.unwrap();
    healthy(&balancer, &[1]).await;
    let to = address(&balancer);
    let request = tokio::spawn(async move {
        let stream = TcpStream::connect(to).await.unwrap();
        let mut stream = stream;
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    until("begun", async || (slow.count() == 1).then_some(())).await;
    balancer.detach(&owner(1), &target("lbl-1")).await.unwrap();
    let answer = timing::within(2000, request).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
}

#[tokio::test]
async fn members_come_and_go_under_load_and_no_request_fails() {
    let (balancer, a, b) = two(options()).await;
    let to = address(&balancer);
    let stop = tokio_util::sync::CancellationToken::new();
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let stop = stop.clone();
            tokio::spawn(async move {
                let (mut stream, mut done) = (TcpStream::connect(to).await.unwrap(), 0);
                let mut buffer = vec![0; 65536];
                while !stop.is_cancelled() {
                    stream
                        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                        .await
                        .unwrap();
                    let read = stream.read(&mut buffer).await.unwrap();
                    let answer = String::from_utf8_lossy(&buffer[..read]);
                    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut backends = vec![a, b];
    for round in 0..6 {
        let fresh = Backend::start("fresh").await;
        balancer
            .attach(&spec(10 + round, fresh.address))
            .await
            .unwrap();
        healthy(&balancer, &[10 + round]).await;
        until("has load", async || (fresh.count() > 0).then_some(())).await;
        let leaves = match round {
            0 | 1 => owner(1 + round),
            _ => owner(8 + round),
        };
        balancer.drain(&leaves, &target("lbl-1")).await.unwrap();
        until("drained", async || {
            let left = balancer.in_flight(&leaves, &target("lbl-1")).await;
            (left.unwrap() == Some(0)).then_some(())
        })
        .await;
        balancer.detach(&leaves, &target("lbl-1")).await.unwrap();
        backends.push(fresh);
        let gone = backends.remove(0);
        drop(gone);
    }
    stop.cancel();
    for client in clients {
        assert!(client.await.unwrap() > 10);
    }
}

#[tokio::test]
async fn locations_are_for_their_hosts_and_paths() {
    let (plain, api, deep) = (
        Backend::start("plain").await,
        Backend::start("api").await,
        Backend::start("deep").await,
    );
    let rule = |domain: Option<&str>, path: &str| Rule {
        domain: domain.map(str::to_owned),
        path: path.to_owned(),
    };
    let listener = ListenerOptions {
        rules: BTreeMap::from([
            ("loc-api".to_owned(), rule(None, "/api/")),
            (
                "loc-deep".to_owned(),
                rule(Some("web.example"), "/api/deep"),
            ),
        ]),
        ..options().other
    };
    let key = ("lb-1".to_owned(), "lbl-1".to_owned());
    let balancer = open(ProxyOptions {
        listeners: BTreeMap::from([(key, listener)]),
        ..options()
    })
    .await;
    for (number, location, backend) in [
        (1, None, &plain),
        (2, Some("loc-api"), &api),
        (3, Some("loc-deep"), &deep),
    ] {
        let mut at = spec(number, backend.address);
        at.target.location = location.map(str::to_owned);
        balancer.attach(&at).await.unwrap();
    }
    healthy(&balancer, &[1, 2, 3]).await;
    let to = address(&balancer);
    for (path, name) in [
        ("/", "plain"),
        ("/apix", "plain"),
        ("/api", "api"),
        ("/api/x", "api"),
        ("/api/deep/y", "deep"),
    ] {
        let answer = get(to, path).await;
        assert!(
            answer.contains(&format!("{name} GET {path} ")),
            "{path}: {answer}"
        );
    }
}

/// A server that says in what it gets, in capital letters, on whatever connection.
async fn shouting() -> SocketAddr {
    raw(|mut stream| async move {
        let mut buffer = [0; 1024];
        while let Ok(read) = stream.read(&mut buffer).await {
            if read == 0
                || stream
                    .write_all(&buffer[..read].to_ascii_uppercase())
                    .await
                    .is_err()
            {
                return;
            }
        }
    })
    .await
}

fn tcp(options: ProxyOptions) -> ProxyOptions {
    ProxyOptions {
        other: ListenerOptions {
            protocol: Protocol::Tcp,
            ..options.other.clone()
        },
        ..options
    }
}

async fn shout(stream: &mut TcpStream, word: &str) -> String {
    stream.write_all(word.as_bytes()).await.unwrap();
    let mut buffer = [0; 1024];
    let read = stream.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}

#[tokio::test]
async fn tcp_carries_anything_and_drains_by_connection() {
    let balancer = open(tcp(options())).await;
    balancer.attach(&spec(1, shouting().await)).await.unwrap();
    healthy(&balancer, &[1]).await;
    let to = address(&balancer);
    let mut stream = TcpStream::connect(to).await.unwrap();
    assert_eq!(shout(&mut stream, "hello").await, "HELLO");
    balancer.drain(&owner(1), &target("lbl-1")).await.unwrap();
    assert_eq!(shout(&mut stream, "still").await, "STILL");
    let in_flight = balancer.in_flight(&owner(1), &target("lbl-1")).await;
    assert_eq!(in_flight, Ok(Some(1)));
    let mut refused = TcpStream::connect(to).await.unwrap();
    let ended = refused.read(&mut [0; 1]).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "nobody takes it");
    balancer.detach(&owner(1), &target("lbl-1")).await.unwrap();
    let ended = timing::within(2000, stream.read(&mut [0; 1]))
        .await
        .unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "it is cut off");
}

#[tokio::test]
async fn tcp_connections_that_are_refused_go_to_another_member() {
    let balancer = open(tcp(options())).await;
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = socket.local_addr().unwrap();
    balancer.attach(&spec(1, dead)).await.unwrap();
    balancer.attach(&spec(2, shouting().await)).await.unwrap();
    healthy(&balancer, &[1, 2]).await;
    drop(socket);
    for _ in 0..4 {
        let mut stream = TcpStream::connect(address(&balancer)).await.unwrap();
        assert_eq!(shout(&mut stream, "x").await, "X");
    }
}

#[tokio::test]
async fn an_upgraded_connection_is_carried_and_counted() {
    let backend = raw(|mut stream| async move {
        let mut buffer = [0; 4096];
        let Ok(read) = stream.read(&mut buffer).await else {
            return;
        };
        let head = String::from_utf8_lossy(&buffer[..read]).to_ascii_lowercase();
        if !head.contains("upgrade: shout") {
            return;
        }
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        while let Ok(read) = stream.read(&mut buffer).await {
            if read == 0 {
                return;
            }
            stream
                .write_all(&buffer[..read].to_ascii_uppercase())
                .await
                .unwrap();
        }
    })
    .await;
    let balancer = open(options()).await;
    balancer.attach(&spec(1, backend)).await.unwrap();
    healthy(&balancer, &[1]).await;
    let mut stream = TcpStream::connect(address(&balancer)).await.unwrap();
    let ask = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n";
    let answer = shout(&mut stream, ask).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    assert_eq!(shout(&mut stream, "hello").await, "HELLO");
    let (own, at) = (owner(1), target("lbl-1"));
    assert_eq!(balancer.in_flight(&own, &at).await, Ok(Some(1)));
    drop(stream);
    until("over", async || {
        (balancer.in_flight(&own, &at).await == Ok(Some(0))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stop_lets_requests_end_and_takes_no_more() {
    let slow = Backend::slow("slow", 500).await;
    let balancer = Arc::new(open(options()).await);
    balancer.attach(&spec(1, slow.address)).await.unwrap();
    healthy(&balancer, &[1]).await;
    let to = address(&balancer);
    let request = tokio::spawn(async move { get(to, "/").await });
    until("begun", async || (slow.count() == 1).then_some(())).await;
    timing::within(3000, balancer.stop(5000))
        .await
        .expect("it stops");
    assert!(request.await.unwrap().contains("slow GET /"));
    assert!(
        TcpStream::connect(to).await.is_err(),
        "nobody listens any more"
    );
}
