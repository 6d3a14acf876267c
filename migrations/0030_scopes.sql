-- Filters that figures are counted under, beside those of everybody and of each tag: docs/adr/0012-figures.md. A row of `days` is of
-- a filter by its number, which never becomes another filter's.
CREATE TABLE scopes (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT NOT NULL,
  -- JSON, in the one spelling that a filter has; NULL where nobody asks for it any more, and its rows of days go.
  filter TEXT,
  -- When it was last asked for, to a day; epoch milliseconds.
  asked_at INTEGER NOT NULL,
  -- People whose names come before this are counted with their past, and by each run; NULL is all of them.
  place TEXT,
  -- Rows of people and pages of visitors that were counted with their past, and about how many there are.
  counted INTEGER NOT NULL,
  people INTEGER NOT NULL
) STRICT;
CREATE INDEX scopes_by_project ON scopes (project_id, filter);
-- What is to be done: each run of the figures looks.
CREATE INDEX scopes_unfilled ON scopes (project_id, place) WHERE place IS NOT NULL AND filter IS NOT NULL;
CREATE INDEX scopes_dropped ON scopes (number) WHERE filter IS NULL;
CREATE INDEX scopes_by_use ON scopes (asked_at) WHERE filter IS NOT NULL;
