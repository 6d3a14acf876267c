-- Inbound postbacks: which networks may send them and by which names, and those that are not done with yet.

CREATE TABLE postback_sources (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  -- A slug: with the project's it is a part of the address.
  name TEXT NOT NULL,
  secured_by TEXT NOT NULL CHECK (secured_by IN ('token', 'signature', 'both')),
  -- Hex SHA-256 of the token, which itself is nowhere; NULL where signatures alone are asked for.
  token_hash TEXT,
  -- What signatures are checked with; it must be known as it is. NULL where the token alone is asked for.
  signing_secret TEXT,
  -- JSON object, see worker/inbound/template.ts.
  template TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- NULL: it is taken from.
  paused_at INTEGER,
  UNIQUE (project_id, name)
) STRICT, WITHOUT ROWID;

-- Each postback from its answer until the log has its event and its decision is noted, in the order in which they came. Two
-- rows written to keep one, two to note that its event was sent, one to remove it.
CREATE TABLE received_postbacks (
  n INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL,
  source TEXT NOT NULL,
  event_type TEXT NOT NULL,
  event_id TEXT NOT NULL,
  transaction_id TEXT,
  -- What it is about, as the log knows it: a transaction, else an event.
  subject TEXT NOT NULL AS (CASE WHEN transaction_id IS NULL THEN 'event ' || event_id ELSE 'transaction ' || transaction_id END) VIRTUAL,
  click_id TEXT,
  player_id TEXT,
  visitor_id TEXT,
  test INTEGER NOT NULL,
  -- JSON object: the event as it is sent to the queue, without what the click says of it.
  event TEXT NOT NULL,
  -- NULL where the network says none.
  status TEXT CHECK (status IN ('pending', 'approved', 'rejected', 'refunded', 'charged_back')),
  -- How the network calls the status.
  said TEXT,
  received_at INTEGER NOT NULL,
  -- When its event was sent to the queue; NULL where that has not been done.
  sent_at INTEGER
) STRICT;
CREATE INDEX received_postbacks_by_subject ON received_postbacks (project_id, event_type, subject);
CREATE INDEX received_postbacks_sent ON received_postbacks (sent_at) WHERE sent_at IS NOT NULL;

-- The events of a click. One row written more for each event with a click id.
CREATE INDEX events_by_click ON events (project_id, click_id) WHERE click_id IS NOT NULL;
