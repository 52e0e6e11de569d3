//! Huawei Cloud Auto Scaling, versions 1 and 2, and the few calls of its identity service that clients log in with.
//!
//! A request is recognised by its path, authenticated by signature or token, held to the project in its path, decoded into
//! a typed operation, and becomes one command or question to the facade. Answers have the documented status; actions and
//! deletions answer 204 without a body.

mod actions;
mod checks;
mod codes;
mod context;
mod documented;
mod door;
mod fault;
mod identity;
mod projects;
mod routes;
mod services;
mod shapes;
mod tasks;
#[cfg(test)]
mod tests;
mod times;
mod token;
mod unreadable;
mod words;

pub use context::{Random, Seal};
pub use door::{Huawei, Options, TopicOptions, Turn};
