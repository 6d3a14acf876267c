/**
 * Appends events to the log, once each. A batch of any length is one statement with two parameters, the events and their ids;
 * an event that the log already has, or had, is ignored.
 *
 * An id is unique among trusted events, for which a key or a good signature vouches, and among open ones. Of a trusted and
 * an open event with the same id the trusted one counts, and so does the first trusted event of a transaction, else its
 * first open one. The others are stored as duplicates. An open event may have been counted before the trusted one comes:
 * `superseded_at` is then the place in the log from which it counts no more. Tests and bots take no id and no transaction
 * from what counts.
 */
import { type SQL, sql } from "drizzle-orm";
import type { StoredEvent } from "../event.ts";
import { log } from "../log.ts";
import { columnsBut } from "../log-columns.ts";
import { ANY_TARGET } from "../postbacks/target.ts";
import { leastCursor } from "../projections/catch-up.ts";
import { type Database, transact } from "../store/database.ts";
import { LAST_NUMBER } from "../store/numbers.ts";
import { placeOf, places } from "../store/places.ts";
import { IDS_A_STEP, writeEventIds } from "./event-ids.ts";
import { lostIdPages, MOST_WAITING } from "./id-pages.ts";

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

/** An event that has left the log was counted: it is not stored again. Ids that left it before they were in pages are in this table. */
const IS_RETIRED = sql`EXISTS (
  SELECT 1 FROM retired_events r WHERE r.project_id = ${PROJECT} AND r.event_id = ${ID} AND r.standing = ${STANDING})`;

/** The columns of an event that decide whether it counts, and whether the log has, or had, a trusted event with its id. */
type Claim = Record<
  "project_id" | "event_id" | "event_type" | "transaction_id" | "trusted" | "standing" | "isOfTrusted",
  SQL
>;
const GIVEN: Claim = {
  project_id: PROJECT,
  event_id: ID,
  event_type: TYPE,
  transaction_id: TRANSACTION,
  trusted: IS_TRUSTED,
  standing: STANDING,
  isOfTrusted: sql`(${PROJECT}, ${ID}) IN (SELECT project_id, event_id FROM known WHERE place % 4 = ${sql.raw(String(TRUSTED))})`,
};

/** An event of the log, judged as if it were appended now. */
export const LOGGED: Claim = {
  project_id: sql`events.project_id`,
  event_id: sql`events.event_id`,
  event_type: sql`events.event_type`,
  transaction_id: sql`events.transaction_id`,
  trusted: sql`events.trusted`,
  standing: sql`events.standing`,
  isOfTrusted: sql`${placeOf(sql`events.project_id`, sql`events.event_id`, TRUSTED)} IS NOT NULL`,
};

/** Which event counts in the place of this one, as far as the log and `transactions` know; null where none does. */
export const duplicateOf = (claim: Claim): SQL => sql`CASE
  WHEN ${claim.standing} = ${sql.raw(String(OPEN))} AND (${claim.isOfTrusted}
    OR EXISTS (SELECT 1 FROM retired_events r WHERE r.project_id = ${claim.project_id} AND r.event_id = ${claim.event_id}
      AND r.standing = ${sql.raw(String(TRUSTED))})) THEN ${claim.event_id}
  ELSE (SELECT CASE WHEN t.event_id <> ${claim.event_id} OR t.trusted <> ${claim.trusted} THEN t.event_id END
    FROM transactions t WHERE t.project_id = ${claim.project_id} AND t.event_type = ${claim.event_type}
      AND t.transaction_id = ${claim.transaction_id} AND t.trusted >= ${claim.trusted}
    ORDER BY t.trusted DESC LIMIT 1) END`;

/**
 * Marks open events as no longer counting if a trusted event has their id or transaction. `given` are events of the log, by
 * project and id: one of the two. Events of settled days stay as they are. In this form SQLite reads only these events; an UPDATE
 * FROM would read the whole log.
 */
export const supersede = (given: SQL): SQL => sql`
  WITH g (project_id, event_id) AS MATERIALIZED (${given}
  ), ${places("here", "g")}, both AS MATERIALIZED (
    SELECT max(CASE place % 4 WHEN ${sql.raw(String(OPEN))} THEN place / 4 END) AS open_seq,
      max(CASE place % 4 WHEN ${sql.raw(String(TRUSTED))} THEN place / 4 END) AS seq
    FROM here GROUP BY project_id, event_id
  ), held (seq, standing, project_id, event_id) AS MATERIALIZED (
    SELECT e.seq, e.standing, t.project_id, t.event_id FROM (SELECT DISTINCT place FROM here) h
      CROSS JOIN events e ON e.seq = h.place / 4 AND h.place % 4 IN (${sql.raw(`${OPEN}, ${TRUSTED}`)})
      CROSS JOIN transactions t ON t.project_id = e.project_id AND t.event_type = e.event_type
        AND t.transaction_id = e.transaction_id AND t.trusted = (e.standing = ${sql.raw(String(OPEN))})
  ), ${places("there", "held")}, pairs (open_seq, seq) AS MATERIALIZED (
    SELECT open_seq, seq FROM both WHERE open_seq IS NOT NULL AND seq IS NOT NULL
    UNION ALL
    SELECT iif(h.standing = ${sql.raw(String(OPEN))}, h.seq, t.place / 4), iif(h.standing = ${sql.raw(String(OPEN))}, t.place / 4, h.seq)
    FROM there t CROSS JOIN held h ON h.project_id = t.project_id AND h.event_id = t.event_id
      AND h.standing + t.place % 4 = ${sql.raw(String(OPEN + TRUSTED))}
  ), found AS MATERIALIZED (
    SELECT p.open_seq, n.seq, n.event_id FROM pairs p CROSS JOIN events o ON o.seq = p.open_seq CROSS JOIN events n ON n.seq = p.seq
    WHERE o.duplicate_of IS NULL OR o.superseded_at > n.seq
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

/** What the log knows of the ids of a chunk, those of certain events only. */
const known = (ids: string, only: SQL): SQL => sql`WITH given (project_id, event_id) AS MATERIALIZED (
    SELECT value ->> 0, value ->> 1 FROM json_each(${ids}) WHERE ${only}
  ), ${places("known", "given")}`;
const HAS_TRANSACTION = sql`value ->> 3 = 1`;
const CAN_REPLACE = sql`value ->> 2 = ${sql.raw(String(TRUSTED))}`;
const NOT_STORED = sql`(${PROJECT}, ${ID}, ${STANDING}) NOT IN (SELECT project_id, event_id, place % 4 FROM known) AND NOT ${IS_RETIRED}`;

type IdsState = { ids_cursor: number; indexed: 0 | 1 };
type Head = Taken & IdsState & { seq: number; has_targets: 0 | 1 };

/** `writesIds` is whether ids are put into pages, if enough of them wait: up to nine further statements. */
export async function append(db: Database, events: readonly StoredEvent[], writesIds = true): Promise<Appended> {
  let all = NOTHING;
  let state: IdsState | null = null;
  for (const { rows, ids, transactions, trusted } of chunks(events)) {
    const end = sql`SELECT ${LAST_NUMBER} AS seq, ${leastCursor("tables")} AS tables, ${leastCursor("figures")} AS figures,
      ${ANY_TARGET} AS has_targets, (SELECT ids_cursor FROM log_state) AS ids_cursor, (SELECT indexed FROM log_state) AS indexed`;
    const takeTransactions = sql`${known(ids, HAS_TRANSACTION)}
      INSERT OR IGNORE INTO transactions (project_id, event_type, transaction_id, trusted, event_id)
      SELECT ${PROJECT}, ${TYPE}, ${TRANSACTION}, ${IS_TRUSTED}, ${ID} FROM json_each(${rows}) j
      WHERE ${TRANSACTION} IS NOT NULL AND ${CAN_COUNT} AND ${NOT_STORED}
      ORDER BY j.key`;
    const appendEvents = sql`${known(ids, sql`true`)} INSERT INTO events (seq, ${names}, duplicate_of)
      SELECT ${LAST_NUMBER} + row_number() OVER (ORDER BY j.key), ${values}, ${duplicateOf(GIVEN)}
      FROM json_each(${rows}) j WHERE ${NOT_STORED} ORDER BY j.key`;
    const takeOver = supersede(sql`SELECT value ->> 0, value ->> 1 FROM json_each(${ids})
      WHERE ${CAN_REPLACE} OR ${HAS_TRANSACTION}`);
    const before = [end, ...(transactions ? [takeTransactions] : [])];
    const results = await transact(db, [...before, appendEvents, ...(trusted ? [takeOver] : [])]);
    const [first, appended] = [results[0], results[before.length]] as [D1Result<Head>, D1Result];
    const { changes, last_row_id } = appended.meta;
    const { seq = 0, tables = 0, figures = 0, has_targets = 0, ids_cursor = 0, indexed = 0 } = first.results[0] ?? {};
    const stored = {
      stored: changes,
      first_seq: seq + 1,
      last_seq: last_row_id,
      taken: { tables, figures },
      has_targets: has_targets === 1,
    };
    if (changes === 0) continue;
    all = together(all, stored);
    state = { ids_cursor, indexed };
  }
  if (writesIds && state && all.last_seq !== null) await writeIdsOfEvents(db, all.last_seq, state);
  return all;
}

/** The events are stored whatever becomes of this: what waits is found, and the next append tries again. */
async function writeIdsOfEvents(db: Database, last_seq: number, { ids_cursor, indexed }: IdsState): Promise<void> {
  const waiting = last_seq - ids_cursor;
  // The duty does it for a log of an earlier version.
  if (waiting < MOST_WAITING || (indexed === 1 && waiting >= IDS_A_STEP)) return;
  await writeEventIds(db).catch((error) => {
    if (!lostIdPages(error)) log("error", "ids not written", { error: String(error) });
  });
}

/** Rows as arrays in the order of the columns, their ids, and whether any of them has a transaction or is trusted. */
type Chunk = { rows: string; ids: string; transactions: boolean; trusted: boolean };

/** In as few parameters as possible. */
function* chunks(events: readonly StoredEvent[]): Generator<Chunk> {
  let rows: string[] = [];
  let ids: string[] = [];
  let size = 0;
  let transactions = false;
  let trusted = false;
  const seen = new Set<string>();
  const chunk = (): Chunk => ({ rows: `[${rows}]`, ids: `[${ids}]`, transactions, trusted });
  for (const given of events) {
    // Events that an old version queued or kept as dead letters do not say whether they are trusted.
    const event = { ...given, trusted: given.trusted ?? 0 };
    const { project_id, event_id, transaction_id } = event;
    const id = JSON.stringify([project_id, event_id, standingOf(event), transaction_id === null ? 0 : 1]);
    // The log would not ignore the second of a batch.
    const name = `${project_id} ${event_id} ${standingOf(event)}`;
    if (seen.has(name)) continue;
    seen.add(name);
    const row = JSON.stringify(COLUMNS.map((column) => event[column]));
    if (size + row.length > PARAMETER_CHARACTERS && rows.length > 0) {
      yield chunk();
      [rows, ids, size, transactions, trusted] = [[], [], 0, false, false];
    }
    rows.push(row);
    ids.push(id);
    size += row.length;
    transactions ||= transaction_id !== null;
    trusted ||= event.trusted === 1;
  }
  if (rows.length > 0) yield chunk();
}
