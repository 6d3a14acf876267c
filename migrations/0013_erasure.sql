-- Erasure of a player: the jobs and their receipts, who is not to be recorded again, and the instance's own keys.

CREATE TABLE erasures (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  project_id TEXT NOT NULL,
  -- Keyed digest of the player: asking again finds it, and nothing tells who it was.
  subject TEXT NOT NULL,
  suppress INTEGER NOT NULL,
  -- Where it stands: the step, the place within it (JSON), and how often it has moved: whoever moves it second fails.
  pass INTEGER NOT NULL DEFAULT 1,
  step TEXT NOT NULL,
  place TEXT,
  moves INTEGER NOT NULL DEFAULT 0,
  -- It does not go on before.
  due_at INTEGER NOT NULL,
  -- JSON: the names and what stands for them. NULL once it has finished: nobody can tell then.
  names TEXT,
  -- JSON: how much was found in each store.
  found TEXT NOT NULL,
  error TEXT,
  requested_at INTEGER NOT NULL,
  finished_at INTEGER,
  signature TEXT,
  CHECK ((finished_at IS NULL) = (names IS NOT NULL))
) STRICT;
CREATE INDEX erasures_by_subject ON erasures (project_id, subject, n);
-- One at a time for a player.
CREATE UNIQUE INDEX erasures_running ON erasures (project_id, subject) WHERE finished_at IS NULL;

-- The log and the tables of people change their names together: while one erasure holds this, no projection moves, and a
-- step that had looked people up before fails and looks again.
CREATE TABLE renaming (
  id INTEGER PRIMARY KEY CHECK (id = 0),
  generation INTEGER NOT NULL,
  erasure_id TEXT
) STRICT;
INSERT INTO renaming (id, generation) VALUES (0, 0);

-- Keyed digests of the names under which nothing is to be recorded.
CREATE TABLE suppressions (
  project_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (project_id, digest)
) STRICT, WITHOUT ROWID;

-- Made on first use; they never leave the database.
CREATE TABLE instance_keys (
  name TEXT PRIMARY KEY,
  secret TEXT NOT NULL
) STRICT, WITHOUT ROWID;
