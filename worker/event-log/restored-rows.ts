/** The statements that write restored rows: of any table, and of the log with an event's transaction. */

import { type SQL, sql } from "drizzle-orm";
import { COLUMNS } from "../archive/columns.ts";
import { supersede } from "./append.ts";

/** D1 takes values of up to 2 MB. */
const PARAMETER_CHARACTERS = 600_000;

export type Table = Record<string, unknown>[];

/** The archived rows; they replace present rows with the same key. */
export async function putRows(table: string, rows: Table): Promise<SQL[]> {
  const columns = Object.keys(rows[0] ?? {});
  const values = columns.map((_, index) => `value ->> ${index}`).join(", ");
  const chunks = await Array.fromAsync(pieces(rows.map((row) => columns.map((column) => row[column]))));
  return chunks.map(
    (chunk) => sql`INSERT OR REPLACE INTO ${sql.raw(table)} (${sql.raw(columns.join(", "))})
      SELECT ${sql.raw(values)} FROM json_each(${chunk})`,
  );
}

/** Rows as JSON, in pieces that fit into a parameter. */
export async function* pieces(rows: Iterable<unknown[]> | AsyncIterable<unknown[]>): AsyncGenerator<string> {
  let held: string[] = [];
  let size = 0;
  for await (const row of rows) {
    const text = JSON.stringify(row);
    if (size + text.length > PARAMETER_CHARACTERS && held.length > 0) {
      yield `[${held}]`;
      held = [];
      size = 0;
    }
    held.push(text);
    size += text.length;
  }
  if (held.length > 0) yield `[${held}]`;
}

const NAMES = sql.raw(COLUMNS.map(({ name }) => name).join(", "));
const at = (name: (typeof COLUMNS)[number]["name"]) =>
  sql.raw(`j.value ->> ${COLUMNS.findIndex((column) => column.name === name)}`);
const VALUES = sql.raw(COLUMNS.map((_, index) => `j.value ->> ${index}`).join(", "));
const CAN_COUNT = sql`(${at("bot")} IS NULL AND ${at("test")} = 0)`;

export const insertEvents = (piece: string, base: number): SQL[] => [
  // An event that arrived again meanwhile is replaced by the archive's. While the log is restored, it has the index of ids.
  sql`DELETE FROM events WHERE seq IN (SELECT e.seq FROM json_each(${piece}) j
    JOIN events e ON e.project_id = ${at("project_id")} AND e.event_id = ${at("event_id")}
      AND e.standing = ${at("trusted")} * 2 + ${CAN_COUNT} WHERE e.seq > ${base})`,
  sql`INSERT OR IGNORE INTO events (${NAMES}) SELECT ${VALUES} FROM json_each(${piece}) j`,
  sql`INSERT INTO transactions (project_id, event_type, transaction_id, trusted, event_id)
    SELECT ${at("project_id")}, ${at("event_type")}, ${at("transaction_id")}, ${at("trusted")}, ${at("event_id")}
    FROM json_each(${piece}) j
    WHERE ${at("transaction_id")} IS NOT NULL AND ${CAN_COUNT} AND ${at("duplicate_of")} IS NULL
    ON CONFLICT DO UPDATE SET event_id = excluded.event_id WHERE event_id <> excluded.event_id`,
  // An event whose id another event has still gets its transaction, if it was the first with it.
  sql`INSERT OR IGNORE INTO transactions (project_id, event_type, transaction_id, trusted, event_id)
    SELECT ${at("project_id")}, ${at("event_type")}, ${at("transaction_id")}, 0, ${at("event_id")} FROM json_each(${piece}) j
    WHERE ${at("transaction_id")} IS NOT NULL AND ${CAN_COUNT} AND ${at("duplicate_of")} = ${at("event_id")}`,
  // The archive has an event as it was when its file was written: a trusted event may have replaced it later.
  supersede(sql`SELECT ${at("project_id")}, ${at("event_id")} FROM json_each(${piece}) j`),
];
