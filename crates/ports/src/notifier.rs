//! Those who are told what happens: webhooks, mail, message brokers.

use async_trait::async_trait;

use crate::SavedEvent;

/// Why a message did not arrive. Closed: each case leads to another next step. The text may go into a log: it holds no
/// secret and nothing of the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// Certainly not there, and the same message will be refused again.
    #[error("refused: {0}")]
    Refused(String),
    /// Certainly not there: a later try may do.
    #[error("failed: {0}")]
    Failed(String),
    /// Nobody knows whether it arrived: send it again, with the same number.
    #[error("no answer: {0}")]
    Unknown(String),
}

/// A receiver of messages.
///
/// Contract (`contract::notifier`):
/// * `Ok` means that the receiver has it, whole;
/// * a message is sent again after a crash or without an answer: its number goes with it, the same each time, so that the
///   receiver can tell;
/// * one that was refused or failed has not arrived;
/// * a call comes to an end by itself in the time that its provider is configured for.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Hands a message over.
    ///
    /// # Errors
    /// See [`NotifyError`].
    async fn deliver(&self, message: &SavedEvent) -> Result<(), NotifyError>;
}
