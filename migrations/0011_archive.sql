-- The archive: which part of the log is in the bucket, and in which files. Two rows a run and one a file.

-- The range that a run takes, noted before its first file is written: whoever goes on after a crash writes the same
-- keys. Those that the manifest has passed are gone, the last one stays.
CREATE TABLE archive_runs (
  first_seq INTEGER PRIMARY KEY,
  last_seq INTEGER NOT NULL,
  -- How long the range could have been: a run that was begun twice in vain goes on in halves, and grows again later.
  size INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  -- JSON: the hours of its files, counted from 1970.
  hours TEXT NOT NULL,
  began_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;

-- Keys sort as the hours do, and within an hour as the log does.
CREATE TABLE archive_files (
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
  -- Only live files are the archive. A planned one may be in the bucket, in whole or not; a retired one is still there.
  state TEXT NOT NULL CHECK (state IN ('planned', 'live', 'retired'))
) STRICT, WITHOUT ROWID;
CREATE INDEX archive_files_passing ON archive_files (state) WHERE state <> 'live';

-- One a day, until no hour is left that has files to merge.
CREATE TABLE archive_compactions (
  day TEXT PRIMARY KEY,
  -- Nobody else begins before.
  busy_until INTEGER NOT NULL,
  merged_files INTEGER NOT NULL DEFAULT 0,
  made_files INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT, WITHOUT ROWID;
