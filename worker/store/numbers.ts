/**
 * The numbers of events, `seq`. A number is not used again after its event was removed, because cursors are behind it. The table is
 * AUTOINCREMENT for that, and SQLite then writes a row of `sqlite_sequence` for each statement that inserts, unless that row is ahead of
 * the log. So an append gives the numbers itself, and the row is moved ahead once for many events.
 */
import { type SQL, sql } from "drizzle-orm";

/** The last number that an event has, or had. */
export const LAST_NUMBER: SQL = sql`max((SELECT ifnull(max(seq), 0) FROM events), (SELECT taken_to FROM log_state))`;

/** How far the row of SQLite is moved ahead of the log, and what remains when it is moved again. */
const AHEAD = 2_000;
const LEAST_AHEAD = 500;

/** Moves the row of SQLite ahead of the log, if it is time for it. Where it is not ahead, an append costs a row more. */
export const MOVE_AHEAD = `UPDATE sqlite_sequence SET seq = (SELECT ifnull(max(seq), 0) FROM events) + ${AHEAD}
  WHERE name = 'events' AND seq < (SELECT ifnull(max(seq), 0) FROM events) + ${LEAST_AHEAD}`;
