-- When cron last ran, noted every few minutes: whether it runs at all is to be seen from outside.
CREATE TABLE cron_runs (
  id INTEGER PRIMARY KEY CHECK (id = 0),
  ran_at INTEGER NOT NULL
) STRICT;
