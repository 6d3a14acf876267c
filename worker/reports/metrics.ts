/**
 * Counts by day or hour and type, over any dimension. `count` is people, at most one per day (or hour), type and
 * group; `total` is distinct events.
 */
import { type SQL, sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { eventType } from "../event.ts";
import { ofProject } from "../http/access.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { type Database, openDatabase } from "../schema.ts";
import { dated, type Period, periodOf, tag } from "./period.ts";
import { table } from "./table.ts";

/** What counts can be grouped by: columns of `activity`. */
export const DIMENSIONS = ["banner_tag", "country", "device", "app_id"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

const query = z.strictObject({
  ...dated,
  event_type: eventType.optional(),
  banner_tag: tag.optional(),
  group_by: z.enum(DIMENSIONS, `must be one of ${DIMENSIONS.join(", ")}`).optional(),
  interval: z.enum(["day", "hour"], "must be day or hour").optional(),
});
type Asked = Omit<z.output<typeof query>, "project_id" | "from" | "to" | "format">;

export type MetricsRow = {
  event_date: string;
  /** 0–23, with `interval=hour`. */
  event_hour?: number;
  event_type: string;
  count: number;
  total: number;
} & Partial<Record<Dimension, string | null>>;

export type Metrics = Period & { project_id: string; timezone: string; rows: MetricsRow[] };

/** The narrowest table that holds the answer: a day's counts, those per tag, or who did what. */
function source({ group_by, banner_tag, interval }: Asked): "daily_metrics" | "event_summary" | "activity" {
  if (interval === "hour" || (group_by !== undefined && group_by !== "banner_tag")) return "activity";
  return group_by === undefined && banner_tag === undefined ? "daily_metrics" : "event_summary";
}

export function metricsRows(db: Database, project_id: string, period: Period, asked: Asked): Promise<MetricsRow[]> {
  const from = source(asked);
  const columns = [
    "event_date",
    ...(asked.interval === "hour" ? ["event_hour"] : []),
    "event_type",
    ...(asked.group_by ? [asked.group_by] : []),
  ];
  const keys = sql.raw(columns.join(", "));
  const where: SQL[] = [sql`project_id = ${project_id}`, sql`event_date BETWEEN ${period.from} AND ${period.to}`];
  if (asked.event_type !== undefined) where.push(sql`event_type = ${asked.event_type}`);
  if (asked.banner_tag !== undefined) where.push(sql`banner_tag = ${asked.banner_tag}`);
  const figures =
    from === "activity"
      ? sql`count(DISTINCT person) AS count, sum(total) AS total`
      : sql`sum(count) AS count, sum(total) AS total`;
  return db.all<MetricsRow>(sql`SELECT ${keys}, ${figures} FROM ${sql.raw(from)}
    WHERE ${sql.join(where, sql` AND `)} GROUP BY ${keys} ORDER BY ${keys}`);
}

export const metricsRoutes = new Hono<App>().get("/metrics", parameters(query), ofProject, async (c) => {
  const { project } = c.var;
  const { project_id: _, from, to, format: __, ...asked } = c.req.valid("query");
  const period = periodOf(project, { from, to }, Date.now());
  const found = await metricsRows(openDatabase(c.env.DB), project.project_id, period, asked);
  const { group_by } = asked;
  const rows = group_by ? found.map((row) => ({ ...row, [group_by]: row[group_by] || null })) : found;
  const body: Metrics = { project_id: project.project_id, timezone: project.timezone, ...period, rows };
  const columns = [
    "event_date",
    ...(asked.interval === "hour" ? ["event_hour"] : []),
    "event_type",
    ...(group_by ? [group_by] : []),
    "count",
    "total",
  ];
  return table(c, body, columns, rows);
});
