-- The duties whose last run failed, since when, in epoch milliseconds. Nothing of the error: it may name people.
CREATE TABLE failing_duties (
  name TEXT PRIMARY KEY,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
