//! The contract of the Store port, on files and in memory.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

use muster_ports::contract::store::{CASES, check_filled, fill};
use muster_store::SqliteStore;

#[test]
fn on_files() {
    for (name, case) in CASES {
        println!("case: {name}");
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        pollster::block_on(case(&store));
    }
}

#[test]
fn in_memory() {
    for (name, case) in CASES {
        println!("case: {name}");
        let store = SqliteStore::in_memory().unwrap();
        pollster::block_on(case(&store));
    }
}

#[test]
fn what_was_committed_is_there_after_a_reopening() {
    let dir = tempfile::tempdir().unwrap();
    pollster::block_on(fill(&SqliteStore::open(dir.path()).unwrap()));
    for _ in 0..2 {
        pollster::block_on(check_filled(&SqliteStore::open(dir.path()).unwrap()));
    }
}
