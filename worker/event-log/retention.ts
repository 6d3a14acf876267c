/**
 * Lets go of what a project no longer wants to keep, never ahead of the archive and of the projections.
 *
 * The events of a day go in two steps. The day is *settled*: what its events add to their people is kept, and from then
 * on its figures stay as they are, whoever its visitors turn out to be (see `resolve.ts`). Then its events are *swept*
 * from the log, their ids remembered, since an event counts once for ever.
 */
import { type SQL, sql } from "drizzle-orm";
import { readFile } from "../archive/bucket.ts";
import { at } from "../archive/columns.ts";
import { retire, rewrite, sweep as sweepFiles } from "../archive/compaction.ts";
import { liveFiles } from "../archive/files.ts";
import type { Row } from "../archive/parquet.ts";
import { firstHourOf } from "../archive/partition.ts";
import { addDays, localTime } from "../calendar.ts";
import type { Duty } from "../duty.ts";
import type { Project } from "../project.ts";
import { GROUPS, PROJECTIONS } from "../projections/index.ts";
import { settle } from "../projections/players.ts";
import { isReattributed } from "../projections/reattribution.ts";
import { datedEvents } from "../projections/resolve.ts";
import { type Database, openDatabase, projects, type Retention, transact } from "../schema.ts";

/** How long events may come late through the API, in days; longer ago is settled on arrival. */
const LATE_DAYS = 31;

/** The fewest days that events stay in the log: a late event may need a tag that is the whole window older than it. */
export const leastEventDays = (attribution_days: number): number => attribution_days + LATE_DAYS + 1;

/** Events of the log that one transaction looks at: three to four rows are written for each that goes. */
const WINDOW = 1_000;

/**
 * Figures by day: their tables, with the columns of their keys behind the project. Kept reports go first: from then on
 * none is made of what goes after them.
 */
const FIGURES = {
  aggregated_reports: "report_type, from_date",
  activity: "event_date, event_type, person, event_hour, banner_tag, country, device, app_id",
  daily_metrics: "event_date, event_type",
  event_summary: "event_date, event_type, banner_tag",
  money_summary: "event_date, event_type, banner_tag, currency",
  event_outcomes: "event_date, outcome, reason, received_hour",
  player_days: "person, event_date, event_type, app_id, banner_tag",
  returns: "banner_tag, event_date, previous_date",
  retention: "cohort_date, banner_tag, day",
  depositors: "event_date, banner_tag, previous_date, first_date, is_first, registration_date",
  funnel: "anchor, event_date, step, banner_tag, elapsed",
  payments: "event_date, event_type, person, event_hour, app_id, platform, banner_tag, currency",
} as const;
/** The column that tells the day, the last one of several, where it is not `event_date`. */
const DAYS: Partial<Record<keyof typeof FIGURES, string>> = { aggregated_reports: "to_date", retention: "cohort_date" };
/** Archived events by class: the setting that tells how long, and whether it is about those with an amount. */
const ARCHIVED = {
  archive: { setting: "archive_days", paid: false },
  purchases: { setting: "purchases_days", paid: true },
} as const satisfies Record<string, { setting: keyof Retention; paid: boolean }>;
type Class = "events" | keyof typeof FIGURES | keyof typeof ARCHIVED;

const names = (all: readonly { name: string }[]) => JSON.stringify(all.map(({ name }) => name));
/** How far the slowest of them has come. */
const least = (of: string): SQL => sql`(SELECT min(ifnull(c.cursor, 0)) FROM json_each(${of}) n
  LEFT JOIN projections c ON c.name = n.value)`;
const TABLES = names(GROUPS.tables.projections);
const ALL = names(PROJECTIONS);

const cutoff = (project: Project, days: number, now: number) => addDays(localTime(project.timezone, now).date, -days);

/**
 * Settles the oldest days of a project that are due, one at a time; tells whether more are. A day is settled only while
 * all tables have taken the whole log: later steps of all of them then see it settled, earlier ones none did.
 */
export async function settleDay(db: Database, project: Project, now: number): Promise<"more" | "done" | "not now"> {
  const { project_id, settled_before } = project;
  const days = project.retention.events_days;
  if (days === undefined) return "done";
  const due = cutoff(project, days, now);
  if (settled_before >= due) return "done";
  const oldest = await db.get<{ event_date: string | null; head: number }>(sql`
    SELECT min(event_date) AS event_date, (SELECT max(seq) FROM events) AS head
    FROM events WHERE project_id = ${project_id} AND event_date >= ${settled_before}`);
  const next = oldest?.event_date && oldest.event_date < due ? addDays(oldest.event_date, 1) : due;
  try {
    await transact(db, [
      settle(datedEvents(project_id, settled_before, next, oldest?.head ?? 0)),
      // Fails, and with it the transaction, while a projection is behind, or people are renamed or attributed again: NULL is not allowed.
      sql`UPDATE projects SET settled_before = CASE WHEN ${least(TABLES)} >= ifnull((SELECT max(seq) FROM events), 0)
        AND (SELECT erasure_id FROM renaming) IS NULL AND NOT ${isReattributed(project_id)}
        THEN ${next} END WHERE project_id = ${project_id} AND settled_before = ${settled_before}`,
    ]);
  } catch (error) {
    if (/NOT NULL constraint failed: projects\.settled_before/.test(String(error))) return "not now";
    throw error;
  }
  project.settled_before = next;
  return next < due ? "more" : "done";
}

export type Sweep = { removed: number; position: number; done: boolean };

/**
 * Sweeps settled events from the log, in one window of it behind `position`. Wholly idempotent: what has gone is not
 * found again.
 */
export async function sweepEvents(db: Database, position: number, now: number): Promise<Sweep> {
  const bounds = await db.get<{ last: number | null; until: number | null; ripe: number }>(sql`
    SELECT (SELECT max(seq) FROM (SELECT seq FROM events WHERE seq > ${position} ORDER BY seq LIMIT ${WINDOW})) AS last,
      (SELECT max(seq) FROM events) AS until, ${least(ALL)} AS ripe`);
  if (!bounds?.last) return { removed: 0, position: 0, done: true };
  const going = sql`SELECT e.seq FROM events e JOIN projects p ON p.project_id = e.project_id
    WHERE e.seq > ${position} AND e.seq <= ${bounds.last} AND e.event_date < p.settled_before AND e.seq <= ${least(ALL)}`;
  const before = await db.all<{ project_id: string; removed: number }>(sql`
    SELECT project_id, count(*) AS removed FROM events WHERE seq IN (${going}) GROUP BY project_id`);
  if (before.length > 0) {
    await transact(db, [
      sql`INSERT OR IGNORE INTO retired_events (project_id, event_id, standing)
        SELECT project_id, event_id, standing FROM events WHERE seq IN (${going})`,
      ...before.map(({ project_id, removed }) => note(project_id, "events", now, { removed })),
      sql`DELETE FROM events WHERE seq IN (${going})`,
    ]);
  }
  const removed = before.reduce((sum, row) => sum + row.removed, 0);
  return { removed, position: bounds.last, done: bounds.last >= Math.min(bounds.until ?? 0, bounds.ripe) };
}

type Noted = { swept_before?: string; position?: number; removed?: number };
const note = (
  project_id: string,
  of: Class,
  now: number,
  { swept_before = "", position = 0, removed = 0 }: Noted,
) => sql`
  INSERT INTO sweeps (project_id, class, swept_before, position, removed, updated_at)
  VALUES (${project_id}, ${of}, ${swept_before}, ${position}, ${removed}, ${now})
  ON CONFLICT DO UPDATE SET removed = removed + excluded.removed, updated_at = excluded.updated_at,
    position = excluded.position, swept_before = max(swept_before, excluded.swept_before)`;

/** Removes figures older than a project wants, in one step of at most a window of rows; tells whether there are more. */
export async function sweepFigures(
  db: Database,
  project: Project,
  now: number,
): Promise<{ removed: number; more: boolean }> {
  const days = project.retention.figures_days;
  if (days === undefined) return { removed: 0, more: false };
  const due = cutoff(project, days, now);
  for (const [table, key] of Object.entries(FIGURES) as [keyof typeof FIGURES, string][]) {
    const swept = await db.get<{ swept_before: string }>(sql`
      SELECT swept_before FROM sweeps WHERE project_id = ${project.project_id} AND class = ${table}`);
    if (swept && swept.swept_before >= due) continue;
    const columns = sql.raw(key);
    const day = sql.raw(DAYS[table] ?? "event_date");
    const { meta } =
      await db.run(sql`DELETE FROM ${sql.raw(table)} WHERE project_id = ${project.project_id} AND (${columns}) IN (
      SELECT ${columns} FROM ${sql.raw(table)} WHERE project_id = ${project.project_id} AND ${day} < ${due} LIMIT ${WINDOW})`);
    const removed = meta.changes;
    if (removed > 0) {
      await db.run(note(project.project_id, table, now, { removed }));
      return { removed, more: true };
    }
    await db.run(note(project.project_id, table, now, { swept_before: due }));
  }
  return { removed: 0, more: false };
}

/** The pass over the log, which is of all projects together. */
const EVERYONE = "";

const PROJECT = at("project_id");
const DATE = at("event_date");
const AMOUNT = at("amount");
/** Where a pass over the hours of a class stands: the last hour that it has seen. */
type Pass = { swept_before: string; position: number };

/**
 * Removes a project's archived events of one class that are older than it wants, from the next file that has any: the
 * file is written anew without them, as a merge does. Tells whether there is more to look at.
 */
async function sweepArchived(env: Env, db: Database, project: Project, of: keyof typeof ARCHIVED, now: number) {
  const { project_id } = project;
  const { setting, paid } = ARCHIVED[of];
  const days = project.retention[setting];
  if (days === undefined) return { removed: 0, more: false };
  const due = cutoff(project, days, now);
  const pass = await db.get<Pass>(sql`
    SELECT swept_before, position FROM sweeps WHERE project_id = ${project_id} AND class = ${of}`);
  const swept = pass?.swept_before ?? "";
  if (swept >= due) return { removed: 0, more: false };
  // A day begins up to 14 hours before and after the same day in UTC.
  const first = Math.max(pass?.position ?? 0, swept === "" ? 0 : firstHourOf(addDays(swept, -1)));
  const [file] = await db.all<{ hour: number }>(sql`SELECT min(hour) AS hour FROM archive_files
    WHERE state = 'live' AND hour > ${first} AND hour < ${firstHourOf(addDays(due, 1))}`);
  if (file?.hour == null) {
    await db.run(note(project_id, of, now, { swept_before: due }));
    return { removed: 0, more: false };
  }
  const keeps = (row: Row) =>
    row[PROJECT] !== project_id || (row[DATE] as string) >= due || (row[AMOUNT] !== null) !== paid;
  let removed = 0;
  for (const source of await liveFiles(db, { first: file.hour, end: file.hour + 1 })) {
    let left = 0;
    for await (const rows of readFile(env.ARCHIVE, source)) left += rows.filter(keeps).length;
    if (left === source.rows) continue;
    removed += source.rows - left;
    const counted = note(project_id, of, now, { removed: source.rows - left, position: first });
    const change = (rows: Row[]) => rows.filter(keeps);
    await transact(db, [
      ...(left === 0 ? [retire([source])] : await rewrite(env, db, [source], now, change, left)),
      counted,
    ]);
  }
  await sweepFiles(env, db, now);
  await db.run(note(project_id, of, now, { position: file.hour }));
  return { removed, more: true };
}

export type Retained = { settled: number; removed: number; figures: number; archived: number; waiting: boolean };

/** All that is due, within a budget: milliseconds, and D1 transactions. What is left is done by the next run. */
export async function retain(
  env: Env,
  db: Database,
  now: number,
  budget = { until: now + 5_000, steps: 20 },
): Promise<Retained> {
  const done: Retained = { settled: 0, removed: 0, figures: 0, archived: 0, waiting: false };
  let { steps } = budget;
  const left = () => steps-- > 0 && Date.now() < budget.until;
  const all = await db.select().from(projects);
  const keeping = all.filter(({ retention }) => Object.values(retention).some((days) => days !== undefined));
  for (const project of keeping) {
    for (let state = "more"; state === "more" && left(); ) {
      state = await settleDay(db, project, now);
      if (state === "not now") done.waiting = true;
      else if (state === "more") done.settled++;
    }
  }
  if (keeping.some(({ settled_before }) => settled_before !== "")) {
    const day = new Date(now).toISOString().slice(0, 10);
    const pass = await db.get<{ swept_before: string; position: number }>(sql`
      SELECT swept_before, position FROM sweeps WHERE project_id = ${EVERYONE} AND class = 'events'`);
    let position = pass?.position ?? 0;
    // Once over the whole log a day; what a pass has begun, it ends.
    let busy = pass === undefined || pass.swept_before < day || position > 0;
    while (busy && left()) {
      const sweep = await sweepEvents(db, position, now);
      done.removed += sweep.removed;
      position = sweep.done ? 0 : sweep.position;
      busy = !sweep.done;
      await db.run(note(EVERYONE, "events", now, { swept_before: day, position, removed: sweep.removed }));
    }
  }
  for (const project of keeping) {
    for (let more = true; more && left(); ) {
      const step = await sweepFigures(db, project, now);
      done.figures += step.removed;
      more = step.more;
    }
    for (const of of Object.keys(ARCHIVED) as (keyof typeof ARCHIVED)[]) {
      for (let more = true; more && left(); ) {
        const step = await sweepArchived(env, db, project, of, now);
        done.archived += step.removed;
        more = step.more;
      }
    }
  }
  return done;
}

const EVERY_MS = 60_000;

export const retention: Duty = {
  name: "retention",
  every: EVERY_MS,
  async run(env, _, now) {
    await retain(env, openDatabase(env.DB), now);
    return "done";
  },
};
