//! What every dialect shares: parameter tree and decoder, signature checks, paging, filters, times, and the shape of
//! an action.
//!
//! A request becomes an [`http::Incoming`]; its parameters become one [`node::Node`] tree, whatever the wire format;
//! [`decode::decode`] turns the tree into the typed struct of the action; [`action::Action::run`] answers it. Nothing
//! here knows what a scaling group is.

pub mod action;
pub mod ancestor;
pub mod cron;
pub mod decode;
pub mod filter;
pub mod http;
pub mod node;
pub mod page;
pub mod rates;
pub mod sign;
pub mod time;
pub mod xml;
