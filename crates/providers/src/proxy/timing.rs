//! The one place where the embedded balancer reads and spends time: load comes in real time, whatever the clock of the
//! engine says.
#![expect(
    clippy::disallowed_methods,
    reason = "connections, checks and slow starts live in real time"
)]

use std::future::Future;
use std::time::{Duration, Instant};

pub(super) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since a moment.
pub(super) fn millis_since(then: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(then).as_millis()).unwrap_or(u64::MAX)
}

/// Lets time pass.
pub(super) async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// What comes of it within this time.
pub(super) async fn within<T>(millis: u64, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(millis), work)
        .await
        .ok()
}
