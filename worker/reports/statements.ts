/** What affiliates earn in a month. */

import * as z from "zod";
import { localTime } from "../calendar.ts";
import { tagFilter } from "../http/tag-filter.ts";
import { bringPayouts } from "../payouts/keeping.ts";
import { STATUSES } from "../payouts/month.ts";
import { closedMonths, KINDS, type Line, lastDayOf, statement, type Total } from "../payouts/statement.ts";
import type { Project } from "../project.ts";
import { iso } from "../time.ts";
import { instant, maybe, money, named, text, whole } from "./answer.ts";
import { common } from "./period.ts";
import { report } from "./report.ts";

const month = z
  .string("must be given once")
  .regex(/^\d{4}-(?:0[1-9]|1[0-2])$/, "must be a month, YYYY-MM")
  .optional()
  .describe("`YYYY-MM`, in the project's time zone. The one that is not over where absent.");
const query = z.strictObject({ ...common, ...tagFilter, month });

const line = z.object({
  banner_tag: text,
  kind: z
    .enum(KINDS)
    .describe(
      "What the rule pays for each conversion, its share of the month's revenue, or what a closed month has come to since.",
    ),
  rule_id: text,
  rule: text.describe("The name of the rule."),
  event_type: maybe,
  status: z.enum(STATUSES).describe("A share is pending until its month and the rule's hold are over."),
  of_month: maybe.describe("Of a correction: the month that is closed."),
  conversions: z.int().describe("Of a correction: how many more, or fewer where it is below zero."),
  currency: text,
  payout: money.nullable().describe("Null where it cannot be known without an exchange rate."),
  without_rate: whole.describe("Conversions, or events of a share, without an exchange rate: `payout` lacks them."),
  explanation: text.describe("Of a share: how it was computed. Of a correction: what it was and is."),
}) satisfies z.ZodType<Line>;
const total = z.object({
  banner_tag: text,
  currency: text,
  approved: money.describe("What is to be paid."),
  pending: money.describe("What may become so."),
  without_rate: whole.describe("What lacks an exchange rate, and is in neither."),
}) satisfies z.ZodType<Total>;

const answer = z
  .object({
    ...named,
    month: text,
    closed_at: instant.nullable().describe("When it was closed: it changes no more. Null while it is open."),
    closed_by: maybe.describe("The key that closed it; `admin` is the ADMIN_TOKEN."),
    complete: z.boolean().describe("Whether all of it is computed; the rest follows at once."),
    totals: z.array(total),
    rows: z.array(line),
  })
  .meta({ id: "Statement" });
export type Statement = z.output<typeof answer>;
export type StatementLine = z.output<typeof line>;

const monthOf = (project: Project, asked: { month?: string | undefined }, now: number) =>
  asked.month ?? localTime(project.timezone, now).date.slice(0, 7);

export const statements = report({
  id: "getStatement",
  path: "/statements",
  summary: "What affiliates earn in a month",
  description:
    "By tag, rule and status, with what it comes to in each currency. A key or share link that is limited to tags has those alone. " +
    "Computed from the events, rules and decisions of now until it is closed; what changes later is a correction on the next one.",
  role: "viewer",
  ofAmounts: true,
  query,
  answer,
  holds: "A row for each tag, rule and status.",
  tries: ["month=2025-05", "banner_tag=summer"],
  period: (project, asked, now) => {
    const asking = monthOf(project, asked, now);
    return { from: `${asking}-01`, to: lastDayOf(asking) };
  },
  reads: "now",
  async read({ env, db, project, query, tags, now }) {
    const { project_id, timezone } = project;
    const asking = monthOf(project, query, now);
    const closings = await closedMonths(db, project_id);
    const closed = closings.some(({ month }) => month === asking);
    // Corrections may be of any closed month.
    const from = closings.map(({ month }) => month).find((month) => month < asking) ?? asking;
    const complete = closed || (await bringPayouts(env, db, { project_id, from, to: asking, tags }, now));
    const today = localTime(timezone, now).date;
    const about = { project_id, tags, today, now };
    const { closed: by, lines, totals } = await statement(db, asking, about);
    return {
      body: {
        ...{ project_id, timezone, month: asking },
        closed_at: by && iso(by.closed_at),
        closed_by: by?.actor ?? null,
        ...{ complete, totals, rows: lines },
      },
      columns: Object.keys(line.shape),
      rows: lines,
    };
  },
});
