/**
 * Appends events to the log, once each. A batch is one statement with one parameter, whatever its length;
 * an event that the log already has is ignored. Transactions have a statement of their own, before it and in the
 * same D1 transaction: the first event of a transaction takes it for ever, a later one is stored as its duplicate.
 */
import { sql } from "drizzle-orm";
import type { StoredEvent } from "../event.ts";
import { columnsBut } from "../log-columns.ts";
import { type Database, transact } from "../schema.ts";

/** What comes from the queue, in one order for both sides of the statement. */
const COLUMNS = columnsBut("seq", "duplicate_of");

/** D1 takes values of up to 2 MB; the rest of the room is for what a character costs in UTF-8. */
const PARAMETER_CHARACTERS = 600_000;

const at = (column: (typeof COLUMNS)[number]) => `j.value ->> ${COLUMNS.indexOf(column)}`;
const names = sql.raw(COLUMNS.join(", "));
const values = sql.raw(COLUMNS.map(at).join(", "));
const transaction = sql.raw(
  `t.project_id = ${at("project_id")} AND t.event_type = ${at("event_type")} AND t.transaction_id = ${at("transaction_id")}`,
);

/** What has gone from the log was counted: it does not come again. */
const notRetired = sql.raw(
  `NOT EXISTS (SELECT 1 FROM retired_events r WHERE r.project_id = ${at("project_id")} AND r.event_id = ${at("event_id")})`,
);

/** What the log took: what it had already is not among it. */
export type Appended = {
  stored: number;
  /** Between which `seq` they are; null where nothing was stored. */
  first_seq: number | null;
  last_seq: number | null;
};

export const NOTHING: Appended = { stored: 0, first_seq: null, last_seq: null };

export const together = (one: Appended, other: Appended): Appended => ({
  stored: one.stored + other.stored,
  first_seq: one.first_seq ?? other.first_seq,
  last_seq: other.last_seq ?? one.last_seq,
});

export async function append(db: Database, events: readonly StoredEvent[]): Promise<Appended> {
  let all = NOTHING;
  for (const rows of chunks(events)) {
    const takeTransactions = sql`INSERT OR IGNORE INTO transactions (project_id, event_type, transaction_id, event_id)
      SELECT ${sql.raw([at("project_id"), at("event_type"), at("transaction_id"), at("event_id")].join(", "))}
      FROM json_each(${rows.json}) j
      WHERE ${sql.raw(at("transaction_id"))} IS NOT NULL AND ${sql.raw(at("test"))} = 0 AND NOT EXISTS (
        SELECT 1 FROM events e WHERE e.project_id = ${sql.raw(at("project_id"))} AND e.event_id = ${sql.raw(at("event_id"))})
        AND ${notRetired}
      ORDER BY j.key`;
    const appendEvents = sql`INSERT OR IGNORE INTO events (${names}, duplicate_of)
      SELECT ${values}, (
        SELECT t.event_id FROM transactions t WHERE ${transaction} AND t.event_id <> ${sql.raw(at("event_id"))})
      FROM json_each(${rows.json}) j WHERE ${notRetired} ORDER BY j.key`;
    const end = sql`SELECT ifnull(max(seq), 0) AS seq FROM events`;
    const results = await transact(db, [end, ...(rows.transactions ? [takeTransactions] : []), appendEvents]);
    const [before, after] = [results[0], results.at(-1)] as [D1Result<{ seq: number }>, D1Result];
    const { changes, last_row_id } = after.meta;
    const first_seq = (before.results[0]?.seq ?? 0) + 1;
    if (changes > 0) all = together(all, { stored: changes, first_seq, last_seq: last_row_id });
  }
  return all;
}

/** Rows as arrays in the order of the columns, in as few parameters as hold them. */
function* chunks(events: readonly StoredEvent[]): Generator<{ json: string; transactions: boolean }> {
  let rows: string[] = [];
  let size = 0;
  let transactions = false;
  const ids = new Set<string>();
  for (const event of events) {
    const id = `${event.project_id} ${event.event_id}`;
    // The log would ignore the second of a batch, but not the transaction that it claims.
    if (ids.has(id)) continue;
    ids.add(id);
    const row = JSON.stringify(COLUMNS.map((column) => event[column]));
    if (size + row.length > PARAMETER_CHARACTERS && rows.length > 0) {
      yield { json: `[${rows.join(",")}]`, transactions };
      rows = [];
      size = 0;
      transactions = false;
    }
    rows.push(row);
    size += row.length;
    transactions ||= event.transaction_id !== null;
  }
  if (rows.length > 0) yield { json: `[${rows.join(",")}]`, transactions };
}
