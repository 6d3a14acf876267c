-- The last tagged event of each actor that has gone from the log: an event without a tag on one of the first days that are kept
-- counts for its tag, also when its person's past is derived again.
CREATE TABLE settled_touches (
  project_id TEXT NOT NULL,
  -- As `events.actor`: the player, or a visitor behind char(31).
  person TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  banner_tag TEXT NOT NULL,
  PRIMARY KEY (project_id, person)
) STRICT, WITHOUT ROWID;

-- Of events that went before this table was there, by what is known of their people.
INSERT INTO settled_touches (project_id, person, timestamp, banner_tag)
SELECT project_id, person, CAST(substr(last_touch, 1, 15) AS INTEGER), substr(last_touch, 28)
FROM settled_players WHERE last_touch IS NOT NULL;
