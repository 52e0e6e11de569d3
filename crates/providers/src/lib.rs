//! Back ends of the Compute port.
