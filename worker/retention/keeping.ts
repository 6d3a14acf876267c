/** How long projects keep each class of data, and the record of what was removed. */

import { type SQL, sql } from "drizzle-orm";
import { addDays, localTime } from "../calendar.ts";
import type { Project } from "../project.ts";
import { type Database, transact } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { projects, type Retention } from "../store/schema.ts";

/** How late events may arrive by the API, in days; the days of older events are settled on arrival. */
const LATE_DAYS = 31;

/** The fewest days that events stay in the log: a late event may need a tag that is the whole window older than it. */
export const leastEventDays = (attribution_days: number): number => attribution_days + LATE_DAYS + 1;

/** Rows that one transaction finds and removes: three to four rows are written for each removed event. */
export const WINDOW = 1_000;

export const keepingProjects = async (db: Database): Promise<Project[]> =>
  (await db.select().from(projects).orderBy(projects.project_id)).filter(({ retention }) =>
    Object.values(retention).some((days) => days !== undefined),
  );

/** Data from before `due` is to be removed. */
export type Due = { project_id: string; days: number; due: string };

/** The projects with this setting, and the day in their time zones before which data is removed. */
export const dueBy = (keeping: readonly Project[], setting: keyof Retention, now: number): Due[] =>
  keeping.flatMap(({ project_id, timezone, retention }) => {
    const days = retention[setting];
    return days === undefined ? [] : [{ project_id, days, due: addDays(localTime(timezone, now).date, -days) }];
  });

/** The projects after `after` first, so that the project that was served last waits for all others. */
export function inTurn<Item extends { project_id: string }>(items: readonly Item[], after: string): Item[] {
  const next = items.findIndex(({ project_id }) => project_id > after);
  return next <= 0 ? [...items] : [...items.slice(next), ...items.slice(0, next)];
}

/** How much of a class was removed from a project, and the day before which nothing of it is left; '' where that is not known. */
export type Swept = { project_id: string; class: string; removed: number; swept_before: string };

export const recordSwept = (swept: readonly Swept[], now: number): SQL => sql`
  INSERT INTO sweeps (project_id, class, swept_before, removed, updated_at)
  SELECT value ->> 'project_id', value ->> 'class', value ->> 'swept_before', value ->> 'removed', ${now}
    FROM json_each(${JSON.stringify(swept)}) WHERE true
  ON CONFLICT DO UPDATE SET removed = removed + excluded.removed, updated_at = excluded.updated_at,
    swept_before = max(swept_before, excluded.swept_before)`;

/** How many of these rows each project has. */
export const countByProject = (rows: readonly { project_id: string }[]): Map<string, number> =>
  new Map(
    [...Map.groupBy(rows, ({ project_id }) => project_id)].map(([project_id, projectRows]) => [
      project_id,
      projectRows.length,
    ]),
  );

/** The place where the work of a class continues, as it was read and as it was written since. */
export class Place<Value> {
  readonly #name: string;
  #text: string | null;
  constructor(name: string, text: string | null) {
    this.#name = name;
    this.#text = text;
  }

  get value(): Value | null {
    return this.#text === null ? null : (JSON.parse(this.#text) as Value);
  }

  /**
   * Runs statements in one transaction with the move of the place. Fails if another run has moved it meanwhile: NULL is not
   * allowed.
   */
  async move(db: Database, to: Value, now: number, statements: readonly (SQL | D1PreparedStatement)[]): Promise<void> {
    const text = JSON.stringify(to);
    await transact(db, [
      sql`INSERT INTO retention_places (class, place, updated_at) VALUES (${this.#name}, ${text}, ${now})
        ON CONFLICT DO UPDATE SET place = CASE WHEN place = ${this.#text} THEN excluded.place END,
          updated_at = excluded.updated_at`,
      ...statements,
    ]);
    this.#text = text;
  }
}
/** Whether a step failed only because another run did it, or because people were changed meanwhile. */
export const lostPlace = (error: unknown): boolean => isGuarded(error, "retention_places.place", "projections.cursor");

export type Work = { env: Env; db: Database; now: number; keeping: readonly Project[] };

/** Why a class ends: nothing is due any more, or what is due cannot be removed yet. */
export type End = "done" | "waiting";

/** The work of a class, one bounded step at a time; each yields how many days or rows it removed. */
export type Steps = AsyncGenerator<number, End>;
