//! Health checks: each member is asked by itself, until it is taken off.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use http::{HeaderValue, Method, Request, Uri, header};
use muster_model::{MemberHealth, ProbeAsk};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::body::RequestBody;
use super::options::Check;
use super::requests::Pool;
use super::timing;
use super::upstream::Upstream;

/// A member of which nothing is known yet is asked this many times as often.
const HASTE: u64 = 8;
/// But not more often than this, milliseconds.
const SHORTEST_MILLIS: u64 = 100;

/// Checks a member until it is gone, as `checks` says.
pub(super) async fn watch(
    upstream: Weak<Upstream>,
    mut checks: watch::Receiver<Check>,
    client: Pool,
) {
    loop {
        let Some(member) = upstream.upgrade() else {
            return;
        };
        let check = checks.borrow_and_update().clone();
        if check.ask == ProbeAsk::Nothing {
            // One that could not be connected to is tried again after the interval.
            member.check_has_changed(&check);
        } else {
            let passed = passes(&member, &check, &client).await;
            // What was found in a way that is not the right one any more does not count.
            if !checks.has_changed().unwrap_or(false) {
                member.checked(passed, &check, timing::now());
            }
        }
        let wait = match member.health() {
            MemberHealth::Unknown => (check.interval_millis / HASTE).max(SHORTEST_MILLIS),
            MemberHealth::Healthy | MemberHealth::Unhealthy => check.interval_millis,
        };
        let wait = wait.min(check.interval_millis);
        tokio::select! {
            () = timing::pause(wait) => {}
            () = hurry(&member) => {}
            () = changed(&mut checks) => {
                let check = checks.borrow().clone();
                member.check_has_changed(&check);
            }
            () = member.cut.cancelled() => return,
        }
    }
}

/// Comes back when members are checked in another way.
async fn changed(checks: &mut watch::Receiver<Check>) {
    if checks.changed().await.is_err() {
        // Nobody changes it any more.
        std::future::pending::<()>().await;
    }
}

/// Comes back when the member is to be checked at once; not more often than it makes sense.
async fn hurry(member: &Arc<Upstream>) {
    timing::pause(SHORTEST_MILLIS).await;
    member.hurry.notified().await;
}

async fn passes(member: &Upstream, check: &Check, client: &Pool) -> bool {
    let mut address = member.address;
    if let Some(port) = check.port {
        address.set_port(port);
    }
    let asked = async {
        match &check.ask {
            ProbeAsk::Nothing => true,
            ProbeAsk::Connect => TcpStream::connect(address).await.is_ok(),
            ProbeAsk::Http {
                method,
                path,
                host,
                codes,
            } => {
                let status = status(address, method, path, host.as_deref(), client).await;
                status.is_some_and(|status| codes.contains(status))
            }
        }
    };
    timing::within(check.timeout_millis, asked)
        .await
        .unwrap_or(false)
}

/// What a request is answered with, if it is.
async fn status(
    address: SocketAddr,
    method: &str,
    path: &str,
    host: Option<&str>,
    client: &Pool,
) -> Option<u16> {
    let uri = Uri::builder()
        .scheme("http")
        .authority(address.to_string())
        .path_and_query(path)
        .build()
        .ok()?;
    let mut request = Request::new(RequestBody::empty());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    *request.uri_mut() = uri;
    if let Some(host) = host {
        let host = HeaderValue::from_str(host).ok()?;
        request.headers_mut().insert(header::HOST, host);
    }
    let response = client.request(request).await.ok()?;
    Some(response.status().as_u16())
}
