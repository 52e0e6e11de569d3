//! The Tencent Cloud API 3.0 door onto the real runtime and the real store, with simulated machines: what is asked and
//! what is answered, as golden text.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

mod accounts;
mod bounds;
mod catalogue;
mod echo;
mod echo_parts;
mod examples;
mod facts;
mod failures;
mod measured;
mod order;
mod outbox;
mod protocol;
mod reached;
mod replayed;
mod service;
mod spec;
mod tour;
mod wire;
