/**
 * The tables of the log in segments. No migration creates them: the log is the table `events` until it is moved. Both forms have the
 * same pages of ids.
 */
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
  // The seq up to which events are in the figures.
  "ALTER TABLE log_state ADD COLUMN cursor INTEGER NOT NULL DEFAULT 0",
];
