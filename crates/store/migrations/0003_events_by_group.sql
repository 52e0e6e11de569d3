-- Messages are delivered in order within their group.
CREATE INDEX events_by_group ON events (group_id, seq);
