//! One commit: its guards, then its rows.

use std::sync::Arc;

use muster_model::{ActivityStatus, Instance, Part, Record};
use muster_ports::{Commit, Guard, Row, SWEPT_AT_ONCE, StoreError};
use rusqlite::{Connection, OptionalExtension, Params};
use serde::Serialize;

fn unavailable(error: rusqlite::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

fn document(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Damaged(format!("a row cannot be written: {error}")))
}

fn run(connection: &Connection, sql: &str, params: impl Params) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(unavailable)?;
    statement.execute(params).map_err(unavailable)
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Applies a commit inside a savepoint of the caller's.
pub(crate) fn apply(connection: &Connection, commit: &Commit) -> Result<(), StoreError> {
    for guard in &commit.guards {
        check(connection, guard)?;
    }
    for row in &commit.rows {
        write(connection, row)?;
    }
    Ok(())
}

fn check(connection: &Connection, guard: &Guard) -> Result<(), StoreError> {
    let (sql, id, expected) = match guard {
        Guard::Group(id, version) => (
            "SELECT version FROM groups WHERE id = $1",
            id.to_string(),
            Some(*version),
        ),
        Guard::NoGroup(id) => (
            "SELECT version FROM groups WHERE id = $1",
            id.to_string(),
            None,
        ),
        Guard::Config(id, version) => (
            "SELECT version FROM configs WHERE id = $1",
            id.to_string(),
            Some(*version),
        ),
        Guard::Account(id, version) => (
            "SELECT version FROM accounts WHERE id = $1",
            id.to_string(),
            Some(*version),
        ),
    };
    let found: Option<i64> = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row([id], |row| row.get(0)).optional())
        .map_err(unavailable)?;
    if found == expected.map(number) {
        Ok(())
    } else {
        Err(StoreError::Conflict)
    }
}

/// Claims a key for a kind and an owner; one that another kind or owner has is a conflict.
fn claim(connection: &Connection, key: &str, kind: &str, owner: &str) -> Result<(), StoreError> {
    let body = key.rsplit('-').next().unwrap_or(key);
    let sql =
        "INSERT INTO keys (key, kind, owner) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING";
    if run(connection, sql, [body, kind, owner])? == 1 {
        return Ok(());
    }
    let same: Option<i64> = connection
        .prepare_cached("SELECT 1 FROM keys WHERE key = $1 AND kind = $2 AND owner = $3")
        .and_then(|mut statement| {
            statement
                .query_row([body, kind, owner], |row| row.get(0))
                .optional()
        })
        .map_err(unavailable)?;
    if same.is_some() {
        Ok(())
    } else {
        Err(StoreError::Conflict)
    }
}

fn free(connection: &Connection, key: &str) -> Result<(), StoreError> {
    let body = key.rsplit('-').next().unwrap_or(key);
    run(connection, "DELETE FROM keys WHERE key = $1", [body]).map(|_| ())
}

fn write(connection: &Connection, row: &Row) -> Result<(), StoreError> {
    match row {
        Row::Account(account) => {
            let id = account.id.to_string();
            claim(connection, &id, "account", &id)?;
            let sql = "INSERT INTO accounts (id, version, doc) VALUES ($1, $2, $3) \
                       ON CONFLICT (id) DO UPDATE SET version = $2, doc = $3";
            run(
                connection,
                sql,
                (&id, number(account.version), document(account)?),
            )
            .map(|_| ())
        }
        Row::AccessKey(key) => {
            let sql = "INSERT INTO access_keys (id, account, doc) VALUES ($1, $2, $3) \
                       ON CONFLICT (id) DO UPDATE SET account = $2, doc = $3";
            run(
                connection,
                sql,
                (&key.access_key_id, key.account.to_string(), document(key)?),
            )
            .map(|_| ())
        }
        Row::NoAccessKey(id) => {
            run(connection, "DELETE FROM access_keys WHERE id = $1", [id]).map(|_| ())
        }
        Row::Group(group) => put_group(connection, group),
        Row::NoGroup(id) => no_group(connection, &id.to_string()),
        Row::Instance(instance) => put_instance(connection, instance),
        Row::NoInstance(id) => {
            let id = id.to_string();
            run(connection, "DELETE FROM instances WHERE id = $1", [&id])?;
            free(connection, &id)
        }
        Row::Activity(activity) => put_activity(connection, activity),
        Row::OldActivities(before) => sweep_activities(connection, *before),
        Row::Config(config) => put_config(connection, config),
        Row::NoConfig(id) => no_config(connection, &id.to_string()),
        Row::Part(part) => put_part(connection, part),
        Row::NoPart(id) => {
            let id = id.to_string();
            run(connection, "DELETE FROM parts WHERE id = $1", [&id])?;
            free(connection, &id)
        }
        Row::Record(record) => put_record(connection, record),
        Row::NoRecord(id) => {
            let id = id.to_string();
            run(connection, "DELETE FROM records WHERE id = $1", [&id])?;
            free(connection, &id)
        }
        Row::Event(event) => {
            let sql = "INSERT INTO events (group_id, doc) VALUES ($1, $2)";
            run(connection, sql, (event.group.to_string(), document(event)?)).map(|_| ())
        }
        Row::OldEvents(before) => sweep_events(connection, *before),
        Row::Setting {
            name,
            value: Some(value),
        } => {
            let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
            run(connection, sql, [name, value]).map(|_| ())
        }
        Row::Setting { name, value: None } => {
            run(connection, "DELETE FROM settings WHERE name = $1", [name]).map(|_| ())
        }
    }
}

fn put_part(connection: &Connection, part: &Part) -> Result<(), StoreError> {
    let (id, group) = (part.id().to_string(), part.group().to_string());
    claim(connection, &id, part.id().kind(), &group)?;
    let sql = "INSERT INTO parts (id, group_id, doc) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET doc = $3";
    run(connection, sql, (&id, &group, document(part)?)).map(|_| ())
}

fn put_record(connection: &Connection, record: &Record) -> Result<(), StoreError> {
    let (id, account) = (record.id().to_string(), record.head().account.to_string());
    claim(connection, &id, record.id().kind(), &account)?;
    let sql = "INSERT INTO records (id, account, doc) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET doc = $3";
    run(connection, sql, (&id, &account, document(record)?)).map(|_| ())
}

/// The word of a status in the `status` column.
pub(crate) fn status_word(status: ActivityStatus) -> String {
    format!("{status:?}")
}

fn put_group(connection: &Connection, group: &muster_model::Group) -> Result<(), StoreError> {
    let (id, account) = (group.id.to_string(), group.account.to_string());
    claim(connection, &id, "group", &account)?;
    let sql = "INSERT INTO groups (id, account, version, doc) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (id) DO UPDATE SET version = $3, doc = $4";
    run(
        connection,
        sql,
        (&id, &account, number(group.version), document(group)?),
    )
    .map(|_| ())
}

fn put_activity(
    connection: &Connection,
    activity: &muster_model::Activity,
) -> Result<(), StoreError> {
    let (id, group) = (activity.id.to_string(), activity.group.to_string());
    claim(connection, &id, "activity", &group)?;
    let sql = "INSERT INTO activities (id, account, group_id, kind, status, open, started_at, ended_at, doc) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
               ON CONFLICT (id) DO UPDATE SET status = $5, open = $6, started_at = $7, ended_at = $8, doc = $9";
    let params = (
        &id,
        activity.account.to_string(),
        &group,
        format!("{:?}", activity.kind),
        status_word(activity.status),
        i64::from(!activity.status.is_ended()),
        activity.started_at.0,
        activity.ended_at.map_or(i64::MAX, |at| at.0),
        document(activity)?,
    );
    run(connection, sql, params).map(|_| ())
}

/// Deletes old activities, but those that a group names as its newest.
fn sweep_activities(connection: &Connection, before: muster_model::Time) -> Result<(), StoreError> {
    let old = "SELECT id FROM activities WHERE open = 0 AND ended_at < $1 AND id NOT IN (\
               SELECT doc ->> 'last_activity' FROM groups WHERE doc ->> 'last_activity' IS NOT NULL) \
               ORDER BY seq LIMIT $2";
    let keys = format!(
        "DELETE FROM keys WHERE key IN (SELECT substr(id, instr(id, '-') + 1) FROM ({old}))"
    );
    run(connection, &keys, (before.0, SWEPT_AT_ONCE))?;
    let rows = format!("DELETE FROM activities WHERE id IN ({old})");
    run(connection, &rows, (before.0, SWEPT_AT_ONCE)).map(|_| ())
}

/// Deletes old messages: those before the first one that is not old.
fn sweep_events(connection: &Connection, before: muster_model::Time) -> Result<(), StoreError> {
    let sql = "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq < coalesce(\
               (SELECT seq FROM events WHERE doc ->> 'at' >= $1 ORDER BY seq LIMIT 1), \
               (SELECT max(seq) + 1 FROM events)) ORDER BY seq LIMIT $2)";
    run(connection, sql, (before.0, SWEPT_AT_ONCE)).map(|_| ())
}

fn put_config(
    connection: &Connection,
    config: &muster_model::LaunchConfiguration,
) -> Result<(), StoreError> {
    let (id, account) = (config.id.to_string(), config.account.to_string());
    claim(connection, &id, "config", &account)?;
    let sql = "INSERT INTO configs (id, account, version, doc) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (id) DO UPDATE SET version = $3, doc = $4";
    run(
        connection,
        sql,
        (&id, &account, number(config.version), document(config)?),
    )?;
    let sql =
        "INSERT INTO config_versions (id, version, doc) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    run(
        connection,
        sql,
        (&id, number(config.version), document(&config.spec)?),
    )
    .map(|_| ())
}

fn put_instance(connection: &Connection, instance: &Arc<Instance>) -> Result<(), StoreError> {
    let (id, group) = (instance.id.to_string(), instance.group.to_string());
    claim(connection, &id, "instance", &group)?;
    let (config, version) = match &instance.config {
        Some(pinned) => (pinned.id.to_string(), number(pinned.version)),
        None => (String::new(), 0),
    };
    let sql = "INSERT INTO instances (id, group_id, config, config_version, doc) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (id) DO UPDATE SET config = $3, config_version = $4, doc = $5";
    run(
        connection,
        sql,
        (&id, &group, &config, version, document(instance)?),
    )
    .map(|_| ())
}

/// A group goes with its members and parts; its activities stay.
fn no_group(connection: &Connection, id: &str) -> Result<(), StoreError> {
    for table in ["instances", "parts"] {
        let keys = format!(
            "DELETE FROM keys WHERE key IN (SELECT substr(id, instr(id, '-') + 1) FROM {table} WHERE group_id = $1)"
        );
        run(connection, &keys, [id])?;
        run(
            connection,
            &format!("DELETE FROM {table} WHERE group_id = $1"),
            [id],
        )?;
    }
    run(connection, "DELETE FROM groups WHERE id = $1", [id])?;
    free(connection, id)
}

/// A configuration goes; the versions that instances were made from stay until nobody refers to them.
fn no_config(connection: &Connection, id: &str) -> Result<(), StoreError> {
    run(connection, "DELETE FROM configs WHERE id = $1", [id])?;
    free(connection, id)?;
    let sql = "DELETE FROM config_versions WHERE id NOT IN (SELECT id FROM configs) AND NOT EXISTS (\
               SELECT 1 FROM instances WHERE config = config_versions.id AND config_version = config_versions.version)";
    run(connection, sql, []).map(|_| ())
}
