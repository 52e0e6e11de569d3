//! The contracts of the ports, as cases that a test of each implementation runs, each on a fresh one.
//!
//! A case panics with what was broken. A new store or back end keeps the contract when it passes all of
//! [`store::CASES`] and [`store::fill`] with [`store::check_filled`] around a reopening, all of [`compute::CASES`],
//! all of [`balancer::CASES`], all of [`notifier::CASES`], or all of [`metrics::CASES`].

pub mod balancer;
pub mod compute;
pub mod errors;
mod history;
pub mod metrics;
pub mod notifier;
mod records;
mod sample;
pub mod store;

use std::fmt::Debug;
use std::pin::Pin;

use crate::{Commit, Guard, Row, Store, StoreError};

/// What a case does with an implementation.
pub type Run<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A case: what it holds an implementation to, and the test of it.
pub type Case<T> = (&'static str, fn(&T) -> Run<'_>);

/// The value, or a panic that says what was being done.
fn ok<T, E: Debug>(result: Result<T, E>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error:?}"),
    }
}

/// The value, or a panic that says what was missing.
fn some<T>(value: Option<T>, what: &str) -> T {
    match value {
        Some(value) => value,
        None => panic!("missing: {what}"),
    }
}

async fn put(store: &dyn Store, guards: Vec<Guard>, rows: Vec<Row>) -> Result<(), StoreError> {
    store.commit(Commit { guards, rows }).await
}
