//! Questions.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use muster_model::{
    AccessKey, Account, AccountId, Activity, ActivityFilter, ActivityId, ConfigId, ConfigSpec,
    GroupId, LaunchConfiguration, Page, Paged, Record,
};
use muster_ports::{Commit, GroupRows, SavedEvent, Store, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Params, params_from_iter};
use serde::de::DeserializeOwned;

use crate::commit::status_word;
use crate::sqlite::{ReadError, SqliteStore};

fn parse<T: DeserializeOwned>(
    table: &'static str,
    key: String,
    text: &str,
) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(|error| ReadError::Damaged { table, key, error })
}

/// Documents of a query that selects `id, doc`.
fn documents<T: DeserializeOwned>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<Vec<T>, ReadError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        match serde_json::from_str(text) {
            Ok(value) => found.push(value),
            Err(error) => {
                return Err(ReadError::Damaged {
                    table,
                    key: row.get(0)?,
                    error,
                });
            }
        }
    }
    Ok(found)
}

fn one<T: DeserializeOwned>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>, ReadError> {
    let row: Option<(String, String)> = connection
        .prepare_cached(sql)?
        .query_row(params, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(key, text)| parse(table, key, &text)).transpose()
}

fn group_rows(connection: &Connection, id: GroupId) -> Result<Option<GroupRows>, ReadError> {
    let key = id.to_string();
    let group: Option<muster_model::Group> = one(
        connection,
        "groups",
        "SELECT id, doc FROM groups WHERE id = $1",
        [&key],
    )?;
    let Some(group) = group else { return Ok(None) };
    let last = group
        .last_activity
        .map(|id| id.to_string())
        .unwrap_or_default();
    Ok(Some(GroupRows {
        group: Arc::new(group),
        instances: documents(
            connection,
            "instances",
            "SELECT id, doc FROM instances WHERE group_id = $1",
            [&key],
        )?,
        activities: documents(
            connection,
            "activities",
            "SELECT id, doc FROM activities WHERE group_id = $1 AND open = 1 \
             UNION ALL SELECT id, doc FROM activities WHERE id = $2 AND open = 0",
            [&key, &last],
        )?,
        parts: documents(
            connection,
            "parts",
            "SELECT id, doc FROM parts WHERE group_id = $1",
            [&key],
        )?,
    }))
}

/// All groups: a few large scans instead of a few small ones per group.
fn all_groups(connection: &Connection) -> Result<Vec<GroupRows>, ReadError> {
    let groups: Vec<Arc<muster_model::Group>> = documents(
        connection,
        "groups",
        "SELECT id, doc FROM groups ORDER BY id",
        [],
    )?;
    let mut by_id: BTreeMap<GroupId, GroupRows> = groups
        .into_iter()
        .map(|group| {
            let id = group.id;
            let rows = GroupRows {
                group,
                instances: Vec::new(),
                activities: Vec::new(),
                parts: Vec::new(),
            };
            (id, rows)
        })
        .collect();
    add_parts(connection, &mut by_id)?;
    let open: Vec<Arc<Activity>> = documents(
        connection,
        "activities",
        "SELECT id, doc FROM activities WHERE open = 1",
        [],
    )?;
    for activity in open {
        if let Some(rows) = by_id.get_mut(&activity.group) {
            rows.activities.push(activity);
        }
    }
    for rows in by_id.values_mut() {
        let Some(last) = rows.group.last_activity else {
            continue;
        };
        if !rows.activities.iter().any(|activity| activity.id == last) {
            let sql = "SELECT id, doc FROM activities WHERE id = $1";
            rows.activities
                .extend(one(connection, "activities", sql, [last.to_string()])?.map(Arc::new));
        }
    }
    Ok(by_id.into_values().collect())
}

/// The members and parts of all groups.
fn add_parts(
    connection: &Connection,
    by_id: &mut BTreeMap<GroupId, GroupRows>,
) -> Result<(), ReadError> {
    let instances: Vec<Arc<muster_model::Instance>> =
        documents(connection, "instances", "SELECT id, doc FROM instances", [])?;
    for instance in instances {
        if let Some(rows) = by_id.get_mut(&instance.group) {
            rows.instances.push(instance);
        }
    }
    let parts: Vec<muster_model::Part> = documents(
        connection,
        "parts",
        "SELECT id, doc FROM parts ORDER BY id",
        [],
    )?;
    for part in parts {
        if let Some(rows) = by_id.get_mut(&part.group()) {
            rows.parts.push(part);
        }
    }
    Ok(())
}

/// The condition of an activity query, with its values in the order of their numbers.
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    fn of(account: AccountId, filters: &[ActivityFilter]) -> Condition {
        let mut condition = Condition {
            sql: "account = $1".to_owned(),
            values: vec![account.to_string().into()],
        };
        for filter in filters {
            match filter {
                ActivityFilter::Ids(ids) => {
                    condition.any("id", ids.iter().map(ToString::to_string))
                }
                ActivityFilter::Groups(ids) => {
                    condition.any("group_id", ids.iter().map(ToString::to_string))
                }
                ActivityFilter::Statuses(statuses) => {
                    condition.any("status", statuses.iter().map(|s| status_word(*s)))
                }
                ActivityFilter::Kinds(kinds) => {
                    condition.any("kind", kinds.iter().map(|kind| format!("{kind:?}")))
                }
                ActivityFilter::StartedFrom(at) => condition.compare("started_at >=", at.0),
                ActivityFilter::EndedUntil(at) => condition.compare("ended_at <=", at.0),
            }
        }
        condition
    }

    fn number(&mut self, value: impl Into<Value>) -> usize {
        self.values.push(value.into());
        self.values.len()
    }

    fn any(&mut self, column: &str, values: impl Iterator<Item = String>) {
        let numbers: Vec<String> = values
            .map(|value| format!("${}", self.number(value)))
            .collect();
        self.sql
            .push_str(&format!(" AND {column} IN ({})", numbers.join(", ")));
    }

    fn compare(&mut self, what: &str, value: i64) {
        let number = self.number(value);
        self.sql.push_str(&format!(" AND {what} ${number}"));
    }
}

fn activities(
    connection: &Connection,
    account: AccountId,
    filters: &[ActivityFilter],
    page: Page,
) -> Result<Paged<Arc<Activity>>, ReadError> {
    let mut condition = Condition::of(account, filters);
    let count = format!("SELECT count(*) FROM activities WHERE {}", condition.sql);
    let total: i64 = connection
        .prepare_cached(&count)?
        .query_row(params_from_iter(&condition.values), |row| row.get(0))?;
    let limit = condition.number(i64::try_from(page.limit).unwrap_or(i64::MAX));
    let offset = condition.number(i64::try_from(page.offset).unwrap_or(i64::MAX));
    let list = format!(
        "SELECT id, doc FROM activities WHERE {} ORDER BY started_at DESC, seq DESC LIMIT ${limit} OFFSET ${offset}",
        condition.sql
    );
    let items = documents(
        connection,
        "activities",
        &list,
        params_from_iter(&condition.values),
    )?;
    Ok(Paged {
        total: usize::try_from(total).unwrap_or(0),
        items,
    })
}

fn number(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

/// Messages of a query that selects `seq, doc`.
fn events(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<SavedEvent>, ReadError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        found.push(SavedEvent {
            seq: u64::try_from(seq).unwrap_or(0),
            event: parse("events", seq.to_string(), text)?,
        });
    }
    Ok(found)
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.writer.commit(commit).await
    }

    async fn accounts(&self) -> Result<Vec<Arc<Account>>, StoreError> {
        self.read(|c| {
            documents(
                c,
                "accounts",
                "SELECT id, doc FROM accounts ORDER BY id",
                [],
            )
        })
    }

    async fn access_keys(&self) -> Result<Vec<Arc<AccessKey>>, StoreError> {
        self.read(|c| {
            documents(
                c,
                "access_keys",
                "SELECT id, doc FROM access_keys ORDER BY id",
                [],
            )
        })
    }

    async fn configs(&self) -> Result<Vec<Arc<LaunchConfiguration>>, StoreError> {
        self.read(|c| documents(c, "configs", "SELECT id, doc FROM configs ORDER BY id", []))
    }

    async fn config_version(
        &self,
        id: ConfigId,
        version: u64,
    ) -> Result<Option<Arc<ConfigSpec>>, StoreError> {
        let version = i64::try_from(version).unwrap_or(i64::MAX);
        let sql = "SELECT id, doc FROM config_versions WHERE id = $1 AND version = $2";
        self.read(|c| one(c, "config_versions", sql, (id.to_string(), version)))
            .map(|spec| spec.map(Arc::new))
    }

    async fn records(&self) -> Result<Vec<Record>, StoreError> {
        self.read(|c| documents(c, "records", "SELECT id, doc FROM records ORDER BY id", []))
    }

    async fn groups(&self) -> Result<Vec<GroupRows>, StoreError> {
        self.read(all_groups)
    }

    async fn group(&self, id: GroupId) -> Result<Option<GroupRows>, StoreError> {
        self.read(|c| group_rows(c, id))
    }

    async fn activities(
        &self,
        account: AccountId,
        filters: &[ActivityFilter],
        page: Page,
    ) -> Result<Paged<Arc<Activity>>, StoreError> {
        self.read(|c| activities(c, account, filters, page))
    }

    async fn last_uncancelled(&self, group: GroupId) -> Result<Option<Arc<Activity>>, StoreError> {
        let sql = "SELECT id, doc FROM activities WHERE group_id = $1 AND status <> 'Cancelled' \
                   ORDER BY started_at DESC, seq DESC LIMIT 1";
        self.read(|c| one(c, "activities", sql, [group.to_string()]))
            .map(|activity| activity.map(Arc::new))
    }

    async fn activity(&self, id: ActivityId) -> Result<Option<Arc<Activity>>, StoreError> {
        let sql = "SELECT id, doc FROM activities WHERE id = $1";
        self.read(|c| one(c, "activities", sql, [id.to_string()]))
            .map(|activity| activity.map(Arc::new))
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<SavedEvent>, StoreError> {
        let sql = "SELECT seq, doc FROM events WHERE seq > $1 ORDER BY seq LIMIT $2";
        self.read(|c| events(c, sql, (number(after), number(limit))))
    }

    async fn group_events(
        &self,
        group: GroupId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<SavedEvent>, StoreError> {
        let sql =
            "SELECT seq, doc FROM events WHERE group_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let params = (group.to_string(), number(after), number(limit));
        self.read(|c| events(c, sql, params))
    }

    async fn newest_event(&self) -> Result<u64, StoreError> {
        let newest: i64 = self.read(|c| {
            Ok(
                c.query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| {
                    row.get(0)
                })?,
            )
        })?;
        Ok(u64::try_from(newest).unwrap_or(0))
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.read(|c| {
            Ok(
                c.prepare_cached("SELECT value FROM settings WHERE name = $1")?
                    .query_row([name], |row| row.get(0))
                    .optional()?,
            )
        })
    }
}
