-- Projects whose reports are made of rows of days: since the figures had all of the log once, and have what it had let go of by then.
-- It stays so: while the figures are counted anew, their reports wait, since the tables of before have gone on without them.
ALTER TABLE projects ADD COLUMN by_days INTEGER NOT NULL DEFAULT 0;
-- Each run of the figures looks for those that are not.
CREATE INDEX projects_by_tables ON projects (project_id) WHERE by_days = 0;
