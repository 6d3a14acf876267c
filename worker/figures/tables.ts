/** The tables of the log in segments. No migration creates them: the log is the table `events` until it is moved. */
export const TABLES: readonly string[] = [
  // Up to 100 events a row. `ids` is an object of `<project_id> <event_id>` and the event's place in the segment, see
  // `placeOf` in `worker/event-log/claims.ts`; `superseded` lists the seq of earlier events that no longer count. AUTOINCREMENT would write a further row.
  `CREATE TABLE log_segments (
    seq INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    ids TEXT NOT NULL,
    superseded TEXT,
    body TEXT NOT NULL
  ) STRICT`,
  // Ids of events in sorted pages: ids that contain a time are near each other, so one row is written for many of them.
  `CREATE TABLE log_id_pages (
    page INTEGER PRIMARY KEY,
    project_id TEXT NOT NULL,
    first TEXT NOT NULL,
    ids TEXT NOT NULL,
    UNIQUE (project_id, first)
  ) STRICT`,
  // Ids that would be the only new one in their page.
  `CREATE TABLE log_ids (
    project_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (project_id, event_id, place)
  ) STRICT, WITHOUT ROWID`,
  // The event that used a transaction id first, among trusted events and among others.
  `CREATE TABLE log_transactions (
    project_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (project_id, event_type, transaction_id, trusted)
  ) STRICT, WITHOUT ROWID`,
  // One row: the seq up to which ids are in pages, and the seq up to which events are in the figures.
  `CREATE TABLE log_state (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    ids_cursor INTEGER NOT NULL,
    cursor INTEGER NOT NULL
  ) STRICT`,
  "INSERT INTO log_state (id, ids_cursor, cursor) VALUES (0, 0, 0)",
];
