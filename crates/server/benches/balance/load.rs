//! Load over connections that are kept, and what it measures.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\n\r\n";

/// What a run measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    pub per_sec: f64,
    pub p50_micros: f64,
    pub p99_micros: f64,
}

/// One request and its whole answer.
async fn once(stream: &mut TcpStream, buffer: &mut [u8]) {
    stream.write_all(REQUEST).await.unwrap();
    let (mut have, mut want) = (0, usize::MAX);
    while have < want {
        let read = stream.read(&mut buffer[have..]).await.unwrap();
        assert!(read > 0, "a connection was closed: a request is lost");
        have += read;
        if want == usize::MAX
            && let Some(head) = buffer[..have].windows(4).position(|w| w == b"\r\n\r\n")
        {
            let text = std::str::from_utf8(&buffer[..head]).unwrap();
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
            let length = text.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse::<usize>().unwrap())
            });
            want = head + 4 + length.expect("an answer with a length");
        }
    }
    assert_eq!(have, want);
}

/// One connection: without pause, or a request at each of its times. Measured is from the request to the end of its answer.
async fn connection(
    to: SocketAddr,
    pace: Option<(Duration, Duration)>,
    span: Duration,
) -> Vec<f64> {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 16 * 1024];
    let began = Instant::now();
    let mut taken = Vec::new();
    let mut number = 0;
    while began.elapsed() < span {
        let sent = match pace {
            None => Instant::now(),
            Some((first, gap)) => {
                tokio::time::sleep_until((began + first + gap * number).into()).await;
                // The timer wakes up to a millisecond late: that is not the balancer's.
                Instant::now()
            }
        };
        once(&mut stream, &mut buffer).await;
        taken.push(sent.elapsed().as_secs_f64() * 1e6);
        number += 1;
    }
    taken
}

/// Whether a request is answered with 200.
pub fn answers(to: SocketAddr) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(to) else {
        return false;
    };
    let mut start = [0; 12];
    stream.write_all(REQUEST).is_ok()
        && stream.read_exact(&mut start).is_ok()
        && start.ends_with(b" 200")
}

/// Runs load from one thread.
pub fn run(to: SocketAddr, connections: usize, rate: Option<u32>, span: Duration) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut taken: Vec<f64> = runtime.block_on(async {
        let tasks: Vec<_> = (0..connections)
            .map(|number| {
                let pace = rate.map(|rate| {
                    let all = u32::try_from(connections).unwrap();
                    let step = Duration::from_secs(1) / rate;
                    (step * u32::try_from(number).unwrap(), step * all)
                });
                tokio::spawn(connection(to, pace, span))
            })
            .collect();
        let mut taken = Vec::new();
        for task in tasks {
            taken.extend(task.await.unwrap());
        }
        taken
    });
    taken.sort_by(f64::total_cmp);
    Measured {
        per_sec: taken.len() as f64 / span.as_secs_f64(),
        p50_micros: taken[taken.len() / 2],
        p99_micros: taken[taken.len() * 99 / 100],
    }
}
