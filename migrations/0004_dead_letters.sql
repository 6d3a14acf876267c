-- What the consumer could not store: the event as it was queued, why, and what became of it.
CREATE TABLE dead_letters (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT,
  event_id TEXT,
  event_type TEXT,
  -- JSON: the stored event, or the whole message where it holds no events.
  event TEXT NOT NULL,
  error TEXT NOT NULL,
  consumer TEXT NOT NULL,
  failed_at INTEGER NOT NULL,
  status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'replayed', 'discarded')),
  resolved_at INTEGER
) STRICT;
-- An event that dies again is the same letter.
CREATE UNIQUE INDEX dead_letters_by_event ON dead_letters (project_id, event_id) WHERE event_id IS NOT NULL;
