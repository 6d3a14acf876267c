/**
 * Counts by day or hour and type, over any dimension. `count` is people, at most one per day (or hour), type and
 * group; `total` is distinct events.
 */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { addDays, daysBetween } from "../calendar.ts";
import { eventType } from "../event.ts";
import { Problem } from "../http/problem.ts";
import { tagFilter } from "../http/tag-filter.ts";
import type { Database } from "../store/database.ts";
import { days, maybe, named, text, whole } from "./answer.ts";
import { countsOfDays } from "./days/metrics.ts";
import type { DaysScope } from "./days/scope.ts";
import { type FieldFilter, fieldFilter, onlyField } from "./field-filter.ts";
import {
  between,
  daysBehind,
  inKeyOrder,
  type Key,
  keyedPages,
  keyIn,
  keyOf,
  moreRows,
  pageBehind,
  ROWS_A_PAGE,
} from "./keyed.ts";
import { type Page, paged, pageOf } from "./list.ts";
import { dated, onlyTags, type Period } from "./period.ts";
import { report } from "./report.ts";

/** What counts can be grouped by: columns of `activity`. */
export const DIMENSIONS = ["banner_tag", "country", "device", "app_id"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** The fields by which the tables can narrow counts: columns of `activity`, too. */
const FIELDS = ["country", "device", "app_id"] as const;

const query = z.strictObject({
  ...dated,
  event_type: eventType.optional(),
  ...tagFilter,
  ...fieldFilter,
  group_by: z.enum(DIMENSIONS, `must be one of ${DIMENSIONS.join(", ")}`).optional(),
  interval: z
    .enum(["day", "hour", "weekday"], "must be day, hour or weekday")
    .optional()
    .describe(
      "`weekday` adds up the hours of the same weekday: `event_date` is then the first such day of the period. Not with `group_by`.",
    ),
  ...keyedPages,
});
type Asked = Pick<z.output<typeof query>, "event_type" | "group_by" | "interval"> & {
  /** Null: all. */
  tags: string[] | null;
  /** Null: any value of any field. */
  filter: FieldFilter | null;
};

const row = z.object({
  event_date: z.iso.date(),
  event_hour: z.int().min(0).max(23).exactOptional().describe("With `interval=hour` or `weekday`."),
  event_type: text,
  banner_tag: maybe.exactOptional(),
  country: maybe.exactOptional(),
  device: maybe.exactOptional(),
  app_id: maybe.exactOptional(),
  count: whole,
  total: whole,
});
export type MetricsRow = z.output<typeof row>;

const answer = z.object({ ...named, ...days, rows: z.array(row), next_cursor: moreRows }).meta({ id: "Metrics" });
export type Metrics = z.output<typeof answer>;

const isHourly = (interval: Asked["interval"]) => interval === "hour" || interval === "weekday";

/** The smallest table that has the answer: counts by day, counts by day and tag, or `activity`. */
function source({ group_by, tags, interval, filter }: Asked): "daily_metrics" | "event_summary" | "activity" {
  if (filter !== null || isHourly(interval) || (group_by !== undefined && group_by !== "banner_tag")) return "activity";
  if (group_by === "banner_tag" || tags?.length === 1) return "event_summary";
  // A person with several tags counts once.
  return tags === null ? "daily_metrics" : "activity";
}

const DAYS_OF_A_WEEK = 7;

/** The columns that identify a row. */
const columnsOf = ({ interval, group_by }: Pick<Asked, "interval" | "group_by">) => [
  "event_date",
  ...(isHourly(interval) ? ["event_hour"] : []),
  "event_type",
  ...(group_by ? [group_by] : []),
];

/** The rows after a key, a limited number, from the tables. */
async function tableRows(
  db: Database,
  project_id: string,
  period: Period,
  asked: Asked,
  after: Key | null,
  limit: number,
): Promise<Page<MetricsRow, Key>> {
  const from = source(asked);
  const columns = columnsOf(asked);
  const keys = sql.raw(columns.join(", "));
  const where = sql`project_id = ${project_id} AND ${daysBehind(period, after)} ${between(columns, after)}
    ${asked.event_type === undefined ? sql`` : sql`AND event_type = ${asked.event_type}`} ${onlyTags(sql`banner_tag`, asked.tags)} ${onlyField(asked.filter)}`;
  const figures =
    from === "activity"
      ? sql`count(DISTINCT person) AS count, sum(total) AS total`
      : sql`sum(count) AS count, sum(total) AS total`;
  const found = await db.all<MetricsRow>(sql`SELECT ${keys}, ${figures} FROM ${sql.raw(from)}
    WHERE ${where} GROUP BY ${keys} ORDER BY ${keys} LIMIT ${limit + 1}`);
  return pageOf(found, limit, (row) => keyIn(columns, row));
}

/** The first day of the period that is of the same weekday. */
const firstSuch = (event_date: string, { from }: Period) =>
  addDays(from, (daysBetween(from, event_date) - 1) % DAYS_OF_A_WEEK);

function asWeekdays(rows: readonly MetricsRow[], period: Period): MetricsRow[] {
  const dated = rows.map((row) => ({ ...row, event_date: firstSuch(row.event_date, period) }));
  const sum = (alike: readonly MetricsRow[], name: "count" | "total") => alike.reduce((all, row) => all + row[name], 0);
  return [
    ...Map.groupBy(dated, ({ event_date, event_hour, event_type }) => `${event_date} ${event_hour} ${event_type}`),
  ].map(([, alike]) => ({ ...(alike[0] as MetricsRow), count: sum(alike, "count"), total: sum(alike, "total") }));
}

/** The same from the tables: the hours of a week for each type, summed in SQL and read at once. */
function tableWeek(db: Database, project_id: string, period: Period, asked: Asked): RowsBehind {
  const { event_type, tags, filter } = asked;
  const { from, to } = period;
  const columns = columnsOf(asked);
  let all: MetricsRow[] | null = null;
  return async (after, limit) => {
    all ??= await db.all<MetricsRow>(sql`
      SELECT date(${from}, (CAST(julianday(event_date) - julianday(${from}) AS INTEGER) % ${DAYS_OF_A_WEEK}) || ' days') AS event_date,
        event_hour, event_type, sum(count) AS count, sum(total) AS total
      FROM (SELECT event_date, event_hour, event_type, count(DISTINCT person) AS count, sum(total) AS total FROM activity
        WHERE project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to}
          ${event_type === undefined ? sql`` : sql`AND event_type = ${event_type}`} ${onlyTags(sql`banner_tag`, tags)} ${onlyField(filter)}
        GROUP BY event_date, event_hour, event_type)
      GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`);
    return pageBehind(all, columns, after, limit);
  };
}

/** The same from rows of days, which are read once for all pages. */
function dayRows(db: Database, days: DaysScope, period: Period, asked: Asked): RowsBehind {
  const { event_type, group_by, interval } = asked;
  const columns = columnsOf(asked);
  const counted = { group_by, hourly: isHourly(interval) };
  const types = event_type === undefined ? null : [event_type];
  let all: MetricsRow[] | null = null;
  return async (after, limit) => {
    const rows = async () => countsOfDays(db.$client, days, period, { types, ...counted });
    all ??= inKeyOrder(interval === "weekday" ? asWeekdays(await rows(), period) : await rows(), columns);
    return pageBehind(all, columns, after, limit);
  };
}
type RowsBehind = (after: Key | null, limit: number) => Promise<Page<MetricsRow, Key>>;

export const metrics = report({
  id: "getMetrics",
  path: "/metrics",
  summary: "Counts by day or hour and type",
  description:
    "`count` is players, each at most once a day and type; `total` is distinct events. `interval=hour` gives hours, `interval=weekday` the hours of a week, `group_by` a row for each value of that field. In the order of these columns, 10,000 rows a page.",
  role: "viewer",
  query,
  answer,
  holds: "A row for each day and type that something happened.",
  tries: [
    "group_by=country&interval=hour",
    "group_by=banner_tag",
    "country=MT&group_by=banner_tag",
    "app_id=slots",
    "interval=weekday",
  ],
  inCells: true,
  keptBy: ({ group_by }) =>
    FIELDS.filter((field) => group_by === undefined || group_by === "banner_tag" || group_by === field),
  reads: "period",
  async read({ env, db, project, period, tags, field, days, query }) {
    const { project_id, timezone } = project;
    const { event_type, group_by, interval } = query;
    if (interval === "weekday" && group_by !== undefined)
      throw Problem.of("group_by", "group_by cannot be given with interval=weekday: narrow by that field instead");
    const asked = { event_type, group_by, interval, tags, filter: field };
    const columns = columnsOf(asked);
    const behind: RowsBehind =
      days === null
        ? interval === "weekday"
          ? tableWeek(db, project_id, period, asked)
          : (after, limit) => tableRows(db, project_id, period, asked, after, limit)
        : dayRows(db, days, period, asked);
    const { rows, next_cursor, pages } = await paged(
      { env, project, query },
      ROWS_A_PAGE,
      keyOf(columns),
      async (after, limit) => {
        const page = await behind(after, limit);
        const shown = (row: MetricsRow) => (group_by ? { ...row, [group_by]: row[group_by] || null } : row);
        return { ...page, rows: page.rows.map(shown) };
      },
    );
    const body = { project_id, timezone, ...period, rows, ...(next_cursor !== null && { next_cursor }) };
    return { body, columns: [...columns, "count", "total"], rows: { pages } };
  },
});
