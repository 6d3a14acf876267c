/** The figures of the new core as a projection of the log in the table `events`. */
import { sql } from "drizzle-orm";
import { readEventLog } from "../figures/log-table.ts";
import { visitorOf } from "../figures/person-row.ts";
import { countLog, forget, LAYOUT, type Layout, RUN_CALLS } from "../figures/run.ts";
import { type Database, prepared } from "../store/database.ts";
import { FIGURES, failIfMoved, figuresAt } from "./figures-fence.ts";
import { reachOfFigures, recordStep } from "./figures-progress.ts";
import type { Counted } from "./projection.ts";

/** When it begins again, people are counted with the present windows, so nobody is left to count again. */
const TABLES = [
  ...["words", "people", "people_past", "visitor_pages", "days"],
  ...["figures_stand", "figures_from", "recounts"],
];

/**
 * Calls in addition to those of a run: to read its place and how far to go, the move of the cursor, three notes, and the
 * note of a failure.
 */
const OTHER_CALLS = 7;

/** It finds out by itself which player a visitor is, so it waits for no other projection. */
export const figuresBy = (layout: Layout = LAYOUT): Counted => ({
  name: FIGURES,
  after: [],
  calls: RUN_CALLS + OTHER_CALLS,
  reach: reachOfFigures,
  async count(db, range, now) {
    const log = await readEventLog(db.$client, range.after, range.upTo);
    const counted = await countLog(db.$client, log, range, layout);
    return [...counted, ...recordStep(range, now).map((statement) => prepared(db, statement))];
  },
  // Nobody has been counted, so all are counted under each filter, too.
  clear: () => [
    ...TABLES.map((table) => sql`DELETE FROM ${sql.raw(table)}`),
    sql`DELETE FROM scopes WHERE filter IS NULL`,
    sql`UPDATE scopes SET place = NULL`,
  ],
});

export const figures = figuresBy();

/** The people of events. */
export type Doer = { project_id: string; player_id: string | null; visitor_id: string | null };

/**
 * Removes what these people did on settled days from their rows: statements for the transaction in which the events leave
 * the log. The transaction fails if people are changed meanwhile; null while nothing may change.
 */
export async function forgetDoers(db: Database, doers: readonly Doer[]): Promise<D1PreparedStatement[] | null> {
  const at = await figuresAt(db);
  if (!at) return null;
  const names = new Map(
    [...Map.groupBy(doers, ({ project_id }) => project_id)].map(([project_id, projectDoers]): [string, string[]] => [
      project_id,
      [...new Set(projectDoers.flatMap(namesOf))],
    ]),
  );
  const statements = await forget(db.$client, names);
  if (statements.length === 0) return [];
  return [prepared(db, failIfMoved(at)), ...statements];
}

const namesOf = ({ player_id, visitor_id }: Doer): string[] => [
  ...(player_id === null ? [] : [player_id]),
  ...(visitor_id === null ? [] : [visitorOf(visitor_id)]),
];
