//! The queue that is built in: messages stay where they are, in the store, and are fetched from there.

use async_trait::async_trait;
use muster_ports::{Notifier, NotifyError, SavedEvent};

/// Those who fetch their messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stored;

#[async_trait]
impl Notifier for Stored {
    /// A message that is stored has arrived.
    async fn deliver(&self, _message: &SavedEvent) -> Result<(), NotifyError> {
        Ok(())
    }
}
