/** Events whose project is not there, or was removed after they came: no project that was made later gets them. */
import { sql } from "drizzle-orm";
import type { StoredEvent } from "../event.ts";
import type { Database } from "../schema.ts";

/** For so long after a project was removed isolates may still take its events: they remember its settings. */
export const REMEMBERED_MS = 60_000;

type Known = { project_id: string; present: 0 | 1; removed_at: number | null };

/** Tells of an event whether its project is not there. One query, however many events there are. */
export async function homeless(db: Database, events: readonly StoredEvent[]): Promise<(event: StoredEvent) => boolean> {
  const names = [...new Set(events.map(({ project_id }) => project_id))];
  const rows = await db.all<Known>(sql`SELECT n.value AS project_id,
      EXISTS (SELECT 1 FROM projects p WHERE p.project_id = n.value) AS present,
      (SELECT r.removed_at FROM removals r WHERE r.project_id = n.value) AS removed_at
    FROM json_each(${JSON.stringify(names)}) n`);
  const known = new Map(rows.map((row) => [row.project_id, row]));
  return ({ project_id, received_at }) => {
    const found = known.get(project_id);
    return !found?.present || (found.removed_at !== null && received_at <= found.removed_at + REMEMBERED_MS);
  };
}
