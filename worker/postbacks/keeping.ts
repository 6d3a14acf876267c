/** Removes what is older than 30 days, and all that belongs to a target which was removed. */

import { sql } from "drizzle-orm";
import { forgetting } from "../duties/forgetting.ts";
import { DAY_MS } from "../time.ts";
import { KEPT_DAYS } from "./tries.ts";

/** The oldest rows of each target that one statement looks at. */
const AT_ONCE = 1_000;

export const postbackKeeping = forgetting("postback keeping", (now) => {
  const before = now - KEPT_DAYS * DAY_MS;
  return [
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
  ];
});
