-- Provisional.
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

CREATE TABLE exchange_rates (
  currency_code TEXT NOT NULL,
  rate_date TEXT NOT NULL,
  usd_rate INTEGER NOT NULL,
  data_source TEXT NOT NULL,
  loaded_at INTEGER NOT NULL,
  PRIMARY KEY (currency_code, rate_date)
) STRICT, WITHOUT ROWID;
