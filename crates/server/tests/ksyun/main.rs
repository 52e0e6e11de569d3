//! The Kingsoft Cloud door onto the real runtime and the real store, with simulated machines: every example of the
//! documentation, every common error, and what the other door makes of the same groups.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

mod examples;
mod policies;
mod protocol;
mod round_trips;
mod service;
