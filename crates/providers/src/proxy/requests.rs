//! An HTTP listener: each request goes to a member of its own.

use std::convert::Infallible;
use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::body::{AnswerBody, RequestBody};
use super::headers;
use super::listener::Listener;
use super::options::Limits;
use super::tcp;
use super::timing;
use super::upstream::{Held, Upstream};

/// How many members are tried for one request.
const TRIES: usize = 3;

/// The client that keeps connections to members.
pub(super) type Pool = Client<HttpConnector, RequestBody>;

/// A client; `keep`: connections are kept for the next request.
pub(super) fn client(limits: &Limits, keep: bool) -> Pool {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(Duration::from_millis(limits.connect_millis)));
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_millis(limits.keep_millis))
        .pool_max_idle_per_host(if keep { limits.connections } else { 0 })
        .http1_max_buf_size(limits.header_bytes)
        .build(connector)
}

/// Serves a connection of a client until either ends it, or the balancer stops.
pub(super) async fn serve(listener: Arc<Listener>, stream: TcpStream, client: SocketAddr) {
    let stopped: CancellationToken = listener.stopped.clone();
    let limits = listener.limits;
    let service = service_fn(move |request| {
        let listener = Arc::clone(&listener);
        async move { Ok::<_, Infallible>(answer(&listener, request, client).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits.client_millis))
        .max_buf_size(limits.header_bytes)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%client, %error, "a connection ended");
    }
}

fn refuse(status: StatusCode, why: &str) -> Response<AnswerBody> {
    let reason = status.canonical_reason().unwrap_or_default();
    let mut response = Response::new(AnswerBody::own(format!(
        "{} {reason}: {why}\n",
        status.as_u16()
    )));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("text/plain"),
    );
    response
}

async fn answer(
    listener: &Listener,
    mut request: Request<Incoming>,
    client: SocketAddr,
) -> Response<AnswerBody> {
    let upgrade = headers::upgrade(request.headers()).map(|_| hyper::upgrade::on(&mut request));
    let (mut head, body) = request.into_parts();
    if let Some(problem) = headers::problem(&head) {
        return refuse(StatusCode::BAD_REQUEST, problem);
    }
    let location = listener.route(&headers::host(&head), head.uri.path());
    headers::forward(&mut head, client.ip());
    let body = RequestBody::new(body);
    let mut tried: Vec<Arc<Upstream>> = Vec::new();
    let mut last = refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        "no member of this listener takes requests",
    );
    while tried.len() < TRIES {
        let Some(held) = listener.pick(location.as_deref(), &tried) else {
            listener.missed(location.as_deref(), &tried);
            return last;
        };
        let upstream = Arc::clone(&held.0);
        match hand_over(listener, held, &head, &body).await {
            Ok((response, held)) => return pass(listener, response, held, upgrade),
            Err(Failure {
                response,
                again: false,
            }) => return response,
            Err(Failure { response, .. }) => last = response,
        }
        tried.push(upstream);
    }
    last
}

/// What a member did not do.
struct Failure {
    response: Response<AnswerBody>,
    /// Another one may be asked.
    again: bool,
}

async fn hand_over(
    listener: &Listener,
    held: Held,
    head: &Parts,
    body: &RequestBody,
) -> Result<(Response<Incoming>, Held), Failure> {
    let Some(request) = for_member(head, body, held.0.address) else {
        return Err(Failure {
            response: refuse(StatusCode::BAD_REQUEST, "what is asked for has no path"),
            again: false,
        });
    };
    let began = timing::now();
    held.began(began);
    let asked = tokio::select! {
        asked = timing::within(listener.limits.response_millis, listener.client.request(request)) => asked,
        () = held.0.cut.cancelled() => {
            held.failed();
            return Err(Failure {
                response: refuse(StatusCode::BAD_GATEWAY, "the member was taken off"),
                again: false,
            });
        }
    };
    match asked {
        Some(Ok(response)) => {
            held.answered(began, timing::now());
            Ok((response, held))
        }
        Some(Err(error)) => {
            held.failed();
            if error.is_connect() {
                held.0.suspect();
            }
            let again = may_be_tried_again(&error, &head.method, body);
            tracing::debug!(owner = %held.0.whose, %error, again, "a request failed at a member");
            Err(Failure {
                response: refuse(StatusCode::BAD_GATEWAY, "the member did not answer"),
                again,
            })
        }
        None => {
            held.failed();
            Err(Failure {
                response: refuse(
                    StatusCode::GATEWAY_TIMEOUT,
                    "the member did not answer in time",
                ),
                again: false,
            })
        }
    }
}

/// The request as it is sent to a member.
fn for_member(head: &Parts, body: &RequestBody, to: SocketAddr) -> Option<Request<RequestBody>> {
    let path = head.uri.path_and_query()?.clone();
    let uri = Uri::builder()
        .scheme("http")
        .authority(to.to_string())
        .path_and_query(path)
        .build()
        .ok()?;
    let mut request = Request::new(body.clone());
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = head.headers.clone();
    Some(request)
}

/// Whether a failed request may be handed to another member: it certainly was not begun, or doing it twice does what doing
/// it once does (RFC 9110, section 9.2.2). All of its body has to be here still.
fn may_be_tried_again(error: &Error, method: &Method, body: &RequestBody) -> bool {
    if !body.is_whole() {
        return false;
    }
    let unsent = error.is_connect()
        || error
            .source()
            .and_then(|source| source.downcast_ref::<hyper::Error>())
            .is_some_and(hyper::Error::is_canceled);
    let harmless = matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    );
    unsent || harmless
}

/// Passes an answer on. Its member has it in its hands until its body, or what it goes on with, is over.
fn pass(
    listener: &Listener,
    mut response: Response<Incoming>,
    held: Held,
    client: Option<OnUpgrade>,
) -> Response<AnswerBody> {
    let to = headers::upgrade(response.headers());
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let (Some(to), Some(client)) = (to, client) else {
            held.failed();
            return refuse(StatusCode::BAD_GATEWAY, "nobody asked for another protocol");
        };
        let member = hyper::upgrade::on(&mut response);
        tokio::spawn(tunnel(client, member, held, listener.limits.tunnel_millis));
        let (mut head, _) = response.into_parts();
        headers::strip(&mut head.headers);
        headers::set_upgrade(&mut head.headers, to);
        return Response::from_parts(head, AnswerBody::own(String::new()));
    }
    let (mut head, body) = response.into_parts();
    headers::strip(&mut head.headers);
    Response::from_parts(head, AnswerBody::passed(body, held))
}

async fn tunnel(client: OnUpgrade, member: OnUpgrade, held: Held, idle_millis: u64) {
    match tokio::try_join!(client, member) {
        Ok((client, member)) => {
            tcp::carry(
                TokioIo::new(client),
                TokioIo::new(member),
                &held,
                idle_millis,
            )
            .await;
        }
        Err(error) => tracing::debug!(owner = %held.0.whose, %error, "an upgrade failed"),
    }
}
