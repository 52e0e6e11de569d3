//! The Huawei Cloud door onto the real runtime and the real store, with simulated machines: what the services beside Auto
//! Scaling answer, in shape.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

mod alarms;
mod documented;
mod failures;
mod neighbours;
mod service;
mod topics;
mod tour;
