/** A duty that deletes old rows, in rounds of a few statements, until there are none left. */

import type { SQL } from "drizzle-orm";
import { databaseOf, transact } from "../store/database.ts";
import { HOUR_MS } from "../time.ts";
import type { Duty } from "./duty.ts";

/** The calls of a round in addition to its statements. */
const SPARE_CALLS = 1;

/** `removals` are the statements of one round. Each removes a limited number of rows, so that no round takes long. */
export const forgetting = (name: string, removals: (now: number) => SQL[]): Duty => ({
  name,
  every: HOUR_MS,
  async run(env, budget, now) {
    const db = databaseOf(env);
    const round = removals(now);
    while (budget.has(round.length + SPARE_CALLS)) {
      const done = await transact(db, round);
      if (!done.some(({ meta }) => meta.changes > 0)) return "done";
    }
    return "more";
  },
});
