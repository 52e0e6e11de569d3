//! The door against the facts of its API.

#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

mod codes;
mod coverage;
mod facts;
mod mapping;
