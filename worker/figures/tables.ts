/** The tables of the log in segments and of the figures that are made from it, until a migration makes them. */
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
  // Who claimed a transaction first, among trusted events and among others.
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
  // The dictionary of each project, some hundred words a row.
  `CREATE TABLE words (
    project_id TEXT NOT NULL,
    first INTEGER NOT NULL,
    names TEXT NOT NULL,
    PRIMARY KEY (project_id, first)
  ) STRICT, WITHOUT ROWID`,
  // Players, and visitors that came alone into their page: the state, the last events, and the state before those.
  // With a rowid: a tree of rows this long by name would have four rows a page, and be as many pages deep.
  `CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    project_id TEXT NOT NULL,
    person TEXT NOT NULL,
    now TEXT NOT NULL,
    head TEXT NOT NULL,
    recent TEXT NOT NULL,
    UNIQUE (project_id, person)
  ) STRICT`,
  // Earlier events, a chunk a row, each with the state before it; `until` is the time of its last event.
  `CREATE TABLE people_past (
    project_id TEXT NOT NULL,
    person TEXT NOT NULL,
    until INTEGER NOT NULL,
    head TEXT NOT NULL,
    recent TEXT NOT NULL,
    PRIMARY KEY (project_id, person, until)
  ) STRICT, WITHOUT ROWID`,
  // Visitors whose names are near each other, as those of the snippet are, which have a time in them.
  `CREATE TABLE visitor_pages (
    page INTEGER PRIMARY KEY,
    project_id TEXT NOT NULL,
    first TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (project_id, first)
  ) STRICT`,
  // The figures of a day, of everybody or of one tag; `date` is in days since 1970, `seq` the last event that changed them.
  // What a run adds is written behind the texts, as `added` characters in all, until they are packed again.
  `CREATE TABLE days (
    day INTEGER PRIMARY KEY,
    project_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    date INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    packed INTEGER,
    added INTEGER NOT NULL,
    counts TEXT NOT NULL,
    life TEXT NOT NULL,
    cells TEXT NOT NULL,
    hours TEXT NOT NULL,
    UNIQUE (project_id, scope, date)
  ) STRICT`,
];
