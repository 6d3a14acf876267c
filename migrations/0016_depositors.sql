-- People by the days on which they deposited. Whoever deposited in a period is counted at their first such day in it, whose
-- day before lies outside: depositors, and those of them who did for the first time, exactly, over any period.
CREATE TABLE depositors (
  project_id TEXT NOT NULL,
  event_date TEXT NOT NULL,
  -- Under this tag; char(31) || 'all' is under any or none.
  banner_tag TEXT NOT NULL,
  -- The day before it on which they deposited under that tag; '' is never.
  previous_date TEXT NOT NULL,
  -- Where that is never: the date of their first deposit, under whatever tag.
  first_date TEXT NOT NULL,
  -- Whether it is with that first deposit, by its day and tag; only then is there the date of the registration.
  is_first INTEGER NOT NULL,
  registration_date TEXT NOT NULL,
  people INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_date, banner_tag, previous_date, first_date, is_first, registration_date)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER depositors_empty AFTER UPDATE ON depositors WHEN NEW.people = 0 BEGIN DELETE FROM depositors WHERE project_id = NEW.project_id AND event_date = NEW.event_date AND banner_tag = NEW.banner_tag AND previous_date = NEW.previous_date AND first_date = NEW.first_date AND is_first = NEW.is_first AND registration_date = NEW.registration_date; END;

-- Of the days that there are already.
INSERT INTO depositors (project_id, event_date, banner_tag, previous_date, first_date, is_first, registration_date, people)
WITH firsts AS MATERIALIZED (
  SELECT project_id, person,
    nullif(min(ifnull(min(printf('%015d', first_at) || ' ' || event_date || ' ' || banner_tag) FILTER (WHERE event_type = 'deposit'), '~'),
      ifnull((SELECT deposit FROM settled_players k WHERE k.project_id = d.project_id AND k.person = d.person), '~')), '~') AS deposit,
    nullif(min(ifnull(min(printf('%015d', first_at) || ' ' || event_date || ' ' || banner_tag) FILTER (WHERE event_type = 'registration'), '~'),
      ifnull((SELECT registration FROM settled_players k WHERE k.project_id = d.project_id AND k.person = d.person), '~')), '~') AS registration
  FROM player_days d WHERE event_type IN ('deposit', 'registration') GROUP BY project_id, person
), days AS (
  SELECT DISTINCT project_id, person, event_date, t.value AS banner_tag
  FROM player_days CROSS JOIN json_each(json_array(banner_tag, char(31) || 'all')) t WHERE event_type = 'deposit'
), paired AS (
  SELECT *, lag(event_date, 1, '') OVER (PARTITION BY project_id, person, banner_tag ORDER BY event_date) AS previous_date
  FROM days
), placed AS (
  SELECT project_id, event_date, banner_tag, previous_date,
    CASE previous_date WHEN '' THEN substr(deposit, 17, 10) ELSE '' END AS first_date,
    event_date = substr(deposit, 17, 10) AND banner_tag IN (substr(deposit, 28), char(31) || 'all') AS is_first,
    ifnull(substr(registration, 17, 10), '') AS registration_date
  FROM paired JOIN firsts USING (project_id, person)
)
SELECT project_id, event_date, banner_tag, previous_date, first_date, is_first,
  CASE WHEN is_first THEN registration_date ELSE '' END, count(*) FROM placed
WHERE true GROUP BY 1, 2, 3, 4, 5, 6, 7;
