//! Engine tables of balancers: bound before service, unbound before the end, kept as they are to be.
//!
//! Times are seconds since the start; ids come from seed 1.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what broke by failing"
)]

#[path = "../base/mod.rs"]
mod base;
mod binding;
mod draining;
mod heard;
mod mending;
mod refreshes;
mod table;
