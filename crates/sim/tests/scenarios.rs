//! Scenario scripts with golden output.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

use std::sync::Arc;

use muster_sim::{Odds, World, run_scenario};
use muster_store::SqliteStore;

fn run(script: &str) -> String {
    let store = Arc::new(SqliteStore::in_memory().unwrap());
    let mut world = World::new(store, 1, Odds::default()).unwrap();
    run_scenario(&mut world, script).unwrap()
}

#[test]
fn first_group() {
    insta::assert_snapshot!(run(include_str!("scenarios/first_group.txt")));
}

#[test]
fn replace_and_delete() {
    insta::assert_snapshot!(run(include_str!("scenarios/replace_and_delete.txt")));
}

#[test]
fn load() {
    insta::assert_snapshot!(run(include_str!("scenarios/load.txt")));
}

#[test]
fn storm() {
    insta::assert_snapshot!(run(include_str!("scenarios/storm.txt")));
}

#[test]
fn wrong_lines_are_told_with_their_number() {
    let store = Arc::new(SqliteStore::in_memory().unwrap());
    let mut world = World::new(store, 1, Odds::default()).unwrap();
    let error = run_scenario(&mut world, "# first\nconfig c A\ngroup g c min=x").unwrap_err();
    assert_eq!(error.to_string(), "line 3: `x` is not a number");
}
