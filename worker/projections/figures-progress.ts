/**
 * How far the figures are. Where a log is older than the figures, or they begin again, they count some of its events an hour,
 * and no report answers from them until they have counted the whole log once.
 */

import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import { type Plan, planOf } from "../store/plan.ts";
import { HOUR_MS } from "../time.ts";
import type { Range } from "./resolve.ts";

/**
 * Events of one step. Counting takes 80 to 100 µs of the processor for each (docs/adr/0012-figures.md), and an invocation of the
 * free plan has 10 ms; on the paid one, longer steps would hold up appends in D1 and save a row for twenty events.
 */
const A_STEP = { free: 100, paid: 1_000 } as const satisfies Record<Plan, number>;

/**
 * Events of an old log that are counted in an hour. A step of a hundred writes some 1.1 rows an event, so these are 40,000 rows
 * of the 100,000 that the free plan has a day; the rest is for what comes in.
 */
const OLD_AN_HOUR = { free: 1_500, paid: Number.POSITIVE_INFINITY } as const satisfies Record<Plan, number>;

const hourOf = (now: number) => Math.floor(now / HOUR_MS);

/** Whether the figures have counted the whole log once. */
export const FIGURES_WHOLE = sql`EXISTS (SELECT 1 FROM figures_stand WHERE whole_at IS NOT NULL)`;

/** A project whose reports are made of rows of days, in SQL. */
export const BY_DAYS = sql`by_days = 1`;

export type FiguresProgress = {
  /** Whether the figures have counted the whole log once: reports answer from them only then. */
  whole: boolean;
  /** The last event that they have taken, and the last one of the log. */
  cursor: number;
  head: number;
};

export async function figuresProgress(db: Database): Promise<FiguresProgress> {
  const found = await db.get<{ whole: 0 | 1; cursor: number; head: number }>(sql`SELECT ${FIGURES_WHOLE} AS whole,
    ifnull((SELECT cursor FROM projections WHERE name = 'figures'), 0) AS cursor,
    ifnull((SELECT max(seq) FROM events), 0) AS head`);
  const { whole = 0, cursor = 0, head = 0 } = found ?? {};
  return { whole: whole === 1 || head === 0, cursor, head };
}

/** Whether a project's reports are made of rows of days. Once they are, they stay so. */
export const isByDays = async (db: Database, project_id: string): Promise<boolean> =>
  (await db.get(sql`SELECT 1 FROM projects WHERE project_id = ${project_id} AND ${BY_DAYS}`)) !== undefined;

/**
 * From which day on a project's figures have all events; null where they have all that there ever were. Where they have not, what
 * people did before that day is not known either: whether somebody was there for the first time, whose tag an event has for
 * as long as the window of attribution, and what steps and payments came before.
 */
export async function figuresFrom(db: Database, project_id: string): Promise<string | null> {
  const found = await db.get<{ date: string } | undefined>(
    sql`SELECT date FROM figures_from WHERE project_id = ${project_id}`,
  );
  return found?.date ?? null;
}

/** Events that are counted in a second, and the seconds between two looks. */
const COUNTED_A_SECOND = 2_000;
const [SOONEST_SECONDS, LATEST_SECONDS] = [2, 60];

/** After how many seconds to ask again whether the figures are whole. */
export function secondsUntilWhole(env: Env, { cursor, head }: FiguresProgress): number {
  const isLimited = planOf(env) === "free" && env.LOCAL !== "1";
  const seconds = isLimited ? LATEST_SECONDS : Math.ceil((head - cursor) / COUNTED_A_SECOND);
  return Math.min(LATEST_SECONDS, Math.max(SOONEST_SECONDS, seconds));
}

/**
 * Up to which event a step goes. An old log takes its time while the tables still answer; where reports wait for the figures, as
 * after a rebuild or a restore, it takes none. Nobody has a day's allowance on a developer's machine.
 */
export async function reachOfFigures(env: Env, db: Database, { after, upTo }: Range, now: number): Promise<number> {
  const plan = planOf(env);
  const found = await db.get<{ taken: number; hour: number; unlimited: 0 | 1 }>(sql`SELECT
    ifnull((SELECT taken FROM figures_stand), 0) AS taken, ifnull((SELECT hour FROM figures_stand), 0) AS hour,
    ${FIGURES_WHOLE} OR EXISTS (SELECT 1 FROM projects WHERE ${BY_DAYS}) AS unlimited`);
  const isLimited = !found?.unlimited && env.LOCAL !== "1";
  const taken = found?.hour === hourOf(now) ? found.taken : 0;
  return Math.min(upTo, after + A_STEP[plan], isLimited ? after + Math.max(0, OLD_AN_HOUR[plan] - taken) : upTo);
}

/** What a step records, in one transaction with the move of the cursor. */
export const recordStep = ({ after, upTo }: Range, now: number): SQL[] => [
  // Days that were settled before the first step: their events may have gone.
  ...(after > 0
    ? []
    : [
        sql`INSERT OR IGNORE INTO figures_from (project_id, date)
          SELECT project_id, settled_before FROM projects WHERE settled_before <> ''`,
      ]),
  sql`INSERT INTO figures_stand (id, whole_at, hour, taken)
    SELECT 0, CASE WHEN max(seq) <= ${upTo} THEN CAST(${now} AS INTEGER) END, CAST(${hourOf(now)} AS INTEGER), CAST(${upTo - after} AS INTEGER)
    FROM events WHERE true
    ON CONFLICT (id) DO UPDATE SET whole_at = excluded.whole_at, hour = excluded.hour,
      taken = excluded.taken + CASE WHEN hour = excluded.hour THEN taken ELSE 0 END WHERE whole_at IS NULL`,
  // From here on the tables do without them.
  sql`UPDATE projects SET by_days = 1 WHERE by_days = 0 AND ${FIGURES_WHOLE}
    AND NOT EXISTS (SELECT 1 FROM figures_from f WHERE f.project_id = projects.project_id)`,
];
