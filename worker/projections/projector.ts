/** The duties that run groups of projections: woken after an append, by who reads what they make, and by cron. */
import { sql } from "drizzle-orm";
import { type Duty, type Progress, wake } from "../duty.ts";
import { log } from "../log.ts";
import type { Budget } from "../store/budget.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { GROUP_NAMES, GROUPS, type Group, type GroupOf, runsIn } from "./index.ts";
import type { Projection } from "./projection.ts";
import { anyReattribution, REATTRIBUTION_CALLS, reattribute } from "./reattribution.ts";
import { anyRecount, RECOUNT_CALLS, recountSome } from "./recount.ts";
import { advance, callsOf, lostRace, recordFailure } from "./runner.ts";

/** Failures of one run; where they cannot even be noted, it would else try the same project to the end of its budget. */
const MOST_UNATTRIBUTED = 10;

async function project(group: Group, env: Env, budget: Budget): Promise<Progress> {
  const db = databaseOf(env);
  let failed = false;
  let unattributed = 0;
  let moved = false;
  for (let busy = true; busy && !failed; ) {
    busy = false;
    for (const projection of await furthestBehind(db, GROUPS[group].projections)) {
      // Time ends it only once something was done: else a slow database would let it look at the first ones for ever.
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
        // The database itself may be what is failing; then /health says so of it.
        await recordFailure(db, projection.name, error, Date.now()).catch(() => undefined);
      }
    }
    // Behind the projections, which are at one place in the log only then.
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

/** What follows a changed attribution window: whether there is any, and a step of it. */
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

/** One project's trouble holds up none of the others, and no projection. Once one failed, those that fail are left for later. */
async function attributeAgain(some: () => Promise<boolean>): Promise<boolean | "failed"> {
  try {
    return await some();
  } catch (error) {
    if (lostRace(error)) return true;
    log("error", "reattribution failed", { error: String(error) });
    return "failed";
  }
}

/** Those that lack events, the furthest behind first: a budget may end before the last of them. */
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

/** Wakes every group. A wake that is lost is made up for by the next one, at the latest by cron. */
export const wakeProjectors = (env: Env): Promise<void> => wake(env, GROUP_NAMES);

const OTHERS = ["tables", "figures", "postbacks"] as const satisfies Group[];

/**
 * After an append: the live counters follow at once, tables and figures once enough has gathered, postbacks where anybody has a
 * target. The archive waits for the end of an interval, of which cron knows. Each wake is a billed request, and one that sets
 * an alarm a billed row.
 */
export const wakeAfterAppend = (env: Env, others: Record<(typeof OTHERS)[number], boolean>): Promise<void> =>
  wake(env, ["live", ...OTHERS.filter((group) => others[group])]);
