/** When each tag had its last event up to a day, to the hour: rows of days have hours, and no times. */
import { sql } from "drizzle-orm";
import { instantOf } from "../calendar.ts";
import { type Hour, lastHours } from "../figures/last-hours.ts";
import type { Project } from "../project.ts";
import type { Database } from "../store/database.ts";
import { among } from "../store/sql.ts";
import { iso } from "../time.ts";
import type { DaysScope } from "./days/scope.ts";

/** From the tables: the last day of each tag is one step in an index, and all rows of these days are read. */
async function fromTables(db: Database, project_id: string, tags: readonly string[], to: string) {
  const rows = await db.all<Hour & { banner_tag: string }>(sql`
    WITH last AS MATERIALIZED (
      SELECT t.value AS banner_tag, (SELECT max(r.event_date) FROM returns r
        WHERE r.project_id = ${project_id} AND r.banner_tag = t.value AND r.event_date <= ${to}) AS event_date
      FROM json_each(${JSON.stringify(tags)}) t
    ), hours AS MATERIALIZED (
      SELECT a.banner_tag, a.event_date, max(a.event_hour) AS event_hour
      FROM (SELECT DISTINCT event_date FROM last) d CROSS JOIN activity a
        ON a.project_id = ${project_id} AND a.event_date = d.event_date AND a.banner_tag ${among(tags)}
      GROUP BY a.banner_tag, a.event_date
    )
    SELECT banner_tag, event_date, event_hour FROM last JOIN hours USING (banner_tag, event_date)`);
  return new Map(rows.map(({ banner_tag, ...hour }) => [banner_tag, hour]));
}

/** The beginning of that hour, by tag; tags without an event are left out. `days` is null where the tables are read. */
export async function lastEvents(
  db: Database,
  { project_id, timezone }: Project,
  days: DaysScope | null,
  tags: readonly string[],
  to: string,
): Promise<Map<string, string>> {
  const hours = await (days === null ? fromTables(db, project_id, tags, to) : lastHours(db.$client, days, tags, to));
  const beginning = ({ event_date, event_hour }: Hour) =>
    iso(instantOf(timezone, Date.parse(`${event_date}T${String(event_hour).padStart(2, "0")}:00:00Z`)));
  return new Map([...hours].map(([tag, hour]) => [tag, beginning(hour)]));
}
