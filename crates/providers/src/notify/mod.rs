//! Receivers of messages, one module each.

mod cloud_event;

pub mod stored;
pub mod webhook;
