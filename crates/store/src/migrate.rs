//! Numbered migrations: applied once, in order, and never changed after they were.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};

/// All migrations, in order.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_first", include_str!("../migrations/0001_first.sql")),
    ("0002_parts", include_str!("../migrations/0002_parts.sql")),
    (
        "0003_events_by_group",
        include_str!("../migrations/0003_events_by_group.sql"),
    ),
    (
        "0004_records",
        include_str!("../migrations/0004_records.sql"),
    ),
];

/// Why a database cannot be used by this version.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A later version of Muster wrote it.
    #[error(
        "the database has migration {0}, which this version of muster does not know: use a newer muster"
    )]
    Newer(String),
    /// What was applied is not what this version has under that name.
    #[error("migration {0} was changed after it had been applied to this database")]
    Changed(String),
    /// SQLite.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
}

fn checksum(sql: &str) -> String {
    hex::encode(Sha256::digest(sql.as_bytes()))
}

/// Brings a database up to date.
///
/// # Errors
/// See [`MigrationError`]; nothing was changed.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), MigrationError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL)",
    )?;
    let applied: Vec<String> = transaction
        .prepare("SELECT name FROM migrations ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if let Some(unknown) = applied
        .iter()
        .find(|name| !MIGRATIONS.iter().any(|(known, _)| known == name))
    {
        return Err(MigrationError::Newer(unknown.clone()));
    }
    for (name, sql) in MIGRATIONS {
        let old: Option<String> = transaction
            .query_row(
                "SELECT checksum FROM migrations WHERE name = $1",
                [name],
                |row| row.get(0),
            )
            .optional()?;
        match old {
            Some(old) if old == checksum(sql) => {}
            Some(_) => return Err(MigrationError::Changed((*name).to_owned())),
            None => {
                transaction.execute_batch(sql)?;
                transaction.execute(
                    "INSERT INTO migrations VALUES ($1, $2)",
                    [*name, &checksum(sql)],
                )?;
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_or_changed_schema_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        connection
            .execute("INSERT INTO migrations VALUES ('9999_future', 'x')", [])
            .unwrap();
        assert!(
            matches!(migrate(&mut connection), Err(MigrationError::Newer(name)) if name == "9999_future")
        );
        connection
            .execute("DELETE FROM migrations WHERE name = '9999_future'", [])
            .unwrap();
        connection
            .execute("UPDATE migrations SET checksum = 'x'", [])
            .unwrap();
        assert!(matches!(
            migrate(&mut connection),
            Err(MigrationError::Changed(_))
        ));
    }
}
