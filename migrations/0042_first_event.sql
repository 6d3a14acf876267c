-- What people's first events were of, by which players and lifetime values are narrowed: `<epoch ms, 15 digits> ["country","device","app","platform"]`,
-- so that the earlier of two is the least.
ALTER TABLE players ADD COLUMN first_event TEXT;
ALTER TABLE players ADD COLUMN first_country TEXT AS (json_extract(substr(first_event, 17), '$[0]')) VIRTUAL;
ALTER TABLE players ADD COLUMN first_device TEXT AS (json_extract(substr(first_event, 17), '$[1]')) VIRTUAL;
ALTER TABLE players ADD COLUMN first_app_id TEXT AS (json_extract(substr(first_event, 17), '$[2]')) VIRTUAL;
ALTER TABLE players ADD COLUMN first_platform TEXT AS (json_extract(substr(first_event, 17), '$[3]')) VIRTUAL;
ALTER TABLE settled_players ADD COLUMN first_event TEXT;

-- Of whom it is not known yet: each run of the players looks some of them up in the log.
CREATE INDEX players_without_first_event ON players (project_id, person) WHERE first_event IS NULL;
