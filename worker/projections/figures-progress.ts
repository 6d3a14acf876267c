/**
 * The progress of the figures. If the log is older than the figures, or they begin again, they count some events an hour,
 * and no report uses them until they have counted the whole log once.
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
  /** Whether the figures have counted the whole log once: only then do reports use them. */
  whole: boolean;
  /** The last event that they have counted, and the last one of the log. */
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
 * The day from which on a project's figures have all events; null where they have all events of the project. Otherwise,
 * what people did before that day is not known: whether a person came for the first time, which tag an event counts for
 * during the first attribution window, and earlier steps and payments.
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
 * The last event of a step. An old log is counted slowly while the tables still answer; if reports wait for the figures, as
 * after a rebuild or a restore, it is counted at full speed. On a developer's machine there is no allowance a day to keep
 * to.
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

/** The records of a step, written in one transaction with the move of the cursor. */
export const recordStep = ({ after, upTo }: Range, now: number): SQL[] => [
  // Days that were settled before the first step: their events may have been removed.
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
  // From here on the tables leave out these projects.
  sql`UPDATE projects SET by_days = 1 WHERE by_days = 0 AND ${FIGURES_WHOLE}
    AND NOT EXISTS (SELECT 1 FROM figures_from f WHERE f.project_id = projects.project_id)`,
];
