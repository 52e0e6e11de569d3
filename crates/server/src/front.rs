//! The front door: one port, bounded in everything, that finds out which dialect is speaking.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming as Body;
use muster_kit::http::{Dialect, Head, Incoming, Pairs, Reply, Unserved};
use muster_kit::node;
use muster_runtime::Runtime;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::config::Limits;
use crate::metrics::RequestMetrics;
use crate::native::Native;
use crate::tls::Tls;

mod impatient;
mod wire;

/// What every connection shares.
pub(crate) struct Front {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) dialects: Vec<Arc<dyn Dialect>>,
    pub(crate) native: Native,
    pub(crate) metrics: RequestMetrics,
    pub(crate) limits: Limits,
    pub(crate) tree: node::Limits,
    pub(crate) requests: Semaphore,
    /// HTTPS and tunnels, unless they are switched off.
    pub(crate) tls: Option<Tls>,
}

fn plain(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = serde_json::json!({ "error": { "code": code, "message": message } });
    Reply::json(status, body.to_string())
}

fn text(status: StatusCode, body: String) -> Reply {
    Reply {
        content_type: "text/plain; charset=utf-8",
        ..Reply::json(status, body)
    }
}

/// The dialect that a request speaks, once that is known.
type Spoken = OnceLock<Arc<dyn Dialect>>;

fn name(spoken: &Spoken) -> &'static str {
    spoken.get().map_or("none", |dialect| dialect.name())
}

/// The answer to a request that was not served: in the words of its dialect, if that is known.
fn unserved(spoken: &Spoken, why: &Unserved, request_id: &str) -> Reply {
    if let Some(dialect) = spoken.get() {
        return dialect.unserved(why, request_id);
    }
    let (status, code) = match why {
        Unserved::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "RequestSizeLimitExceeded"),
        Unserved::TooManyParameters(_) => (StatusCode::BAD_REQUEST, "BadRequest"),
        Unserved::TooSlow => (StatusCode::REQUEST_TIMEOUT, "RequestTimeout"),
        Unserved::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Overloaded"),
        Unserved::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "Internal"),
    };
    plain(status, code, &why.to_string())
}

impl Front {
    /// Accepts connections until told to stop, then waits for those that are open.
    pub(crate) async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        mut stop: watch::Receiver<bool>,
    ) {
        let connections = Arc::new(Semaphore::new(self.limits.connections.0 as usize));
        let all = self.limits.connections.0;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = told(&mut stop) => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::task::yield_now().await;
                    continue;
                }
            };
            let Ok(permit) = Arc::clone(&connections).try_acquire_owned() else {
                self.metrics.refused();
                continue;
            };
            let (front, stop) = (Arc::clone(&self), stop.clone());
            tokio::spawn(async move {
                front.connection(stream, stop).await;
                drop(permit);
            });
        }
        drop(listener);
        let _all_closed = connections.acquire_many(all).await;
    }

    /// One request. Its work goes on when the client goes away: what was begun is finished.
    async fn request(self: Arc<Self>, request: Request<Body>) -> Response<Full<Bytes>> {
        let request_id = uuid::Uuid::new_v4().to_string();
        let spoken = Arc::new(Spoken::new());
        let (front, id, said) = (Arc::clone(&self), request_id.clone(), Arc::clone(&spoken));
        let reply = match tokio::spawn(async move { front.answer(request, id, &said).await }).await
        {
            Ok(reply) => reply,
            Err(error) => {
                tracing::error!(%error, request_id, "a request handler panicked");
                self.metrics.panicked();
                unserved(&spoken, &Unserved::Failed, &request_id)
            }
        };
        respond(reply, &request_id)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "what a request takes is measured in real time"
    )]
    async fn answer(
        self: Arc<Self>,
        request: Request<Body>,
        request_id: String,
        spoken: &Spoken,
    ) -> Reply {
        let begun = std::time::Instant::now();
        let (parts, body) = request.into_parts();
        let head = Head {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            raw_query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
        };
        let (dialect, reply) = match self.admitted(body, &head, spoken).await {
            Ok((body, _permit)) => self.route(head, body, &request_id, spoken).await,
            Err(why) => (name(spoken), unserved(spoken, &why, &request_id)),
        };
        let secs = begun.elapsed().as_secs_f64();
        self.metrics.call(dialect, reply.action, &reply.code, secs);
        tracing::debug!(
            request_id,
            dialect,
            action = reply.action,
            code = reply.code,
            ms = secs * 1000.0,
            "answered"
        );
        reply
    }

    /// The body, if there is room for one more request and it comes in size and time. Otherwise `spoken` is whoever
    /// recognises the head.
    async fn admitted(
        &self,
        body: Body,
        head: &Head,
        spoken: &Spoken,
    ) -> Result<(Bytes, SemaphorePermit<'_>), Unserved> {
        let result = match self.requests.try_acquire() {
            Ok(permit) => self.body(body).await.map(|body| (body, permit)),
            Err(_) => Err(Unserved::Busy),
        };
        if result.is_err()
            && let Ok(pairs) = Pairs::read(head, &[], &self.tree)
        {
            self.recognise(head, &pairs, spoken);
        }
        result
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the limit of a request is in real time"
    )]
    async fn body(&self, body: Body) -> Result<Bytes, Unserved> {
        let max = self.limits.body_mib.0 as usize * 1024 * 1024;
        let wait = Duration::from_secs(u64::from(self.limits.request_secs.0));
        match tokio::time::timeout(wait, Limited::new(body, max).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a body was not read");
                Err(Unserved::TooLarge { max })
            }
            Err(_) => Err(Unserved::TooSlow),
        }
    }

    /// Finds out who is meant.
    fn recognise<'s>(
        &self,
        head: &Head,
        pairs: &Pairs,
        spoken: &'s Spoken,
    ) -> Option<&'s Arc<dyn Dialect>> {
        let speaks = |dialect: &&Arc<dyn Dialect>| dialect.recognises(head, pairs);
        let dialect = self.dialects.iter().find(speaks)?;
        Some(spoken.get_or_init(|| Arc::clone(dialect)))
    }

    /// That it is ready, and who does not answer: requests are served without a balancer too.
    fn readiness(&self) -> String {
        let silent = self.runtime.silent_balancers();
        let silent = silent
            .iter()
            .map(|(name, error)| format!("{name}: {error}\n"));
        std::iter::once("ready\n".to_owned())
            .chain(silent)
            .collect()
    }

    /// What is answered here, whatever the APIs.
    async fn native(&self, head: &Head, body: &Bytes) -> Option<Reply> {
        match head.path.as_str() {
            "/healthz" => Some(text(StatusCode::OK, "ok\n".to_owned())),
            "/readyz" if self.runtime.ready() => Some(text(StatusCode::OK, self.readiness())),
            "/readyz" => Some(text(
                StatusCode::SERVICE_UNAVAILABLE,
                "not ready\n".to_owned(),
            )),
            "/metrics" => Some(match self.metrics.print(&self.runtime) {
                Ok(metrics) => text(StatusCode::OK, metrics),
                Err(error) => plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Internal",
                    &error.to_string(),
                ),
            }),
            path if path.starts_with("/_muster/") => Some(self.native.handle(head, body).await),
            _ => None,
        }
    }

    /// Finds out who is meant, and asks them.
    async fn route(
        &self,
        head: Head,
        body: Bytes,
        request_id: &str,
        spoken: &Spoken,
    ) -> (&'static str, Reply) {
        if let Some(reply) = self.native(&head, &body).await {
            return ("native", reply);
        }
        let pairs = match Pairs::read(&head, &body, &self.tree) {
            Ok(pairs) => pairs,
            Err(error) => {
                self.recognise(&head, &Pairs::default(), spoken);
                let why = Unserved::TooManyParameters(error);
                return (name(spoken), unserved(spoken, &why, request_id));
            }
        };
        let incoming = Incoming {
            head,
            body,
            pairs,
            request_id: request_id.to_owned(),
        };
        match self.recognise(&incoming.head, &incoming.pairs, spoken) {
            Some(dialect) => (dialect.name(), dialect.handle(incoming).await),
            None => (
                "none",
                plain(
                    StatusCode::NOT_FOUND,
                    "NotFound",
                    "this request is of none of the APIs that are served here",
                ),
            ),
        }
    }
}

/// A reply as it goes over the wire: the content type as given, to the letter.
fn respond(reply: Reply, request_id: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    if !reply.content_type.is_empty() {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(reply.content_type),
        );
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", id);
    }
    for (name, value) in reply.headers {
        headers.insert(name, value);
    }
    response
}

/// Waits until the service is told to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    // The sender is gone only when the service is.
    let _ = stop.wait_for(|stop| *stop).await;
}
