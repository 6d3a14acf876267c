-- Alerts and scheduled reports: where messages go, what is watched, what was found, and what is to be sent.

-- Whom a project sends messages to.
CREATE TABLE channels (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('webhook', 'slack', 'discord', 'telegram', 'email')),
  -- JSON, by its kind. Addresses and tokens are secrets, and must be known as they are.
  settings TEXT NOT NULL,
  -- What a webhook is signed with.
  secret TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- It is told nothing more, and goes when all that is kept of it has gone.
  removed_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- The address of this instance by which it was made: messages link to it.
  origin TEXT NOT NULL,
  -- JSON: what is watched.
  condition TEXT NOT NULL,
  -- JSON: the ids of channels.
  channels TEXT NOT NULL,
  -- Minutes from the end of an incident in which no other one begins.
  cool_down INTEGER NOT NULL,
  -- When nothing is sent, as `HH:MM` of the project's clock; both or neither.
  quiet_from TEXT,
  quiet_to TEXT,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  paused_at INTEGER,
  -- When it was last judged, and why that failed.
  checked_at INTEGER NOT NULL,
  error TEXT,
  -- JSON: what it must know of earlier.
  memory TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- From when to when a condition held.
CREATE TABLE incidents (
  id TEXT PRIMARY KEY,
  alert_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  ended_at INTEGER,
  -- What was found, in a sentence, when it began.
  finding TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_of_alert ON incidents (alert_id, opened_at);

-- A message to a channel. The key makes it one, whatever runs again.
CREATE TABLE notices (
  channel_id TEXT NOT NULL,
  -- The incident, or the report of a period.
  subject TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('opened', 'ended', 'report')),
  project_id TEXT NOT NULL,
  -- JSON.
  message TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('waiting', 'sent', 'dead')),
  tries INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  -- When the next try is due, or, where there is none, when it was decided.
  due_at INTEGER NOT NULL,
  -- What came of the last try.
  answer INTEGER,
  error TEXT,
  PRIMARY KEY (channel_id, subject, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX notices_due ON notices (channel_id, status, due_at);

-- Figures of each past day, week or month, sent by themselves.
CREATE TABLE scheduled_reports (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  origin TEXT NOT NULL,
  every TEXT NOT NULL CHECK (every IN ('day', 'week', 'month')),
  -- The hour of the project's clock from which on it is sent.
  hour INTEGER NOT NULL,
  -- JSON; NULL: all tags.
  banner_tags TEXT,
  segment_id TEXT,
  -- JSON: the ids of channels.
  channels TEXT NOT NULL,
  -- JSON: the ids of channels whose reader wants it no more.
  unsubscribed TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  paused_at INTEGER,
  -- The last day of the newest period that was sent, or that was over when it was made.
  sent_to TEXT NOT NULL
) STRICT, WITHOUT ROWID;
