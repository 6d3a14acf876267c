/** Deletes messages and incidents that ended more than 90 days ago, and removed channels. */

import { sql } from "drizzle-orm";
import { forgetting } from "../duties/forgetting.ts";
import { DAY_MS } from "../time.ts";
import { KEPT_DAYS } from "./notices.ts";

/** The most rows that one statement deletes. */
const AT_ONCE = 1_000;

export const noticeKeeping = forgetting("notice keeping", (now) => {
  const before = now - KEPT_DAYS * DAY_MS;
  return [
    sql`DELETE FROM notices WHERE (channel_id, subject, kind) IN (SELECT channel_id, subject, kind FROM notices
      WHERE status <> 'waiting' AND due_at < ${before} LIMIT ${AT_ONCE})`,
    sql`DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE ended_at < ${before} LIMIT ${AT_ONCE})`,
    sql`DELETE FROM channels WHERE removed_at IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.channel_id = channels.id)`,
  ];
});
