/** What bots sent, by day and reason, and by tag, country or device: kept in the log, flagged, and in no other figure. */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { compareText } from "../figures/text-order.ts";
import type { Database } from "../store/database.ts";
import { days, maybe, named, text, whole } from "./answer.ts";
import { MOST_ROWS } from "./most.ts";
import { dated, type Period } from "./period.ts";
import { report } from "./report.ts";
import { readPieces, refuseLongOrGone } from "./traffic/log.ts";

const reason = {
  reason: text.describe("Why it was taken for a bot's: project_rule, crawler, headless, data_centre, prefetch."),
  total: whole,
};
const row = z.object({ event_date: z.iso.date(), ...reason });
type BotsRow = z.output<typeof row>;

/** Of the log, by what each event came with: bots are nobody, so their events count for no other tag. */
export const BOTS_BY = ["banner_tag", "country", "device"] as const;

const query = z.strictObject({
  ...dated,
  by: z
    .enum(BOTS_BY, `must be one of ${BOTS_BY.join(", ")}`)
    .optional()
    .describe(
      "Adds `by_value`: the same by the tag that events came with, their country or device. Read from the log, so as many events and days at most as of `/traffic`.",
    ),
});

const value = z.object({
  value: maybe.describe("Null: events that have none."),
  events: whole.describe("All events but tests, those of bots included."),
  total: whole.describe("Those of bots."),
});
type BotsValue = z.output<typeof value>;

const answer = z
  .object({
    ...named,
    ...days,
    events: whole.describe("All events but tests, those of bots included."),
    total: whole.describe("Those of bots."),
    by_reason: z.array(z.object(reason)),
    rows: z.array(row),
    by_value: z
      .array(value)
      .exactOptional()
      .describe(
        `With \`by\`: values that bots sent something with, those first with most of it, ${MOST_ROWS} at most. CSV and NDJSON have these rows, and all of them.`,
      ),
  })
  .meta({ id: "Bots" });
export type Bots = z.output<typeof answer>;

const within = (project_id: string, { from, to }: Period) =>
  sql`project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to}`;

async function botsRows(
  db: Database,
  project_id: string,
  period: Period,
): Promise<{ events: number; rows: BotsRow[] }> {
  const [all, rows] = await Promise.all([
    db.get<{ total: number }>(sql`SELECT coalesce(sum(total), 0) AS total FROM event_outcomes
      WHERE ${within(project_id, period)} AND outcome IN ('counted', 'duplicate', 'bot')`),
    db.all<BotsRow>(sql`SELECT event_date, reason, sum(total) AS total FROM event_outcomes
      WHERE ${within(project_id, period)} AND outcome = 'bot'
      GROUP BY event_date, reason ORDER BY event_date, reason`),
  ]);
  return { events: all?.total ?? 0, rows };
}

/** A count for each value, in SQL. */
const pieceBy = (by: (typeof BOTS_BY)[number]) => (project_id: string, period: Period, start: number, end: number) =>
  sql`
  SELECT sum(total) AS total, json_group_array(json_array(value, events, bots)) FILTER (WHERE events > 0) AS found FROM (
    SELECT ifnull(e.${sql.raw(by)}, '') AS value, count(*) AS total, count(*) FILTER (WHERE e.test = 0) AS events,
      count(*) FILTER (WHERE e.test = 0 AND e.bot IS NOT NULL) AS bots
    FROM events e NOT INDEXED
    WHERE e.seq >= ${start} AND e.seq < ${end} AND ${within(project_id, period)} GROUP BY 1)`;

async function botsBy(
  env: Env,
  db: Database,
  { project_id, period, by }: { project_id: string; period: Period; by: (typeof BOTS_BY)[number] },
): Promise<BotsValue[]> {
  const values = new Map<string, BotsValue>();
  const piece = pieceBy(by);
  await readPieces<[string, number, number]>(
    env,
    db,
    { project_id, period },
    (start, end) => piece(project_id, period, start, end),
    (found) => {
      for (const [name, events, total] of found) {
        const known = values.get(name) ?? { value: name || null, events: 0, total: 0 };
        known.events += events;
        known.total += total;
        values.set(name, known);
      }
    },
  );
  return [...values.values()]
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total || compareText(a.value ?? "", b.value ?? ""));
}

const sum = (rows: { total: number }[]) => rows.reduce((total, row) => total + row.total, 0);

export const bots = report({
  id: "getBots",
  path: "/bots",
  summary: "What bots sent, by day and reason",
  description: "Kept in the log, flagged, and in no other figure.",
  role: "viewer",
  query,
  answer,
  holds: "A row for each day and reason.",
  tries: ["by=country", "by=banner_tag"],
  untagged: true,
  reads: "period",
  async read({ env, db, project, period, query: { by } }) {
    const { project_id, timezone } = project;
    if (by !== undefined) await refuseLongOrGone({ env, db, project, period });
    const values = by === undefined ? undefined : await botsBy(env, db, { project_id, period, by });
    const { events, rows } = await botsRows(db, project_id, period);
    const by_reason = [...Map.groupBy(rows, (row) => row.reason)]
      .map(([reason, rowsOfReason]) => ({ reason, total: sum(rowsOfReason) }))
      .sort((a, b) => b.total - a.total || (a.reason < b.reason ? -1 : 1));
    const body: Bots = {
      ...{ project_id, timezone, ...period, events, total: sum(rows), by_reason, rows },
      ...(values && { by_value: values.slice(0, MOST_ROWS) }),
    };
    if (values) return { body, columns: ["value", "events", "total"], rows: values };
    return { body, columns: ["event_date", "reason", "total"], rows };
  },
});
