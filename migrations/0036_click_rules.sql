-- Rules that look at how a conversion came from its click, and flag it; see worker/payouts/click-rules.ts.

-- A row a version of a rule, as of payout_rules.
CREATE TABLE click_rules (
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON array. NULL: every tag.
  banner_tags TEXT,
  -- The first day that it covers, in the project's time zone.
  valid_from TEXT NOT NULL,
  -- JSON object. NULL: from that day on the rule flags nothing.
  terms TEXT,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX click_rules_by_project ON click_rules (project_id, id, version);

-- What comes or goes on the last days of a month is counted with the first days of the next one, too: rules look back over
-- 7 days at most.
CREATE TRIGGER conversions_come_before AFTER INSERT ON conversions
WHEN NEW.event_date > substr(NEW.event_date, 1, 7) || '-21' BEGIN
  UPDATE payout_months SET version = version + 1
  WHERE project_id = NEW.project_id AND banner_tag = NEW.banner_tag AND month > substr(NEW.event_date, 1, 7)
    AND month <= strftime('%Y-%m', NEW.event_date, '+7 days')
    AND EXISTS (SELECT 1 FROM click_rules r WHERE r.project_id = NEW.project_id);
END;
CREATE TRIGGER conversions_go_before AFTER DELETE ON conversions
WHEN OLD.event_date > substr(OLD.event_date, 1, 7) || '-21' BEGIN
  UPDATE payout_months SET version = version + 1
  WHERE project_id = OLD.project_id AND banner_tag = OLD.banner_tag AND month > substr(OLD.event_date, 1, 7)
    AND month <= strftime('%Y-%m', OLD.event_date, '+7 days')
    AND EXISTS (SELECT 1 FROM click_rules r WHERE r.project_id = OLD.project_id);
END;

-- The status of a conversion that a target is told of; NULL: it is told of events as they come.
ALTER TABLE postback_targets ADD COLUMN conversion_status TEXT
  CHECK (conversion_status IN ('approved', 'rejected', 'refunded', 'charged_back'));
-- Those of which a hold is over since.
CREATE INDEX conversions_by_hold ON conversions (project_id, hold_until) WHERE hold_until IS NOT NULL;

-- Months whose statement is closed: by whom and when. What changes in them later is told on the next statement that is open.
CREATE TABLE closed_statements (
  project_id TEXT NOT NULL,
  month TEXT NOT NULL,
  closed_at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (project_id, month)
) STRICT, WITHOUT ROWID;
-- Their lines as they were: JSON, see worker/payouts/statement.ts.
CREATE TABLE statement_lines (
  project_id TEXT NOT NULL,
  month TEXT NOT NULL,
  banner_tag TEXT NOT NULL,
  n INTEGER NOT NULL,
  closed_at INTEGER NOT NULL,
  line TEXT NOT NULL,
  PRIMARY KEY (project_id, month, banner_tag, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX statement_lines_by_tag ON statement_lines (project_id, banner_tag);

-- The version of a month as statements that are closed have it; NULL where something of it can still change by itself.
ALTER TABLE payout_months ADD COLUMN stated INTEGER;
