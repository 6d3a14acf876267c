-- How reading the feed of exchange rates went: one row. The rates themselves are in `exchange_rates`.
CREATE TABLE exchange_rate_feed (
  feed TEXT PRIMARY KEY,
  tried_at INTEGER NOT NULL,
  -- The newest date that the feed ever had rates of.
  last_rate_date TEXT,
  -- Why the last attempt failed; NULL where it did not.
  error TEXT
) STRICT, WITHOUT ROWID;
