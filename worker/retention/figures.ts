/** Removes figures by day that are older than a project wants. */
import { sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import { DATED_TABLES, type DatedTable, keyWithin, LOG_TABLES } from "../tables.ts";
import {
  countByProject,
  type Due,
  dueBy,
  inTurn,
  type Place,
  recordSwept,
  type Steps,
  WINDOW,
  type Work,
} from "./keeping.ts";

/** The projects of which a table may still have days to remove. */
async function pending(db: Database, due: readonly Due[]): Promise<Map<DatedTable, Due[]>> {
  const rows = await db.all<{ project_id: string; table: DatedTable }>(sql`
    SELECT d.value ->> 'project_id' AS project_id, t.value AS "table"
    FROM json_each(${JSON.stringify(DATED_TABLES)}) t CROSS JOIN json_each(${JSON.stringify(due)}) d
    LEFT JOIN sweeps s ON s.project_id = d.value ->> 'project_id' AND s.class = t.value
    WHERE ifnull(s.swept_before, '') < d.value ->> 'due'`);
  const tables = Map.groupBy(rows, ({ table }) => table);
  return new Map(
    DATED_TABLES.map((table) => {
      const projects = new Set(tables.get(table)?.map(({ project_id }) => project_id));
      return [table, due.filter(({ project_id }) => projects.has(project_id))];
    }),
  );
}

/** The next rows of a table to remove, in the order of projects; each is a project and the rest of the key. */
async function goingFrom(
  db: Database,
  table: DatedTable,
  due: readonly Due[],
): Promise<{ project_id: string; key: string }[]> {
  const key = sql.raw(`json_array(${keyWithin(table).join(", ")})`);
  return db.all(sql`SELECT project_id, ${key} AS key
    FROM json_each(${JSON.stringify(due)}) due CROSS JOIN ${sql.raw(table)} ON project_id = due.value ->> 'project_id'
    WHERE ${sql.raw(LOG_TABLES[table].day)} < due.value ->> 'due' LIMIT ${WINDOW}`);
}

function remove(table: DatedTable, rows: readonly { project_id: string; key: string }[]) {
  const keys = JSON.stringify(rows.map(({ project_id, key }) => [project_id, ...(JSON.parse(key) as unknown[])]));
  const columns = keyWithin(table);
  const values = columns.map((_, index) => `value ->> ${index + 1}`).join(", ");
  return sql`DELETE FROM ${sql.raw(table)} WHERE (project_id, ${sql.raw(columns.join(", "))}) IN (
    SELECT value ->> 0, ${sql.raw(values)} FROM json_each(${keys}))`;
}

/** Table by table in turn, of all projects together. The place is the table and project that were served last. */
export async function* sweepFigures({ db, now, keeping }: Work, place: Place<[table: string, project: string]>): Steps {
  const left = await pending(db, dueBy(keeping, "figures_days", now));
  for (;;) {
    const [table = "", project = ""] = place.value ?? [];
    const reported = new Set(left.get("aggregated_reports")?.map(({ project_id }) => project_id));
    const open = DATED_TABLES.flatMap((name) => {
      const asked = (left.get(name) ?? []).filter(
        ({ project_id }) => name === "aggregated_reports" || !reported.has(project_id),
      );
      return asked.length === 0 ? [] : [{ name, asked: inTurn(asked, project) }];
    });
    const next =
      open.find(({ name }) => DATED_TABLES.indexOf(name) > DATED_TABLES.indexOf(table as DatedTable)) ?? open[0];
    if (!next) return "done";
    const rows = await goingFrom(db, next.name, next.asked);
    // A full list ends within a project; the projects before it are done.
    const cut = rows.length < WINDOW ? undefined : rows.at(-1)?.project_id;
    const ends = next.asked.findIndex(({ project_id }) => project_id === cut);
    const through = ends === -1 ? next.asked : next.asked.slice(0, ends);
    const removed = countByProject(rows);
    const swept = [...through, ...next.asked.slice(through.length, through.length + 1)].map(({ project_id, due }) => ({
      project_id,
      class: next.name,
      removed: removed.get(project_id) ?? 0,
      swept_before: project_id === cut ? "" : due,
    }));
    const served = cut ?? project;
    await place.move(db, [next.name, served], now, [
      ...(rows.length > 0 ? [remove(next.name, rows)] : []),
      recordSwept(swept, now),
    ]);
    const gone = new Set(through.map(({ project_id }) => project_id));
    left.set(
      next.name,
      (left.get(next.name) ?? []).filter(({ project_id }) => !gone.has(project_id)),
    );
    yield rows.length;
  }
}
