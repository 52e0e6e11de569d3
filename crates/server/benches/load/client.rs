//! A client that costs little: requests are signed once and written as bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use muster_kit::sign::client::{Client, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Clients at the same time.
pub(crate) const CLIENTS: usize = 64;
pub(crate) const KEY_ID: &str = "AKIDbench";
pub(crate) const SECRET: &str = "bench-secret-of-some-length";

pub(crate) fn unix_secs() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    i64::try_from(since).unwrap()
}

/// A signed request as it goes over the wire.
pub(crate) fn request(host: &str, action: &str, body: &str) -> Arc<[u8]> {
    let client = Client {
        secret_id: KEY_ID,
        secret_key: SECRET,
        host,
        service: "as",
        version: "2018-04-19",
        region: Some("ap-guangzhou"),
    };
    let Request { head, body } = client.post_json(action, unix_secs(), body.to_owned());
    let mut bytes = b"POST / HTTP/1.1\r\n".to_vec();
    for (name, value) in &head.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(&body);
    bytes.into()
}

/// A kept connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Connection {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Connection {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        }
    }

    /// Sends a request and reads the whole answer; its body.
    pub(crate) async fn call(&mut self, request: &[u8]) -> &[u8] {
        self.stream.write_all(request).await.unwrap();
        self.buffer.clear();
        loop {
            assert!(
                self.stream.read_buf(&mut self.buffer).await.unwrap() > 0,
                "the connection was closed"
            );
            if let Some((start, end)) = frame(&self.buffer)
                && self.buffer.len() >= end
            {
                return &self.buffer[start..end];
            }
        }
    }

    /// As [`Connection::call`], and the answer must be no error.
    pub(crate) async fn must(&mut self, request: &[u8]) -> serde_json::Value {
        let value: serde_json::Value = serde_json::from_slice(self.call(request).await).unwrap();
        assert!(value["Response"].get("Error").is_none(), "{value}");
        value["Response"].clone()
    }
}

/// Where the body of an answer begins and ends, once its head is there.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).unwrap();
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().unwrap())
    });
    Some((head, head + length.unwrap()))
}

/// Calls per second of as many clients as there are lists of requests, each going round its list.
pub(crate) async fn rate(address: &str, requests: &[Vec<Arc<[u8]>>], time: Duration) -> f64 {
    let done = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let clients: Vec<_> = requests
        .iter()
        .map(|own| {
            let (own, done, address) = (own.clone(), Arc::clone(&done), address.to_owned());
            tokio::spawn(async move {
                let mut connection = Connection::open(&address).await;
                // Every answer of the first round is looked at; the others are of the same kind.
                for request in &own {
                    let body = connection.call(request).await;
                    assert!(
                        !body.windows(8).any(|w| w == b"\"Error\":"),
                        "{}",
                        String::from_utf8_lossy(body)
                    );
                }
                while begun.elapsed() < time {
                    for request in &own {
                        connection.call(request).await;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
    let done = done.load(Ordering::Relaxed) as f64;
    done / begun.elapsed().as_secs_f64()
}
