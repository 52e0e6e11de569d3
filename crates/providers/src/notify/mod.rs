//! Receivers of messages, one module each.

mod cloud_event;
pub mod mail;
pub mod nats;
pub mod stored;
pub mod subscriber;
pub mod webhook;

use std::time::Duration;

use muster_ports::NotifyError;

/// Bounds a delivery in real time.
#[expect(
    clippy::disallowed_methods,
    reason = "a receiver does not live in the movable time"
)]
async fn within(
    timeout: Duration,
    delivery: impl Future<Output = Result<(), NotifyError>> + Send,
) -> Result<(), NotifyError> {
    tokio::time::timeout(timeout, delivery)
        .await
        .unwrap_or_else(|_| Err(NotifyError::Unknown("no answer in time".to_owned())))
}
