/** The duties that run groups of projections: woken after an append, by readers, and by cron. */
import { sql } from "drizzle-orm";
import { type Duty, type Progress, wake } from "../duties/duty.ts";
import { log } from "../log.ts";
import type { Budget } from "../store/budget.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { GROUP_NAMES, GROUPS, type Group, type GroupOf, runsIn } from "./index.ts";
import type { Projection } from "./projection.ts";
import { anyReattribution, REATTRIBUTION_CALLS, reattribute } from "./reattribution.ts";
import { anyRecount, RECOUNT_CALLS, recountSome } from "./recount.ts";
import { advance, callsOf, lostRace, recordFailure } from "./runner.ts";

/** Failures of one run: if a failure cannot be noted either, the run would try the same project until its budget ends. */
const MOST_UNATTRIBUTED = 10;

async function project(group: Group, env: Env, budget: Budget): Promise<Progress> {
  const db = databaseOf(env);
  let failed = false;
  let unattributed = 0;
  let moved = false;
  for (let busy = true; busy && !failed; ) {
    busy = false;
    for (const projection of await furthestBehind(db, GROUPS[group].projections)) {
      // The time limit applies only once something was done: otherwise a run with a slow database would try the first ones
      // for ever.
      const calls = callsOf(projection);
      if (budget.left < calls || (moved && !budget.has(calls))) return failed ? "failed" : "more";
      try {
        const began = Date.now();
        const { name, after, cursor, behind } = await advance(env, db, projection, began);
        if (cursor > after || behind > 0) moved = true;
        if (cursor > after) {
          log("info", "projected", { projection: name, after, up_to: cursor, behind, ms: Date.now() - began });
        }
        if (behind > 0) busy = true;
      } catch (error) {
        if (lostRace(error)) {
          busy = true;
          continue;
        }
        failed = true;
        log("error", "projection failed", { projection: projection.name, error: String(error) });
        // The database itself may fail; /health then says that.
        await recordFailure(db, projection.name, error, Date.now()).catch(() => undefined);
      }
    }
    // After the projections, which are at the same place in the log only then.
    const behind = BEHIND[group];
    if (behind && !failed && unattributed < MOST_UNATTRIBUTED && (await behind.any(db, unattributed === 0))) {
      if (!budget.has(behind.calls)) return "more";
      const again = await attributeAgain(() => behind.some(env, db));
      if (again === "failed") unattributed++;
      if (again) busy = true;
    }
  }
  return failed ? "failed" : unattributed > 0 ? "later" : "done";
}

/** The work after a change of an attribution window: whether there is any, and one step. */
type Behind = {
  calls: number;
  any(db: Database, failing: boolean): Promise<boolean>;
  some(env: Env, db: Database): Promise<boolean>;
};
const BEHIND: Partial<Record<Group, Behind>> = {
  tables: {
    calls: REATTRIBUTION_CALLS,
    any: anyReattribution,
    some: (_, db) => reattribute(db, GROUPS.tables.projections, Date.now()),
  },
  figures: { calls: RECOUNT_CALLS, any: anyRecount, some: (env, db) => recountSome(env, db, Date.now()) },
};

/**
 * A failure of one project delays neither other projects nor projections. After a failure, failing projects are left for
 * later.
 */
async function attributeAgain(attributeSome: () => Promise<boolean>): Promise<boolean | "failed"> {
  try {
    return await attributeSome();
  } catch (error) {
    if (lostRace(error)) return true;
    log("error", "reattribution failed", { error: String(error) });
    return "failed";
  }
}

/** The projections that lack events, the one with the most missing events first, as the budget may end before the last. */
async function furthestBehind(db: Database, projections: readonly Projection[]): Promise<Projection[]> {
  const found = await db.get<{
    head: number;
    cursors: string;
  }>(sql`SELECT ifnull((SELECT max(seq) FROM events), 0) AS head,
    (SELECT json_group_object(name, cursor) FROM projections) AS cursors`);
  const cursors = JSON.parse(found.cursors) as Record<string, number>;
  const cursorOf = ({ name }: Projection) => cursors[name] ?? 0;
  return projections
    .filter((projection) => cursorOf(projection) < found.head)
    .sort((one, other) => cursorOf(one) - cursorOf(other));
}

async function run(group: Group, env: Env, budget: Budget): Promise<Progress> {
  if (!runsIn(env, group)) return "done";
  const { afterwards }: GroupOf = GROUPS[group];
  const progress = await project(group, env, budget);
  if (!afterwards || progress === "failed") return progress;
  return (await afterwards(env, databaseOf(env), Date.now())) ? progress : "more";
}

export const projectors: readonly Duty[] = GROUP_NAMES.map((group) => ({
  name: group,
  every: GROUPS[group].every,
  linger: GROUPS[group].linger,
  run: (env, budget) => run(group, env, budget),
}));

/** Wakes every group. If a wake is lost, the next one replaces it, at the latest the one by cron. */
export const wakeProjectors = (env: Env): Promise<void> => wake(env, GROUP_NAMES);

const OTHERS = ["tables", "figures", "postbacks"] as const satisfies Group[];

/**
 * After an append: wakes the live counters at once, tables and figures once enough events have gathered, and postbacks
 * where there is a target. The archive waits for the end of an interval, and cron wakes it. Each wake is a billed request,
 * and a wake that sets an alarm is a billed row.
 */
export const wakeAfterAppend = (env: Env, others: Record<(typeof OTHERS)[number], boolean>): Promise<void> =>
  wake(env, ["live", ...OTHERS.filter((group) => others[group])]);
