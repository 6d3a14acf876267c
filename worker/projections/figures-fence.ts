/**
 * Prevents that two changes of the figures overwrite each other: a run that counts new events, and anything else that
 * changes people or their past. A run moves the cursor of the figures; everything else begins a new epoch. So of two
 * changes that read the same people, one fails.
 */
import { type SQL, sql } from "drizzle-orm";
import { RESTORING } from "../archive/restoring.ts";
import type { Database } from "../store/database.ts";

export const FIGURES = "figures";

/** The place of the figures in the log. */
export type FiguresAt = { cursor: number; epoch: number; generation: number };

const FREE = sql`erasure_id IS NULL AND NOT ${RESTORING}`;

/** Null while nothing may change, because people are renamed or the log is restored. */
export async function figuresAt(db: Database): Promise<FiguresAt | null> {
  const at = await db.get<(FiguresAt & { free: 0 | 1 }) | undefined>(sql`SELECT ifnull(p.cursor, 0) AS cursor,
    ifnull(p.epoch, 0) AS epoch, r.generation, ${FREE} AS free
    FROM renaming r LEFT JOIN projections p ON p.name = ${FIGURES}`);
  return at?.free ? { cursor: at.cursor, epoch: at.epoch, generation: at.generation } : null;
}

/** Fails if anything has changed since, and so does the transaction: NULL is not allowed. */
export const failIfMoved = ({ cursor, epoch, generation }: FiguresAt): SQL =>
  sql`INSERT INTO projections (name, cursor, epoch)
    SELECT ${FIGURES}, CASE WHEN generation = ${generation} AND ${FREE} THEN 0 END, 1 FROM renaming WHERE true
    ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1,
      cursor = CASE WHEN cursor = ${cursor} AND epoch = ${epoch} THEN cursor END`;

/** For changes of which figures are counted: a run that counts at this moment fails and counts again. */
export const beginEpoch = (): SQL => sql`UPDATE projections SET epoch = epoch + 1 WHERE name = ${FIGURES}`;
