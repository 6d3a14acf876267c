/** Lets go of what is older than 30 days, and of all that belongs to a target which was removed. */

import { sql } from "drizzle-orm";
import type { Duty } from "../duty.ts";
import { type Database, databaseOf, transact } from "../store/database.ts";
import { HOUR_MS } from "../time.ts";
import { KEPT_DAYS } from "./tries.ts";

const KEPT_MS = KEPT_DAYS * 86_400_000;
/** Rows of a target that one statement looks at. */
const AT_ONCE = 1_000;
const CALLS = 4;

/** One round: the oldest rows of each target, as far as they are to go. Whether some went: there may be more. */
async function forgetSome(db: Database, now: number): Promise<boolean> {
  const before = now - KEPT_MS;
  const done = await transact(db, [
    sql`DELETE FROM postback_tries WHERE (target_id, n) IN (
      SELECT t.target_id, t.n FROM postback_targets g JOIN postback_tries t ON t.target_id = g.id AND t.n IN (
        SELECT n FROM postback_tries o WHERE o.target_id = g.id ORDER BY n LIMIT ${AT_ONCE})
      WHERE g.removed_at IS NOT NULL OR t.at < ${before})`,
    sql`DELETE FROM postbacks WHERE (target_id, event_id) IN (
      SELECT p.target_id, p.event_id
      FROM postback_targets g CROSS JOIN json_each('["waiting", "sent", "dead"]') s
        JOIN postbacks p ON p.target_id = g.id AND p.status = s.value AND p.event_id IN (
          SELECT event_id FROM postbacks o WHERE o.target_id = g.id AND o.status = s.value ORDER BY due_at LIMIT ${AT_ONCE})
      WHERE g.removed_at IS NOT NULL OR p.due_at < ${before})`,
    sql`DELETE FROM postback_targets WHERE removed_at IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM postbacks p WHERE p.target_id = postback_targets.id)
      AND NOT EXISTS (SELECT 1 FROM postback_tries t WHERE t.target_id = postback_targets.id)`,
  ]);
  return done.some(({ meta }) => meta.changes > 0);
}

export const postbackKeeping: Duty = {
  name: "postback keeping",
  every: HOUR_MS,
  async run(env, budget, now) {
    const db = databaseOf(env);
    while (budget.has(CALLS)) if (!(await forgetSome(db, now))) return "done";
    return "more";
  },
};
