-- Reports of whole days, weeks and months, kept once they are over. A row each; written again only where an event or a
-- rate of its days came late, and told anew (`revision`) only where that changed a figure.

CREATE TABLE aggregated_reports (
  project_id TEXT NOT NULL,
  report_type TEXT NOT NULL CHECK (report_type IN ('daily', 'weekly', 'monthly')),
  from_date TEXT NOT NULL,
  to_date TEXT NOT NULL,
  report_id TEXT NOT NULL AS (report_type || '-' || from_date) VIRTUAL,
  total_spins INTEGER NOT NULL,
  total_purchases INTEGER NOT NULL,
  -- Decimals.
  avg_purchase TEXT,
  revenue_usd TEXT NOT NULL,
  -- JSON: decimals by currency.
  unconverted TEXT NOT NULL,
  most_spent_app TEXT,
  players INTEGER NOT NULL,
  events INTEGER NOT NULL,
  generated_at INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  -- How far the projections had come, and which load of rates was the last for its days.
  seq INTEGER NOT NULL,
  rates INTEGER NOT NULL,
  PRIMARY KEY (project_id, report_type, from_date)
) STRICT, WITHOUT ROWID;

-- Of the data vault (see 0009).
CREATE VIEW satellite_aggregated_report_info AS
  SELECT project_id, report_id, report_type, from_date, to_date, total_spins, total_purchases, avg_purchase,
    most_spent_app AS most_spent_game, strftime('%Y-%m-%dT%H:%M:%fZ', generated_at / 1000.0, 'unixepoch') AS timestamp
  FROM aggregated_reports;
