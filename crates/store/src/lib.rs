//! The Store port on SQLite.
//!
//! One writer thread takes commits from a bounded queue and writes as many as are waiting in one transaction with one
//! fsync (group commit); each is all or nothing by a savepoint of its own. Reads go to a small pool of read-only
//! connections and see the last committed state (WAL).

mod commit;
mod migrate;
mod read;
mod sqlite;
mod writer;

pub use migrate::MigrationError;
pub use sqlite::{OpenError, SqliteStore};
