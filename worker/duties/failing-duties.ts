/**
 * Which duties fail, for `/health` and the metrics. Why they do is in the logs, as an error may name people. Reattribution is a
 * part of the duties `tables` and `figures`, which continue without it: it has a separate name, and no project.
 */

import { sql } from "drizzle-orm";
import { type Database, databaseOf } from "../store/database.ts";
import { iso } from "../time.ts";

export type FailingDuty = {
  name: string;
  /** When it began to fail. */
  since: string;
};

export async function failingDuties(db: Database): Promise<FailingDuty[]> {
  const rows = await db.all<{ name: string; since: number }>(sql`
    SELECT name, since FROM failing_duties
    UNION ALL SELECT 'reattribution', min(failing_since) FROM (
      SELECT failing_since FROM reattributions UNION ALL SELECT failing_since FROM recounts) HAVING min(failing_since) IS NOT NULL
    ORDER BY name`);
  return rows.map(({ name, since }) => ({ name, since: iso(since) }));
}

/** A row is written when a duty begins to fail, and removed when it works again; in between, none. */
export async function recordRun(env: Env, name: string, failed: boolean, now: number): Promise<void> {
  await databaseOf(env).run(
    failed
      ? sql`INSERT INTO failing_duties (name, since) VALUES (${name}, CAST(${now} AS INTEGER)) ON CONFLICT DO NOTHING`
      : sql`DELETE FROM failing_duties WHERE name = ${name}`,
  );
}
