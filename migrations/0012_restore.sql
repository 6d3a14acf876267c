-- A restore of the log from its archive: how far it is. While it has not finished, no projection moves.
CREATE TABLE restores (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  phase TEXT NOT NULL CHECK (phase IN ('settings', 'audit', 'manifests', 'events', 'check', 'done')),
  -- The archive's events are below it, those that come in meanwhile above.
  base INTEGER NOT NULL,
  -- The last object of the phase that is done, and how much of the next one.
  done_key TEXT NOT NULL,
  groups_done INTEGER NOT NULL,
  files_done INTEGER NOT NULL,
  rows_done INTEGER NOT NULL,
  began_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;
