/**
 * Counts by day or hour and type, over any dimension. `count` is people, at most one per day (or hour), type and
 * group; `total` is distinct events.
 */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { eventType } from "../event.ts";
import { ofProject, visibleTags } from "../http/access.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { type Database, openDatabase } from "../schema.ts";
import { dated, onlyTags, type Period, periodOf, tag } from "./period.ts";
import { table } from "./table.ts";

/** What counts can be grouped by: columns of `activity`. */
export const DIMENSIONS = ["banner_tag", "country", "device", "app_id"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export const metricsQuery = z.strictObject({
  ...dated,
  event_type: eventType.optional(),
  banner_tag: tag.optional(),
  group_by: z.enum(DIMENSIONS, `must be one of ${DIMENSIONS.join(", ")}`).optional(),
  interval: z.enum(["day", "hour"], "must be day or hour").optional(),
});
type Asked = Pick<z.output<typeof metricsQuery>, "event_type" | "group_by" | "interval"> & {
  /** Null: all. */
  tags: string[] | null;
};

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
function source({ group_by, tags, interval }: Asked): "daily_metrics" | "event_summary" | "activity" {
  if (interval === "hour" || (group_by !== undefined && group_by !== "banner_tag")) return "activity";
  if (group_by === "banner_tag" || tags?.length === 1) return "event_summary";
  // Someone who came by several tags is one person.
  return tags === null ? "daily_metrics" : "activity";
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
  const where = sql`project_id = ${project_id} AND event_date BETWEEN ${period.from} AND ${period.to}
    ${asked.event_type === undefined ? sql`` : sql`AND event_type = ${asked.event_type}`} ${onlyTags(sql`banner_tag`, asked.tags)}`;
  const figures =
    from === "activity"
      ? sql`count(DISTINCT person) AS count, sum(total) AS total`
      : sql`sum(count) AS count, sum(total) AS total`;
  return db.all<MetricsRow>(sql`SELECT ${keys}, ${figures} FROM ${sql.raw(from)}
    WHERE ${where} GROUP BY ${keys} ORDER BY ${keys}`);
}

export const metricsRoutes = new Hono<App>().get("/metrics", parameters(metricsQuery), ofProject, async (c) => {
  const { project } = c.var;
  const { from, to, banner_tag, ...given } = c.req.valid("query");
  const asked: Asked = { ...given, tags: visibleTags(c.var.principal, banner_tag) };
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
