-- Suppressions in the order in which they were made: the doors read a project's newest ones alone.
CREATE TABLE suppressions_in_order (
  n INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  UNIQUE (project_id, digest)
) STRICT;
INSERT INTO suppressions_in_order (project_id, digest) SELECT project_id, digest FROM suppressions;
DROP TABLE suppressions;
ALTER TABLE suppressions_in_order RENAME TO suppressions;
CREATE INDEX suppressions_newest ON suppressions (project_id, n);
