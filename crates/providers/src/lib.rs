//! Back ends of the Compute port.

pub mod process;
pub mod table;
