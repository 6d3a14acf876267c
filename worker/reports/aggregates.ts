/** The kept reports of days, weeks and months: a list, and each by its id. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { addDays, isDate, localTime } from "../calendar.ts";
import { Problem } from "../http/problem.ts";
import { bringForward } from "../projections/catch-up.ts";
import { isByDays } from "../projections/figures-progress.ts";
import { iso } from "../time.ts";
import { REPORT_TYPE_NAMES, REPORT_TYPES, type ReportType } from "./aggregate/report-types.ts";
import { keepReports, STALE, standing } from "./aggregate.ts";
import { amounts, days, instant, money, telling, text, whole } from "./answer.ts";
import { list, listed, listOf, pageOf } from "./list.ts";
import { common, date, type Period } from "./period.ts";
import { type Asked, report } from "./report.ts";

const row = z.object({
  report_id: text,
  report_type: z.enum(REPORT_TYPE_NAMES),
  ...days,
  total_spins: whole,
  total_purchases: whole,
  avg_purchase: money.nullable().describe("In USD, of the purchases that have an amount and a rate."),
  most_spent_app: telling(z.string().nullable()).describe("The app with the largest sum of purchases in USD."),
  players: whole.describe("Distinct people with any event, visitors included."),
  events: whole.describe("Distinct events."),
  revenue_usd: money.describe("Purchases and deposits, at the rates of their dates."),
  unconverted: amounts.describe("What of it has no rate in force on its date: it is in no figure in USD."),
  revision: z.int().min(1).describe("Goes up when late events or rates change a figure."),
  generated_at: instant.describe("When these figures were made."),
  stale: z.boolean().describe("Whether something came late that is not in it yet."),
});
export type AggregatedReport = z.output<typeof row>;
const answer = row.meta({ id: "AggregatedReport" });
const COLUMNS = Object.keys(row.shape);

type Stored = Omit<AggregatedReport, "from" | "to" | "unconverted" | "generated_at" | "stale"> & {
  from_date: string;
  to_date: string;
  unconverted: string;
  generated_at: number;
  stale: number;
};

const viewOf = (stored: Stored): AggregatedReport => {
  const { report_id, report_type, from_date, to_date, unconverted, revision, generated_at, stale, ...figures } = stored;
  return {
    report_id,
    report_type,
    from: from_date,
    to: to_date,
    ...figures,
    unconverted: JSON.parse(unconverted),
    revision,
    generated_at: iso(generated_at),
    stale: stale === 1,
  };
};

/** The reports of a period, the latest first. Missing and stale ones are made first. */
async function reportsOf(
  { env, db, project, now }: Pick<Asked<unknown>, "env" | "db" | "project" | "now">,
  type: ReportType,
  period: Period,
  limit: number,
) {
  // The tables were brought forward already: they say which periods have changed.
  if (await isByDays(db, project.project_id)) await bringForward(env, db, now, undefined, "figures");
  const clocks = [{ project_id: project.project_id, today: localTime(project.timezone, now).date }];
  await keepReports(db, type, clocks, period, now, limit);
  const kept = await db.all<Stored>(sql`WITH ${standing(type, clocks, period)}
    SELECT r.report_id, r.report_type, r.from_date, r.to_date, r.total_spins, r.total_purchases, r.avg_purchase,
      r.most_spent_app, r.players, r.events, r.revenue_usd, r.unconverted, r.revision, r.generated_at, ${STALE} AS stale
    FROM standing s JOIN aggregated_reports r
      ON r.project_id = s.project_id AND r.report_type = ${type} AND r.from_date = s.from_date
    ORDER BY s.from_date DESC LIMIT ${limit}`);
  return kept.map(viewOf);
}

/** No event has a date outside of these. */
const FIRST_DAY = "1970-01-01";
const LAST_DAY = "9999-01-01";

export const aggregatedReports = report({
  id: "listReports",
  path: "/reports",
  summary: "Kept reports of days, weeks or months, the latest first",
  description:
    "A report is made once its period is over and something happened in it, and again when something comes late.",
  role: "viewer",
  query: z.strictObject({
    ...listed,
    type: z
      .enum(REPORT_TYPE_NAMES, `must be one of ${REPORT_TYPE_NAMES.join(", ")}`)
      .default("daily")
      .describe("How long a period is; weeks begin on Monday. `daily` where absent."),
    from: date.optional().describe("The period in which this day lies, and later ones. All where absent."),
    to: date.optional().describe("The period in which this day lies, and earlier ones."),
  }),
  answer: listOf(answer).meta({ id: "AggregatedReports" }),
  holds: "A row a period.",
  tries: ["type=weekly&limit=1", "type=monthly&from=2026-05-01"],
  untagged: true,
  reads: "now",
  async read({ env, db, project, now, query }) {
    const { type, from = FIRST_DAY, to = LAST_DAY } = query;
    return list({ env, project, query }, COLUMNS, z.iso.date(), async (before, limit) => {
      const period = { from, to: before === null || to < before ? to : addDays(before, -1) };
      const found = await reportsOf({ env, db, project, now }, type, period, limit + 1);
      return pageOf(found, limit, (one) => one.from);
    });
  },
});

export const aggregatedReport = report({
  id: "getReport",
  path: "/reports/:report_id",
  summary: "One kept report, by its id",
  description: "An id is `<type>-<first day>`, such as `weekly-2026-05-04`.",
  role: "viewer",
  query: z.strictObject(common),
  answer,
  holds: "The report.",
  examples: { report_id: "weekly-2025-05-05" },
  problems: [404],
  untagged: true,
  reads: "now",
  async read({ env, db, project, params: { report_id }, now }) {
    const [, name = "", first = ""] = /^(\w+)-(\d{4}-\d{2}-\d{2})$/.exec(report_id) ?? [];
    const type = REPORT_TYPE_NAMES.find((one) => one === name);
    const valid = type !== undefined && isDate(first) && REPORT_TYPES[type].firstDay(first) === first;
    const asking = { env, db, project, now };
    const [found] = valid ? await reportsOf(asking, type, { from: first, to: first }, 1) : [];
    if (!found) throw new Problem(404, `There is no report ${report_id}: its period is not over, or nothing happened.`);
    return { body: found, columns: COLUMNS, rows: [found] };
  },
});
