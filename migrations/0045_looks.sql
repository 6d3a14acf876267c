-- Keys and share links that see no amounts of money. What administers sees everything, and what only sends sees nothing.
ALTER TABLE keys ADD COLUMN hide_amounts INTEGER NOT NULL DEFAULT 0
  CHECK (hide_amounts IN (0, 1) AND (hide_amounts = 0 OR role IN ('viewer', 'analyst')));
ALTER TABLE shares ADD COLUMN hide_amounts INTEGER NOT NULL DEFAULT 0 CHECK (hide_amounts IN (0, 1));

-- What a team notes on a day, or on several, of a project.
CREATE TABLE annotations (
  annotation_id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  -- Days of the project's calendar, both included.
  from_date TEXT NOT NULL,
  to_date TEXT NOT NULL CHECK (from_date <= to_date),
  text TEXT NOT NULL,
  -- The key that wrote it, NULL is the ADMIN_TOKEN, and what it was called.
  owner TEXT,
  author TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX annotations_of_days ON annotations (project_id, from_date);

-- The share of net amounts, in per cent, that NGR leaves out: for fees, taxes and bonuses. NULL: the project has no NGR.
ALTER TABLE projects ADD COLUMN ngr_deduction_percent REAL CHECK (ngr_deduction_percent BETWEEN 0 AND 100);
