//! The shell around the engine: what is in memory, who works on which group when, and the facade for doors.
//!
//! It decides nothing. A command or a turn is: take the group's lock, ask the engine, commit guarded by the group's
//! version, swap the view, make the calls. Any of this may be cut off at any point; what was committed goes on after a
//! restart.

mod alarms;
mod api;
mod apply;
mod balancers;
mod bandwidths;
mod calls;
mod clock;
mod commit;
mod configs;
mod directory;
mod emulate;
mod explain;
mod listed;
mod measure;
mod metrics;
mod observer;
mod outbox;
mod policies;
mod queue;
mod records;
mod runtime;
mod select;
mod server_steps;
mod servers;
mod sink;
mod sources;
mod topics;
mod turns;

pub use alarms::Members;
pub use clock::ShellClock;
pub use measure::Measured;
pub use runtime::{Options, Runtime, StartError};
pub use sink::{Route, Sink, Targets};
pub use sources::Source;
pub use topics::Spread;
