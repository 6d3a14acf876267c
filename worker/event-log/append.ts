/**
 * Appends events to the log, once each. A batch of any length is one statement with one parameter;
 * an event that the log already has is ignored.
 *
 * An id is unique among trusted events, for which a key or a good signature vouches, and among open ones. Of a trusted and
 * an open event with the same id the trusted one counts, and so does the first trusted event of a transaction, else its
 * first open one. The others are stored as duplicates. An open event may have been counted before the trusted one comes:
 * `superseded_at` is then the place in the log from which it counts no more. Tests and bots take no id and no transaction
 * from what counts.
 */
import { type SQL, sql } from "drizzle-orm";
import type { StoredEvent } from "../event.ts";
import { columnsBut } from "../log-columns.ts";
import { ANY_TARGET } from "../postbacks/target.ts";
import { leastCursor } from "../projections/catch-up.ts";
import { type Database, transact } from "../store/database.ts";

/** The columns of queued events, in one order for both sides of the statement. */
const COLUMNS = columnsBut("seq", "duplicate_of");

/** D1 takes values of up to 2 MB; the rest of the room is for what a character costs in UTF-8. */
const PARAMETER_CHARACTERS = 600_000;

/** The value of the column `standing`: 3 is a trusted event that can count, 1 an open one. */
export const standingOf = ({ trusted, bot = null, test = 0 }: Partial<StoredEvent>): number =>
  (trusted === 1 ? 2 : 0) + (bot === null && test === 0 ? 1 : 0);
const TRUSTED = 3;
const OPEN = 1;

const at = (column: (typeof COLUMNS)[number]) => sql.raw(`j.value ->> ${COLUMNS.indexOf(column)}`);
const names = sql.raw(COLUMNS.join(", "));
const values = sql.join(COLUMNS.map(at), sql`, `);
const [PROJECT, ID, TYPE, TRANSACTION, IS_TRUSTED] = [
  at("project_id"),
  at("event_id"),
  at("event_type"),
  at("transaction_id"),
  at("trusted"),
];
const CAN_COUNT = sql`(${at("bot")} IS NULL AND ${at("test")} = 0)`;
const STANDING = sql`(${IS_TRUSTED} * 2 + ${CAN_COUNT})`;

/** An event that has left the log was counted: it is not stored again. */
const notRetired = sql`NOT EXISTS (
  SELECT 1 FROM retired_events r WHERE r.project_id = ${PROJECT} AND r.event_id = ${ID} AND r.standing = ${STANDING})`;

/** The columns of an event that decide whether it counts. */
type Claim = Record<"project_id" | "event_id" | "event_type" | "transaction_id" | "trusted" | "standing", SQL>;
const GIVEN: Claim = {
  project_id: PROJECT,
  event_id: ID,
  event_type: TYPE,
  transaction_id: TRANSACTION,
  trusted: IS_TRUSTED,
  standing: STANDING,
};

/** An event of the log, judged as if it were appended now. */
export const LOGGED: Claim = {
  project_id: sql`events.project_id`,
  event_id: sql`events.event_id`,
  event_type: sql`events.event_type`,
  transaction_id: sql`events.transaction_id`,
  trusted: sql`events.trusted`,
  standing: sql`events.standing`,
};

/** Which event counts in the place of this one, as far as the log and `transactions` know; null where none does. */
export const duplicateOf = (claim: Claim): SQL => sql`CASE
  WHEN ${claim.standing} = ${sql.raw(String(OPEN))} AND (
    EXISTS (SELECT 1 FROM events n WHERE n.project_id = ${claim.project_id} AND n.event_id = ${claim.event_id}
      AND n.standing = ${sql.raw(String(TRUSTED))})
    OR EXISTS (SELECT 1 FROM retired_events r WHERE r.project_id = ${claim.project_id} AND r.event_id = ${claim.event_id}
      AND r.standing = ${sql.raw(String(TRUSTED))})) THEN ${claim.event_id}
  ELSE (SELECT CASE WHEN t.event_id <> ${claim.event_id} OR t.trusted <> ${claim.trusted} THEN t.event_id END
    FROM transactions t WHERE t.project_id = ${claim.project_id} AND t.event_type = ${claim.event_type}
      AND t.transaction_id = ${claim.transaction_id} AND t.trusted >= ${claim.trusted}
    ORDER BY t.trusted DESC LIMIT 1) END`;

const IN_THE_LOG = (alias: "n" | "o", id: SQL, standing: number) =>
  sql`JOIN events ${sql.raw(alias)} ON ${sql.raw(alias)}.project_id = g.project_id
    AND ${sql.raw(alias)}.event_id = ${id} AND ${sql.raw(alias)}.standing = ${sql.raw(String(standing))}`;
const HOLDER_OF = (alias: "n" | "o", trusted: 0 | 1) =>
  sql`JOIN transactions t ON t.project_id = g.project_id AND t.event_type = ${sql.raw(alias)}.event_type
    AND t.transaction_id = ${sql.raw(alias)}.transaction_id AND t.trusted = ${sql.raw(String(trusted))}`;

/**
 * Marks open events as no longer counting if a trusted event has their id or transaction. `given` are events of the log, by
 * `project_id` and `event_id`: one of the two. Events of settled days stay as they are. In this form SQLite uses indices
 * only; an UPDATE FROM would read the whole log.
 */
export const supersede = (given: SQL): SQL => sql`
  WITH g AS MATERIALIZED (${given}
  ), pairs AS MATERIALIZED (
    SELECT o.seq AS open_seq, o.duplicate_of, o.superseded_at, n.seq, n.event_id FROM g
      CROSS ${IN_THE_LOG("n", sql`g.event_id`, TRUSTED)} CROSS ${IN_THE_LOG("o", sql`g.event_id`, OPEN)}
    UNION ALL
    SELECT o.seq, o.duplicate_of, o.superseded_at, n.seq, n.event_id FROM g
      CROSS ${IN_THE_LOG("n", sql`g.event_id`, TRUSTED)} CROSS ${HOLDER_OF("n", 0)}
      CROSS ${IN_THE_LOG("o", sql`t.event_id`, OPEN)}
    UNION ALL
    SELECT o.seq, o.duplicate_of, o.superseded_at, n.seq, n.event_id FROM g
      CROSS ${IN_THE_LOG("o", sql`g.event_id`, OPEN)} CROSS ${HOLDER_OF("o", 1)}
      CROSS ${IN_THE_LOG("n", sql`t.event_id`, TRUSTED)}
  ), found AS MATERIALIZED (
    SELECT open_seq, seq, event_id FROM pairs WHERE duplicate_of IS NULL OR superseded_at > seq
  )
  UPDATE events SET (duplicate_of, superseded_at) = (
    SELECT f.event_id, CASE WHEN f.seq > events.seq THEN f.seq END FROM found f
    WHERE f.open_seq = events.seq ORDER BY f.seq LIMIT 1)
  WHERE seq IN (SELECT open_seq FROM found) AND event_date >= ifnull(
    (SELECT p.settled_before FROM projects p WHERE p.project_id = events.project_id), '')`;

type Taken = { tables: number; figures: number };

/** The events that were stored, without those that the log had already. */
export type Appended = {
  stored: number;
  /** Their first and last `seq`; null where nothing was stored. */
  first_seq: number | null;
  last_seq: number | null;
  /** The last `seq` that all tables have read, and the last one that the figures have read. */
  taken: Taken;
  /** Whether any project has a target of postbacks. */
  has_targets: boolean;
};

export const NOTHING: Appended = {
  stored: 0,
  first_seq: null,
  last_seq: null,
  taken: { tables: 0, figures: 0 },
  has_targets: false,
};

export const together = (one: Appended, other: Appended): Appended => ({
  stored: one.stored + other.stored,
  first_seq: one.first_seq ?? other.first_seq,
  last_seq: other.last_seq ?? one.last_seq,
  taken: {
    tables: Math.max(one.taken.tables, other.taken.tables),
    figures: Math.max(one.taken.figures, other.taken.figures),
  },
  has_targets: one.has_targets || other.has_targets,
});

export async function append(db: Database, events: readonly StoredEvent[]): Promise<Appended> {
  let all = NOTHING;
  for (const rows of chunks(events)) {
    const end = sql`SELECT ifnull(max(seq), 0) AS seq, ${leastCursor("tables")} AS tables, ${leastCursor("figures")} AS figures,
      ${ANY_TARGET} AS has_targets FROM events`;
    const takeTransactions = sql`INSERT OR IGNORE INTO transactions (project_id, event_type, transaction_id, trusted, event_id)
      SELECT ${PROJECT}, ${TYPE}, ${TRANSACTION}, ${IS_TRUSTED}, ${ID} FROM json_each(${rows.json}) j
      WHERE ${TRANSACTION} IS NOT NULL AND ${CAN_COUNT} AND NOT EXISTS (
        SELECT 1 FROM events e WHERE e.project_id = ${PROJECT} AND e.event_id = ${ID} AND e.standing = ${STANDING})
        AND ${notRetired}
      ORDER BY j.key`;
    const appendEvents = sql`INSERT INTO events (${names}, duplicate_of)
      SELECT ${values}, ${duplicateOf(GIVEN)} FROM json_each(${rows.json}) j WHERE ${notRetired} ORDER BY j.key
      ON CONFLICT (project_id, event_id, standing) DO NOTHING`;
    const takeOver = supersede(sql`SELECT ${PROJECT} AS project_id, ${ID} AS event_id FROM json_each(${rows.json}) j`);
    const before = [end, ...(rows.transactions ? [takeTransactions] : [])];
    const results = await transact(db, [...before, appendEvents, ...(rows.trusted ? [takeOver] : [])]);
    const [head, appended] = [results[0], results[before.length]] as [
      D1Result<{ seq: number; has_targets: 0 | 1 } & Taken>,
      D1Result,
    ];
    const { changes, last_row_id } = appended.meta;
    const { seq = 0, tables = 0, figures = 0, has_targets = 0 } = head.results[0] ?? {};
    const stored = {
      stored: changes,
      first_seq: seq + 1,
      last_seq: last_row_id,
      taken: { tables, figures },
      has_targets: has_targets === 1,
    };
    if (changes > 0) all = together(all, stored);
  }
  return all;
}

/** Rows as arrays in the order of the columns, and whether any of them has a transaction or is trusted. */
type Chunk = { json: string; transactions: boolean; trusted: boolean };

/** In as few parameters as possible. */
function* chunks(events: readonly StoredEvent[]): Generator<Chunk> {
  let rows: string[] = [];
  let size = 0;
  let transactions = false;
  let trusted = false;
  const ids = new Set<string>();
  for (const given of events) {
    // Events that an old version queued or kept as dead letters do not say whether they are trusted.
    const event = { ...given, trusted: given.trusted ?? 0 };
    const id = `${event.project_id} ${event.event_id} ${standingOf(event)}`;
    // The log would ignore the second of a batch, but not the transaction that it claims.
    if (ids.has(id)) continue;
    ids.add(id);
    const row = JSON.stringify(COLUMNS.map((column) => event[column]));
    if (size + row.length > PARAMETER_CHARACTERS && rows.length > 0) {
      yield { json: `[${rows.join(",")}]`, transactions, trusted };
      rows = [];
      size = 0;
      transactions = false;
      trusted = false;
    }
    rows.push(row);
    size += row.length;
    transactions ||= event.transaction_id !== null;
    trusted ||= event.trusted === 1;
  }
  if (rows.length > 0) yield { json: `[${rows.join(",")}]`, transactions, trusted };
}
