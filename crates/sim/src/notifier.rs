//! A receiver under emulation: one of its own that takes everything, or a real one; with the faults that were ordered.

use std::sync::Arc;

use async_trait::async_trait;
use muster_model::{InstanceId, Placement};
use muster_ports::{ComputeError, Notifier, NotifyError, SavedEvent};

use crate::compute::SimCompute;
use crate::faults::Op;

/// A receiver with faults.
pub struct SimNotifier {
    sim: Arc<SimCompute>,
    real: Option<Arc<dyn Notifier>>,
}

impl SimNotifier {
    /// A receiver that takes everything.
    #[must_use]
    pub fn new(sim: Arc<SimCompute>) -> SimNotifier {
        SimNotifier { sim, real: None }
    }

    /// A real receiver, with faults before it.
    #[must_use]
    pub fn before(sim: Arc<SimCompute>, real: Arc<dyn Notifier>) -> SimNotifier {
        SimNotifier {
            sim,
            real: Some(real),
        }
    }
}

fn notify_error(error: ComputeError) -> NotifyError {
    match error {
        ComputeError::Unknown(message) => NotifyError::Unknown(message),
        ComputeError::Failed(message) => NotifyError::Failed(message),
        ComputeError::SoldOut(message)
        | ComputeError::Quota(message)
        | ComputeError::Refused(message) => NotifyError::Refused(message),
    }
}

#[async_trait]
impl Notifier for SimNotifier {
    async fn deliver(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        let machine = message.event.instance();
        let machine = machine.and_then(|id| InstanceId::parse_any(id).ok());
        let place = match machine {
            Some(id) => self.sim.place(id),
            None => Placement::default(),
        };
        let mut passed = false;
        let pass = |_: &mut _, _| {
            passed = true;
            Ok(())
        };
        let outcome = self.sim.call(Op::Notify, machine, &place, pass).await;
        if let (true, Some(real)) = (passed, &self.real) {
            real.deliver(message).await?;
        }
        outcome.map_err(notify_error)
    }
}
