//! Opening the database, and its connections.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use muster_ports::StoreError;
use rusqlite::{Connection, OpenFlags};

use crate::migrate::{MigrationError, migrate};
use crate::writer::Writer;

/// Read-only connections.
const READERS: usize = 4;
/// Memory that one connection may use for pages, KiB.
const CACHE_KIB: i64 = 16_384;

/// How often the lock of a directory is tried.
const LOCK_TRIES: u32 = 20;
/// Wait after each try.
const LOCK_WAIT: Duration = Duration::from_millis(50);

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another muster holds the data directory.
    #[error("{0} is in use by another muster")]
    InUse(PathBuf),
    /// Files.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What went wrong.
        error: std::io::Error,
    },
    /// The schema.
    #[error("{path}: {error}")]
    Migration {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: MigrationError,
    },
}

/// The store on SQLite.
pub struct SqliteStore {
    readers: Vec<Mutex<Connection>>,
    next_reader: AtomicUsize,
    pub(crate) writer: Writer,
    /// Held for as long as the store is open.
    _lock: Option<File>,
}

/// Opens a file, or makes it so that only its owner can read it: scripts of machines are in the database. SQLite gives
/// its own files beside the database the same mode.
fn owners_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
}

/// Takes the lock of a directory; whether nobody else has it. What a muster that was killed had just begun to start keeps it for a
/// moment, until it is another program.
#[expect(
    clippy::disallowed_methods,
    reason = "another process ends in real time, and nothing runs yet that could wait instead"
)]
fn take(lock: &File) -> std::io::Result<bool> {
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Ok(()) => return Ok(true),
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT),
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

impl SqliteStore {
    /// Opens (or makes) `DIR/muster.db`. A directory is used by one store at a time.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(dir: &Path) -> Result<SqliteStore, OpenError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| OpenError::Io { path, error }
        };
        std::fs::create_dir_all(dir).map_err(io(dir))?;
        let lock_path = dir.join("lock");
        let lock = owners_file(&lock_path).map_err(io(&lock_path))?;
        if !take(&lock).map_err(io(&lock_path))? {
            return Err(OpenError::InUse(dir.to_owned()));
        }
        let path = dir.join("muster.db");
        drop(owners_file(&path).map_err(io(&path))?);
        Self::connect(&path.to_string_lossy(), Some(lock))
            .map_err(|error| OpenError::Migration { path, error })
    }

    /// A store that is gone when it is dropped: same schema, same code, no file.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn in_memory() -> Result<SqliteStore, OpenError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "file:muster-{}?mode=memory&cache=shared",
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        Self::connect(&name, None).map_err(|error| OpenError::Migration {
            path: PathBuf::from(name),
            error,
        })
    }

    fn connect(name: &str, lock: Option<File>) -> Result<SqliteStore, MigrationError> {
        let memory = lock.is_none();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut writer = Connection::open_with_flags(name, flags)?;
        writer.set_prepared_statement_cache_capacity(64);
        if !memory {
            writer.pragma_update(None, "journal_mode", "WAL")?;
        }
        // FULL: a commit that was acknowledged survives a power failure.
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "cache_size", -CACHE_KIB)?;
        migrate(&mut writer)?;
        let readers = (0..READERS)
            .map(|_| {
                let reader = Connection::open_with_flags(name, flags)?;
                if memory {
                    // Shared memory has no WAL: a reader takes what the writer has written so far. The writer's
                    // transactions are short, and nobody relies on a memory store for isolation of reads.
                    reader.pragma_update(None, "read_uncommitted", true)?;
                }
                reader.pragma_update(None, "query_only", true)?;
                reader.pragma_update(None, "cache_size", -CACHE_KIB)?;
                reader.set_prepared_statement_cache_capacity(64);
                Ok(Mutex::new(reader))
            })
            .collect::<Result<Vec<_>, rusqlite::Error>>()?;
        Ok(SqliteStore {
            readers,
            next_reader: AtomicUsize::new(0),
            writer: Writer::start(writer),
            _lock: lock,
        })
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        let first = self.next_reader.fetch_add(1, Ordering::Relaxed);
        for at in 0..self.readers.len() {
            if let Ok(reader) = self.readers[(first + at) % self.readers.len()].try_lock() {
                return reader;
            }
        }
        self.readers[first % self.readers.len()]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads in one snapshot.
    pub(crate) fn read<T>(
        &self,
        with: impl FnOnce(&Connection) -> Result<T, ReadError>,
    ) -> Result<T, StoreError> {
        let mut reader = self.reader();
        let snapshot = reader
            .transaction()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        with(&snapshot).map_err(StoreError::from)
    }
}

/// Why a read failed.
#[derive(Debug)]
pub(crate) enum ReadError {
    Sqlite(rusqlite::Error),
    Damaged {
        table: &'static str,
        key: String,
        error: serde_json::Error,
    },
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        ReadError::Sqlite(error)
    }
}

impl From<ReadError> for StoreError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Sqlite(error) => StoreError::Unavailable(error.to_string()),
            ReadError::Damaged { table, key, error } => {
                StoreError::Damaged(format!("{table} {key}: {error}"))
            }
        }
    }
}
