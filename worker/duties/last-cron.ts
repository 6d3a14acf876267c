/** When cron last ran, for `/health`: it wakes all duties, and nothing else shows that it has stopped. */

import { sql } from "drizzle-orm";
import { type Database, mainDatabaseOf } from "../store/database.ts";
import { iso } from "../time.ts";

/** A record is a row written, which is billed. So it is renewed only when the last one is this old, in milliseconds. */
export const CRON_RECORDED_EVERY_MS = 5 * 60_000;

/** Null before the first run. */
export async function lastCron(db: Database): Promise<string | null> {
  const row = await db.get<{ ran_at: number } | undefined>(sql`SELECT ran_at FROM cron_runs WHERE id = 0`);
  return row ? iso(row.ran_at) : null;
}

export async function recordCron(env: Env, now: number): Promise<void> {
  await mainDatabaseOf(env).run(sql`INSERT INTO cron_runs (id, ran_at) VALUES (0, ${now})
    ON CONFLICT DO UPDATE SET ran_at = excluded.ran_at WHERE excluded.ran_at - ran_at >= ${CRON_RECORDED_EVERY_MS}`);
}
