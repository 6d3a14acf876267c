/** The figures of the new core as a projection of the log in the table `events`. */
import { sql } from "drizzle-orm";
import { readEventLog } from "../figures/log-table.ts";
import { type PeoplePlace, somePeople } from "../figures/people-names.ts";
import { countLog, LAYOUT, type Layout, RUN_CALLS, recount } from "../figures/run.ts";
import { type Database, prepared } from "../schema.ts";
import { FIGURES, figuresAt, stillAt } from "./figures-fence.ts";
import type { Counted } from "./projection.ts";

const TABLES = ["words", "people", "people_past", "visitor_pages", "days"] as const;

/** Who a visitor is it finds out by itself, so it follows no other. */
export const figuresBy = (layout: Layout = LAYOUT): Counted => ({
  name: FIGURES,
  after: [],
  calls: RUN_CALLS,
  async count(db, range) {
    const log = await readEventLog(db, range.after, range.upTo);
    return countLog(db, log, range, layout);
  },
  // Nobody has been counted, so all are counted under each filter, too.
  clear: () => [
    ...TABLES.map((table) => sql`DELETE FROM ${sql.raw(table)}`),
    sql`DELETE FROM scopes WHERE filter IS NULL`,
    sql`UPDATE scopes SET place = NULL`,
  ],
});

export const figures = figuresBy();

/**
 * Counts some of a project's people by the attribution window that it has now: those who have done nothing since it
 * changed. Where to go on; null is the end. It belongs into `reattribute`, whose note of the place goes into the same
 * transaction. It stays where people are renamed or the log is restored.
 * @throws where a run has counted events meanwhile.
 */
export async function recountSome(
  db: Database,
  project_id: string,
  place: PeoplePlace,
  most: number,
  layout: Layout = LAYOUT,
): Promise<PeoplePlace | null> {
  const at = await figuresAt(db);
  if (!at) return place;
  const { people, next } = await somePeople(db.$client, project_id, place, most);
  const statements = people.length > 0 ? await recount(db.$client, project_id, people, at.cursor, layout) : [];
  if (statements.length > 0) await db.$client.batch([prepared(db, stillAt(at)), ...statements]);
  return next;
}
