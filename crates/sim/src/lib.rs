//! Virtual time, simulated machines, faults and seeds around the same engine that production runs.

mod compute;
mod faults;
mod journal;
mod machines;

pub use compute::{ActError, Action, SimCompute};
pub use faults::{Effect, Fault, Faults, Match, Op};
pub use machines::{ForeignSpec, Machines};
