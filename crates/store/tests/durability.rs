//! What a store does when it is killed, opened twice, or finds what it cannot read.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says what broke by failing"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use muster_ports::contract::store::fill;
use muster_ports::{Commit, Row, Store, StoreError};
use muster_store::{OpenError, SqliteStore};

/// Set in the process that writes until it is killed: the directory of its store.
const WRITER: &str = "MUSTER_TEST_WRITER";
const KILLS: u32 = 5;
const ACKNOWLEDGED: usize = 60;

fn count(n: u64) -> Commit {
    let row = |name: &str| Row::Setting {
        name: name.to_owned(),
        value: Some(n.to_string()),
    };
    Commit {
        guards: Vec::new(),
        rows: vec![row("one"), row("two")],
    }
}

fn read(store: &SqliteStore, name: &str) -> u64 {
    let value = pollster::block_on(store.setting(name)).unwrap();
    value.map_or(0, |value| value.parse().unwrap())
}

/// Commits numbers and prints each that is acknowledged. Only runs as a child of the test below.
#[test]
fn writer() {
    let Ok(dir) = std::env::var(WRITER) else {
        return;
    };
    let store = SqliteStore::open(Path::new(&dir)).unwrap();
    for n in read(&store, "one") + 1.. {
        pollster::block_on(store.commit(count(n))).unwrap();
        println!("acknowledged {n}");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer", "--nocapture", "--test-threads=1"])
            .env(WRITER, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acknowledged = lines
            .map_while(Result::ok)
            .filter_map(|line| line.split_once("acknowledged ")?.1.parse::<u64>().ok())
            .take(ACKNOWLEDGED)
            .last();
        child.kill().unwrap();
        child.wait().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        let (one, two) = (read(&store, "one"), read(&store, "two"));
        assert!(
            Some(one) >= acknowledged,
            "{one}, but {acknowledged:?} was acknowledged"
        );
        assert!(
            acknowledged >= Some(60),
            "the writer wrote: {acknowledged:?}"
        );
        assert_eq!(one, two, "both rows of a commit or none");
    }
}

#[test]
fn a_directory_has_one_store_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = SqliteStore::open(dir.path()).unwrap();
    let second = SqliteStore::open(dir.path()).err().unwrap();
    assert!(
        matches!(&second, OpenError::InUse(path) if path == dir.path()),
        "{second}"
    );
    drop(first);
    SqliteStore::open(dir.path()).unwrap();
}

#[test]
fn what_cannot_be_read_is_named_and_not_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    pollster::block_on(fill(&store));
    drop(store);
    let database = rusqlite::Connection::open(dir.path().join("muster.db")).unwrap();
    database
        .execute("UPDATE instances SET doc = '{\"id\":5}'", [])
        .unwrap();
    drop(database);
    let store = SqliteStore::open(dir.path()).unwrap();
    let error = pollster::block_on(store.groups()).err().unwrap();
    assert!(
        matches!(&error, StoreError::Damaged(text) if text.contains("instances ins-")),
        "{error}"
    );
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("muster.db");
    let text = "this is not a database at all, but somebody's letter".repeat(100);
    std::fs::write(&path, &text).unwrap();
    assert!(SqliteStore::open(dir.path()).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}
