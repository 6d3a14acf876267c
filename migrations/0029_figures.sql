-- The figures of the new core: docs/adr/0012-figures.md. They begin with what the log has, and are counted beside the tables
-- of before.

-- The dictionary of each project, some hundred words a row.
CREATE TABLE words (
  project_id TEXT NOT NULL,
  first INTEGER NOT NULL,
  names TEXT NOT NULL,
  PRIMARY KEY (project_id, first)
) STRICT, WITHOUT ROWID;

-- Players, and visitors that came alone into their page: the state, the last events, and the state before those.
-- With a rowid: a tree of rows this long by name would have four rows a page, and be as many pages deep.
CREATE TABLE people (
  id INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL,
  person TEXT NOT NULL,
  now TEXT NOT NULL,
  head TEXT NOT NULL,
  recent TEXT NOT NULL,
  UNIQUE (project_id, person)
) STRICT;

-- Earlier events, a chunk a row, each with the state before it; `until` is the time of its last event.
CREATE TABLE people_past (
  project_id TEXT NOT NULL,
  person TEXT NOT NULL,
  until INTEGER NOT NULL,
  head TEXT NOT NULL,
  recent TEXT NOT NULL,
  PRIMARY KEY (project_id, person, until)
) STRICT, WITHOUT ROWID;

-- Visitors whose names are near each other, as those of the snippet are, which have a time in them.
CREATE TABLE visitor_pages (
  page INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL,
  first TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (project_id, first)
) STRICT;

-- The figures of a day, of everybody or of one tag; `date` is in days since 1970, `seq` the last event that changed them.
-- What a run adds is written behind the texts, as `added` characters in all, until they are packed again.
CREATE TABLE days (
  day INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  date INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  packed INTEGER,
  added INTEGER NOT NULL,
  counts TEXT NOT NULL,
  life TEXT NOT NULL,
  cells TEXT NOT NULL,
  hours TEXT NOT NULL,
  UNIQUE (project_id, scope, date)
) STRICT;

-- How far an old log is counted. No row: nothing is yet. `whole_at` is when the figures first had all of it, in epoch
-- milliseconds; until then no more than so many events are taken in an hour, and `hour`, since 1970, has `taken` of them.
CREATE TABLE figures_stand (
  id INTEGER PRIMARY KEY CHECK (id = 0),
  whole_at INTEGER,
  hour INTEGER NOT NULL,
  taken INTEGER NOT NULL
) STRICT;

-- Projects whose log had let go of events when the figures began: what they have is of `date` and later.
CREATE TABLE figures_from (
  project_id TEXT PRIMARY KEY,
  date TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Projects whose window of attribution has changed. Of their people those up to `place` are counted by the new one; NULL is all
-- of them. `moves` grows with each piece; `failing_since` is as in `reattributions`.
CREATE TABLE recounts (
  project_id TEXT PRIMARY KEY,
  -- JSON
  place TEXT,
  moves INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  failing_since INTEGER
) STRICT, WITHOUT ROWID;
