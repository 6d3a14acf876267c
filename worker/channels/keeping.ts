/** Lets go of messages and incidents that are over for 90 days, and of channels that were removed. */

import { sql } from "drizzle-orm";
import type { Duty } from "../duty.ts";
import { type Database, databaseOf, transact } from "../store/database.ts";
import { HOUR_MS } from "../time.ts";
import { KEPT_DAYS } from "./notices.ts";

const KEPT_MS = KEPT_DAYS * 86_400_000;
/** Rows that one statement removes. */
const AT_ONCE = 1_000;
const CALLS = 4;

/** One round. Whether something went: there may be more. */
async function forgetSome(db: Database, now: number): Promise<boolean> {
  const before = now - KEPT_MS;
  const done = await transact(db, [
    sql`DELETE FROM notices WHERE (channel_id, subject, kind) IN (SELECT channel_id, subject, kind FROM notices
      WHERE status <> 'waiting' AND due_at < ${before} LIMIT ${AT_ONCE})`,
    sql`DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE ended_at < ${before} LIMIT ${AT_ONCE})`,
    sql`DELETE FROM channels WHERE removed_at IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.channel_id = channels.id)`,
  ]);
  return done.some(({ meta }) => meta.changes > 0);
}

export const noticeKeeping: Duty = {
  name: "notice keeping",
  every: HOUR_MS,
  async run(env, budget, now) {
    const db = databaseOf(env);
    while (budget.has(CALLS)) if (!(await forgetSome(db, now))) return "done";
    return "more";
  },
};
