-- What became of the events in the log: how many are in the figures, and why the others are not. A row per project,
-- day, outcome, reason and hour of arrival, so a run of the projection writes few, however many events it takes.

CREATE TABLE event_outcomes (
  project_id TEXT NOT NULL,
  event_date TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('counted', 'test', 'duplicate', 'bot')),
  -- Why it is taken for a bot's; '' for the other outcomes.
  reason TEXT NOT NULL,
  -- When it arrived, in whole hours since 1970: an event can be a month older than its arrival.
  received_hour INTEGER NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_date, outcome, reason, received_hour)
) STRICT, WITHOUT ROWID;
