-- The data vault: views for tools that ask the database itself. They hold nothing, so they cost no write and are never
-- out of date. Times are ISO 8601 in UTC; dates and hours are of the project's clock. Only players have a uid.

-- The way to a player's contact: one more row for an event of this type, and none for any other.
CREATE INDEX events_auth ON events (project_id, actor, timestamp) WHERE event_type = 'auth' AND data IS NOT NULL;

-- The names under which a player's events stand in the log: their own, and those of the visitors that they were.
CREATE VIEW player_actors AS
  SELECT project_id, person AS uid, person AS actor FROM players WHERE player_id IS NOT NULL
  UNION ALL
  SELECT i.project_id, i.player_id, char(31) || i.visitor_id FROM identities i
  WHERE NOT EXISTS (
    SELECT 1 FROM identities later
    WHERE later.project_id = i.project_id AND later.visitor_id = i.visitor_id AND later.seq > i.seq);

CREATE VIEW hub_user AS
  SELECT project_id, person AS uid, strftime('%Y-%m-%dT%H:%M:%fZ', first_seen / 1000.0, 'unixepoch') AS created_at
  FROM players WHERE player_id IS NOT NULL;

CREATE VIEW hub_app AS
  SELECT project_id, app_id, strftime('%Y-%m-%dT%H:%M:%fZ', min(first_at) / 1000.0, 'unixepoch') AS created_at
  FROM player_days WHERE app_id <> '' GROUP BY project_id, app_id;

CREATE VIEW link_user_app AS
  SELECT project_id, person AS uid, app_id,
    strftime('%Y-%m-%dT%H:%M:%fZ', min(first_at) / 1000.0, 'unixepoch') AS timestamp
  FROM player_days WHERE app_id <> '' AND substr(person, 1, 1) <> char(31) GROUP BY project_id, person, app_id;

-- A row for each time that a player gave an e-mail address or a telephone number.
CREATE VIEW satellite_auth_info AS
  SELECT project_id, uid, email, phone, app_id, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS created_at
  FROM (
    SELECT a.project_id, a.uid, e.app_id, e.timestamp AS at,
      CASE json_type(e.data, '$.email') WHEN 'text' THEN e.data ->> '$.email' END AS email,
      CASE WHEN json_type(e.data, '$.phone') IN ('text', 'integer') THEN CAST(e.data ->> '$.phone' AS TEXT) END AS phone
    FROM player_actors a CROSS JOIN events e ON e.project_id = a.project_id AND e.actor = a.actor
    WHERE e.event_type = 'auth' AND e.data IS NOT NULL AND e.counted = 1)
  WHERE email IS NOT NULL OR phone IS NOT NULL;

-- A row for a player's spins in an app on a day.
CREATE VIEW satellite_spin_info AS
  SELECT project_id, person AS uid, sum(total) AS spin_count, nullif(app_id, '') AS app_id, event_date,
    strftime('%Y-%m-%dT%H:%M:%fZ', min(first_at) / 1000.0, 'unixepoch') AS created_at
  FROM player_days WHERE event_type = 'spin' AND substr(person, 1, 1) <> char(31)
  GROUP BY project_id, person, event_date, app_id;

-- A row for a player's purchases in an app, on a platform, in an hour, in a currency. The amount is a decimal as text.
CREATE VIEW satellite_purchase_info AS
  SELECT project_id, person AS uid,
    printf('%d.%04d', sum(whole) + sum(fraction) / 10000, sum(fraction) % 10000) AS purchase_amount,
    currency, sum(total) AS purchases, nullif(app_id, '') AS app_id, nullif(platform, '') AS platform,
    event_date, event_hour
  FROM payments WHERE event_type = 'purchase' AND substr(person, 1, 1) <> char(31)
  GROUP BY project_id, event_date, person, event_hour, app_id, platform, currency;

-- A row a player. Contact is what was given last; the favourite app is the one with most events. The names of the player
-- are asked for here and not by `player_actors`, which would be read whole for each row.
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
    (SELECT ifnull(sum(d.total), 0) FROM player_days d
      WHERE d.project_id = p.project_id AND d.person = p.person AND d.event_type = 'spin') AS total_spins,
    (SELECT ifnull(sum(d.total), 0) FROM player_days d
      WHERE d.project_id = p.project_id AND d.person = p.person AND d.event_type = 'purchase') AS total_purchases,
    p.total_deposits, p.total_events,
    (SELECT d.app_id FROM player_days d
      WHERE d.project_id = p.project_id AND d.person = p.person AND d.app_id <> ''
      GROUP BY d.app_id ORDER BY sum(d.total) DESC, d.app_id LIMIT 1) AS favourite_app,
    strftime('%Y-%m-%dT%H:%M:%fZ', p.first_seen / 1000.0, 'unixepoch') AS first_seen,
    strftime('%Y-%m-%dT%H:%M:%fZ', p.last_event_at / 1000.0, 'unixepoch') AS last_event_at,
    nullif(p.first_tag, '') AS first_tag, nullif(p.last_tag, '') AS last_tag
  FROM players p WHERE p.player_id IS NOT NULL;
