-- Counts by day, for SQL and BI tools: `count` is people, `total` is events. Of projects whose reports are made of days they are in `days`,
-- of the others in `daily_metrics` and `event_summary`. docs/data-vault.md says what a question costs.

-- The rows of each tag and of all tags, by type. In a type's place, '' is any type and the others are those who paid.
CREATE VIEW counts_of_days AS
SELECT d.project_id, d.scope, date(d.date * 86400, 'unixepoch') AS event_date, c.key AS event_type,
  c.value ->> 0 AS count, c.value ->> 1 AS total
FROM projects p JOIN days d ON d.project_id = p.project_id JOIN json_each(d.counts) c
WHERE p.by_days = 1 AND c.key NOT IN ('', '$payer', '$purchaser', '$depositor') AND c.value ->> 1 > 0;

CREATE VIEW counts_by_day AS
SELECT c.project_id, c.event_date, c.event_type, c.count, c.total
FROM projects p JOIN daily_metrics c ON c.project_id = p.project_id WHERE p.by_days = 0
UNION ALL SELECT project_id, event_date, event_type, count, total FROM counts_of_days WHERE scope = char(31) || 'all';

-- Rows of all tags, and of what filters are for, begin with a control character, which no tag has.
CREATE VIEW counts_by_day_and_tag AS
SELECT c.project_id, c.event_date, c.event_type, c.banner_tag, c.count, c.total
FROM projects p JOIN event_summary c ON c.project_id = p.project_id WHERE p.by_days = 0
UNION ALL SELECT project_id, event_date, event_type, scope, count, total FROM counts_of_days WHERE scope NOT GLOB char(31) || '*';

-- Each run of the players looks whether there are such projects.
CREATE INDEX projects_settled ON projects (project_id) WHERE settled_before <> '';
