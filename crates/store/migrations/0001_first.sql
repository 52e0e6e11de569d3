-- Rows are documents (JSON) with the few columns that are looked up. TEXT and BIGINT only, so that PostgreSQL can follow.

-- Every resource's key, unique over all kinds. `owner` is the group or account it belongs to.
CREATE TABLE keys (key TEXT PRIMARY KEY, kind TEXT NOT NULL, owner TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE accounts (id TEXT PRIMARY KEY, version BIGINT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE access_keys (id TEXT PRIMARY KEY, account TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE configs (id TEXT PRIMARY KEY, account TEXT NOT NULL, version BIGINT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE config_versions (id TEXT NOT NULL, version BIGINT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (id, version)) WITHOUT ROWID;

CREATE TABLE groups (id TEXT PRIMARY KEY, account TEXT NOT NULL, version BIGINT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE instances (id TEXT PRIMARY KEY, group_id TEXT NOT NULL, config TEXT NOT NULL, config_version BIGINT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX instances_by_group ON instances (group_id);
CREATE INDEX instances_by_config ON instances (config, config_version);

-- `seq` is the order of writing: it tells which of two activities of the same millisecond is the newer one.
CREATE TABLE activities (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, group_id TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL,
  open BIGINT NOT NULL, started_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, doc TEXT NOT NULL
);
CREATE INDEX activities_by_account ON activities (account, started_at, seq);
CREATE INDEX activities_by_group ON activities (group_id, started_at, seq);
CREATE INDEX activities_open ON activities (group_id) WHERE open = 1;

CREATE TABLE hooks (id TEXT PRIMARY KEY, group_id TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX hooks_by_group ON hooks (group_id);
CREATE TABLE policies (id TEXT PRIMARY KEY, group_id TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX policies_by_group ON policies (group_id);

CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, group_id TEXT NOT NULL, doc TEXT NOT NULL);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
