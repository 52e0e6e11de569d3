//! Replay of a recorded load against a group: the engine decides, the clock is a number, the machines are a model.
//!
//! The protocol is that of the production shell and of the simulated world: look, decide, commit, then call; every answer
//! is applied and committed. Only the store is left out: a replay that is cut off starts afresh. Nothing here decides
//! anything, and nothing is left to chance: the same input gives the same bytes.

mod api;
mod field;
mod meter;
mod run;
mod service;
mod summary;
mod trace;

pub use field::{Decision, Field, Hold};
pub use run::{Outcome, StepRow, replay};
pub use service::{Service, ServiceError};
pub use summary::{Limits, Missed, Summary};
pub use trace::{Kind, Odd, Reading, Stretch, Trace, TraceError};
