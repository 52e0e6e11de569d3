-- What an account has besides groups and configurations: one table, because only the account is ever looked up of them.
CREATE TABLE records (id TEXT PRIMARY KEY, account TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
