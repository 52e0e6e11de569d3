//! Kingsoft Cloud auto scaling (KEC, 2016-03-04), and the one call of its IAM (2015-11-01) that Terraform makes.
//!
//! A request is recognised, authenticated by either of two signatures, decoded into a typed action, and becomes commands
//! and questions to the facade. Answers are XML, or JSON where that is asked for; errors have the status of their code.
//! Terraform takes a text with "invalid" or "not found" in it for "gone": no error of another meaning has these words.

mod actions;
mod alarms;
mod auth;
mod checks;
mod codes;
mod context;
mod door;
mod fault;
mod params;
mod repeats;
mod shapes;
#[cfg(test)]
mod tests;
mod times;
mod words;

pub use context::{Seal, Switches, TypeFacts};
pub use door::{Ksyun, Options};
