/** Events whose project was removed: a new project under the same id gets none of them. */
import { type SQL, sql } from "drizzle-orm";
import type { StoredEvent } from "../event.ts";
import type { Database } from "../store/database.ts";

/** How long isolates may still take events of a removed project: they remember its settings. */
export const REMEMBERED_MS = 60_000;

/** Whether an event is of a removed project, by the time when it was received; the log's trigger has the same rule. */
export const isOfRemovedProject = (project_id: SQL, received_at: SQL): SQL =>
  sql`EXISTS (SELECT 1 FROM removals r WHERE r.project_id = ${project_id}
    AND (${received_at} <= r.removed_at + ${REMEMBERED_MS}
      OR NOT EXISTS (SELECT 1 FROM projects p WHERE p.project_id = r.project_id)))`;

/** The events that belong to no project any more. One query, however many events there are. */
export async function eventsOfRemovedProjects(
  db: Database,
  events: readonly StoredEvent[],
): Promise<ReadonlySet<StoredEvent>> {
  if (events.length === 0) return new Set();
  const asked = JSON.stringify(events.map(({ project_id, received_at }) => [project_id, received_at]));
  const rows = await db.all<{ at: number }>(sql`SELECT j.key AS at FROM json_each(${asked}) j
    WHERE j.value ->> 0 IN (SELECT project_id FROM removals) AND ${isOfRemovedProject(sql`(j.value ->> 0)`, sql`(j.value ->> 1)`)}`);
  return new Set(rows.flatMap(({ at }) => events[at] ?? []));
}
