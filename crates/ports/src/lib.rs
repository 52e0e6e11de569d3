//! What the engine's shell needs from the outside, as traits, and what it offers to the doors ([`Api`]).
//!
//! Dialects, console and simulation compile against these traits, never against a store, a back end or the runtime.
//! Each port has a contract: a suite of test functions in [`contract`] that every implementation has to pass.

mod api;
mod balancer;
mod clock;
mod compute;
pub mod contract;
pub mod metrics;
mod notifier;
mod store;

pub use api::{Api, ApiResult, Caller, Credential, Identity, Keys, LoggedIn};
pub use balancer::{Asked, BalancerError, Listing, LoadBalancer, MemberTable};
pub use clock::Clock;
pub use compute::{CommandEnd, CommandRun, Compute, ComputeError};
pub use metrics::{Gap, Metrics, MetricsError, Sample, Watched};
pub use notifier::{Notifier, NotifyError};
pub use store::{
    Commit, GroupRows, Guard, Row, SWEPT_AT_ONCE, SavedEvent, Store, StoreError, rows_of,
};
