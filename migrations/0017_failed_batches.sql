-- A batch that failed after a part of it was sent leaves a note, which its next attempt takes away. Equal batches that
-- failed at the same time leave one each. The notes that are there say of no attempt whether it failed: they go.
DROP TABLE unfinished_batches;
CREATE TABLE failed_batches (
  -- Of the sender and the content.
  hash TEXT NOT NULL,
  -- What the ids of its events began with.
  seed TEXT NOT NULL,
  failed_at INTEGER NOT NULL,
  PRIMARY KEY (hash, seed)
) STRICT, WITHOUT ROWID;
