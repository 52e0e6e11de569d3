//! Members and clients that do not keep to the rules.

use super::*;

fn limits(change: impl FnOnce(&mut Limits)) -> ProxyOptions {
    let mut options = options();
    change(&mut options.limits);
    options
}

/// A member that reads a request and hangs up, or answers with these bytes. It counts requests.
async fn rude(answer: &'static [u8]) -> (SocketAddr, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let requests = Arc::clone(&count);
    let address = raw(move |mut stream| {
        let requests = Arc::clone(&requests);
        async move {
            let mut buffer = [0; 65536];
            if matches!(stream.read(&mut buffer).await, Ok(read) if read > 0) {
                requests.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(answer).await;
            }
        }
    })
    .await;
    (address, count)
}

fn post(body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A listener whose first turn is the rude member's, the second the good one's.
async fn rude_first(answer: &'static [u8]) -> (ProxyBalancer, Arc<AtomicUsize>, Backend) {
    let (bad, count) = rude(answer).await;
    let good = Backend::start("good").await;
    let balancer = open(options()).await;
    balancer.attach(&spec(1, bad)).await.unwrap();
    balancer.attach(&spec(2, good.address)).await.unwrap();
    healthy(&balancer, &[1, 2]).await;
    (balancer, count, good)
}

#[tokio::test]
async fn a_post_that_may_have_been_begun_is_never_sent_twice() {
    let (balancer, begun, good) = rude_first(b"").await;
    let to = address(&balancer);
    let mut answers: Vec<bool> = Vec::new();
    for body in ["", "one", "two", ""] {
        let answer = talk(to, post(body).as_bytes()).await;
        answers.push(answer.starts_with("HTTP/1.1 200"));
        assert!(
            answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 502"),
            "{answer}"
        );
    }
    let served = answers.iter().filter(|good| **good).count();
    assert_eq!(good.count(), served);
    assert_eq!(
        begun.load(Ordering::SeqCst) + served,
        4,
        "each was sent once"
    );
    assert_eq!(served, 2);
}

#[tokio::test]
async fn a_get_that_was_not_answered_is_asked_of_another() {
    let (balancer, begun, good) = rude_first(b"").await;
    for _ in 0..4 {
        let answer = get(address(&balancer), "/").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert!(begun.load(Ordering::SeqCst) >= 1);
    assert_eq!(good.count(), 4);
}

#[tokio::test]
async fn a_request_that_nobody_took_is_handed_on_whatever_it_is() {
    let good = Backend::start("good").await;
    let balancer = open(options()).await;
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    balancer
        .attach(&spec(1, socket.local_addr().unwrap()))
        .await
        .unwrap();
    balancer.attach(&spec(2, good.address)).await.unwrap();
    healthy(&balancer, &[1, 2]).await;
    drop(socket);
    for body in ["one", "two", "three", "four"] {
        let answer = talk(address(&balancer), post(body).as_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with(body),
            "{answer}"
        );
    }
    assert_eq!(good.count(), 4);
    let id = owner(1).instance;
    until("found unhealthy by its checks", async || {
        member(&balancer, id)
            .await
            .filter(|one| one.health == MemberHealth::Unhealthy)
    })
    .await;
}

#[tokio::test]
async fn a_member_that_does_not_answer_in_time_is_a_504() {
    let silent = raw(|mut stream| async move {
        let mut buffer = [0; 1024];
        while matches!(stream.read(&mut buffer).await, Ok(read) if read > 0) {}
    })
    .await;
    let balancer = open(limits(|limits| limits.response_millis = 200)).await;
    balancer.attach(&spec(1, silent)).await.unwrap();
    healthy(&balancer, &[1]).await;
    let answer = get(address(&balancer), "/").await;
    assert!(
        answer.starts_with("HTTP/1.1 504 Gateway Timeout"),
        "{answer}"
    );
    let in_flight = balancer.in_flight(&owner(1), &target("lbl-1")).await;
    assert_eq!(in_flight, Ok(Some(0)));
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_a_502() {
    let (bad, _) = rude(b"what?\r\n\r\n").await;
    let balancer = open(options()).await;
    balancer.attach(&spec(1, bad)).await.unwrap();
    healthy(&balancer, &[1]).await;
    let answer = talk(address(&balancer), post("x").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
}

/// What two readers could read in two ways: the member sees one request with one length, or none.
#[tokio::test]
async fn requests_cannot_be_smuggled() {
    let backend = Backend::start("a").await;
    let balancer = open(options()).await;
    balancer.attach(&spec(1, backend.address)).await.unwrap();
    healthy(&balancer, &[1]).await;
    let to = address(&balancer);
    let hidden = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";
    for (head, passes) in [
        ("Content-Length: 4\r\nContent-Length: 5", false),
        ("Content-Length: 4, 5", false),
        ("Content-Length: +4", false),
        ("Content-Length: -1", false),
        ("Transfer-Encoding: identity", false),
        ("Transfer-Encoding: chunked, identity", false),
        ("Transfer-Encoding: xchunked", false),
        ("Transfer-Encoding : chunked", false),
        ("Host: other\r\nContent-Length: 0", false),
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", true),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4", true),
    ] {
        let before = backend.count();
        let request = format!("POST / HTTP/1.1\r\nHost: h\r\n{head}\r\n\r\n0\r\n\r\n{hidden}");
        let answer = talk(to, request.as_bytes()).await;
        let seen = backend.seen.lock().unwrap().join("\n");
        assert!(!seen.contains("/hidden"), "{head}: {seen}");
        if !passes {
            assert!(answer.starts_with("HTTP/1.1 400"), "{head}: {answer}");
            assert_eq!(backend.count(), before, "{head}");
            continue;
        }
        // Chunked is what counts; the length is taken off, and the connection ends after it.
        assert!(answer.starts_with("HTTP/1.1 200"), "{head}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{head}: {answer}");
        let last = backend.seen.lock().unwrap().last().cloned().unwrap();
        assert!(!last.contains("content-length"), "{head}: {last}");
    }
}

#[tokio::test]
async fn bad_requests_are_refused_and_nothing_breaks() {
    let backend = Backend::start("a").await;
    let balancer = open(limits(|limits| limits.header_bytes = 8192)).await;
    balancer.attach(&spec(1, backend.address)).await.unwrap();
    healthy(&balancer, &[1]).await;
    let to = address(&balancer);
    let long = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n",
        "x".repeat(9000)
    );
    for (bytes, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", "400"),
        (
            "OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
            "200",
        ),
        (long.as_str(), "431"),
    ] {
        let answer = talk(to, bytes.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{bytes}: {answer}"
        );
    }
    // Bytes that a seed makes of a good request.
    let good = "POST /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let mut state: u64 = 7;
    let mut roll = |below: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    let mut talks = tokio::task::JoinSet::new();
    for _ in 0..300 {
        let mut bytes = good.as_bytes().to_vec();
        for _ in 0..1 + roll(4) {
            let at = roll(bytes.len());
            match roll(3) {
                0 => bytes[at] = roll(256) as u8,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"\r\n \0:,\x80A"[roll(8)]),
            }
        }
        talks.spawn(async move { talk(to, &bytes).await });
    }
    while let Some(answer) = talks.join_next().await {
        let answer = answer.unwrap();
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1."),
            "{answer}"
        );
    }
    assert!(
        get(to, "/").await.starts_with("HTTP/1.1 200"),
        "it serves on"
    );
    until("nothing is left in hand", async || {
        let left = balancer.in_flight(&owner(1), &target("lbl-1")).await;
        (left == Ok(Some(0))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_client_that_says_nothing_is_hung_up_on() {
    let backend = Backend::start("a").await;
    let balancer = open(limits(|limits| limits.client_millis = 200)).await;
    balancer.attach(&spec(1, backend.address)).await.unwrap();
    healthy(&balancer, &[1]).await;
    for begin in ["", "GET / HTT", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"] {
        let mut stream = TcpStream::connect(address(&balancer)).await.unwrap();
        stream.write_all(begin.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let ended = timing::within(3000, stream.read_to_string(&mut answer)).await;
        assert!(ended.is_some(), "{begin:?}: {answer}");
    }
}

#[tokio::test]
async fn more_connections_than_there_may_be_wait_their_turn() {
    let backend = Backend::start("a").await;
    let balancer = open(limits(|limits| limits.connections = 1)).await;
    balancer.attach(&spec(1, backend.address)).await.unwrap();
    healthy(&balancer, &[1]).await;
    let to = address(&balancer);
    let first = TcpStream::connect(to).await.unwrap();
    timing::pause(50).await;
    let second = tokio::spawn(async move {
        let mut stream = TcpStream::connect(to).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    timing::pause(200).await;
    assert_eq!(backend.count(), 0, "it waits");
    drop(first);
    assert!(second.await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_check_of_a_path_wants_a_good_answer() {
    let (sick, _) = rude(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n").await;
    let (well, _) = rude(b"HTTP/1.1 204 Fine\r\n\r\n").await;
    let mut options = options();
    options.other.check.ask = Check::asking(Some("/health"));
    let balancer = open(options).await;
    balancer.attach(&spec(1, sick)).await.unwrap();
    balancer.attach(&spec(2, well)).await.unwrap();
    healthy(&balancer, &[2]).await;
    until("unhealthy", async || {
        member(&balancer, owner(1).instance)
            .await
            .filter(|one| one.health == MemberHealth::Unhealthy)
    })
    .await;
}
