-- Work goes in steps that any invocation has room for, and notes where it stopped.

-- Pieces of what a step of a restore reads that are written already.
ALTER TABLE restores ADD COLUMN pieces_done INTEGER NOT NULL DEFAULT 0;

-- The hour behind which the day's merging of archive files goes on, counted from 1970.
ALTER TABLE archive_compactions ADD COLUMN place INTEGER NOT NULL DEFAULT -1;

-- UTC days whose manifest has to be written again; `mark` changes with each time that this is noted.
CREATE TABLE manifests_due (
  day TEXT NOT NULL PRIMARY KEY,
  mark INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO manifests_due (day, mark)
SELECT DISTINCT date(h.value * 3600, 'unixepoch'), 0 FROM archive_runs r, json_each(r.hours) h
WHERE r.finished_at IS NOT NULL;
