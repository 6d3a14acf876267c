-- What keeps projects apart: a changed attribution window that only its own project pays for, projects that are removed
-- whole, sessions that end, and live counters that are rebuilt without losing events.

-- A change of a project's attribution window. The project's people are attributed again in the order of their names, some at
-- a time: up to `place` they have the window of `days`, behind it that of `former_days`. NULL: all of them have it.
CREATE TABLE reattributions (
  project_id TEXT PRIMARY KEY,
  former_days INTEGER NOT NULL,
  days INTEGER NOT NULL,
  place TEXT,
  -- How often it has moved: whoever moves it second fails, and kept answers from before are no longer given.
  moves INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Projects that were removed. Until it has finished, rows of theirs may be left; the row stays, because an event that was
-- on its way belongs to no project that is made under the same id later.
CREATE TABLE removals (
  project_id TEXT PRIMARY KEY,
  removed_at INTEGER NOT NULL,
  -- It does not go on before.
  due_at INTEGER NOT NULL,
  pass INTEGER NOT NULL,
  finished_at INTEGER
) STRICT, WITHOUT ROWID;

-- Sessions that were ended before their time: one by its id, all of a credential that began before `ended_at` by the
-- credential's. Rows go when no cookie can be left that they are about.
CREATE TABLE ended_sessions (
  id TEXT PRIMARY KEY,
  ended_at INTEGER NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A projection that is begun again has a later epoch, by which a receiver of its deliveries tells them from earlier ones.
ALTER TABLE projections ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;

-- An event that was on its way when its project was removed is not stored, also where a project has been made under the same
-- id since: isolates take events of a removed project for up to a minute. It becomes a dead letter.
CREATE TRIGGER events_of_removed_projects BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM removals r WHERE r.project_id = NEW.project_id
  AND (NEW.received_at <= r.removed_at + 60000
    OR NOT EXISTS (SELECT 1 FROM projects p WHERE p.project_id = NEW.project_id)))
BEGIN SELECT RAISE(ABORT, 'the project of the event was removed'); END;
