//! The machines of the demo: each is this binary again, a web server of known capacity.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// What one request takes, milliseconds; a worker does one after the other.
const WORK_MILLIS: u64 = 20;
/// Requests a second that one worker can do.
pub(super) const CAPACITY: f64 = 1000.0 / WORK_MILLIS as f64;
/// Connections at the same time.
const CONNECTIONS: usize = 1024;

/// Serves on the port that the machine was given, until it is ended.
pub(crate) fn run(port: u16) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(serve(port)).map_err(|error| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        format!("{address}: {error}")
    })
}

async fn serve(port: u16) -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let hands = Arc::new(Semaphore::new(1));
    loop {
        let (stream, _) = listener.accept().await?;
        let Ok(permit) = Arc::clone(&connections).try_acquire_owned() else {
            continue;
        };
        let hands = Arc::clone(&hands);
        tokio::spawn(async move {
            let service = service_fn(move |request| work(request, Arc::clone(&hands)));
            let served = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a connection ended");
            }
            drop(permit);
        });
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the work of the demo is to let real time pass"
)]
async fn work(
    request: Request<Incoming>,
    hands: Arc<Semaphore>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    // A check of health is not work: it is answered also by one who has much to do.
    if request.uri().path() != "/" {
        return Ok(Response::new(Full::new(Bytes::from_static(b"here\n"))));
    }
    let held = hands.acquire().await;
    tokio::time::sleep(Duration::from_millis(WORK_MILLIS)).await;
    drop(held);
    Ok(Response::new(Full::new(Bytes::from_static(b"done\n"))))
}
