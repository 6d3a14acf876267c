/** The tables of the log in segments. No migration makes them: the log is the table `events` until it is moved. */
export const TABLES: readonly string[] = [
  // Up to 100 events a row. `ids` is an object of `<project_id> <event_id>` and the event's place in the segment, see
  // `placeOf` in `worker/event-log/claims.ts`; `superseded` lists the seq of earlier events that count no more. No AUTOINCREMENT, which is a row more.
  `CREATE TABLE log_segments (
    seq INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    ids TEXT NOT NULL,
    superseded TEXT,
    body TEXT NOT NULL
  ) STRICT`,
  // Ids of events in sorted pages: one row is written for many that are near each other, as those with a time in them are.
  `CREATE TABLE log_id_pages (
    page INTEGER PRIMARY KEY,
    project_id TEXT NOT NULL,
    first TEXT NOT NULL,
    ids TEXT NOT NULL,
    UNIQUE (project_id, first)
  ) STRICT`,
  // Ids that came alone into their page.
  `CREATE TABLE log_ids (
    project_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (project_id, event_id, place)
  ) STRICT, WITHOUT ROWID`,
  // The event that claimed a transaction first, among trusted events and among others.
  `CREATE TABLE log_transactions (
    project_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (project_id, event_type, transaction_id, trusted)
  ) STRICT, WITHOUT ROWID`,
  // One row. Up to where ids are in pages, and up to where events are in the figures.
  `CREATE TABLE log_state (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    ids_cursor INTEGER NOT NULL,
    cursor INTEGER NOT NULL
  ) STRICT`,
  "INSERT INTO log_state (id, ids_cursor, cursor) VALUES (0, 0, 0)",
];
