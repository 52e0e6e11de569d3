//! What actions are given.

use std::sync::Arc;

use muster_kit::action::Context;
use muster_ports::{Api, Caller};

use crate::fault::Fault;

/// Seals a secret for storage.
pub type Seal = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// What an action is given.
pub(crate) struct Ctx {
    /// The facade.
    pub(crate) api: Arc<dyn Api>,
    /// Who asks.
    pub(crate) caller: Caller,
    /// Name of the action.
    pub(crate) action: &'static str,
    /// The region as given.
    pub(crate) region: String,
    /// Seals passwords.
    pub(crate) seal: Seal,
}

impl Context for Ctx {
    type Error = Fault;

    fn unwritable(&self, error: serde_json::Error) -> Fault {
        Fault::new(
            "InternalError",
            format!("The answer could not be written: {error}."),
        )
    }
}
