/** The people whom another id identifies: the id of a transaction or of a click, or an e-mail address that they gave. */
import { sql } from "drizzle-orm";
import { NOW, person, withTag } from "../projections/resolve.ts";
import type { Database } from "../store/database.ts";
import { seqsOf } from "../store/places.ts";
import { onlyTags } from "./period.ts";

/** An id of more people than this identifies nobody. */
const MOST_PEOPLE = 1_000;

/**
 * By events in the log, each by an index; upper and lower case are equal. With `tags`, only by events that count for these tags.
 * For transactions, the event types that have any are found one after the other.
 */
export async function namedBy(db: Database, project_id: string, id: string, tags: string[] | null): Promise<string[]> {
  const rows = await db.values<[string]>(sql`
    WITH RECURSIVE types (event_type) AS (
      SELECT min(event_type) FROM transactions WHERE project_id = ${project_id}
      UNION ALL SELECT (SELECT min(t.event_type) FROM transactions t
        WHERE t.project_id = ${project_id} AND t.event_type > types.event_type) FROM types WHERE types.event_type IS NOT NULL
    ), found (seq) AS (
      SELECT e.seq FROM types CROSS JOIN transactions t
          ON t.project_id = ${project_id} AND t.event_type = types.event_type AND t.transaction_id = ${id}
        CROSS JOIN events e ON e.seq IN (${seqsOf(sql`t.project_id`, sql`t.event_id`)})
      UNION SELECT seq FROM events WHERE project_id = ${project_id} AND click_id = ${id}
      UNION SELECT seq FROM events WHERE project_id = ${project_id} AND event_type = 'auth' AND data IS NOT NULL
        AND CASE WHEN json_valid(data) THEN data ->> '$.email' END = ${id}
    ), placed AS (
      SELECT e.project_id, e.timestamp, e.banner_tag AS own_tag, ${person(sql`e`, NOW)} AS person
      FROM found CROSS JOIN events e ON e.seq = found.seq WHERE e.counted = 1
    ), resolved AS (${tags === null ? sql`SELECT * FROM placed` : withTag(NOW)})
    SELECT DISTINCT r.person FROM resolved r WHERE true ${tags === null ? sql`` : onlyTags(sql`r.banner_tag`, tags)} LIMIT ${MOST_PEOPLE}`);
  return rows.flat();
}
