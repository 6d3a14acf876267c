/**
 * Removes a project and everything that is kept of it. Its row, keys and share links are removed at once, with a note of
 * the removal; everything else in bounded pieces. All stores are searched twice, because an isolate that still remembers
 * the project may write something for it.
 */

import { type SQL, sql } from "drizzle-orm";
import type { Duty } from "../duties/duty.ts";
import { REMEMBERED_MS } from "../event-log/removed-projects.ts";
import { budgetOf } from "../store/budget.ts";
import { type Database, databaseOf, transact } from "../store/database.ts";
import { displace } from "../store/placements.ts";
import { MAIN } from "../store/shards.ts";
import { MINUTE_MS } from "../time.ts";

/** Tables with a `project_id` whose rows stay after the project: the audit log, and the receipts of erasures. */
const KEPT = ["audit", "erasures", "removals"];
/** Rows that one statement removes. */
const AT_ONCE = 1_000;
/** The time from the removal to the second search, in milliseconds: longer than isolates remember. */
const SECOND_LOOK_MS = REMEMBERED_MS + 30_000;

type Table = { name: string; key: string };

/**
 * Every table of the database with a `project_id`, and its primary key. They are read from the database, so a new table is
 * included.
 */
async function tablesOfProjects(db: Database): Promise<Table[]> {
  const tables = await db.all<Table>(sql`SELECT m.name, (
      SELECT group_concat(k.name, ', ') FROM pragma_table_info(m.name) k WHERE k.pk > 0) AS key
    FROM sqlite_master m WHERE m.type = 'table' AND m.name NOT LIKE '\\_cf%' ESCAPE '\\'
      AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) c WHERE c.name = 'project_id')`);
  return tables.filter(({ name }) => !KEPT.includes(name));
}

/** The tables that have rows of the project: one query for all. */
async function filled(db: Database, project_id: string): Promise<Table[]> {
  const tables = await tablesOfProjects(db);
  const found = await db.get<Record<string, 0 | 1>>(sql`WITH gone (id) AS (SELECT ${project_id})
    SELECT ${sql.raw(tables.map(({ name }) => `EXISTS (SELECT 1 FROM ${name} t, gone WHERE t.project_id = gone.id) AS ${name}`).join(", "))}`);
  return tables.filter(({ name }) => found?.[name] === 1);
}

/** Why a project cannot be removed now; null where it can. */
export async function obstacleTo(db: Database, project_id: string): Promise<string | null> {
  // Ids stay when their events have left the log.
  const had = (table: string) => sql`EXISTS (SELECT 1 FROM ${sql.raw(table)} WHERE project_id = ${project_id})`;
  const found = await db.get<{ logged: 0 | 1; erasing: 0 | 1; archived: 0 | 1 }>(sql`
    SELECT EXISTS (SELECT 1 FROM events WHERE project_id = ${project_id}) AS logged,
      EXISTS (SELECT 1 FROM erasures WHERE project_id = ${project_id} AND finished_at IS NULL) AS erasing,
      (${had("log_id_pages")} OR ${had("log_ids")} OR ${had("retired_events")}) AND EXISTS (
        SELECT 1 FROM json_each('["archive", "purchases"]') a WHERE ifnull((SELECT s.swept_before FROM sweeps s
          WHERE s.project_id = ${project_id} AND s.class = a.value), '') <= ${lastDay(project_id)}) AS archived`);
  if (found?.logged)
    return `${project_id} has events in the log: set retention.events_days, and remove it when they have gone.`;
  if (found?.archived)
    return `${project_id} has events in the archive: set retention.archive_days and retention.purchases_days, and remove it when they have gone.`;
  if (found?.erasing) return `A player of ${project_id} is being erased: remove it when that has finished.`;
  return null;
}

/** The last day with events; where their figures were removed, too, the day on which the last events left the log. */
const lastDay = (project_id: string): SQL => sql`coalesce(
  (SELECT max(event_date) FROM event_outcomes WHERE project_id = ${project_id}),
  (SELECT date(s.updated_at / 1000, 'unixepoch') FROM sweeps s WHERE s.project_id = ${project_id} AND s.class = 'events'), '')`;

/**
 * The statements that close a project, for one transaction with the entry of the audit log. They fail if the project has
 * new events meanwhile: NULL is not allowed.
 */
export const closeProject = (project_id: string, now: number): SQL[] => [
  sql`UPDATE projects SET name = CASE WHEN NOT EXISTS (SELECT 1 FROM events WHERE project_id = ${project_id})
    THEN name END WHERE project_id = ${project_id}`,
  sql`INSERT OR REPLACE INTO removals (project_id, removed_at, due_at, pass) VALUES (${project_id}, ${now}, ${now}, 1)`,
  ...["projects", "keys", "shares"].map((table) => sql`DELETE FROM ${sql.raw(table)} WHERE project_id = ${project_id}`),
];

/** Whether a project cannot be made under this id yet, because the rows of an earlier project are still being removed. */
export const isBeingRemoved = (project_id: string): SQL =>
  sql`EXISTS (SELECT 1 FROM removals WHERE project_id = ${project_id} AND finished_at IS NULL)`;

/** Whether there is room for this number of further calls. */
type Room = (calls: number) => boolean;
/** Calls to find what is left of a project, and calls at the end of a search. */
const LOOK_CALLS = 3;
const LAST_CALLS = 3;

/** Continues all removals that are due, as long as there is room; returns whether everything is done. */
export async function removeProjects(env: Env, db: Database, now: number, room: Room): Promise<boolean> {
  const due = await db.all<{ project_id: string; pass: number }>(sql`
    SELECT project_id, pass FROM removals WHERE finished_at IS NULL AND due_at <= ${now} ORDER BY removed_at`);
  for (const { project_id, pass } of due) {
    if (!room(LOOK_CALLS + LAST_CALLS)) return false;
    if (!(await removeRows(env, db, project_id, pass, now, room))) return false;
  }
  return true;
}

/**
 * What `main` has of a project on another shard. Its place goes with the second search, as events that are still under way must
 * reach the shard that knows of the removal; those that come even later meet the same note on `main`.
 */
const leftOnMain = (project_id: string, pass: number, now: number): SQL[] => [
  sql`DELETE FROM keys WHERE project_id = ${project_id}`,
  ...(pass === 1
    ? []
    : [
        displace(project_id),
        sql`INSERT OR REPLACE INTO removals (project_id, removed_at, due_at, pass, finished_at)
          VALUES (${project_id}, ${now}, ${now}, 2, ${now})`,
      ]),
];

async function removeRows(
  env: Env,
  db: Database,
  project_id: string,
  pass: number,
  now: number,
  room: Room,
): Promise<boolean> {
  if (db.shard !== MAIN) await transact(db.main, leftOnMain(project_id, pass, now));
  for (const { name, key } of await filled(db, project_id)) {
    // D1 also counts the rows that triggers change.
    for (let removed = AT_ONCE; removed >= AT_ONCE; ) {
      if (!room(1 + LAST_CALLS)) return false;
      const { meta } = await db.run(sql`DELETE FROM ${sql.raw(name)} WHERE (${sql.raw(key)}) IN (
        SELECT ${sql.raw(key)} FROM ${sql.raw(name)} WHERE project_id = ${project_id} LIMIT ${AT_ONCE})`);
      removed = meta.changes;
    }
  }
  await Promise.all([env.LIVE.getByName(project_id).remove(), env.REQUEST_LOG.getByName(project_id).remove()]);
  await transact(db, [
    pass === 1
      ? sql`UPDATE removals SET pass = 2, due_at = removed_at + ${SECOND_LOOK_MS} WHERE project_id = ${project_id} AND pass = 1`
      : sql`UPDATE removals SET finished_at = ${now} WHERE project_id = ${project_id} AND pass = ${pass}`,
  ]);
  return true;
}

/** How long the request of a removal works on it, in milliseconds, and how many calls it leaves for the answer. */
const REQUEST_MS = 5_000;
const ANSWER_CALLS = 6;

/** Begins to remove what is left of a closed project, which is often little. The duty does the rest. */
export async function beginRemoval(env: Env, db: Database, now: number): Promise<void> {
  const budget = budgetOf(env);
  const until = Date.now() + REQUEST_MS;
  await removeProjects(env, db, now, (calls) => Date.now() < until && budget.has(calls + ANSWER_CALLS));
}

export const removals: Duty = {
  name: "removals",
  every: MINUTE_MS,
  run: async (env, budget, now) =>
    (await removeProjects(env, databaseOf(env), now, (calls) => budget.has(calls))) ? "done" : "more",
};
