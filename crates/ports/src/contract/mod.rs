//! The contracts of the ports, as functions that a test of each implementation calls.
//!
//! A function panics with what was broken; it leaves the implementation as it found it where it can.
