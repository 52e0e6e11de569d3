//! Virtual time, simulated machines, faults and seeds around the same engine that production runs.

mod balancers;
mod compute;
mod dice;
mod driver;
mod faults;
mod journal;
mod machines;
mod metrics;
mod notifier;
pub mod replay;
mod scenario;
mod world_balancers;
mod world_calls;
mod world_health;
mod world_metrics;
mod world_store;

pub use compute::{ActError, Action, SimCompute};
pub use dice::{Dice, Odds};
pub use driver::{Command, Crash, Point, World, WorldError};
pub use faults::{Effect, Fault, Faults, Match, Op};
pub use machines::{ForeignSpec, Machines};
pub use metrics::{FaultyMetrics, SimMetrics};
pub use notifier::SimNotifier;
pub use scenario::{ScenarioError, run_scenario, sample_group};
