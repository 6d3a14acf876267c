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
 * Tells of every move of every reattribution: by which window a person is attributed may have changed with each. The figures have
 * an epoch for theirs (`figures-fence.ts`), and the tables' moves do not hold them up.
 */
const REATTRIBUTED = sql`(SELECT count(*) || ' ' || ifnull(sum(moves), 0) FROM reattributions)`;
const reattributedOf = (projection: Projection): SQL => ("count" in projection ? sql`''` : REATTRIBUTED);

/**
 * Where the log ends and every projection is; how often people were renamed, by which erasure they are now, and how often
 * people were attributed again.
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
/** What a step was made from, which must not have changed when it is written. */
type Naming = { generation: number; reattributed: string; epoch: number };

/** It took the events `after < seq <= cursor`, and so many are left. */
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
  // Without it no cursor would move: better said in /health than waited for.
  if (state?.generation == null) throw new Error("The table renaming has lost its row, which migration 0013 puts in.");
  const epoch = state.epoch ?? 0;
  const naming = { generation: state.generation, reattributed: state.reattributed, epoch };
  const cursors = JSON.parse(state.cursors) as Record<string, number>;
  const cursorOf = (name: string) => cursors[name] ?? 0;
  const after = cursorOf(projection.name);
  const end = state.head ?? 0;
  // Not behind, as far as it can help: who restores the log, or gives the names back, wakes it.
  if (state.held || state.erasure_id !== null) return { name: projection.name, after, cursor: after, behind: 0 };
  const upTo = Math.min(end, after + limit, ...projection.after.map(cursorOf));
  if (upTo <= after) return { name: projection.name, after, cursor: after, behind: Math.max(0, end - after) };

  const range: Range = { after, upTo };
  if ("deliver" in projection) {
    range.upTo = (await projection.reach?.(db, range, now, budgetOf(env).left)) ?? upTo;
    // What it leaves for later does not keep anyone busy now.
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
 * Fails, and with it the transaction, when another run has moved the cursor or begun again meanwhile, people were renamed or attributed
 * again since they were looked up, or a restore has begun: NULL is not allowed.
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

/** Whether a step failed only because another run took it: nothing is wrong, and there may be more to do. */
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

/** Whether events may have gone from the log: tables made from the log can then not be made again. */
export const anySettled = async (db: Database): Promise<boolean> =>
  (await db.get<{ none: 0 | 1 }>(sql`SELECT ${NONE_SETTLED} AS "none"`))?.none === 0;

/** Whether people are renamed: what is derived now may have names that the log is about to lose. */
export const RENAMING = sql`EXISTS (SELECT 1 FROM renaming WHERE erasure_id IS NOT NULL)`;

/** Events have gone from the log, or a player is being erased, since it was asked for. */
export const cannotRebuild = (error: unknown): boolean => isGuarded(error, "renaming.generation");

/** A projection's first place again, in a later epoch, `least` or more: what is being handed over at this moment is of the one before. */
export const beginAgain = (name: string, least = 1): SQL =>
  sql`INSERT INTO projections (name, cursor, epoch) VALUES (${name}, 0, ${least})
    ON CONFLICT (name) DO UPDATE SET cursor = 0, epoch = max(epoch + 1, excluded.epoch), error = NULL, failed_at = NULL`;

/** Empties the receivers of deliveries that have begun again: each knows what it has of the new epoch already. */
export async function clearReceivers(env: Env, db: Database, projections: readonly Projection[]): Promise<void> {
  for (const projection of projections) {
    if (!("deliver" in projection)) continue;
    const found = await db.get<{ epoch: number }>(sql`SELECT epoch FROM projections WHERE name = ${projection.name}`);
    await projection.clear?.(env, db, found?.epoch ?? 0);
  }
}

/**
 * Empties projections and all that follow them, and sends them back to the log's beginning. Receivers last: a run that comes
 * in between hands over to them in the new epoch, which empties them as well.
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
    // Fails where it must not be any more: NULL is not allowed.
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
