//! Tencent Cloud Auto Scaling API 3.0 (2018-04-19).
//!
//! A request is recognised, authenticated, decoded into a typed action, and becomes one command or question to the
//! facade. Answers are HTTP 200, errors too, with the content type `application/json` and nothing else in it: clients
//! take anything else for a network error.

mod actions;
mod checks;
mod codes;
mod context;
mod door;
mod fault;
mod rates;
mod shapes;
#[cfg(test)]
mod tests;
mod words;

pub use context::Seal;
pub use door::{Options, Refused, Tencent3, perform};
