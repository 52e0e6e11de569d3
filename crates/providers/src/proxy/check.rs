//! Health checks: each member is asked by itself, until it is taken off.

use std::sync::{Arc, Weak};

use http::{Method, Request, Uri};
use muster_model::MemberHealth;
use tokio::net::TcpStream;

use super::body::RequestBody;
use super::options::Check;
use super::requests::Pool;
use super::timing;
use super::upstream::Upstream;

/// A member of which nothing is known yet is asked this many times as often.
const HASTE: u64 = 8;
/// But not more often than this, milliseconds.
const SHORTEST_MILLIS: u64 = 100;

/// Checks a member until it is gone.
pub(super) async fn watch(upstream: Weak<Upstream>, check: Check, client: Pool) {
    loop {
        let Some(member) = upstream.upgrade() else {
            return;
        };
        let passed = passes(&member, &check, &client).await;
        member.checked(passed, &check, timing::now());
        let wait = match member.health() {
            MemberHealth::Unknown => (check.interval_millis / HASTE).max(SHORTEST_MILLIS),
            MemberHealth::Healthy | MemberHealth::Unhealthy => check.interval_millis,
        };
        let wait = wait.min(check.interval_millis);
        tokio::select! {
            () = timing::pause(wait) => {}
            () = hurry(&member) => {}
            () = member.cut.cancelled() => return,
        }
    }
}

/// Comes back when the member is to be checked at once; not more often than it makes sense.
async fn hurry(member: &Arc<Upstream>) {
    timing::pause(SHORTEST_MILLIS).await;
    member.hurry.notified().await;
}

async fn passes(member: &Upstream, check: &Check, client: &Pool) -> bool {
    let asked = async {
        match &check.path {
            None => TcpStream::connect(member.address).await.is_ok(),
            Some(path) => get(member, path, client).await,
        }
    };
    timing::within(check.timeout_millis, asked)
        .await
        .unwrap_or(false)
}

/// Whether a GET is answered with 200 to 399.
async fn get(member: &Upstream, path: &str, client: &Pool) -> bool {
    let uri = Uri::builder()
        .scheme("http")
        .authority(member.address.to_string())
        .path_and_query(path)
        .build();
    let Ok(uri) = uri else {
        return false;
    };
    let mut request = Request::new(RequestBody::empty());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = uri;
    match client.request(request).await {
        Ok(response) => (200..400).contains(&response.status().as_u16()),
        Err(_) => false,
    }
}
