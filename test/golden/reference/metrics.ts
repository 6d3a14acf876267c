/** Per day (or hour) and type: people, each at most once, and events. */

import type { Report } from "./ask.ts";
import type { Row } from "./database.ts";

export const metrics: Report = async ({ project, query, period, select }) => {
  const group_by = query.get("group_by");
  const columns = [
    "event_date",
    ...(query.get("interval") === "hour" ? ["event_hour"] : []),
    "event_type",
    ...(group_by ? [group_by] : []),
  ];
  const rows = await select<Row>(`
    SELECT ${columns.map((column) => (column === group_by ? `nullif(${column}, '') AS ${column}` : column)).join(", ")},
      count(DISTINCT person) AS count, count(*) AS total
    FROM events
    WHERE project_id = $project AND event_date BETWEEN $from AND $to AND TAGGED AND NARROWED
      ${query.has("event_type") ? "AND event_type = $event_type" : ""}
    GROUP BY ALL ORDER BY ${columns.map((column) => `${column} NULLS FIRST`).join(", ")}`);
  return { project_id: project.project_id, timezone: project.timezone, ...period, rows };
};
