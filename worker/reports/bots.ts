/** What bots sent, by day and reason: kept in the log, flagged, and in no other figure. */
import { sql } from "drizzle-orm";
import * as z from "zod";
import type { Database } from "../store/database.ts";
import { days, named, text, whole } from "./answer.ts";
import { dated, type Period } from "./period.ts";
import { report } from "./report.ts";

const reason = {
  reason: text.describe("Why it was taken for a bot's: project_rule, crawler, headless, data_centre, prefetch."),
  total: whole,
};
const row = z.object({ event_date: z.iso.date(), ...reason });
type BotsRow = z.output<typeof row>;

const answer = z
  .object({
    ...named,
    ...days,
    events: whole.describe("All events but tests, those of bots included."),
    total: whole.describe("Those of bots."),
    by_reason: z.array(z.object(reason)),
    rows: z.array(row),
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

const sum = (rows: { total: number }[]) => rows.reduce((total, row) => total + row.total, 0);

export const bots = report({
  id: "getBots",
  path: "/bots",
  summary: "What bots sent, by day and reason",
  description: "Kept in the log, flagged, and in no other figure.",
  role: "viewer",
  query: z.strictObject(dated),
  answer,
  holds: "A row for each day and reason.",
  untagged: true,
  reads: "period",
  async read({ db, project: { project_id, timezone }, period }) {
    const { events, rows } = await botsRows(db, project_id, period);
    const by_reason = [...Map.groupBy(rows, (row) => row.reason)]
      .map(([reason, own]) => ({ reason, total: sum(own) }))
      .sort((a, b) => b.total - a.total || (a.reason < b.reason ? -1 : 1));
    const body = { project_id, timezone, ...period, events, total: sum(rows), by_reason, rows };
    return { body, columns: ["event_date", "reason", "total"], rows };
  },
});
