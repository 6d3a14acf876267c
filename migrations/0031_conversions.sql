-- What affiliates are paid for: the rules, the events that they judge, what each pays, and what was decided about it.

-- A row a version of a rule. Of the versions that a day is covered by, the newest is in force.
CREATE TABLE payout_rules (
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON array. NULL: every tag that no rule names.
  banner_tags TEXT,
  -- The first day that it covers, in the project's time zone.
  valid_from TEXT NOT NULL,
  -- JSON object, see worker/payouts/terms.ts. NULL: from that day on the rule pays nothing.
  terms TEXT,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX payout_rules_by_project ON payout_rules (project_id, id, version);

-- Events of the types that rules of their project judge, money that comes and goes included. A projection; what is behind
-- `banner_tag` is computed a month at a time, see worker/payouts/.
CREATE TABLE conversions (
  -- That of the event.
  seq INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  event_date TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  person TEXT NOT NULL,
  amount INTEGER,
  currency TEXT,
  -- The tag that the event counts for; '' is none.
  banner_tag TEXT NOT NULL,
  -- The rule that judges it; NULL is none.
  rule_id TEXT,
  rule_version INTEGER,
  -- In 1/10,000 units; NULL where it cannot be known yet.
  payout INTEGER,
  payout_currency TEXT,
  -- JSON object: why it is so much.
  why TEXT,
  -- Epoch milliseconds from which on it is approved, unless somebody decides; NULL: only when somebody does.
  hold_until INTEGER
) STRICT;
CREATE INDEX conversions_by_id ON conversions (project_id, event_id);
CREATE INDEX conversions_by_tag ON conversions (project_id, banner_tag, event_date, timestamp, event_id);
CREATE INDEX conversions_by_day ON conversions (project_id, event_date, timestamp, event_id);
CREATE INDEX conversions_by_person ON conversions (project_id, person, event_type, timestamp);

-- A month of a tag: it is computed again where `version` is ahead of `computed`.
CREATE TABLE payout_months (
  project_id TEXT NOT NULL,
  banner_tag TEXT NOT NULL,
  month TEXT NOT NULL,
  version INTEGER NOT NULL,
  computed INTEGER NOT NULL DEFAULT 0,
  -- The newest load of exchange rates when it was computed; NULL where none matters to it.
  rates INTEGER,
  -- JSON array: the shares of the month's revenue.
  shares TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (project_id, banner_tag, month)
) STRICT, WITHOUT ROWID;
CREATE INDEX payout_months_due ON payout_months (project_id, month) WHERE computed < version;

-- Whatever comes, goes or changes its tag makes its month due, and those of the person's later deposits: which one is the
-- first may be another one now.
CREATE TRIGGER conversions_come AFTER INSERT ON conversions BEGIN
  INSERT INTO payout_months (project_id, banner_tag, month, version)
    SELECT project_id, banner_tag, month, 1 FROM (
      SELECT NEW.project_id AS project_id, NEW.banner_tag AS banner_tag, substr(NEW.event_date, 1, 7) AS month
      UNION SELECT project_id, banner_tag, substr(event_date, 1, 7) FROM conversions
        WHERE NEW.event_type = 'deposit' AND project_id = NEW.project_id AND person = NEW.person AND event_type = 'deposit'
          AND timestamp >= NEW.timestamp)
    WHERE banner_tag <> ''
  ON CONFLICT DO UPDATE SET version = version + 1;
END;
-- Of a project that was removed nothing is made.
CREATE TRIGGER conversions_go AFTER DELETE ON conversions BEGIN
  INSERT INTO payout_months (project_id, banner_tag, month, version)
    SELECT project_id, banner_tag, month, 1 FROM (
      SELECT OLD.project_id AS project_id, OLD.banner_tag AS banner_tag, substr(OLD.event_date, 1, 7) AS month
      UNION SELECT project_id, banner_tag, substr(event_date, 1, 7) FROM conversions
        WHERE OLD.event_type = 'deposit' AND project_id = OLD.project_id AND person = OLD.person AND event_type = 'deposit'
          AND timestamp >= OLD.timestamp)
    WHERE banner_tag <> '' AND EXISTS (SELECT 1 FROM projects p WHERE p.project_id = OLD.project_id)
  ON CONFLICT DO UPDATE SET version = version + 1;
END;

-- What was decided about an event, a row a change: a record of its own, which no rebuild takes away.
CREATE TABLE conversion_changes (
  -- That of the event, and the how manieth change of it.
  seq INTEGER NOT NULL,
  n INTEGER NOT NULL,
  project_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- The id of a key, `admin`, or `source` and the name of one.
  actor TEXT NOT NULL,
  -- NULL where it stays what it was.
  status TEXT CHECK (status IN ('pending', 'approved', 'rejected', 'refunded', 'charged_back')),
  -- In 1/10,000 units; both or neither, which is where the amount stays what it was.
  amount INTEGER,
  currency TEXT,
  reason TEXT NOT NULL,
  PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversion_changes_by_time ON conversion_changes (at);
CREATE TRIGGER conversion_changes_come AFTER INSERT ON conversion_changes BEGIN
  INSERT INTO payout_months (project_id, banner_tag, month, version)
    SELECT project_id, banner_tag, substr(event_date, 1, 7), 1 FROM conversions WHERE seq = NEW.seq AND banner_tag <> ''
  ON CONFLICT DO UPDATE SET version = version + 1;
END;

-- How far the past has been looked through for events of these types, a JSON array: those that a project's rules judge.
CREATE TABLE payout_backfills (
  project_id TEXT PRIMARY KEY,
  event_types TEXT NOT NULL,
  place INTEGER NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- There are no rules yet, so there is nothing that the new projection has missed.
INSERT INTO projections (name, cursor) SELECT 'conversions', cursor FROM projections WHERE name = 'identities';
