-- The way from an e-mail address to who gave it: one row written more for each `auth` event with one. An erasure takes the address out of
-- the event, and so out of here.
CREATE INDEX events_by_email ON events (project_id, (CASE WHEN json_valid(data) THEN data ->> '$.email' END))
  WHERE event_type = 'auth' AND data IS NOT NULL;
