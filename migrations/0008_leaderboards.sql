-- What players have scored, in each app: by day, by week and in all. A row a board and player, so that an event writes
-- three rows, and a run of the projection three for each player, however many events it takes.

CREATE TABLE leaderboards (
  project_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  period TEXT NOT NULL CHECK (period IN ('daily', 'weekly', 'alltime')),
  -- The day, or the week's Monday; '' where it is all time.
  starts_on TEXT NOT NULL,
  player_id TEXT NOT NULL,
  -- The score is millions * 1,000,000 + rest, with 0 <= rest < 1,000,000: one number would overflow 63 bits after a
  -- thousand of the largest scores. Board order is (millions DESC, rest DESC, reached, player_id).
  millions INTEGER NOT NULL,
  rest INTEGER NOT NULL,
  -- `<epoch ms, 15 digits> <event_id>` of the last event that changed the score; '' where none did.
  reached TEXT NOT NULL,
  PRIMARY KEY (project_id, app_id, period, starts_on, player_id)
) STRICT, WITHOUT ROWID;
