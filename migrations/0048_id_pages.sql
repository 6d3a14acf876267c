-- Ids of events in sorted pages, in place of the index `events_by_id`: D1 bills an index as one more row for each event, and a
-- page has some 400 ids. The ids of the events behind `ids_cursor` are not in pages yet. The duty `event ids` puts the ids of an
-- existing log into pages, in steps, and then drops the index.
CREATE TABLE log_id_pages (
  page INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL,
  -- The first and the last id. A page has all ids of its project from `first` to the first id of the following page, except those in `log_ids`.
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  -- An object of ids and their places, `{"<event_id>":<place>,…}`, in the order of the ids. A place is `seq * 4 + standing`. An id has a
  -- place for each standing.
  ids TEXT NOT NULL,
  UNIQUE (project_id, first)
) STRICT;

-- Ids that would come alone into a page.
CREATE TABLE log_ids (
  project_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_id, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_state (
  id INTEGER PRIMARY KEY CHECK (id = 0),
  -- The last event whose id is in `log_id_pages` or `log_ids`.
  ids_cursor INTEGER NOT NULL,
  -- How often ids were moved or changed. It shows that another invocation was faster.
  version INTEGER NOT NULL,
  -- Whether the index `events_by_id` exists, so that ids behind the cursor are found by it.
  indexed INTEGER NOT NULL
) STRICT;
INSERT INTO log_state (id, ids_cursor, version, indexed) VALUES (0, 0, 0, 1);
