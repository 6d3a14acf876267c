-- Outbound postbacks: whom to tell of which events, what is to be told and was, and each try.

CREATE TABLE postback_targets (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON arrays. No tags: those of the whole project.
  event_types TEXT NOT NULL,
  banner_tags TEXT,
  first_deposit INTEGER NOT NULL,
  -- In 1/10,000 units; both or neither.
  min_amount INTEGER,
  currency TEXT,
  -- Whether it is told of test events, and of nothing else.
  test INTEGER NOT NULL,
  method TEXT NOT NULL CHECK (method IN ('GET', 'POST')),
  url TEXT NOT NULL,
  body_type TEXT CHECK (body_type IN ('form', 'json')),
  body TEXT,
  -- What requests are signed with. It must be known as it is, so it is kept as it is.
  secret TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- Tries that failed, one after the other, up to now; why it is paused.
  failures INTEGER NOT NULL DEFAULT 0,
  paused_at INTEGER,
  paused_by TEXT CHECK (paused_by IN ('failures', 'admin')),
  -- It is told nothing more, and goes when all that is kept of it has gone.
  removed_at INTEGER
) STRICT, WITHOUT ROWID;

-- One row a target and event: whatever runs again, an event is told once. Two b-trees, so two rows written each time.
CREATE TABLE postbacks (
  target_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  -- Whose event it is, as `events.actor`: an erasure finds it by this.
  person TEXT NOT NULL,
  -- The tag that the event counts for.
  banner_tag TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('waiting', 'sent', 'dead')),
  tries INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  -- When the next try is due, or, where there is none, when it was decided.
  due_at INTEGER NOT NULL,
  PRIMARY KEY (target_id, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX postbacks_due ON postbacks (target_id, status, due_at);

-- What was sent and what came back, a row a try, for 30 days.
CREATE TABLE postback_tries (
  target_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  project_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  person TEXT NOT NULL,
  -- 0 is a try of the target itself, with an example.
  try INTEGER NOT NULL,
  at INTEGER NOT NULL,
  method TEXT NOT NULL,
  url TEXT NOT NULL,
  body TEXT,
  -- NULL where no answer came.
  status INTEGER,
  took_ms INTEGER NOT NULL,
  response TEXT NOT NULL,
  error TEXT,
  -- NULL where none follows.
  next_try_at INTEGER,
  PRIMARY KEY (target_id, n)
) STRICT, WITHOUT ROWID;

-- The reader begins at the end of a log that is there already.
INSERT INTO projections (name, cursor) SELECT 'postbacks', max(seq) FROM events HAVING max(seq) IS NOT NULL;
