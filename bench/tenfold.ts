/**
 * Makes ten times as many events without ten times the loading: each event gets nine copies, of other people who did the same
 * at the same time. In the log, copies are next to their event, as if they had arrived together. The tables get the rows that
 * the projections would have written from this log. So every figure is ten times as large, except the times between the steps
 * of the funnel, which are a few milliseconds longer.
 */
import { sql } from "drizzle-orm";
import type { Database } from "../worker/store/database.ts";

export const COPIES = 10;

type Copied = {
  /** Columns that name someone or something: each copy has a different name. */
  named: readonly string[];
  /** Columns whose values differ slightly between copies, so that there are as many rows as from real events. */
  spread?: readonly string[];
};

/** Tables with a row for each person, event or time. */
const COPIED: Record<string, Copied> = {
  events: { named: ["event_id", "player_id", "visitor_id", "transaction_id", "duplicate_of"] },
  identities: { named: ["visitor_id", "player_id", "rank"] },
  activity: { named: ["person"] },
  player_days: { named: ["person"] },
  payments: { named: ["person"] },
  players: { named: ["person", "player_id"] },
  // Each copy is one millisecond longer: this changes only the median, by a few milliseconds.
  funnel: { named: [], spread: ["elapsed"] },
};

/** Tables of sums, with the columns that are multiplied. */
const SUMMED = {
  daily_metrics: ["count", "total"],
  event_summary: ["count", "total"],
  money_summary: ["total", "whole", "fraction"],
  event_outcomes: ["total"],
  returns: ["people"],
  retention: ["people"],
  depositors: ["people"],
  changes: ["seq"],
  projections: ["cursor"],
} as const;

const times = (column: string) => `${column} = ${column} * ${COPIES}`;

function copy(table: string, columns: readonly string[], { named, spread = [] }: Copied): string[] {
  const value = (column: string) => {
    if (named.includes(column)) return `${column} || CASE k WHEN 0 THEN '' ELSE '~' || k END`;
    if (spread.includes(column)) return `CASE WHEN ${column} < 0 THEN ${column} ELSE ${column} + k END`;
    return column === "seq" ? `(seq - 1) * ${COPIES} + k + 1` : column;
  };
  const rows = spread.length > 0 ? "WHERE true ON CONFLICT DO UPDATE SET people = people + excluded.people" : "";
  return [
    `CREATE TEMP TABLE once AS SELECT ${columns.join(", ")} FROM ${table}`,
    `DELETE FROM ${table}`,
    `INSERT INTO ${table} (${columns.join(", ")}) SELECT ${columns.map(value).join(", ")}
      FROM once CROSS JOIN (SELECT key AS k FROM json_each('[${Array(COPIES).fill(0)}]')) ${rows}`,
    "DROP TABLE once",
  ];
}

export async function tenfold(db: Database): Promise<void> {
  for (const [table, copied] of Object.entries(COPIED)) {
    // `pragma_table_info` leaves out computed columns.
    const columns = await db.all<{ name: string }>(sql.raw(`SELECT name FROM pragma_table_info('${table}')`));
    const names = columns.map(({ name }) => name);
    for (const text of copy(table, names, copied)) await db.run(sql.raw(text));
  }
  for (const [table, columns] of Object.entries(SUMMED))
    await db.run(sql.raw(`UPDATE ${table} SET ${columns.map(times).join(", ")}`));
}
