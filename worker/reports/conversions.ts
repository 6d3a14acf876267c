/** The events that payout rules judge: what each pays, why, and what was decided about it. */

import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { eventType } from "../event.ts";
import { Problem } from "../http/problem.ts";
import { tagFilter } from "../http/tag-filter.ts";
import { formatMoney } from "../money.ts";
import { ALWAYS } from "../payouts/compute.ts";
import { bringPayouts } from "../payouts/keeping.ts";
import { REASONS, STATUSES, type Status, type Why } from "../payouts/month.ts";
import { rulesOf } from "../payouts/terms.ts";
import { type ConversionRow, explanationOf, readConversions, ruleOf, statusAt } from "../payouts/view.ts";
import { flagInWords } from "../payouts/words.ts";
import type { Database } from "../store/database.ts";
import { iso } from "../time.ts";
import { instant, maybe, money, text } from "./answer.ts";
import { list, listed, listOf, pageOf } from "./list.ts";
import { common, date, onlyTags } from "./period.ts";
import { type Asked, report } from "./report.ts";

const fields = {
  event_id: text,
  event_date: z.iso.date(),
  timestamp: instant,
  event_type: text,
  banner_tag: text,
  status: z.enum(STATUSES).describe("What was decided last; else `approved` once the rule's hold is over."),
  amount: money.nullable().describe("What the event came with, as it was last corrected."),
  currency: maybe,
  payout: money
    .nullable()
    .describe("What it pays, in `payout_currency`; null where it cannot be known without a rate."),
  payout_currency: text,
  rule_id: text,
  rule_version: z.int(),
  rule: text.describe("The name of the rule."),
  reason: z.enum(REASONS),
  approved_at: instant.nullable().describe("When the hold is or was over; null where somebody has to decide."),
  flags: text.describe("What click rules found, in words; empty where they found nothing."),
  explanation: text.describe("Why it is so much, in words."),
};
const row = z.object(fields);
export type ConversionView = z.output<typeof row>;
const COLUMNS = Object.keys(fields) as (keyof ConversionView)[];

function viewOf(found: ConversionRow, versions: Awaited<ReturnType<typeof rulesOf>>): ConversionView {
  const { seq: _, changes: __, timestamp, amount, payout, why, hold_until, ...shown } = found;
  const judged = JSON.parse(why) as Why;
  return {
    ...shown,
    timestamp: iso(timestamp),
    amount: amount === null ? null : formatMoney(amount),
    payout: payout === null ? null : formatMoney(payout),
    rule: ruleOf(versions, found)?.name ?? "",
    reason: judged.reason,
    approved_at: hold_until === null ? null : iso(hold_until),
    flags: (judged.flags ?? []).map(flagInWords).join(" "),
    explanation: explanationOf(found, versions),
  };
}

const query = z.strictObject({
  ...listed,
  from: date.optional(),
  to: date.optional(),
  ...tagFilter,
  event_type: eventType.optional(),
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(", ")}`).optional(),
  rule_id: z.string("must be given once").max(64, "is too long").optional(),
  reason: z
    .enum(REASONS, `must be one of ${REASONS.join(", ")}`)
    .optional()
    .describe("Why it pays what it pays: `paid`, or what keeps it from being paid."),
});

const place = z.object({ day: z.iso.date(), at: z.int(), id: text });

function filters({ event_type, status, rule_id, reason }: z.output<typeof query>, now: number): SQL {
  const conditions = [
    event_type && sql`AND c.event_type = ${event_type}`,
    status && sql`AND ${statusAt(now)} = ${status}`,
    rule_id && sql`AND c.rule_id = ${rule_id}`,
    reason && sql`AND c.why ->> 'reason' = ${reason}`,
  ];
  return sql.join(
    conditions.filter((condition) => typeof condition === "object"),
    sql` `,
  );
}

/** Months are computed before they are read. */
const bring = ({ env, db, project, period, tags, now }: Asked<unknown>) =>
  bringPayouts(
    env,
    db,
    { project_id: project.project_id, from: period.from.slice(0, 7), to: period.to.slice(0, 7), tags },
    now,
  );

export const conversions = report({
  id: "listConversions",
  path: "/conversions",
  summary: "The events that payout rules judge, the last day first",
  description:
    "A row an event of a type that a rule of its tag pays for, also where it pays nothing: `reason` and `explanation` say why.",
  role: "analyst",
  ofAmounts: true,
  query,
  answer: listOf(row)
    .extend({
      complete: z.boolean().describe("Whether all that is asked about is computed; the rest follows at once."),
    })
    .meta({ id: "Conversions" }),
  holds: "A row a conversion.",
  tries: [
    "status=pending&limit=1",
    "banner_tag=summer&reason=paid",
    "event_type=deposit",
    "reason=flagged",
    "cursor=none",
  ],
  reads: "now",
  async read(asked) {
    const { env, db, project, period, tags, query, now } = asked;
    const { project_id } = project;
    const complete = await bring(asked);
    const versions = await rulesOf(db, project_id);
    const table = await list({ env, project, query }, COLUMNS, place, async (after, limit) => {
      const before = after
        ? sql`AND (c.event_date, c.timestamp, c.event_id) < (${after.day}, ${after.at}, ${after.id})`
        : sql``;
      const found = await readConversions(
        db,
        now,
        sql`c.project_id = ${project_id} AND c.event_date BETWEEN ${period.from} AND ${period.to}
          ${onlyTags(sql`c.banner_tag`, tags)} ${filters(query, now)} ${before}
          ORDER BY c.event_date DESC, c.timestamp DESC, c.event_id DESC LIMIT ${limit + 1}`,
      );
      const { rows, next } = pageOf(found, limit, ({ event_date, timestamp, event_id }) => ({
        day: event_date,
        at: timestamp,
        id: event_id,
      }));
      return { rows: rows.map((one) => viewOf(one, versions)), next };
    });
    return { ...table, body: { ...table.body, complete } };
  },
});

const change = z.object({
  at: instant,
  actor: text.describe("The key that did it; `admin` is the ADMIN_TOKEN, `source` and a name a source of postbacks."),
  status: z.enum(STATUSES).nullable().describe("Null where it stayed what it was."),
  amount: money.nullable().describe("What the amount was corrected to; null where it was not."),
  currency: maybe,
  reason: text,
});

type ChangeRow = {
  at: number;
  actor: string;
  status: Status | null;
  amount: number | null;
  currency: string | null;
  reason: string;
};

export async function historyOf(db: Database, seq: number): Promise<z.output<typeof change>[]> {
  const rows = await db.all<ChangeRow>(sql`SELECT at, actor, status, amount, currency, reason FROM conversion_changes
    WHERE seq = ${seq} ORDER BY n`);
  return rows.map(({ at, amount, ...one }) => ({
    ...one,
    at: iso(at),
    amount: amount === null ? null : formatMoney(amount),
  }));
}

export const conversion = report({
  id: "getConversion",
  path: "/conversions/:event_id",
  summary: "One conversion with its history, by the id of its event",
  description: "What it pays and why, and who changed its status or amount, when and for which reason.",
  role: "analyst",
  ofAmounts: true,
  query: z.strictObject(common),
  answer: row.extend({ history: z.array(change).describe("The oldest first.") }).meta({ id: "Conversion" }),
  holds: "The conversion.",
  examples: { event_id: "of-player-42" },
  problems: [404],
  reads: "now",
  async read({ env, db, project, params: { event_id }, tags, now }) {
    const { project_id } = project;
    const condition = sql`c.project_id = ${project_id} AND c.event_id = ${event_id} ${onlyTags(sql`c.banner_tag`, tags)}`;
    const at = await db.get<{ from: string; tag: string } | undefined>(
      sql`SELECT substr(c.event_date, 1, 7) AS "from", c.banner_tag AS tag FROM conversions c INDEXED BY conversions_by_id WHERE ${condition}`,
    );
    // What has just come may not be there yet.
    const months = at ? { from: at.from, to: at.from, tags: [at.tag] } : ALWAYS;
    await bringPayouts(env, db, { project_id, ...months }, now);
    const [found] = await readConversions(db, now, condition);
    if (!found) throw new Problem(404, `No payout rule of ${project_id} judges an event ${event_id}.`);
    const shown = viewOf(found, await rulesOf(db, project_id));
    return { body: { ...shown, history: await historyOf(db, found.seq) }, columns: COLUMNS, rows: [shown] };
  },
});
