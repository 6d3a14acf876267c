/**
 * A changed attribution window, in the tables: the project's people are attributed again, some at a time, while reports go
 * on. The window of a person follows from the person's name and from how far this has come (`WINDOW` in `resolve.ts`), so
 * new events are attributed with the same window as the rest of that person's past. People of other projects are not
 * touched.
 */
import { type SQL, sql } from "drizzle-orm";
import { RESTORING } from "../archive/restoring.ts";
import { type Database, transact } from "../store/database.ts";
import type { Projection, Tables } from "./projection.ts";
import { beginRecount, isRecounted } from "./recount.ts";
import { lostRace } from "./runner.ts";

/** Events of the people that are attributed again in one transaction, and how many people. */
const EVENTS_AT_ONCE = 2_000;
const PEOPLE_AT_ONCE = 200;

/** Calls and statements of one step at most, the note of a failure among them. */
export const REATTRIBUTION_CALLS = 39;

/** Whether people of any project are being attributed again; with `failing`, projects that fail are included. */
export const anyReattribution = async (db: Database, failing: boolean): Promise<boolean> =>
  (await db.get(
    sql`SELECT 1 FROM reattributions WHERE place IS NOT NULL AND (${failing ? 1 : 0} OR failing_since IS NULL) LIMIT 1`,
  )) !== undefined;

/** Statements for the transaction that changes the window; they come before the change. */
export const beginReattribution = (project_id: string, days: number, now: number): SQL[] => [
  // A reattribution that has begun ends first, and then another one begins with the project's window at that time.
  sql`INSERT INTO reattributions (project_id, former_days, days, place, moves, updated_at)
    SELECT project_id, attribution_days, ${days}, '', 1, ${now} FROM projects
    WHERE project_id = ${project_id} AND attribution_days <> ${days}
    ON CONFLICT DO UPDATE SET former_days = excluded.former_days, days = excluded.days, place = '', moves = moves + 1,
      updated_at = excluded.updated_at WHERE place IS NULL`,
  beginRecount(project_id, days, now),
];

/** Whether people of a project are being attributed again, in the tables or in the figures. */
export const isReattributed = (project_id: string | SQL): SQL =>
  sql`(EXISTS (SELECT 1 FROM reattributions WHERE project_id = ${project_id} AND place IS NOT NULL)
    OR ${isRecounted(project_id)})`;

type Attributing = Tables & Required<Pick<Tables, "attributed">>;
const attributing = (all: readonly Projection[]): Attributing[] =>
  all.filter((projection): projection is Attributing => "apply" in projection && projection.attributed !== undefined);

type Running = { project_id: string; place: string; moves: number };
type Place = { first: number; last: number; generation: number; free: 0 | 1 };
type Person = { person: string; events: number };

/**
 * Attributes some more people again: of the project that has waited longest; projects that failed come last. Returns
 * whether there is more to do. While the projections are at different places in the log, it does nothing. A failure that is
 * not a lost race is noted with the project, until it works.
 */
export async function reattribute(
  db: Database,
  all: readonly Projection[],
  now: number,
  most = EVENTS_AT_ONCE,
): Promise<boolean> {
  const running = await db.get<Running | undefined>(sql`
    SELECT r.project_id, r.place, r.moves FROM reattributions r JOIN projects p ON p.project_id = r.project_id
    WHERE r.place IS NOT NULL ORDER BY r.failing_since IS NOT NULL, r.updated_at, r.project_id LIMIT 1`);
  if (!running) return false;
  try {
    return await goOn(db, all, now, running, most);
  } catch (error) {
    if (!lostRace(error)) await recordFailure(db, running.project_id, now);
    throw error;
  }
}

/** If the database itself fails, nothing can be noted; /health then reports the database. */
const recordFailure = (db: Database, project_id: string, now: number): Promise<unknown> =>
  db
    .run(sql`UPDATE reattributions SET updated_at = ${now}, failing_since = ifnull(failing_since, ${now})
      WHERE project_id = ${project_id}`)
    .catch(() => undefined);

async function goOn(
  db: Database,
  all: readonly Projection[],
  now: number,
  running: Running,
  most: number,
): Promise<boolean> {
  const projections = attributing(all);
  const cursors = sql`(SELECT ifnull(c.cursor, 0) AS cursor
    FROM json_each(${JSON.stringify(projections.map(({ name }) => name))}) n LEFT JOIN projections c ON c.name = n.value)`;
  const at = await db.get<Place>(sql`
    SELECT min(cursor) AS first, max(cursor) AS last, (SELECT generation FROM renaming) AS generation,
      (SELECT erasure_id FROM renaming) IS NULL AND NOT ${RESTORING} AS free FROM ${cursors}`);
  if (!at || at.first !== at.last || at.free === 0) return false;

  const { project_id, moves } = running;
  const asOf = at.first;
  /** Fails if anything that was read has changed meanwhile, and so does the transaction: NULL is not allowed. */
  const move = (to: SQL) => sql`UPDATE reattributions SET ${to}, updated_at = ${now}, failing_since = NULL,
    moves = CASE WHEN moves = ${moves} AND (SELECT min(cursor) = ${asOf} AND max(cursor) = ${asOf} FROM ${cursors})
      AND EXISTS (SELECT 1 FROM renaming WHERE erasure_id IS NULL AND generation = ${at.generation})
      AND NOT ${RESTORING} THEN moves + 1 END
    WHERE project_id = ${project_id}`;
  const people = await peopleBehind(db, running, most);
  const last = people.at(-1);
  if (!last) {
    const asked = sql`(SELECT p.attribution_days FROM projects p WHERE p.project_id = reattributions.project_id)`;
    await transact(db, [
      move(sql`place = CASE WHEN days = ${asked} THEN NULL ELSE '' END, former_days = days, days = ${asked}`),
    ]);
    return true;
  }
  const who = JSON.stringify(people.map(({ person }) => [project_id, person]));
  await transact(db, [
    ...projections.flatMap(({ attributed }) => attributed.takeOut(who, asOf)),
    move(sql`place = ${last.person}`),
    ...projections.flatMap(({ attributed }) => attributed.putIn(who, asOf)),
  ]);
  return true;
}

/** The next people in the order of their names: as many as have that many events together, and at least one. */
async function peopleBehind(db: Database, { project_id, place }: Running, most: number): Promise<Person[]> {
  // A visitor who never paid may have conversions without a row of `players`.
  const people = await db.all<Person>(sql`SELECT person, max(events) AS events FROM (
      SELECT * FROM (SELECT person, total_events AS events FROM players
        WHERE project_id = ${project_id} AND person > ${place} ORDER BY person LIMIT ${PEOPLE_AT_ONCE})
      UNION ALL SELECT * FROM (SELECT DISTINCT person, 1 FROM conversions
        WHERE project_id = ${project_id} AND person > ${place} ORDER BY person LIMIT ${PEOPLE_AT_ONCE}))
    GROUP BY person ORDER BY person LIMIT ${PEOPLE_AT_ONCE}`);
  let events = 0;
  const beyond = people.findIndex((one) => {
    events += one.events;
    return events > most;
  });
  return people.slice(0, beyond === -1 ? people.length : Math.max(1, beyond));
}
