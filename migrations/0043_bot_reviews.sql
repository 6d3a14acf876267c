-- A project's bot rules that are applied to its past: which of its events are bots' is judged again by them. A row stays when
-- it has finished, as a restored log has the flags of the archive, and is judged by it once more.
CREATE TABLE bot_reviews (
  project_id TEXT NOT NULL PRIMARY KEY,
  -- JSON: the project's bot rules when it was asked for.
  rules TEXT NOT NULL,
  -- Events that came later were judged by the rules of their own time.
  requested_at INTEGER NOT NULL,
  -- Up to which event of the log it has come, and how many it has changed.
  place INTEGER NOT NULL DEFAULT 0,
  changed INTEGER NOT NULL DEFAULT 0,
  -- How often it has moved: by it one step knows that another one was quicker.
  moves INTEGER NOT NULL DEFAULT 0,
  -- Null while it goes on.
  finished_at INTEGER
) STRICT, WITHOUT ROWID;
