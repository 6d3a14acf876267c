-- Which project is on another shard than `main`; a project without a row is on `main`. Only the rows of `main` count.
CREATE TABLE placements (
  project_id TEXT PRIMARY KEY,
  shard TEXT NOT NULL
) STRICT, WITHOUT ROWID;
