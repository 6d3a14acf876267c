/**
 * Counts by day or hour and type, over any dimension. `count` is people, at most one per day (or hour), type and
 * group; `total` is distinct events.
 */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { eventType } from "../event.ts";
import { tagFilter } from "../http/tag-filter.ts";
import type { Database } from "../schema.ts";
import { days, maybe, named, text, whole } from "./answer.ts";
import { type FieldFilter, fieldAsked, fieldFilter, onlyField } from "./field-filter.ts";
import { dated, onlyTags, type Period } from "./period.ts";
import { report } from "./report.ts";

/** What counts can be grouped by: columns of `activity`. */
export const DIMENSIONS = ["banner_tag", "country", "device", "app_id"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** By what they can be narrowed: columns of `activity`, too. */
const FIELDS = ["country", "device", "app_id"] as const;

const query = z.strictObject({
  ...dated,
  event_type: eventType.optional(),
  ...tagFilter,
  ...fieldFilter(...FIELDS),
  group_by: z.enum(DIMENSIONS, `must be one of ${DIMENSIONS.join(", ")}`).optional(),
  interval: z.enum(["day", "hour"], "must be day or hour").optional(),
});
type Asked = Pick<z.output<typeof query>, "event_type" | "group_by" | "interval"> & {
  /** Null: all. */
  tags: string[] | null;
  /** Null: any value of any field. */
  filter: FieldFilter | null;
};

const row = z.object({
  event_date: z.iso.date(),
  event_hour: z.int().min(0).max(23).exactOptional().describe("With `interval=hour`."),
  event_type: text,
  banner_tag: maybe.exactOptional(),
  country: maybe.exactOptional(),
  device: maybe.exactOptional(),
  app_id: maybe.exactOptional(),
  count: whole,
  total: whole,
});
export type MetricsRow = z.output<typeof row>;

const answer = z.object({ ...named, ...days, rows: z.array(row) }).meta({ id: "Metrics" });
export type Metrics = z.output<typeof answer>;

/** The narrowest table that holds the answer: a day's counts, those per tag, or who did what. */
function source({ group_by, tags, interval, filter }: Asked): "daily_metrics" | "event_summary" | "activity" {
  if (filter !== null || interval === "hour" || (group_by !== undefined && group_by !== "banner_tag"))
    return "activity";
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
    ${asked.event_type === undefined ? sql`` : sql`AND event_type = ${asked.event_type}`} ${onlyTags(sql`banner_tag`, asked.tags)} ${onlyField(asked.filter)}`;
  const figures =
    from === "activity"
      ? sql`count(DISTINCT person) AS count, sum(total) AS total`
      : sql`sum(count) AS count, sum(total) AS total`;
  return db.all<MetricsRow>(sql`SELECT ${keys}, ${figures} FROM ${sql.raw(from)}
    WHERE ${where} GROUP BY ${keys} ORDER BY ${keys}`);
}

export const metrics = report({
  id: "getMetrics",
  path: "/metrics",
  summary: "Counts by day or hour and type",
  description:
    "`count` is players, each at most once a day and type; `total` is distinct events. `interval=hour` gives hours, `group_by` a row for each value of that field.",
  role: "viewer",
  query,
  answer,
  holds: "A row for each day and type that something happened.",
  tries: ["group_by=country&interval=hour", "group_by=banner_tag", "country=MT&group_by=banner_tag", "app_id=slots"],
  reads: "period",
  async read({ db, project: { project_id, timezone }, period, tags, query }) {
    const { event_type, group_by, interval } = query;
    const filter = fieldAsked(query, {
      shown: "metrics",
      keptBy: FIELDS,
      group: { parameter: "group_by", by: group_by },
    });
    const found = await metricsRows(db, project_id, period, { event_type, group_by, interval, tags, filter });
    const rows = group_by ? found.map((row) => ({ ...row, [group_by]: row[group_by] || null })) : found;
    const columns = [
      "event_date",
      ...(interval === "hour" ? ["event_hour"] : []),
      "event_type",
      ...(group_by ? [group_by] : []),
      "count",
      "total",
    ];
    return { body: { project_id, timezone, ...period, rows }, columns, rows };
  },
});
