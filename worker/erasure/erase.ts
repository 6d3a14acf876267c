/** Erasures: begun, found again, resumed. */

import { type SQL, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { type Duty, type Progress, wake } from "../duties/duty.ts";
import { type Budget, budgetOf } from "../store/budget.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { isTaken } from "../store/guard.ts";
import { digestOf } from "../suppression.ts";
import { MINUTE_MS } from "../time.ts";
import { NOTHING, run, running } from "./job.ts";
import { firstNames, MOST_VISITORS, visitorsOf } from "./names.ts";
import type { ReceiptRow } from "./receipt.ts";
import { STEPS } from "./steps.ts";

/** How long one request works on its erasure, in milliseconds, and how many calls it leaves for the answer. */
const REQUEST_MS = 5_000;
const ANSWER_CALLS = 6;

export type Asked = { project_id: string; player_id: string; suppress: boolean };

/** Whether the stores have something of the player (again). */
async function isKnown(db: Database, { project_id, player_id }: Asked): Promise<boolean> {
  const found = await db.get(sql`SELECT 1 WHERE
    EXISTS (SELECT 1 FROM events WHERE project_id = ${project_id} AND actor = ${player_id})
    OR EXISTS (SELECT 1 FROM players WHERE project_id = ${project_id} AND person = ${player_id})
    OR EXISTS (SELECT 1 FROM identities WHERE project_id = ${project_id} AND player_id = ${player_id})
    OR EXISTS (SELECT 1 FROM dead_letters WHERE project_id = ${project_id} AND json_valid(event)
      AND event ->> '$.player_id' = ${player_id})`);
  return found !== undefined;
}

/** Whether the id is one person's, and not one that many share, such as `undefined`. */
export const isOnePerson = async (db: Database, { project_id, player_id }: Asked): Promise<boolean> =>
  (await visitorsOf(db, project_id, player_id)).length <= MOST_VISITORS;

const latest = (db: Database, project_id: string, subject: string) =>
  db.get<ReceiptRow>(sql`SELECT * FROM erasures WHERE project_id = ${project_id} AND subject = ${subject}
    ORDER BY n DESC LIMIT 1`);

/**
 * The erasure of this player: a running one, a finished one that is still valid, or a new one. `note` records in the same
 * transaction who asked for it.
 */
export async function begin(
  db: Database,
  asked: Asked,
  now: number,
  record: (id: string, statements: SQL[]) => Promise<void>,
): Promise<string> {
  const { project_id, player_id, suppress } = asked;
  const subject = await digestOf(db, project_id, "player_id", player_id);
  const before = await latest(db, project_id, subject);
  if (before && before.finished_at === null) {
    if (suppress && before.suppress === 0) {
      await record(before.id, [sql`UPDATE erasures SET suppress = 1 WHERE id = ${before.id} AND finished_at IS NULL`]);
    }
    return before.id;
  }
  if (before && before.suppress >= Number(suppress) && !(await isKnown(db, asked))) return before.id;
  const id = uuidv7({ msecs: now });
  try {
    await record(id, [
      sql`INSERT INTO erasures (id, project_id, subject, suppress, step, due_at, names, found, requested_at)
        VALUES (${id}, ${project_id}, ${subject}, CAST(${Number(suppress)} AS INTEGER), ${STEPS[0]?.name}, 0,
          ${JSON.stringify(firstNames(player_id))}, ${JSON.stringify(NOTHING)}, CAST(${now} AS INTEGER))`,
    ]);
    return id;
  } catch (error) {
    if (!isTaken(error, "erasures")) throw error;
    // Another request was faster.
    return (await latest(db, project_id, subject))?.id ?? id;
  }
}

/** Continues one erasure for a short time; then the duty continues it at once, as projections may wait for it. */
export async function work(env: Env, db: Database, id: string): Promise<void> {
  const budget = budgetOf(env);
  const until = Date.now() + REQUEST_MS;
  const progress = await run(env, db, STEPS, id, (calls) => Date.now() < until && budget.has(calls + ANSWER_CALLS));
  if (progress === "more") await wake(env, [erasures.name]);
}

/** Continues all running erasures, the oldest first. */
export async function resumeErasures(env: Env, budget: Budget, now: number): Promise<Progress> {
  const db = databaseOf(env);
  const outcomes: Progress[] = [];
  for (const { id } of await running(db, now)) {
    outcomes.push(await run(env, db, STEPS, id, (calls) => budget.has(calls)));
  }
  return (["failed", "more"] as const).find((outcome) => outcomes.includes(outcome)) ?? "done";
}

export const erasures: Duty = { name: "erasures", every: MINUTE_MS, run: resumeErasures };
