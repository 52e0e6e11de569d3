//! The embedded balancer: listeners on ports of this machine that spread HTTP requests or TCP connections over members.
//!
//! HTTP is spread by request, over connections to the members that are kept; TCP by connection. The next member is chosen
//! by smooth weighted round robin: weights are what the APIs promise, and it needs no knowledge that a single balancer does
//! not have anyway. Members are checked, and one that could not be connected to gets nothing more until it passes a check.
//! A request that certainly has not been begun is handed to another member; one that may have been begun only if doing it
//! twice is harmless.

mod board;
mod body;
mod check;
mod given;
mod headers;
mod listener;
mod metrics;
mod options;
mod places;
mod provider;
mod requests;
mod stats;
mod tcp;
mod timing;
mod upstream;
mod view;

#[cfg(test)]
mod tests;

pub use options::{Check, Limits, ListenerOptions, Protocol, ProxyOptions, Rule};
pub use provider::ProxyBalancer;
pub use upstream::Whose;
pub use view::{ListenerView, MemberView};
