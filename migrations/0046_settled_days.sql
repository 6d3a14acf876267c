-- What people did on which day is counted from the log where a project's reports are made of days. Its `player_days` are written no
-- longer; what leaves the log is kept here from the moment at which its day is settled.
CREATE TABLE settled_days (
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

-- Of such a project, rows of `player_days` count that are of days before this one: days that were settled while it still wrote them.
-- NULL until a day is settled after that: then it is `settled_before`.
ALTER TABLE projects ADD COLUMN player_days_before TEXT;

-- A person's first day, as their events' dates say it.
ALTER TABLE players ADD COLUMN first_date TEXT;
ALTER TABLE settled_players ADD COLUMN first_date TEXT;
-- Of whom it is not known yet: each run of the players looks some of them up.
CREATE INDEX players_without_first_date ON players (project_id, person) WHERE first_date IS NULL;

-- The views of what players did, from the rows of days that count, from settled days, and from the log.
DROP VIEW hub_app;
CREATE VIEW hub_app AS
  SELECT project_id, app_id, strftime('%Y-%m-%dT%H:%M:%fZ', min(first_at) / 1000.0, 'unixepoch') AS created_at
  FROM (
    SELECT d.project_id, d.app_id, d.first_at FROM projects w CROSS JOIN player_days d ON d.project_id = w.project_id
    WHERE w.by_days = 0 OR d.event_date < ifnull(w.player_days_before, w.settled_before)
    UNION ALL SELECT project_id, app_id, first_at FROM settled_days
    UNION ALL SELECT e.project_id, e.app_id, e.timestamp FROM projects w CROSS JOIN events e ON e.project_id = w.project_id
    WHERE w.by_days = 1 AND e.counted = 1 AND e.app_id IS NOT NULL AND e.event_date >= w.settled_before)
  WHERE app_id <> '' GROUP BY project_id, app_id;

-- A row for what a player did on a day, in an app ('' is none), by type.
CREATE VIEW player_doings AS
  SELECT d.project_id, d.person AS uid, d.event_date, d.event_type, d.app_id, d.first_at, d.total
  FROM projects w CROSS JOIN player_days d ON d.project_id = w.project_id
  WHERE (w.by_days = 0 OR d.event_date < ifnull(w.player_days_before, w.settled_before)) AND substr(d.person, 1, 1) <> char(31)
  UNION ALL
  SELECT project_id, person, event_date, event_type, app_id, first_at, total FROM settled_days
  WHERE substr(person, 1, 1) <> char(31)
  UNION ALL
  SELECT a.project_id, a.uid, e.event_date, e.event_type, ifnull(e.app_id, ''), e.timestamp, 1
  FROM projects w JOIN player_actors a ON a.project_id = w.project_id
    CROSS JOIN events e ON e.project_id = a.project_id AND e.actor = a.actor
  WHERE w.by_days = 1 AND e.counted = 1 AND e.event_date >= w.settled_before;

DROP VIEW link_user_app;
CREATE VIEW link_user_app AS
  SELECT project_id, uid, app_id, strftime('%Y-%m-%dT%H:%M:%fZ', min(first_at) / 1000.0, 'unixepoch') AS timestamp
  FROM player_doings WHERE app_id <> '' GROUP BY project_id, uid, app_id;

DROP VIEW satellite_spin_info;
CREATE VIEW satellite_spin_info AS
  SELECT project_id, uid, sum(total) AS spin_count, nullif(app_id, '') AS app_id, event_date,
    strftime('%Y-%m-%dT%H:%M:%fZ', min(first_at) / 1000.0, 'unixepoch') AS created_at
  FROM player_doings WHERE event_type = 'spin'
  GROUP BY project_id, uid, event_date, app_id;

-- As before, with what the player did from all three. They are asked for here and not by `player_doings`, which would be read whole
-- for each row.
DROP VIEW player_profiles;
CREATE VIEW player_profiles AS
  SELECT p.project_id, p.person AS uid,
    (SELECT e.data ->> '$.email' FROM events e
      WHERE e.project_id = p.project_id AND e.event_type = 'auth' AND e.data IS NOT NULL AND e.counted = 1
        AND e.actor IN (SELECT p.person UNION ALL SELECT char(31) || i.visitor_id FROM identities i
          WHERE i.project_id = p.project_id AND i.player_id = p.person AND NOT EXISTS (
            SELECT 1 FROM identities later WHERE later.project_id = i.project_id
              AND later.visitor_id = i.visitor_id AND later.seq > i.seq))
        AND json_type(e.data, '$.email') = 'text'
      ORDER BY e.timestamp DESC, e.event_id DESC LIMIT 1) AS email,
    (SELECT CAST(e.data ->> '$.phone' AS TEXT) FROM events e
      WHERE e.project_id = p.project_id AND e.event_type = 'auth' AND e.data IS NOT NULL AND e.counted = 1
        AND e.actor IN (SELECT p.person UNION ALL SELECT char(31) || i.visitor_id FROM identities i
          WHERE i.project_id = p.project_id AND i.player_id = p.person AND NOT EXISTS (
            SELECT 1 FROM identities later WHERE later.project_id = i.project_id
              AND later.visitor_id = i.visitor_id AND later.seq > i.seq))
        AND json_type(e.data, '$.phone') IN ('text', 'integer')
      ORDER BY e.timestamp DESC, e.event_id DESC LIMIT 1) AS phone,
    (SELECT ifnull(sum(total), 0) FROM (
        SELECT d.total FROM projects w CROSS JOIN player_days d
          ON d.project_id = w.project_id AND d.person = p.person
        WHERE w.project_id = p.project_id AND (w.by_days = 0 OR d.event_date < ifnull(w.player_days_before, w.settled_before))
          AND d.event_type = 'spin'
        UNION ALL SELECT d.total FROM settled_days d
        WHERE d.project_id = p.project_id AND d.person = p.person AND d.event_type = 'spin'
        UNION ALL SELECT 1 FROM projects w CROSS JOIN events e
          ON e.project_id = w.project_id AND e.actor IN (
            SELECT p.person UNION ALL SELECT char(31) || i.visitor_id FROM identities i
            WHERE i.project_id = p.project_id AND i.player_id = p.person AND NOT EXISTS (
              SELECT 1 FROM identities later WHERE later.project_id = i.project_id
                AND later.visitor_id = i.visitor_id AND later.seq > i.seq))
        WHERE w.project_id = p.project_id AND w.by_days = 1 AND e.counted = 1 AND e.event_date >= w.settled_before
          AND e.event_type = 'spin')) AS total_spins,
    (SELECT ifnull(sum(total), 0) FROM (
        SELECT d.total FROM projects w CROSS JOIN player_days d
          ON d.project_id = w.project_id AND d.person = p.person
        WHERE w.project_id = p.project_id AND (w.by_days = 0 OR d.event_date < ifnull(w.player_days_before, w.settled_before))
          AND d.event_type = 'purchase'
        UNION ALL SELECT d.total FROM settled_days d
        WHERE d.project_id = p.project_id AND d.person = p.person AND d.event_type = 'purchase'
        UNION ALL SELECT 1 FROM projects w CROSS JOIN events e
          ON e.project_id = w.project_id AND e.actor IN (
            SELECT p.person UNION ALL SELECT char(31) || i.visitor_id FROM identities i
            WHERE i.project_id = p.project_id AND i.player_id = p.person AND NOT EXISTS (
              SELECT 1 FROM identities later WHERE later.project_id = i.project_id
                AND later.visitor_id = i.visitor_id AND later.seq > i.seq))
        WHERE w.project_id = p.project_id AND w.by_days = 1 AND e.counted = 1 AND e.event_date >= w.settled_before
          AND e.event_type = 'purchase')) AS total_purchases,
    p.total_deposits, p.total_events,
    (SELECT app_id FROM (
        SELECT d.app_id, d.total FROM projects w CROSS JOIN player_days d
          ON d.project_id = w.project_id AND d.person = p.person
        WHERE w.project_id = p.project_id AND (w.by_days = 0 OR d.event_date < ifnull(w.player_days_before, w.settled_before))
          AND d.app_id <> ''
        UNION ALL SELECT d.app_id, d.total FROM settled_days d
        WHERE d.project_id = p.project_id AND d.person = p.person AND d.app_id <> ''
        UNION ALL SELECT e.app_id, 1 FROM projects w CROSS JOIN events e
          ON e.project_id = w.project_id AND e.actor IN (
            SELECT p.person UNION ALL SELECT char(31) || i.visitor_id FROM identities i
            WHERE i.project_id = p.project_id AND i.player_id = p.person AND NOT EXISTS (
              SELECT 1 FROM identities later WHERE later.project_id = i.project_id
                AND later.visitor_id = i.visitor_id AND later.seq > i.seq))
        WHERE w.project_id = p.project_id AND w.by_days = 1 AND e.counted = 1 AND e.event_date >= w.settled_before
          AND e.app_id <> '')
      GROUP BY app_id ORDER BY sum(total) DESC, app_id LIMIT 1) AS favourite_app,
    strftime('%Y-%m-%dT%H:%M:%fZ', p.first_seen / 1000.0, 'unixepoch') AS first_seen,
    strftime('%Y-%m-%dT%H:%M:%fZ', p.last_event_at / 1000.0, 'unixepoch') AS last_event_at,
    nullif(p.first_tag, '') AS first_tag, nullif(p.last_tag, '') AS last_tag
  FROM players p WHERE p.player_id IS NOT NULL;
