-- What the reports read. Each b-tree is one billed row a write, so what changes together is grouped before it is written.

-- The last event of the log that touched a day: tells whether an answer about it is still the same.
CREATE TABLE changes (
  project_id TEXT NOT NULL,
  event_date TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_date)
) STRICT, WITHOUT ROWID;

-- Who did what on which day, the person first. '' is no app, no tag.
CREATE TABLE player_days (
  project_id TEXT NOT NULL,
  person TEXT NOT NULL,
  event_date TEXT NOT NULL,
  event_type TEXT NOT NULL,
  app_id TEXT NOT NULL,
  banner_tag TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (project_id, person, event_date, event_type, app_id, banner_tag)
) STRICT, WITHOUT ROWID;

-- People active on a day, by the day before it on which they were ('' is never). Whoever was active in a period is
-- counted at their first day in it, whose day before lies outside: distinct people, exactly, over any period.
CREATE TABLE returns (
  project_id TEXT NOT NULL,
  -- Under this tag; char(31) || 'all' is under any or none.
  banner_tag TEXT NOT NULL,
  event_date TEXT NOT NULL,
  previous_date TEXT NOT NULL,
  people INTEGER NOT NULL,
  PRIMARY KEY (project_id, banner_tag, event_date, previous_date)
) STRICT, WITHOUT ROWID;

-- People by their first day and the tag of their first event: how many were active again so many days later.
CREATE TABLE retention (
  project_id TEXT NOT NULL,
  cohort_date TEXT NOT NULL,
  banner_tag TEXT NOT NULL,
  day INTEGER NOT NULL,
  people INTEGER NOT NULL,
  PRIMARY KEY (project_id, cohort_date, banner_tag, day)
) STRICT, WITHOUT ROWID;

-- People who took a step of the funnel, by the milliseconds since the step before it (-1 is none, or before it).
CREATE TABLE funnel (
  project_id TEXT NOT NULL,
  -- 'visit': the day and tag of the first visit, steps in their order; 'event': those of the step itself.
  anchor TEXT NOT NULL CHECK (anchor IN ('visit', 'event')),
  event_date TEXT NOT NULL,
  step INTEGER NOT NULL,
  banner_tag TEXT NOT NULL,
  elapsed INTEGER NOT NULL,
  people INTEGER NOT NULL,
  PRIMARY KEY (project_id, anchor, event_date, step, banner_tag, elapsed)
) STRICT, WITHOUT ROWID;

-- What has come down to nobody goes.
CREATE TRIGGER returns_empty AFTER UPDATE ON returns WHEN NEW.people = 0 BEGIN DELETE FROM returns WHERE project_id = NEW.project_id AND banner_tag = NEW.banner_tag AND event_date = NEW.event_date AND previous_date = NEW.previous_date; END;
CREATE TRIGGER retention_empty AFTER UPDATE ON retention WHEN NEW.people = 0 BEGIN DELETE FROM retention WHERE project_id = NEW.project_id AND cohort_date = NEW.cohort_date AND banner_tag = NEW.banner_tag AND day = NEW.day; END;
CREATE TRIGGER funnel_empty AFTER UPDATE ON funnel WHEN NEW.people = 0 BEGIN DELETE FROM funnel WHERE project_id = NEW.project_id AND anchor = NEW.anchor AND event_date = NEW.event_date AND step = NEW.step AND banner_tag = NEW.banner_tag AND elapsed = NEW.elapsed; END;

ALTER TABLE players ADD COLUMN third_deposit TEXT;
ALTER TABLE players ADD COLUMN third_deposit_at INTEGER AS (CAST(substr(third_deposit, 1, 15) AS INTEGER)) VIRTUAL;
ALTER TABLE players ADD COLUMN third_deposit_date TEXT AS (substr(third_deposit, 17, 10)) VIRTUAL;
ALTER TABLE players ADD COLUMN third_deposit_tag TEXT AS (substr(third_deposit, 28)) VIRTUAL;

-- What people paid and were paid, in the currency it came in; whole units and ten-thousandths apart, as in money_summary.
CREATE TABLE payments (
  project_id TEXT NOT NULL,
  event_date TEXT NOT NULL,
  event_type TEXT NOT NULL,
  person TEXT NOT NULL,
  event_hour INTEGER NOT NULL,
  app_id TEXT NOT NULL,
  platform TEXT NOT NULL,
  banner_tag TEXT NOT NULL,
  currency TEXT NOT NULL,
  total INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  fraction INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_date, event_type, person, event_hour, app_id, platform, banner_tag, currency)
) STRICT, WITHOUT ROWID;
CREATE INDEX payments_by_person ON payments (project_id, person);

-- What a unit of a currency was worth on a day, in 1/100,000,000 USD.
CREATE TABLE exchange_rates (
  currency_code TEXT NOT NULL,
  rate_date TEXT NOT NULL,
  usd_rate INTEGER NOT NULL CHECK (usd_rate > 0),
  data_source TEXT NOT NULL,
  loaded_at INTEGER NOT NULL,
  PRIMARY KEY (currency_code, rate_date)
) STRICT, WITHOUT ROWID;
-- The last of them that was loaded tells whether a converted amount is still the same.
CREATE INDEX exchange_rates_by_load ON exchange_rates (loaded_at);

-- Players are told anew, with their funnel.
DELETE FROM players;
UPDATE projections SET cursor = 0 WHERE name = 'players';
