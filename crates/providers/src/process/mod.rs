//! Machines as processes of this host, each in control groups of its own where the host allows.
//!
//! What there is of a machine is in its directory (see `record`): it survives any crash of ours. A machine lives while
//! its shim holds the machine's lock. Terminating leaves a tombstone first, which a shim looks for after it has the
//! lock: a launch that comes late leaves nothing.

mod backend;
mod cgroup;
mod command;
mod network;
mod record;
mod sample;
mod shared;
mod shim;
mod types;
mod usage;

pub use backend::{ProcessBackend, ProcessOptions};
pub use sample::ProcessMetrics;
pub use shim::shim;
