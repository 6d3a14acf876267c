-- Whether a key or a good signature vouches for an event. One that has neither never stands in the way of one that has:
-- both are stored, also with the same id, and where both claim an id or a transaction the trusted one counts.
--
-- The log does not say by which door its events came. They count as open: a trusted event that comes later counts in their
-- place, and nothing that was hidden by a stranger stays hidden. Events of settled days count as trusted, since what they
-- added to the figures cannot be taken out again; so do ids and transactions whose events have gone from the log.

ALTER TABLE events ADD COLUMN trusted INTEGER NOT NULL DEFAULT 0;
-- Where in the log the trusted event came that counts in the place of this one, if this one was in the log before it.
ALTER TABLE events ADD COLUMN superseded_at INTEGER;
UPDATE events SET trusted = 1 WHERE event_date < (
  SELECT p.settled_before FROM projects p WHERE p.project_id = events.project_id);

-- 3 is trusted, 1 is open; 2 and 0 are likewise, tests and bots, which count nowhere. An id is unique in each of them.
ALTER TABLE events ADD COLUMN standing INTEGER NOT NULL AS (trusted * 2 + (bot IS NULL AND test = 0)) VIRTUAL;
DROP INDEX events_by_id;
CREATE UNIQUE INDEX events_by_id ON events (project_id, event_id, standing);
-- Few events have it; every step of a projection asks for them.
CREATE INDEX events_superseded ON events (superseded_at) WHERE superseded_at IS NOT NULL;

-- The first trusted event of a transaction has it, and the first open one until then. Only what can count has one.
CREATE TABLE transactions_by_trust (
  project_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  trusted INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  PRIMARY KEY (project_id, event_type, transaction_id, trusted)
) STRICT, WITHOUT ROWID;
INSERT INTO transactions_by_trust (project_id, event_type, transaction_id, trusted, event_id)
  SELECT t.project_id, t.event_type, t.transaction_id, ifnull(e.trusted, 1), t.event_id
  FROM transactions t LEFT JOIN events e ON e.project_id = t.project_id AND e.event_id = t.event_id
  WHERE e.bot IS NULL;
DROP TABLE transactions;
ALTER TABLE transactions_by_trust RENAME TO transactions;

CREATE TABLE retired_by_standing (
  project_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  standing INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_id, standing)
) STRICT, WITHOUT ROWID;
INSERT INTO retired_by_standing (project_id, event_id, standing) SELECT project_id, event_id, 3 FROM retired_events;
DROP TABLE retired_events;
ALTER TABLE retired_by_standing RENAME TO retired_events;

-- A trusted event and an open one with the same id are two letters.
ALTER TABLE dead_letters ADD COLUMN standing INTEGER NOT NULL DEFAULT 1;
DROP INDEX dead_letters_by_event;
CREATE UNIQUE INDEX dead_letters_by_event ON dead_letters (project_id, event_id, standing) WHERE event_id IS NOT NULL;

-- An event's outcome is counted when the log takes it. `superseded` counts those that were counted first, and then
-- turned out to repeat a trusted event: so many fewer are counted, and so many more are duplicates.
CREATE TABLE event_outcomes_since (
  project_id TEXT NOT NULL,
  event_date TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('counted', 'test', 'duplicate', 'bot', 'superseded')),
  -- Why it is taken for a bot's; '' for the other outcomes.
  reason TEXT NOT NULL,
  -- When it arrived, in whole hours since 1970: an event can be a month older than its arrival.
  received_hour INTEGER NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_date, outcome, reason, received_hour)
) STRICT, WITHOUT ROWID;
INSERT INTO event_outcomes_since SELECT project_id, event_date, outcome, reason, received_hour, total FROM event_outcomes;
DROP TABLE event_outcomes;
ALTER TABLE event_outcomes_since RENAME TO event_outcomes;
