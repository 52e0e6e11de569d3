//! Back ends of the Compute port.

pub mod process;
