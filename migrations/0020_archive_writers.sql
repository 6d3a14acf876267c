-- Several writers may make archive files at once. Each plans files under keys of its own, and what can no longer become
-- part of the archive is taken away in steps that a late write cannot undo.

CREATE TABLE archive_files_new (
  key TEXT PRIMARY KEY,
  hour INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  min_received_at INTEGER NOT NULL,
  max_received_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  -- Only live files are the archive. A planned one may be in the bucket, in whole or not; a retired one is still there,
  -- and nobody writes it any more. One that was given up will never be live, though its writer may still put it; once
  -- it is fenced, an empty file holds its key, so that the writer cannot.
  state TEXT NOT NULL CHECK (state IN ('planned', 'live', 'retired', 'given_up', 'fenced')),
  -- JSON: the keys of the files that it was made from; NULL where it was made from the log.
  sources TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO archive_files_new
  (key, hour, first_seq, last_seq, rows, bytes, sha256, min_received_at, max_received_at, created_at, state)
SELECT key, hour, first_seq, last_seq, rows, bytes, sha256, min_received_at, max_received_at, created_at,
  CASE state WHEN 'planned' THEN 'given_up' ELSE state END FROM archive_files;
DROP TABLE archive_files;
ALTER TABLE archive_files_new RENAME TO archive_files;
CREATE INDEX archive_files_passing ON archive_files (state) WHERE state <> 'live';

-- Where retention goes on, by class of its work (JSON). What was noted by project stays.
CREATE TABLE retention_places (
  class TEXT PRIMARY KEY,
  place TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
DELETE FROM sweeps WHERE project_id = '';
ALTER TABLE sweeps DROP COLUMN position;

-- Counts the changes that erasures have made: of two that rewrite the same texts at once, the slower one reads them again.
ALTER TABLE renaming ADD COLUMN pieces INTEGER NOT NULL DEFAULT 0;
