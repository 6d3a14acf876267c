/** Reads the rows of days that a run changes. */
import type { DayChange, Texts } from "./day-rows.ts";
import type { Words } from "./words.ts";

/** The counts of a row, and its texts if it is time to pack them. */
type DayRow = { counts: string; texts: Texts | null };

type Run = { project_id: string; rules: { words: Words } };
/** A day that changes, with what was read of its row; without it where there is no row yet. */
export type ReadDay = { run: Run; change: DayChange; row: DayRow | undefined };

/** How many characters may be appended to a short row before it is packed. */
export const LEAST_ADDED = 4_000;

const due = (column: keyof Texts) => `CASE WHEN d.added > max(?2, d.packed) THEN d.${column} END AS ${column}`;
const DAYS = `SELECT j.key AS asked, d.counts, ${due("life")}, ${due("cells")}, ${due("hours")} FROM json_each(?1) j
  CROSS JOIN days d ON d.project_id = j.value ->> 0 AND d.scope = j.value ->> 1 AND d.date = j.value ->> 2`;

type Row = { asked: number; counts: string } & { [Name in keyof Texts]: string | null };

export async function readDays(
  db: D1Database,
  days: readonly { run: Run; change: DayChange }[],
  leastAdded: number,
): Promise<ReadDay[]> {
  const keys = days.map(({ run, change }) => [run.project_id, change.scope, change.date]);
  const { results } = await db.prepare(DAYS).bind(JSON.stringify(keys), leastAdded).all<Row>();
  const rows = new Map(results.map((row) => [row.asked, row]));
  return days.map((day, index) => {
    const row = rows.get(index);
    return { ...day, row: row && { counts: row.counts, texts: textsOf(row) } };
  });
}

const textsOf = ({ life, cells, hours }: Row): Texts | null =>
  life === null || cells === null || hours === null ? null : { life, cells, hours };
