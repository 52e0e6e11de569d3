//! The door of 2017 onto the real runtime and the real store, with simulated machines: scripts of requests as golden text,
//! every example of the documentation, every documented code, and what the other Tencent door makes of the same groups.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

mod examples;
mod protocol;
mod races;
mod service;
mod tour;
