/** A row for each banner tag: what it brought in the period, and in the period of comparison. */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { Problem } from "../http/problem.ts";
import { tagFilter } from "../http/tag-filter.ts";
import type { Project } from "../project.ts";
import type { Database } from "../store/database.ts";
import { amounts, days, instant, maybe, money, named, rate, text, whole } from "./answer.ts";
import { type Campaign, COUNTS, fromDays, fromTables, noCounts, type Paid } from "./campaign-counts.ts";
import { COMPARE, comparedDays, comparedPeriod } from "./compared.ts";
import { codeOf, instead } from "./currency.ts";
import { hadBegunByDays } from "./days/campaigns.ts";
import { refuseBefore } from "./days/scope.ts";
import { fieldFilter } from "./field-filter.ts";
import { isAmount } from "./hiding.ts";
import { lastEvents } from "./last-event.ts";
import { MOST_ROWS } from "./most.ts";
import { ngr, ngrOf } from "./ngr.ts";
import { date, dated, type Period } from "./period.ts";
import { report } from "./report.ts";
import { amountsCell, averageOf, convert, formatAmounts, formatExact } from "./usd.ts";

const SORTABLE = [
  "banner_tag",
  ...COUNTS,
  "amount",
  "deposit_per_first_deposit",
  "deposit_per_visit",
  "refunded",
  "withdrawn",
  "net_amount",
  "ngr",
  "visit_to_registration",
  "registration_to_first_deposit",
  "last_event_at",
] as const;
type Sortable = (typeof SORTABLE)[number];
/** The figures that are compared with the other period. */
const COMPARED = SORTABLE.filter((name) => name !== "banner_tag" && name !== "last_event_at");

const query = z.strictObject({
  ...dated,
  ...tagFilter,
  ...fieldFilter,
  ...instead,
  sort: z
    .string()
    .regex(
      new RegExp(`^-?(?:${SORTABLE.join("|")})$`),
      `must be one of ${SORTABLE.join(", ")}, with - before it for the largest first`,
    )
    .optional(),
  compare: z.enum(COMPARE, `must be one of ${COMPARE.join(", ")}`).optional(),
  compare_from: date.optional().describe("With `compare=custom`: the first day that is compared with."),
  compare_to: date.optional().describe("With `compare=custom`: the last day that is compared with."),
  compare_until: date
    .optional()
    .describe(
      "With `compare`: the last day that is compared, such as yesterday, since today is not over. `previous` then ends as many " +
        "days earlier, too, and `compared` has the period's own figures up to that day.",
    ),
});

const figuresOf = {
  visits: whole.describe("Distinct visit events."),
  unique_players: whole.describe("Distinct people with any event in the period."),
  registrations: whole.describe("At most one per day and player."),
  first_deposits: whole.describe("Players whose first deposit ever lies in the period."),
  new_depositors: whole.describe("Players who registered and first deposited in the period (NDC)."),
  returning_depositors: whole.describe("Players who deposited in the period, and before it (RDC)."),
  depositors: whole.describe("Distinct people who deposited."),
  deposits: whole.describe("Distinct deposit events."),
  amount: money.describe("What was deposited, in `currency`."),
  deposit_per_first_deposit: money
    .nullable()
    .describe("`amount` over `first_deposits`; null also where part of the deposits has no rate."),
  deposit_per_visit: money
    .nullable()
    .describe("`amount` over `visits` (EPC); null also where part of the deposits has no rate."),
  refunded: money.describe("In `currency`."),
  withdrawn: money.describe("In `currency`."),
  net_amount: money.describe("`amount` less `refunded` and `withdrawn`."),
  ngr,
  unconverted: amounts.describe("What was deposited that has no rate in force on its date: it is not in `amount`."),
  refunded_unconverted: amounts,
  withdrawn_unconverted: amounts,
  visit_to_registration: rate,
  registration_to_first_deposit: rate,
};
const campaignFigures = z.object(figuresOf).meta({ id: "CampaignFigures", description: "Amounts are decimals." });
export type CampaignFigures = z.output<typeof campaignFigures>;

const compared = {
  ...figuresOf,
  last_event_at: instant
    .nullable()
    .describe(
      "When the last event came up to the end of the period, however long ago: the beginning of that hour on the project's clock. In the total the latest of all rows.",
    ),
  previous: campaignFigures.exactOptional().describe("With `compare`."),
  compared: campaignFigures.exactOptional().describe("With `compare_until`: what `previous` is to be held against."),
};
const campaignRow = z.object({ banner_tag: maybe, ...compared }).meta({ id: "CampaignRow" });
export type CampaignRow = z.output<typeof campaignRow>;

const answer = z
  .object({
    ...named,
    currency: text.describe("Of all amounts."),
    ...days,
    rows: z.array(campaignRow).describe(`The first ${MOST_ROWS} in the order that is asked for.`),
    rows_left_out: whole.describe("Further tags: CSV and NDJSON have them."),
    total: z.object(compared).describe("All tags together; a person of several is one."),
    previous_period: z.object(days).exactOptional().describe("The period that is compared with."),
    compared_days: z
      .object({ ...days, previous: z.object(days) })
      .exactOptional()
      .describe("With `compare_until`: the days of `compared`, and those of `previous`."),
    has_earlier_data: z
      .boolean()
      .exactOptional()
      .describe("With `compare`: whether the project had events by the first day of the period that is compared with."),
  })
  .meta({ id: "Campaigns" });
export type Campaigns = z.output<typeof answer>;

function figures({ counts, paid }: Campaign, project: Project): CampaignFigures {
  const { currency } = project;
  const rate = (part: number, whole: number) => (whole > 0 ? part / whole : null);
  const amountOf = (type: Paid["event_type"]) =>
    convert(
      paid.filter(({ event_type }) => event_type === type),
      currency,
    );
  const [deposited, refunded, withdrawn] = [amountOf("deposit"), amountOf("refund"), amountOf("withdrawal")];
  const net = deposited.exact - refunded.exact - withdrawn.exact;
  const ngrAmount = ngrOf(project, net);
  return {
    ...counts,
    amount: formatExact(deposited.exact),
    deposit_per_first_deposit: averageOf(deposited, counts.first_deposits),
    deposit_per_visit: averageOf(deposited, counts.visits),
    refunded: formatExact(refunded.exact),
    withdrawn: formatExact(withdrawn.exact),
    net_amount: formatExact(net),
    ...(ngrAmount !== undefined && { ngr: ngrAmount }),
    unconverted: formatAmounts(deposited.unconverted),
    refunded_unconverted: formatAmounts(refunded.unconverted),
    withdrawn_unconverted: formatAmounts(withdrawn.unconverted),
    visit_to_registration: rate(counts.registrations, counts.visits),
    registration_to_first_deposit: rate(counts.first_deposits, counts.registrations),
  };
}

/** An order by amounts would reveal them. */
function isByAmount(sort: string): boolean {
  const column = sort.replace(/^-/, "") as Sortable;
  return column !== "banner_tag" && column !== "last_event_at" && isAmount(figuresOf[column]);
}

/** The columns that are made of money, and which amounts without a rate are missing in them. */
const MISSING: Partial<
  Record<Sortable, readonly ("unconverted" | "refunded_unconverted" | "withdrawn_unconverted")[]>
> = {
  amount: ["unconverted"],
  deposit_per_first_deposit: ["unconverted"],
  deposit_per_visit: ["unconverted"],
  refunded: ["refunded_unconverted"],
  withdrawn: ["withdrawn_unconverted"],
  net_amount: ["unconverted", "refunded_unconverted", "withdrawn_unconverted"],
  ngr: ["unconverted", "refunded_unconverted", "withdrawn_unconverted"],
};

/** Whether anything had happened by that day, by the tables. */
async function hadBegun(db: Database, project_id: string, day: string): Promise<boolean> {
  const found = await db.all(
    sql`SELECT 1 FROM daily_metrics WHERE project_id = ${project_id} AND event_date <= ${day} LIMIT 1`,
  );
  return found.length > 0;
}

/**
 * A row whose value is not known, because a rate is missing, comes first in either order, so that it is not taken for a
 * small one.
 */
function sorted(rows: CampaignRow[], sort: string): CampaignRow[] {
  const descending = sort.startsWith("-");
  const column = sort.replace(/^-/, "") as Sortable;
  const unknown = (row: CampaignRow) =>
    Number((MISSING[column] ?? []).some((name) => Object.keys(row[name]).length > 0));
  // After all others where there is nothing to divide by.
  const value = (row: CampaignRow) =>
    column === "banner_tag" || column === "last_event_at" ? (row[column] ?? "") : Number(row[column] ?? -1);
  return rows.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    const order = x < y ? -1 : x > y ? 1 : 0;
    return (
      unknown(b) - unknown(a) || (descending ? -order : order) || ((a.banner_tag ?? "") < (b.banner_tag ?? "") ? -1 : 1)
    );
  });
}

export const campaigns = report({
  id: "getCampaigns",
  path: "/campaigns",
  summary: "A row for each banner tag, and a total",
  description:
    "Visits, registrations, deposits, money and rates of each tag, in the project's currency or in `currency`. `compare` adds the same figures of the period before, of the year before, or of days of your own. " +
    "Sorted by an amount, tags with amounts that have no exchange rate come first, in either order.",
  role: "viewer",
  amountsIn: ({ sort }) => (sort !== undefined && isByAmount(sort) ? "sort" : undefined),
  query,
  answer,
  holds: "What each tag brought in the period.",
  tries: [
    "currency=USD",
    "compare=previous",
    "compare=weekday",
    "compare=custom&compare_from=2026-01-01&compare_to=2026-01-07",
  ],
  // An earlier deposit may still arrive, and then this one is no longer the first.
  reads: ({ query: { compare_to }, period }) => (compare_to !== undefined && compare_to > period.to ? "all" : "until"),
  converts: true,
  keptBy: () => [],
  async read({ db, project: storedProject, period, tags, days, query }) {
    const project = { ...storedProject, currency: codeOf(storedProject, query) ?? storedProject.currency };
    const { compare, compare_until, sort = "-visits" } = query;
    const { project_id, timezone, currency } = project;
    if (compare_until !== undefined && compare === undefined)
      throw Problem.of("compare_until", "compare_until needs compare");
    const previous_period = comparedPeriod(period, query);
    const compared_days =
      compare_until === undefined ? undefined : previous_period && comparedDays(period, previous_period, compare_until);
    if (days !== null && previous_period) refuseBefore(days, "compare", previous_period.from);
    const brought = (in_days: Period) =>
      days === null ? fromTables(db, project, in_days, tags) : fromDays(db, project, in_days, days);
    const [now, before, compared, has_earlier_data] = await Promise.all([
      brought(period),
      previous_period && brought(compared_days?.previous ?? previous_period),
      compared_days && brought(compared_days),
      previous_period &&
        (days === null
          ? hadBegun(db, project_id, previous_period.from)
          : hadBegunByDays(db.$client, project_id, previous_period.from)),
    ]);
    const names = new Set([...now.campaigns.keys(), ...(before?.campaigns.keys() ?? [])]);
    const figuresFor = (from: typeof now, name: string) =>
      figures(from.campaigns.get(name) ?? { counts: noCounts(), paid: [] }, project);
    const last = await lastEvents(db, project, days, [...names], period.to);
    const rows = [...names].map((name) => ({
      banner_tag: name || null,
      ...figuresFor(now, name),
      last_event_at: last.get(name) ?? null,
      ...(before && { previous: figuresFor(before, name) }),
      ...(compared && { compared: figuresFor(compared, name) }),
    }));
    const all = sorted(rows, sort);
    const body: Campaigns = {
      project_id,
      timezone,
      currency,
      ...period,
      rows: all.slice(0, MOST_ROWS),
      rows_left_out: Math.max(0, all.length - MOST_ROWS),
      total: {
        ...figures(now.total, project),
        last_event_at: [...last.values()].sort().at(-1) ?? null,
        ...(before && { previous: figures(before.total, project) }),
        ...(compared && { compared: figures(compared.total, project) }),
      },
      ...(previous_period && { previous_period }),
      ...(compared_days && { compared_days }),
      ...(has_earlier_data !== undefined && { has_earlier_data }),
    };
    const has = (name: Sortable) => name !== "ngr" || project.ngr_deduction_percent != null;
    const columns = [
      ...SORTABLE.filter(has),
      "currency",
      "unconverted",
      "refunded_unconverted",
      "withdrawn_unconverted",
    ];
    return {
      body,
      columns: [
        ...columns,
        ...(before ? COMPARED.filter(has).map((name) => `previous_${name}`) : []),
        ...(compared ? COMPARED.filter(has).map((name) => `compared_${name}`) : []),
      ],
      rows: all.map((row) => flat(row, currency)),
    };
  },
});

const flat = (
  { unconverted, refunded_unconverted, withdrawn_unconverted, previous, compared, ...row }: CampaignRow,
  currency: string,
) => ({
  ...row,
  currency,
  unconverted: amountsCell(unconverted),
  refunded_unconverted: amountsCell(refunded_unconverted),
  withdrawn_unconverted: amountsCell(withdrawn_unconverted),
  ...(previous && Object.fromEntries(COMPARED.map((name) => [`previous_${name}`, previous[name] ?? null]))),
  ...(compared && Object.fromEntries(COMPARED.map((name) => [`compared_${name}`, compared[name] ?? null]))),
});
