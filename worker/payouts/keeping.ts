/** Computes payouts that are due: at once for a reader, and within the hour otherwise. */

import { sql } from "drizzle-orm";
import { type Duty, wake } from "../duties/duty.ts";
import { bringForward } from "../projections/catch-up.ts";
import { budgetOf } from "../store/budget.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { HOUR_MS } from "../time.ts";
import { backfill, unfilled } from "./backfill.ts";
import { computeAll, computeMonths, type Months, roomOf } from "./compute.ts";
import { tellStatuses } from "./telling.ts";

const NAME = "payouts";

/** Calls of sending statuses to one target: to write its rows, and to wake it. */
const TELLING_CALLS = 3;

/** How long a reader waits for months that are due, in milliseconds, and how many calls it keeps for its answer. */
const LONGEST_MS = 5_000;
const ANSWER_CALLS = 12;

/** Computes the due months of a query. Returns whether all of them are computed; if not, the duty continues. */
export async function bringPayouts(env: Env, db: Database, months: Months, now: number): Promise<boolean> {
  await bringForward(env, db, now);
  const until = Date.now() + LONGEST_MS;
  const budget = budgetOf(env);
  const forCalls = (calls: number) => budget.left >= calls + ANSWER_CALLS;
  const room = { forCalls, toBegin: (calls: number) => forCalls(calls) && Date.now() < until, computed: 0 };
  const past = await backfill(db, months.project_id, room);
  const whole = (await computeMonths(db, months, room)) && past;
  if (!whole) await wakePayouts(env);
  return whole;
}

/** Makes sure that due months are computed soon. */
export const wakePayouts = (env: Env): Promise<void> => wake(env, [NAME]);

export const payouts: Duty = {
  name: NAME,
  every: HOUR_MS,
  async run(env, budget, now) {
    const db = databaseOf(env);
    const room = roomOf(budget);
    const past = await unfilled(db);
    let done = true;
    for (const project_id of past) done = (await backfill(db, project_id, room)) && done;
    // Months are computed in separate invocations.
    if (past.length === 0) done = await computeAll(db, room);
    else if (done) return "more";
    if (done && !(budget.has(TELLING_CALLS) && (await tellStatuses(env, db, now, () => budget.has(TELLING_CALLS)))))
      return room.computed > 0 ? "more" : "later";
    return done ? "done" : budget.left > 0 && (await isHeld(db)) ? "later" : "more";
  },
};

/** While people are renamed or attributed again, or a log is restored, the duty need not hurry. */
const isHeld = async (db: Database): Promise<boolean> =>
  (await db.get(sql`SELECT 1 WHERE EXISTS (SELECT 1 FROM renaming WHERE erasure_id IS NOT NULL)
    OR EXISTS (SELECT 1 FROM restores WHERE finished_at IS NULL)
    OR EXISTS (SELECT 1 FROM reattributions WHERE place IS NOT NULL)`)) !== undefined;
