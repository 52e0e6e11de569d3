//! Engine tables of what stands beside the members of a group: hooks and their commands, notifications, policies, tags, the catalogue;
//! and of members out of service on purpose.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what broke by failing"
)]

#[path = "../base/mod.rs"]
mod base;
mod catalogue;
mod common;
mod explain;
mod health;
mod hooks;
mod of_2017;
mod options;
mod pool;
mod rest;
mod scaling;
mod tags;
mod timed;
mod traces;
mod unaddressed;
