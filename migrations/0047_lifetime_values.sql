-- What each player, and each visitor who paid, is worth at the rates in force, so that no report has to read every payment.
-- The rows are made from `players` and `payments` when somebody asks, and only for people who changed since.
CREATE TABLE lifetime_values (
  project_id TEXT NOT NULL,
  person TEXT NOT NULL,
  -- The tag that brought them; '' is none.
  banner_tag TEXT NOT NULL,
  segment TEXT NOT NULL,
  payments INTEGER NOT NULL,
  first_purchase_date TEXT,
  last_purchase_date TEXT,
  -- Exact amounts: whole USD, and 1e-12 USD below one.
  spend_whole INTEGER NOT NULL,
  spend_rest INTEGER NOT NULL,
  withdrawn_whole INTEGER NOT NULL,
  withdrawn_rest INTEGER NOT NULL,
  -- Payments without a rate in force, and those of them that are no withdrawals.
  without_rate INTEGER NOT NULL,
  spend_without_rate INTEGER NOT NULL,
  PRIMARY KEY (project_id, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX lifetime_values_by_spend ON lifetime_values (project_id, spend_whole, spend_rest, person);
CREATE INDEX lifetime_values_without_rate ON lifetime_values (project_id, spend_whole, spend_rest, person)
  WHERE without_rate > 0;

-- The sums of `lifetime_values` by tag and segment.
CREATE TABLE lifetime_sums (
  project_id TEXT NOT NULL,
  banner_tag TEXT NOT NULL,
  segment TEXT NOT NULL,
  players INTEGER NOT NULL,
  payers INTEGER NOT NULL,
  payments INTEGER NOT NULL,
  without_rate INTEGER NOT NULL,
  spend_whole INTEGER NOT NULL,
  spend_rest INTEGER NOT NULL,
  withdrawn_whole INTEGER NOT NULL,
  withdrawn_rest INTEGER NOT NULL,
  PRIMARY KEY (project_id, banner_tag, segment)
) STRICT, WITHOUT ROWID;

CREATE TABLE lifetime_progress (
  project_id TEXT PRIMARY KEY,
  -- What all rows depend on besides events, such as the rates. Where it is another now, all people are gone through again.
  basis TEXT NOT NULL,
  -- The last event of the log that the rows have.
  cursor INTEGER NOT NULL,
  -- The person up to whom all people have been gone through; NULL where all have been.
  place TEXT,
  moves INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
