/**
 * Moves projections along the event log. A step reads from the projection's cursor to a bounded end and moves
 * the cursor in the same transaction as its writes, so redelivery, crashes and concurrent runs change nothing.
 */

import { type SQL, sql } from "drizzle-orm";
import { lostTurn } from "../archive/files.ts";
import { RESTORING } from "../archive/restoring.ts";
import { budgetOf } from "../store/budget.ts";
import { type Database, prepared, transact } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import type { Projection, Tables } from "./projection.ts";
import { type Range, type Repairs, repairsOf } from "./resolve.ts";

/** Events a step takes: enough to group well, few enough for D1's 30 s a query. */
const STEP = 5_000;

/** Calls and statements of one step at most, the note of a failure among them: those of `daily` where it repairs. */
const MOST_CALLS = 22;

export const callsOf = ({ calls }: Projection): number => calls ?? MOST_CALLS;

/**
 * Increases with every step of every reattribution, as each may change the window of a person. The figures have an epoch
 * for this (`figures-fence.ts`), so steps in the tables do not interrupt them.
 */
const REATTRIBUTED = sql`(SELECT count(*) || ' ' || ifnull(sum(moves), 0) FROM reattributions)`;
const reattributedOf = (projection: Projection): SQL => ("count" in projection ? sql`''` : REATTRIBUTED);

/**
 * The end of the log and the place of every projection; how often people were renamed, which erasure renames them now, and
 * how often people were attributed again.
 */
type State = {
  head: number | null;
  held: 0 | 1;
  cursors: string;
  epoch: number | null;
  generation: number | null;
  erasure_id: string | null;
  reattributed: string;
};
/** What a step has read and what must be unchanged when it writes. */
type Naming = { generation: number; reattributed: string; epoch: number };

/** The step read the events `after < seq <= cursor`; `behind` is how many are left. */
export type Outcome = { name: string; after: number; cursor: number; behind: number };

/** One step of one projection. `limit` is in events; `now` in epoch milliseconds. */
export async function advance(
  env: Env,
  db: Database,
  projection: Projection,
  now: number,
  limit = STEP,
): Promise<Outcome> {
  const state = await db.get<State>(sql`SELECT (SELECT max(seq) FROM events) AS head, ${RESTORING} AS held,
    (SELECT json_group_object(name, cursor) FROM projections) AS cursors,
    (SELECT epoch FROM projections WHERE name = ${projection.name}) AS epoch, ${reattributedOf(projection)} AS reattributed,
    (SELECT generation FROM renaming) AS generation, (SELECT erasure_id FROM renaming) AS erasure_id`);
  // Without it no cursor would move: an error, which /health shows, is better than waiting.
  if (state?.generation == null) throw new Error("The table renaming has lost its row, which migration 0013 puts in.");
  const epoch = state.epoch ?? 0;
  const naming = { generation: state.generation, reattributed: state.reattributed, epoch };
  const cursors = JSON.parse(state.cursors) as Record<string, number>;
  const cursorOf = (name: string) => cursors[name] ?? 0;
  const after = cursorOf(projection.name);
  const end = state.head ?? 0;
  // It has nothing to do until the restore or the renaming ends, which then wakes it.
  if (state.held || state.erasure_id !== null) return { name: projection.name, after, cursor: after, behind: 0 };
  const upTo = Math.min(end, after + limit, ...projection.after.map(cursorOf));
  if (upTo <= after) return { name: projection.name, after, cursor: after, behind: Math.max(0, end - after) };

  const range: Range = { after, upTo };
  if ("deliver" in projection) {
    range.upTo = (await projection.reach?.(db, range, now, budgetOf(env).left)) ?? upTo;
    // Events that it leaves for later are no reason to run again now.
    if (range.upTo <= after) return { name: projection.name, after, cursor: after, behind: 0 };
    const written = await projection.deliver(env, db, { ...range, epoch }, now);
    if (written === null) return { name: projection.name, after, cursor: after, behind: end - after };
    await transact(db, [move(projection, range, naming, now), ...written]);
  } else if ("count" in projection) {
    range.upTo = await projection.reach(env, db, range, now);
    if (range.upTo <= after) return { name: projection.name, after, cursor: after, behind: 0 };
    const written = await projection.count(db, range, now);
    await db.$client.batch([prepared(db, move(projection, range, naming, now)), ...written]);
  } else {
    const repairs = projection.aboutPeople ? await findRepairs(db, projection, range) : null;
    await transact(db, [move(projection, range, naming, now), ...projection.apply({ ...range, repairs })]);
  }
  return { name: projection.name, after, cursor: range.upTo, behind: end - range.upTo };
}

async function findRepairs(db: Database, { repairs }: Tables, range: Range): Promise<Repairs> {
  // D1 takes five parts of a UNION at most.
  const more = repairs === undefined ? sql`` : sql`UNION ${repairs(range)}`;
  const people = await db.values<[string, string]>(sql`SELECT * FROM (${repairsOf(range)}) ${more}`);
  return people.length === 0 ? null : JSON.stringify(people);
}

/**
 * Fails, and so does the transaction, if another run has moved the cursor or begun again meanwhile, if people were renamed
 * or attributed again since they were read, or if a restore has begun: NULL is not allowed.
 */
function move(
  projection: Projection,
  { after, upTo }: Range,
  { generation, reattributed, epoch }: Naming,
  now: number,
): SQL {
  return sql`INSERT INTO projections (name, cursor, updated_at)
    SELECT ${projection.name}, CASE WHEN generation = ${generation} AND erasure_id IS NULL
      AND ${reattributedOf(projection)} = ${reattributed} AND NOT ${RESTORING} THEN ${upTo} END, ${now}
    FROM renaming WHERE true
    ON CONFLICT (name) DO UPDATE SET cursor = CASE WHEN cursor = ${after} AND epoch = ${epoch} THEN ${upTo} END,
      updated_at = ${now}, error = NULL, failed_at = NULL`;
}

/** Whether a step failed only because another run did it: nothing is wrong, and there may be more to do. */
export const lostRace = (error: unknown): boolean =>
  lostTurn(error) ||
  isGuarded(error, "projections.cursor", "reattributions.moves", "recounts.moves", "archive_runs.attempts");

/** Notes a failure where `/health` and the administrators see it; the next good step clears it. */
export async function recordFailure(db: Database, name: string, error: unknown, now: number): Promise<void> {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 500);
  await db.run(sql`INSERT INTO projections (name, cursor, error, failed_at) VALUES (${name}, 0, ${message}, ${now})
    ON CONFLICT (name) DO UPDATE SET error = excluded.error, failed_at = excluded.failed_at`);
}

const NONE_SETTLED = sql`NOT EXISTS (SELECT 1 FROM projects WHERE settled_before <> '')`;

/** Whether events may have left the log: tables can then not be made again from it. */
export const anySettled = async (db: Database): Promise<boolean> =>
  (await db.get<{ none: 0 | 1 }>(sql`SELECT ${NONE_SETTLED} AS "none"`))?.none === 0;

/** Whether people are being renamed: what is derived now may have names that the log is about to lose. */
export const RENAMING = sql`EXISTS (SELECT 1 FROM renaming WHERE erasure_id IS NOT NULL)`;

/** Events have left the log, or an erasure has begun, since the rebuild was asked for. */
export const cannotRebuild = (error: unknown): boolean => isGuarded(error, "renaming.generation");

/**
 * Sets a projection back to its first place, in a later epoch, at least `least`: what is being delivered at this moment
 * belongs to the epoch before.
 */
export const beginAgain = (name: string, least = 1): SQL =>
  sql`INSERT INTO projections (name, cursor, epoch) VALUES (${name}, 0, ${least})
    ON CONFLICT (name) DO UPDATE SET cursor = 0, epoch = max(epoch + 1, excluded.epoch), error = NULL, failed_at = NULL`;

/** Empties the receivers of deliveries that have begun again: each knows what it already has of the new epoch. */
export async function clearReceivers(env: Env, db: Database, projections: readonly Projection[]): Promise<void> {
  for (const projection of projections) {
    if (!("deliver" in projection)) continue;
    const found = await db.get<{ epoch: number }>(sql`SELECT epoch FROM projections WHERE name = ${projection.name}`);
    await projection.clear?.(env, db, found?.epoch ?? 0);
  }
}

/**
 * Empties projections and all that follow them, and sets them back to the beginning of the log. Receivers come last: a run
 * in between delivers in the new epoch, which empties them as well.
 */
export async function rebuild(
  env: Env,
  db: Database,
  all: readonly Projection[],
  ...names: readonly string[]
): Promise<string[]> {
  const affected = new Set(names);
  for (const projection of all)
    if (projection.after.some((other) => affected.has(other))) affected.add(projection.name);
  const again = all.filter((candidate) => affected.has(candidate.name));
  await transact(db, [
    // Fails where a rebuild is no longer allowed: NULL is not allowed.
    sql`UPDATE renaming SET generation = CASE WHEN ${names.every((name) => name === "live") ? sql`true` : NONE_SETTLED} AND NOT ${RENAMING}
      THEN generation END`,
    ...again.flatMap((projection) => [
      ...("deliver" in projection ? [] : projection.clear()),
      beginAgain(projection.name),
    ]),
  ]);
  await clearReceivers(env, db, again);
  return [...affected];
}
