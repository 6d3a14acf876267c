-- How long what is kept, in days, by class; and what must outlive the events that go.

ALTER TABLE projects ADD COLUMN retention TEXT NOT NULL DEFAULT '{}';
-- Days before this date are settled: their events may have gone, and what they added stays as it is. '' is none.
ALTER TABLE projects ADD COLUMN settled_before TEXT NOT NULL DEFAULT '';

-- An event counts once for ever, also when it has gone from the log.
CREATE TABLE retired_events (
  project_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  PRIMARY KEY (project_id, event_id)
) STRICT, WITHOUT ROWID;

-- What settled days add to people's rows in `players`.
CREATE TABLE settled_players (
  project_id TEXT NOT NULL,
  person TEXT NOT NULL,
  player_id TEXT,
  first_seen INTEGER NOT NULL,
  last_event_at INTEGER NOT NULL,
  total_events INTEGER NOT NULL,
  total_deposits INTEGER NOT NULL,
  first_touch TEXT,
  last_touch TEXT,
  visit TEXT,
  registration TEXT,
  deposit TEXT,
  second_deposit TEXT,
  third_deposit TEXT,
  PRIMARY KEY (project_id, person)
) STRICT, WITHOUT ROWID;

-- How far each class has been swept, what it took, and where in the log a pass over it stands ('' is no project).
CREATE TABLE sweeps (
  project_id TEXT NOT NULL,
  class TEXT NOT NULL,
  -- What is before this date has gone.
  swept_before TEXT NOT NULL DEFAULT '',
  position INTEGER NOT NULL DEFAULT 0,
  removed INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (project_id, class)
) STRICT, WITHOUT ROWID;
