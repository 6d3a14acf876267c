/** The figures of the new core as a projection of the log in the table `events`. */
import { sql } from "drizzle-orm";
import { readEventLog } from "../figures/log-table.ts";
import { type PeoplePlace, somePeople } from "../figures/people-names.ts";
import { visitorOf } from "../figures/person-row.ts";
import { countLog, forget, LAYOUT, type Layout, RUN_CALLS, recount } from "../figures/run.ts";
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

/** Who did an event. */
export type Doer = { project_id: string; player_id: string | null; visitor_id: string | null };

/**
 * Takes what these did on settled days out of their rows: statements for the transaction in which the events leave the log. It
 * fails where people are changed meanwhile; null while nothing may change.
 */
export async function forgetDoers(db: Database, doers: readonly Doer[]): Promise<D1PreparedStatement[] | null> {
  const at = await figuresAt(db);
  if (!at) return null;
  const names = new Map(
    [...Map.groupBy(doers, ({ project_id }) => project_id)].map(([project_id, own]): [string, string[]] => [
      project_id,
      [...new Set(own.flatMap(namesOf))],
    ]),
  );
  const statements = await forget(db.$client, names);
  if (statements.length === 0) return [];
  return [prepared(db, stillAt(at)), ...statements];
}

const namesOf = ({ player_id, visitor_id }: Doer): string[] => [
  ...(player_id === null ? [] : [player_id]),
  ...(visitor_id === null ? [] : [visitorOf(visitor_id)]),
];
