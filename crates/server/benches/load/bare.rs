//! What the service is compared with: the same HTTP stack, the same signature, and nothing behind it but an echo.
//! It runs in a process of its own, as the service does.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use muster_kit::http::Head;
use muster_kit::sign::keys::SigningKeys;
use muster_kit::sign::tc3;

use crate::client::{KEY_ID, SECRET};

/// The word that makes this program the bare server.
pub(crate) const WORD: &str = "bare-server";

/// Serves until it is killed; its first line is its address.
pub(crate) async fn serve() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    let keys = Arc::new(SigningKeys::new(16));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let keys = Arc::clone(&keys);
        let service = service_fn(move |request| {
            let keys = Arc::clone(&keys);
            async move { Ok::<_, Infallible>(echo(request, &keys).await) }
        });
        tokio::spawn(async move {
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new());
            // A connection that the client closes is over.
            let _ = builder
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn echo(request: Request<Incoming>, keys: &SigningKeys) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let head = Head {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
    };
    let authorization = tc3::authorization(&head).unwrap();
    assert_eq!(authorization.secret_id, KEY_ID);
    let now = crate::client::unix_secs();
    authorization
        .verify(&head, &body, SECRET.as_bytes(), Some(keys), now)
        .unwrap();
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// A bare server, killed when it is dropped.
pub(crate) struct Bare {
    child: Child,
    pub(crate) address: String,
}

impl Bare {
    pub(crate) fn start() -> Bare {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(WORD)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Bare {
            child,
            address: line.trim().to_owned(),
        }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
