-- Tables of the event log and its first projections. Written by hand: drizzle-kit knows neither
-- WITHOUT ROWID nor STRICT, and each b-tree costs one billed row per write, so each is counted here.

CREATE TABLE projects (
  project_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  timezone TEXT NOT NULL DEFAULT 'UTC',
  currency TEXT NOT NULL DEFAULT 'USD',
  -- An event without a tag takes its player's last tag within this window.
  attribution_days INTEGER NOT NULL DEFAULT 30 CHECK (attribution_days BETWEEN 1 AND 365),
  -- Whether Do Not Track and Global Privacy Control keep a browser's events out.
  respect_privacy_signals INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO projects (project_id, name, created_at) VALUES ('default', 'Default', 0);

-- The log. Three rows a new event: the table in the order of `seq`, the one identity of an event,
-- and the way to a player's events. AUTOINCREMENT, because a cursor must never see a seq again.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  player_id TEXT,
  visitor_id TEXT,
  banner_tag TEXT,
  app_id TEXT,
  session_id TEXT,
  click_id TEXT,
  platform TEXT,
  app_version TEXT,
  timestamp INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  event_date TEXT NOT NULL,
  event_hour INTEGER NOT NULL,
  amount INTEGER,
  currency TEXT,
  transaction_id TEXT,
  score INTEGER,
  data TEXT,
  country TEXT,
  device TEXT,
  browser TEXT,
  os TEXT,
  referrer TEXT,
  source_ip TEXT,
  user_agent TEXT,
  bot TEXT,
  test INTEGER NOT NULL DEFAULT 0,
  -- The event that had this transaction first; this one is kept, and counted nowhere.
  duplicate_of TEXT,
  -- Who did it: a player, or a visitor behind a control character, which no id can hold.
  actor TEXT NOT NULL AS (coalesce(player_id, char(31) || visitor_id)) VIRTUAL,
  tagged INTEGER NOT NULL AS (banner_tag IS NOT NULL) VIRTUAL,
  counted INTEGER NOT NULL AS (bot IS NULL AND test = 0 AND duplicate_of IS NULL) VIRTUAL
) STRICT;

CREATE UNIQUE INDEX events_by_id ON events (project_id, event_id);
-- `tagged` before `timestamp`: a player's last tag before a moment is then one step of the index.
CREATE INDEX events_by_actor ON events (project_id, actor, tagged, timestamp);

-- Transactions are unique for ever, also when the event itself has been retired.
CREATE TABLE transactions (
  project_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  PRIMARY KEY (project_id, event_type, transaction_id)
) STRICT, WITHOUT ROWID;

-- Where each projection stands in the log.
CREATE TABLE projections (
  name TEXT PRIMARY KEY,
  cursor INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER,
  error TEXT,
  failed_at INTEGER
) STRICT, WITHOUT ROWID;

-- Which player a visitor is: the one of the earliest event that named both, as the log stood at `seq`.
CREATE TABLE identities (
  project_id TEXT NOT NULL,
  visitor_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  player_id TEXT NOT NULL,
  rank TEXT NOT NULL,
  PRIMARY KEY (project_id, visitor_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_by_player ON identities (project_id, player_id);

-- Who did what, when, under which tag: what distinct people are counted from, over any range.
CREATE TABLE activity (
  project_id TEXT NOT NULL,
  event_date TEXT NOT NULL,
  event_type TEXT NOT NULL,
  person TEXT NOT NULL,
  event_hour INTEGER NOT NULL,
  banner_tag TEXT NOT NULL,
  country TEXT NOT NULL,
  device TEXT NOT NULL,
  app_id TEXT NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_date, event_type, person, event_hour, banner_tag, country, device, app_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_metrics (
  project_id TEXT NOT NULL,
  event_date TEXT NOT NULL,
  event_type TEXT NOT NULL,
  count INTEGER NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_date, event_type)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_summary (
  project_id TEXT NOT NULL,
  event_date TEXT NOT NULL,
  event_type TEXT NOT NULL,
  banner_tag TEXT NOT NULL,
  count INTEGER NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_date, event_type, banner_tag)
) STRICT, WITHOUT ROWID;

-- Sums stay in the currency they came in: a rate is applied when they are read. Whole units and ten-thousandths are
-- summed apart: one sum of both would overflow 63 bits after a thousand of the largest amounts.
CREATE TABLE money_summary (
  project_id TEXT NOT NULL,
  event_date TEXT NOT NULL,
  event_type TEXT NOT NULL,
  banner_tag TEXT NOT NULL,
  currency TEXT NOT NULL,
  total INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  fraction INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_date, event_type, banner_tag, currency)
) STRICT, WITHOUT ROWID;

-- One row a person. The milestones are sortable text, `<epoch ms, 15 digits> <date> <tag>`: the earlier of
-- two is their minimum, whatever order they arrive in. The columns beside them take them apart.
CREATE TABLE players (
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
  first_tag TEXT AS (substr(first_touch, 28)) VIRTUAL,
  last_tag TEXT AS (substr(last_touch, 28)) VIRTUAL,
  visit_at INTEGER AS (CAST(substr(visit, 1, 15) AS INTEGER)) VIRTUAL,
  visit_date TEXT AS (substr(visit, 17, 10)) VIRTUAL,
  visit_tag TEXT AS (substr(visit, 28)) VIRTUAL,
  registration_at INTEGER AS (CAST(substr(registration, 1, 15) AS INTEGER)) VIRTUAL,
  registration_date TEXT AS (substr(registration, 17, 10)) VIRTUAL,
  registration_tag TEXT AS (substr(registration, 28)) VIRTUAL,
  deposit_at INTEGER AS (CAST(substr(deposit, 1, 15) AS INTEGER)) VIRTUAL,
  deposit_date TEXT AS (substr(deposit, 17, 10)) VIRTUAL,
  deposit_tag TEXT AS (substr(deposit, 28)) VIRTUAL,
  second_deposit_at INTEGER AS (CAST(substr(second_deposit, 1, 15) AS INTEGER)) VIRTUAL,
  second_deposit_date TEXT AS (substr(second_deposit, 17, 10)) VIRTUAL,
  second_deposit_tag TEXT AS (substr(second_deposit, 28)) VIRTUAL,
  PRIMARY KEY (project_id, person)
) STRICT, WITHOUT ROWID;
