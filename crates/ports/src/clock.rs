//! Time, as the shell sees it. The one place where real time is read is an implementation of this.

use async_trait::async_trait;
use muster_model::Time;

/// A clock that can be waited on. Under emulation it can be moved; the engine never sees it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Time;

    /// Comes back when [`Clock::now`] has reached `until`.
    async fn sleep_until(&self, until: Time);
}
