//! From a connection to HTTP: plain, over TLS, and through a tunnel that a client asks for and that ends here.
//!
//! The first byte tells TLS from HTTP. `CONNECT host:port` makes a tunnel if Muster speaks as that host: what comes through
//! it is TLS again. Nothing is ever passed on to anybody else.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming as Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::impatient::Impatient;
use super::{Front, plain, respond, told};
use crate::metrics::Connection;
use crate::tls::Tls;

/// Largest request head.
const HEAD_BYTES: usize = 64 * 1024;
/// Most header lines.
const HEADERS: usize = 100;
/// Time in which a head must have come, and the first byte of a connection.
const HEAD_SECS: u64 = 15;
/// The first byte of a TLS handshake; no method of HTTP begins with it.
const HANDSHAKE: u8 = 0x16;
/// Says to doors, as proxies do, that clients reach this service by HTTPS.
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The tunnel that was asked for on a connection, once its request is answered.
type Asked = Arc<Mutex<Option<OnUpgrade>>>;

#[expect(
    clippy::disallowed_methods,
    reason = "the limits of a connection are in real time"
)]
async fn within<T>(secs: u64, wait: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_secs(secs), wait)
        .await
        .ok()
}

impl Front {
    /// Serves a connection until its end.
    pub(super) async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        mut stop: watch::Receiver<bool>,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let mut first = [0];
        let peeked = tokio::select! {
            peeked = within(HEAD_SECS, stream.peek(&mut first)) => peeked,
            () = told(&mut stop) => return,
        };
        match peeked {
            Some(Ok(1)) => {}
            // It said nothing, or went away.
            Some(Ok(_) | Err(_)) | None => return,
        }
        let patience = Duration::from_secs(u64::from(self.limits.request_secs.0));
        let stream = Impatient::new(stream, patience);
        let asked = match &self.tls {
            Some(tls) if first[0] == HANDSHAKE => {
                let Some(stream) = self.handshake(tls, stream, &mut stop).await else {
                    return;
                };
                let front = Arc::clone(&self);
                front.http(stream, Connection::Tls, &mut stop).await
            }
            Some(_) | None => {
                let front = Arc::clone(&self);
                front.http(stream, Connection::Plain, &mut stop).await
            }
        };
        if let (Some(asked), Some(tls)) = (asked, &self.tls) {
            let upgraded = tokio::select! {
                upgraded = within(HEAD_SECS, asked) => upgraded,
                () = told(&mut stop) => return,
            };
            let Some(Ok(upgraded)) = upgraded else { return };
            let inner = TokioIo::new(upgraded);
            if let Some(stream) = self.handshake(tls, inner, &mut stop).await {
                let front = Arc::clone(&self);
                front.http(stream, Connection::Tunnel, &mut stop).await;
            }
        }
    }

    /// Makes TLS of a connection, in time.
    async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        tls: &Tls,
        stream: S,
        stop: &mut watch::Receiver<bool>,
    ) -> Option<TlsStream<S>> {
        let acceptor = TlsAcceptor::from(tls.config().await);
        let secs = u64::from(self.limits.handshake_secs.0);
        // Whoever sees the connection closed finds it counted: it is kept until then.
        let mut accept = std::pin::pin!(acceptor.accept(stream).into_fallible());
        let accepted = tokio::select! {
            accepted = within(secs, accept.as_mut()) => accepted,
            () = told(stop) => return None,
        };
        let _closed_last = match accepted {
            Some(Ok(stream)) => return Some(stream),
            Some(Err((error, stream))) => {
                tracing::debug!(%error, "a TLS handshake failed");
                Some(stream)
            }
            None => {
                tracing::debug!("a TLS handshake did not end in time");
                None
            }
        };
        self.metrics.handshake_failed();
        None
    }

    /// Speaks HTTP over a connection; comes back with the tunnel that was asked for at its end, if one was.
    async fn http<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        self: Arc<Self>,
        stream: S,
        kind: Connection,
        stop: &mut watch::Receiver<bool>,
    ) -> Option<OnUpgrade> {
        self.metrics.connected(kind);
        let asked = Asked::default();
        let tunnel = Arc::clone(&asked);
        let service = service_fn(move |request| {
            let (front, tunnel) = (Arc::clone(&self), Arc::clone(&tunnel));
            async move { Ok::<_, Infallible>(front.one(request, kind, &tunnel).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(HEAD_SECS))
            .max_headers(HEADERS)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = told(stop) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "a connection ended");
        }
        asked.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// One request of a connection.
    async fn one(
        self: Arc<Self>,
        mut request: Request<Body>,
        kind: Connection,
        tunnel: &Asked,
    ) -> Response<Full<Bytes>> {
        if request.method() == Method::CONNECT {
            return self.connect(&mut request, kind, tunnel);
        }
        if kind != Connection::Plain {
            let headers = request.headers_mut();
            headers.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
        }
        self.request(request).await
    }

    /// Answers CONNECT: 200 if the tunnel ends here, else 403.
    fn connect(
        &self,
        request: &mut Request<Body>,
        kind: Connection,
        tunnel: &Asked,
    ) -> Response<Full<Bytes>> {
        let authority = request.uri().authority();
        let host = authority.map_or("", http::uri::Authority::host);
        let port = authority.and_then(http::uri::Authority::port_u16);
        let ends_here = match (&self.tls, kind) {
            (Some(tls), Connection::Plain | Connection::Tls) => {
                port.is_some_and(|port| tls.ends_here(host, port))
            }
            // A tunnel in a tunnel would go elsewhere.
            (Some(_), Connection::Tunnel) | (None, _) => false,
        };
        if ends_here {
            let upgrade = hyper::upgrade::on(request);
            *tunnel.lock().unwrap_or_else(PoisonError::into_inner) = Some(upgrade);
            return Response::new(Full::default());
        }
        self.metrics.tunnel_refused();
        let message = format!(
            "no tunnel to `{}`: muster speaks as the hosts of tls.hosts at port 443, and passes nothing on",
            authority.map_or("", http::uri::Authority::as_str)
        );
        let reply = plain(StatusCode::FORBIDDEN, "Forbidden", &message);
        respond(reply, &uuid::Uuid::new_v4().to_string())
    }
}
