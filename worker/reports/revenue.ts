/** What players paid and were paid back, by day or hour: in the currencies of the payments, and in USD. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { tagFilter } from "../http/tag-filter.ts";
import { INCOME, PAYMENT_TYPES, type PaymentType } from "../money.ts";
import type { Project } from "../project.ts";
import type { Database } from "../store/database.ts";
import { words } from "../store/sql.ts";
import { amounts, days, maybe, money, named, whole } from "./answer.ts";
import { codeOf, columnsIn, given, inOneCurrency, unconverted, wanted } from "./currency.ts";
import { moneyOfDays } from "./days/money.ts";
import type { DaysScope } from "./days/scope.ts";
import { sumsOf } from "./days/sums.ts";
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
import { type Page, paged } from "./list.ts";
import { ngr, ngrOf } from "./ngr.ts";
import type { Pages } from "./pages.ts";
import { dated, onlyTags, type Period } from "./period.ts";
import { report } from "./report.ts";
import { convert, formatAmounts, formatAverage, formatExact, type Sum, sums, unitsOf } from "./usd.ts";

/** What revenue can be grouped by: columns of `payments`. */
const DIMENSIONS = ["app_id", "platform", "currency", "banner_tag"] as const;

/** The fields by which the tables can narrow revenue: columns of `payments`, too. */
const FIELDS = ["app_id", "platform"] as const;

const query = z.strictObject({
  ...dated,
  ...tagFilter,
  ...fieldFilter,
  event_type: z.enum(PAYMENT_TYPES, `must be one of ${PAYMENT_TYPES.join(", ")}`).optional(),
  group_by: z.enum(DIMENSIONS, `must be one of ${DIMENSIONS.join(", ")}`).optional(),
  interval: z.enum(["day", "hour"], "must be day or hour").optional(),
  ...wanted,
  ...keyedPages,
});
type Query = Pick<z.output<typeof query>, "event_type" | "group_by" | "interval"> & {
  filter: FieldFilter | null;
  /** The currency of amounts in addition to USD; null: none. */
  into: string | null;
  /** The rule of NGR. */
  project: Pick<Project, "ngr_deduction_percent">;
};

const converted = z
  .object({
    amount: money.describe("What they paid."),
    average: money.nullable().describe("A purchase or deposit, of those that are in `amount`."),
    refunded: money,
    withdrawn: money,
    net_amount: money.describe("`amount` less what was refunded and withdrawn."),
    ngr,
    unconverted,
    refunded_unconverted: amounts,
    withdrawn_unconverted: amounts,
  })
  .meta({ id: "ConvertedRevenue" });

const figures = z.object({
  purchases: whole.describe("Distinct purchase events with an amount."),
  deposits: whole.describe("Distinct deposit events with an amount."),
  paying_users: whole.describe("Distinct people with one of these."),
  totals: amounts.exactOptional().describe("What they paid, in the currencies that it came in."),
  total: money.exactOptional().describe("The same, with `group_by=currency`."),
  total_usd: money.describe("What they paid, in USD."),
  average_usd: money.nullable().describe("A purchase or deposit, of those that are in `total_usd`."),
  refunds: whole.describe("Distinct refund events with an amount."),
  refunded_usd: money,
  withdrawals: whole.describe("Distinct withdrawal events with an amount."),
  withdrawn_usd: money,
  net_usd: money.describe("`total_usd` less what was refunded and withdrawn."),
  ngr_usd: ngr,
  unconverted: amounts.describe("What they paid that has no rate in force on its date: it is in no figure in USD."),
  refunded_unconverted: amounts,
  withdrawn_unconverted: amounts,
  converted: converted.exactOptional().describe("With `currency`: amounts in it."),
});
type Figures = z.output<typeof figures>;

const keys = {
  event_date: z.iso.date(),
  event_hour: z.int().min(0).max(23).exactOptional().describe("With `interval=hour`."),
  app_id: maybe.exactOptional(),
  platform: maybe.exactOptional(),
  currency: maybe.exactOptional(),
  banner_tag: maybe.exactOptional(),
};
const row = z.object({ ...keys, ...figures.shape }).meta({ id: "RevenueRow" });
type Row = z.output<typeof row>;
type Keys = Pick<Row, keyof typeof keys>;

const answer = z
  .object({
    ...named,
    ...days,
    ...given,
    rows: z.array(row),
    total: figures.describe("Of all rows, those of other pages included; a person is one."),
    next_cursor: moreRows,
  })
  .meta({ id: "Revenue" });

type Paid = Sum & Keys & { event_type: PaymentType };

const isIncome = ({ event_type }: Paid) => (INCOME as readonly PaymentType[]).includes(event_type);
const isOf =
  (type: PaymentType) =>
  ({ event_type }: Paid) =>
    event_type === type;
const count = (rows: readonly Paid[]) => rows.reduce((total, row) => total + row.total, 0);

/** What was received, refunded and withdrawn, in a currency. */
const flows = (paid: readonly Paid[], into: string) =>
  [isIncome, isOf("refund"), isOf("withdrawal")].map((isOfFlow) => convert(paid.filter(isOfFlow), into)) as Three;

function convertedOf(paid: readonly Paid[], into: string, project: Query["project"]): z.output<typeof converted> {
  const [all, refunded, withdrawn] = flows(paid, into);
  const net = all.exact - refunded.exact - withdrawn.exact;
  const ngrAmount = ngrOf(project, net);
  return {
    amount: formatExact(all.exact),
    average: formatAverage(all.exact, all.total),
    refunded: formatExact(refunded.exact),
    withdrawn: formatExact(withdrawn.exact),
    net_amount: formatExact(net),
    ...(ngrAmount !== undefined && { ngr: ngrAmount }),
    unconverted: formatAmounts(all.unconverted),
    refunded_unconverted: formatAmounts(refunded.unconverted),
    withdrawn_unconverted: formatAmounts(withdrawn.unconverted),
  };
}

function figuresOf(
  paid: readonly Paid[],
  paying_users: number,
  { into, project }: Pick<Query, "into" | "project">,
  byCurrency: boolean,
): Figures {
  const paymentsOf = (type: PaymentType) => paid.filter(isOf(type));
  const income = paid.filter(isIncome);
  const [all, refunded, withdrawn] = flows(paid, "USD");
  const net = all.exact - refunded.exact - withdrawn.exact;
  const ngrAmount = ngrOf(project, net);
  const totals = new Map<string, bigint>();
  for (const row of income) totals.set(row.currency, (totals.get(row.currency) ?? 0n) + unitsOf(row));
  const [total = "0.00"] = Object.values(formatAmounts(totals));
  return {
    purchases: count(paymentsOf("purchase")),
    deposits: count(paymentsOf("deposit")),
    paying_users,
    ...(byCurrency ? { total } : { totals: formatAmounts(totals) }),
    total_usd: formatExact(all.exact),
    average_usd: formatAverage(all.exact, all.total),
    refunds: count(paymentsOf("refund")),
    refunded_usd: formatExact(refunded.exact),
    withdrawals: count(paymentsOf("withdrawal")),
    withdrawn_usd: formatExact(withdrawn.exact),
    net_usd: formatExact(net),
    ...(ngrAmount !== undefined && { ngr_usd: ngrAmount }),
    unconverted: formatAmounts(all.unconverted),
    refunded_unconverted: formatAmounts(refunded.unconverted),
    withdrawn_unconverted: formatAmounts(withdrawn.unconverted),
    ...(into !== null && { converted: convertedOf(paid, into, project) }),
  };
}
type Converted = ReturnType<typeof convert>;
type Three = [Converted, Converted, Converted];

/** The columns that identify a row. */
const columnsOf = ({ interval, group_by }: Query) => [
  "event_date",
  ...(interval === "hour" ? ["event_hour"] : []),
  ...(group_by ? [group_by] : []),
];

const payments = (project_id: string, period: Period, tags: string[] | null, asked: Query, after: Key | null) =>
  sql`FROM payments WHERE project_id = ${project_id} AND ${daysBehind(period, after)}
    ${asked.event_type === undefined ? sql`` : sql`AND event_type = ${asked.event_type}`} ${onlyTags(sql`banner_tag`, tags)} ${onlyField(asked.filter)}`;
const ofIncome = sql`AND event_type IN (${words(INCOME)})`;

/**
 * Payments are summed by type and currency. A row has about so many such sums, and always fewer than one query reads at
 * least.
 */
const [SUMS_A_ROW, LEAST_SUMS] = [4, 2_000];

const nameOf = (columns: readonly string[], row: Keys) => JSON.stringify(keyIn(columns, row));

/** The sums of `paid`, by what it is grouped by. */
function rowsOf(paid: readonly Paid[], paying: ReadonlyMap<string, number>, asked: Query): Row[] {
  const columns = columnsOf(asked);
  return [...Map.groupBy(paid, (row) => nameOf(columns, row))].map(([key, paidOfGroup]): Row => {
    const first = paidOfGroup[0] as Paid;
    return {
      event_date: first.event_date,
      ...(asked.interval === "hour" && { event_hour: first.event_hour as number }),
      ...(asked.group_by && { [asked.group_by]: first[asked.group_by] || null }),
      ...figuresOf(paidOfGroup, paying.get(key) ?? 0, asked, asked.group_by === "currency"),
    };
  });
}

/** From the tables: the rows after a key, so many at most, and the sums that they were made of. */
async function revenueRows(
  db: Database,
  project_id: string,
  period: Period,
  tags: string[] | null,
  asked: Query,
  after: Key | null,
  limit: number,
): Promise<Page<Row, Key> & { paid: Paid[] }> {
  const columns = columnsOf(asked);
  const by = sql.raw(columns.join(", "));
  const within = payments(project_id, period, tags, asked, after);
  const most = Math.max(LEAST_SUMS, limit * SUMS_A_ROW);
  const paid =
    await db.all<Paid>(sql`SELECT ${by}, event_type, ${sums(asked.into ?? "USD")} ${within} ${between(columns, after)}
    GROUP BY ${by}, event_type, currency ORDER BY ${by} LIMIT ${most + 1}`);
  const all = [...Map.groupBy(paid, (row) => nameOf(columns, row))];
  // The last row may have further sums.
  const whole = paid.length > most ? all.slice(0, -1) : all;
  const shown = whole.slice(0, limit);
  const last = shown.length < all.length ? shown.at(-1)?.[0] : undefined;
  const next = last === undefined ? null : (JSON.parse(last) as Key);
  // The plus prevents the use of the index by person, which would read all of the project's days.
  const people = await db.all<Keys & { people: number }>(sql`SELECT ${by}, count(DISTINCT +person) AS people
    ${within} ${between(columns, after, next)} ${ofIncome} GROUP BY ${by}`);
  const paying = new Map(people.map((row) => [nameOf(columns, row), row.people]));
  return {
    rows: rowsOf(
      shown.flatMap(([, paidOfGroup]) => paidOfGroup),
      paying,
      asked,
    ),
    next,
    paid,
  };
}

/** The total of all rows; `paid` are their sums where they were read already. */
async function totalOf(
  db: Database,
  project_id: string,
  period: Period,
  tags: string[] | null,
  asked: Query,
  paid: Paid[] | null,
): Promise<z.output<typeof figures>> {
  const within = payments(project_id, period, tags, asked, null);
  const [everyone, all] = await Promise.all([
    db.get<{ people: number }>(sql`SELECT count(DISTINCT +person) AS people ${within} ${ofIncome}`),
    paid ??
      db.all<Paid>(
        sql`SELECT event_date, event_type, ${sums(asked.into ?? "USD")} ${within} GROUP BY event_date, event_type, currency`,
      ),
  ]);
  return figuresOf(all, everyone?.people ?? 0, asked, false);
}

/** What an answer is read from: its rows after a key, and then the total. */
type Source = { behind(after: Key | null, limit: number): Promise<Page<Row, Key>>; total(): Promise<Figures> };

function fromTables(db: Database, project_id: string, period: Period, tags: string[] | null, asked: Query): Source {
  let whole: Paid[] | null = null;
  return {
    async behind(after, limit) {
      const { paid, ...page } = await revenueRows(db, project_id, period, tags, asked, after, limit);
      if (after === null && page.next === null) whole = paid;
      return page;
    },
    total: () => totalOf(db, project_id, period, tags, asked, whole),
  };
}

/** From rows of days, which are read once. */
async function fromDays(db: Database, days: DaysScope, period: Period, asked: Query): Promise<Source> {
  const { event_type, group_by, interval } = asked;
  const hourly = interval === "hour";
  const columns = columnsOf(asked);
  const { paid, paying, payers } = await moneyOfDays(db.$client, days, period, { event_type, group_by, hourly });
  const placed = <Place extends { event_hour: number | null; value: string }>({
    event_hour,
    value,
    ...row
  }: Place) => ({
    ...row,
    ...(event_hour !== null && { event_hour }),
    ...(group_by && { [group_by]: value }),
  });
  const sorted = inKeyOrder((await sumsOf(db, paid, asked.into ?? "USD")).map(placed), columns);
  const people = new Map(paying.map(placed).map(({ people, ...row }) => [nameOf(columns, row), people]));
  const groups = Map.groupBy(sorted, (row) => nameOf(columns, row));
  const firsts = [...groups.values()].map(([first]) => first as Paid);
  return {
    async behind(after, limit) {
      const { rows, next } = pageBehind(firsts, columns, after, limit);
      const paidOfPage = rows.flatMap((row) => groups.get(nameOf(columns, row)) ?? []);
      return { rows: rowsOf(paidOfPage, people, asked), next };
    },
    total: async () => figuresOf(sorted, payers, asked, false),
  };
}

async function* flatPages(pages: Pages<Row>, into: string | null): Pages<ReturnType<typeof inOneCurrency>> {
  for (let enough: boolean | undefined; ; ) {
    const { done, value } = await pages.next(enough);
    if (done) return value;
    enough = yield value.map((row) => inOneCurrency(row, into));
  }
}

export const revenue = report({
  id: "getRevenue",
  path: "/revenue",
  summary: "What was paid, by day or hour, in its currency and in USD",
  description: "At the rate in force on the event's date; see docs/money.md.",
  role: "viewer",
  ofAmounts: true,
  query,
  answer,
  holds: "A row for each day that something was paid, and a total.",
  tries: [
    "group_by=currency",
    "group_by=app_id&interval=hour",
    "event_type=deposit",
    "currency=project",
    "platform=ios&group_by=banner_tag",
  ],
  keptBy: ({ group_by }) =>
    FIELDS.filter((field) => group_by === undefined || group_by === "banner_tag" || group_by === field),
  reads: "period",
  converts: true,
  async read({ env, db, project, period, tags, field, days, query }) {
    const { project_id, timezone } = project;
    const { event_type, group_by, interval } = query;
    const into = codeOf(project, query);
    const asked = { event_type, group_by, interval, filter: field, into, project };
    const columns = columnsOf(asked);
    const source =
      days === null ? fromTables(db, project_id, period, tags, asked) : await fromDays(db, days, period, asked);
    const { rows, next_cursor, pages } = await paged(
      { env, project, query },
      ROWS_A_PAGE,
      keyOf(columns),
      source.behind,
    );
    const total = await source.total();
    const unwanted = group_by === "currency" ? "totals" : "total";
    const without = project.ngr_deduction_percent == null ? ["ngr", "ngr_usd"] : [];
    const left_out = [unwanted, "converted", ...without];
    const shown = Object.keys(figures.shape).filter((name) => !left_out.includes(name));
    return {
      body: {
        project_id,
        timezone,
        ...period,
        ...(into !== null && { currency: into }),
        rows,
        total,
        ...(next_cursor !== null && { next_cursor }),
      },
      columns: columnsIn(
        [...columns, ...shown],
        Object.keys(converted.shape).filter((name) => !without.includes(name)),
        into,
      ),
      rows: { pages: flatPages(pages, into) },
    };
  },
});
