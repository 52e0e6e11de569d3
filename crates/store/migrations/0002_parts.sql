-- Hooks, policies, schedules and the like: one table, because nothing but the group is ever looked up of them.
CREATE TABLE parts (id TEXT PRIMARY KEY, group_id TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX parts_by_group ON parts (group_id);
DROP TABLE hooks;
DROP TABLE policies;
