/**
 * A changed attribution window, in the figures. A person with a new event is counted with the new window, including all of
 * their past. The others are counted with it here, some at a time, in the order of their rows.
 */
import { type SQL, sql } from "drizzle-orm";
import { FIRST_PEOPLE, type PeoplePlace, peoplePage } from "../figures/people-names.ts";
import { LAYOUT, type Layout, RUN_CALLS, recount } from "../figures/run.ts";
import { PAGE_SIZES } from "../figures/visitor-pages.ts";
import { type Database, prepared } from "../store/database.ts";
import { type Plan, planOf } from "../store/plan.ts";
import { type FiguresAt, failIfMoved, figuresAt } from "./figures-fence.ts";
import { lostRace } from "./runner.ts";

/** About how many people are counted again in one step: as many as a step of the log has events. */
const PEOPLE = { free: 10, paid: 100 } as const satisfies Record<Plan, number>;

/**
 * Calls and statements of one step at most: those of a run, two to find out whether there is work, one to find people, two
 * notes, and the note of a failure.
 */
export const RECOUNT_CALLS = RUN_CALLS + 6;

/** Whether people of any project are to be counted again; with `failing`, projects that fail are included. */
export const anyRecount = async (db: Database, failing: boolean): Promise<boolean> =>
  (await db.get(
    sql`SELECT 1 FROM recounts WHERE place IS NOT NULL AND (${failing ? 1 : 0} OR failing_since IS NULL) LIMIT 1`,
  )) !== undefined;

/** Whether people of a project are to be counted again. */
export const isRecounted = (project_id: string | SQL): SQL =>
  sql`EXISTS (SELECT 1 FROM recounts WHERE project_id = ${project_id} AND place IS NOT NULL)`;

/**
 * What a change of the window adds to the transaction that makes it, before it is made. A recount that has begun starts
 * again.
 */
export const beginRecount = (project_id: string, days: number, now: number): SQL =>
  sql`INSERT INTO recounts (project_id, place, moves, updated_at)
    SELECT project_id, ${JSON.stringify(FIRST_PEOPLE)}, 1, ${now} FROM projects
    WHERE project_id = ${project_id} AND attribution_days <> ${days}
    ON CONFLICT DO UPDATE SET place = excluded.place, moves = moves + 1, updated_at = excluded.updated_at`;

type Next = { project_id: string; place: string; moves: number };

/**
 * Counts some more people again: of the project that has waited longest; projects that failed come last. Returns whether
 * there is more to do. A failure that is not a lost race is noted with the project, until it works.
 */
export async function recountSome(
  env: Env,
  db: Database,
  now: number,
  most: number = PEOPLE[planOf(env)],
  layout: Layout = LAYOUT,
): Promise<boolean> {
  const at = await figuresAt(db);
  const next = await db.get<Next | undefined>(sql`
    SELECT r.project_id, r.place, r.moves FROM recounts r JOIN projects p ON p.project_id = r.project_id
    WHERE r.place IS NOT NULL ORDER BY r.failing_since IS NOT NULL, r.updated_at, r.project_id LIMIT 1`);
  if (!at || !next) return false;
  try {
    await goOn(db, at, next, now, most, layout);
    return true;
  } catch (error) {
    if (!lostRace(error)) await recordFailure(db, next.project_id, now);
    throw error;
  }
}

async function goOn(db: Database, at: FiguresAt, next: Next, now: number, most: number, layout: Layout): Promise<void> {
  const { project_id } = next;
  const place = JSON.parse(next.place) as PeoplePlace;
  const rows = place.in === "rows" ? most : Math.ceil(most / PAGE_SIZES.visitors);
  const { people, next: then } = await peoplePage(db.$client, project_id, place, rows);
  const counted = people.length > 0 ? await recount(db.$client, project_id, people, at.cursor, layout) : [];
  await db.$client.batch([prepared(db, failIfMoved(at)), prepared(db, move(next, then, now)), ...counted]);
}

/** Fails, and with it the transaction, where the window has changed again meanwhile: NULL is not allowed. */
const move = ({ project_id, moves }: Next, to: PeoplePlace | null, now: number): SQL =>
  sql`UPDATE recounts SET place = ${to && JSON.stringify(to)}, updated_at = ${now}, failing_since = NULL,
    moves = CASE WHEN moves = ${moves} THEN moves + 1 END WHERE project_id = ${project_id}`;

/** If the database itself fails, nothing can be noted; /health then reports the database. */
const recordFailure = (db: Database, project_id: string, now: number): Promise<unknown> =>
  db
    .run(sql`UPDATE recounts SET updated_at = ${now}, failing_since = ifnull(failing_since, ${now})
      WHERE project_id = ${project_id}`)
    .catch(() => undefined);
