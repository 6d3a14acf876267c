-- The schema registry. A version is never changed once it is there; the numbers of an event type only go up.
-- Three rows a registration: the version, its index, and the type's one row.

CREATE TABLE schema_versions (
  -- AUTOINCREMENT: isolates remember a version by its id, also when a project is made again under its old name.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  -- The JSON Schema, as it was registered.
  schema TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- Whoever comes second with a number fails here, and looks again.
  UNIQUE (project_id, event_type, version)
) STRICT;

CREATE TABLE schemas (
  project_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  -- The last version; it is the one in force.
  version INTEGER NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('off', 'warn', 'enforce')),
  -- A retired type checks nothing, and its next version need not be compatible.
  retired_at INTEGER,
  PRIMARY KEY (project_id, event_type),
  CHECK (retired_at IS NULL OR mode = 'off')
) STRICT, WITHOUT ROWID;
