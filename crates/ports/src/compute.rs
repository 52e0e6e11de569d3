//! The back end that runs machines.

use std::sync::Arc;

use async_trait::async_trait;
use muster_model::{GroupId, InstanceId, LaunchSpec, Machine, OwnerKey, StopMode, Tag, Time};

/// Why a call to the back end did not succeed. Closed: each case leads to another next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComputeError {
    /// Certainly not done: this type is sold out in this place. Another place may do.
    #[error("sold out: {0}")]
    SoldOut(String),
    /// Certainly not done: a quota of the back end is used up.
    #[error("quota: {0}")]
    Quota(String),
    /// Certainly not done, and the same request will be refused again.
    #[error("refused: {0}")]
    Refused(String),
    /// Certainly not done: the back end failed; a later try may do.
    #[error("failed: {0}")]
    Failed(String),
    /// Nobody knows whether it was done: ask again with the same key.
    #[error("no answer: {0}")]
    Unknown(String),
}

/// A command to run on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRun {
    /// Names the run.
    pub invocation: String,
    /// Id of the command: the back end knows what that means.
    pub command: String,
    /// Parameters.
    pub parameters: Vec<Tag>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandEnd {
    /// Whether it ended well.
    pub succeeded: bool,
    /// How, in words, and the end of what it printed.
    pub message: String,
}

/// The back end that runs machines.
///
/// Contract (`contract::compute`):
/// * every call is idempotent by the owner key: asked twice, it is done once;
/// * our key is on the machine itself, and [`Compute::list`] finds it by that after any crash of ours;
/// * [`Compute::terminate`] is final: once it has returned `Ok`, a launch with the same key that arrives or completes
///   later leaves no machine (it is `Refused`); the same goes for [`Compute::release`];
/// * [`Compute::adopt`] and [`Compute::release`] are over when their future is: dropped (or the service killed), they do
///   nothing afterwards. A key that is put on late would be on a machine that nobody keeps count of;
/// * a listing that is not complete is an error, never a shorter list.
#[async_trait]
pub trait Compute: Send + Sync {
    /// Makes the machine `spec.owner.instance`, or finds it made, and says how it is.
    ///
    /// # Errors
    /// See [`ComputeError`].
    async fn launch(&self, spec: &LaunchSpec) -> Result<Machine, ComputeError>;

    /// Destroys the machine if it is there, and see to it that it stays away. `Ok` proves that it is gone.
    ///
    /// # Errors
    /// `Failed` or `Unknown`: not proved gone.
    async fn terminate(&self, owner: &OwnerKey) -> Result<(), ComputeError>;

    /// Puts our key on an existing machine that is nobody's (or already ours).
    ///
    /// # Errors
    /// See [`ComputeError`]; `Refused` when it is another's or not there.
    async fn adopt(&self, owner: &OwnerKey) -> Result<Machine, ComputeError>;

    /// Takes our key off and leaves the machine as it is. `Ok` also when it is not there.
    ///
    /// # Errors
    /// See [`ComputeError`].
    async fn release(&self, owner: &OwnerKey) -> Result<(), ComputeError>;

    /// Starts a stopped machine.
    ///
    /// # Errors
    /// See [`ComputeError`].
    async fn start(&self, owner: &OwnerKey) -> Result<Machine, ComputeError>;

    /// Stops a machine.
    ///
    /// # Errors
    /// See [`ComputeError`].
    async fn stop(&self, owner: &OwnerKey, mode: StopMode) -> Result<Machine, ComputeError>;

    /// Reinstalls a machine of ours in place: same machine, place, address and data, with image, user data and the like
    /// from `spec`. `at` tells one reset from the next: asked twice with the same, it is done once.
    ///
    /// # Errors
    /// See [`ComputeError`].
    async fn reset(&self, spec: &LaunchSpec, at: Time) -> Result<Machine, ComputeError>;

    /// Puts tags on a machine of ours in place of those with the same keys; the others stay.
    ///
    /// # Errors
    /// See [`ComputeError`].
    async fn tag(&self, owner: &OwnerKey, tags: &[Tag]) -> Result<Machine, ComputeError>;

    /// Runs a command on a machine of ours, and comes back when it has ended, or at once when it has ended before: asked
    /// twice under the same `invocation`, it is run once. It goes on when nobody waits for it any more.
    ///
    /// # Errors
    /// `Refused` or `Failed`: it was not run. `Unknown`: nobody knows how it ended, or whether it has.
    async fn command(&self, owner: &OwnerKey, run: &CommandRun)
    -> Result<CommandEnd, ComputeError>;

    /// All machines that carry a key of ours, or those of one group.
    ///
    /// # Errors
    /// See [`ComputeError`].
    async fn list(&self, group: Option<GroupId>) -> Result<Vec<Arc<Machine>>, ComputeError>;

    /// These machines, whosever they are; those that do not exist are left out.
    ///
    /// # Errors
    /// See [`ComputeError`].
    async fn describe(&self, ids: &[InstanceId]) -> Result<Vec<Machine>, ComputeError>;

    /// Every machine that the back end holds, ours or not: for operators and tests (`GET /_muster/v1/machines`).
    ///
    /// # Errors
    /// See [`ComputeError`].
    async fn inventory(&self) -> Result<Vec<Arc<Machine>>, ComputeError>;

    /// Comes back when something may have happened to a machine of this back end: a hint to look, never a fact.
    /// The default never comes back: such a back end is only looked at by the period.
    async fn changed(&self) -> Option<GroupId> {
        std::future::pending().await
    }
}
