-- What networks have said of each conversion: an address that is called again says nothing new, and what is older by the network's
-- own clock takes nothing back. Nothing in it names a person.
CREATE TABLE settled_postbacks (
  -- That of the conversion's event.
  seq INTEGER NOT NULL,
  -- JSON list: source, status, amount, currency, time.
  says TEXT NOT NULL,
  project_id TEXT NOT NULL,
  -- By the network's clock; NULL where it sends none.
  told_at INTEGER,
  PRIMARY KEY (seq, says)
) STRICT, WITHOUT ROWID;

-- When a scheduled report was last tried without success: so it has its turn once in a while, and the others theirs before it.
ALTER TABLE scheduled_reports ADD COLUMN tried_at INTEGER NOT NULL DEFAULT 0;
