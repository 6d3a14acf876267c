/** A row per banner tag: what it brought in the period, and in the period that it is compared with. */
import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { addDays, daysBetween } from "../calendar.ts";
import { ANY_TAG } from "../figures/scopes.ts";
import { Problem } from "../http/problem.ts";
import { tagFilter } from "../http/tag-filter.ts";
import type { Project } from "../project.ts";
import type { Database } from "../store/database.ts";
import { words } from "../store/sql.ts";
import { amounts, days, instant, maybe, money, named, rate, text, whole } from "./answer.ts";
import { COMPARE, comparedDays, comparedPeriod } from "./compared.ts";
import { codeOf, instead } from "./currency.ts";
import { CAMPAIGN_PAYMENTS, campaignsOfDays, hadBegunByDays } from "./days/campaigns.ts";
import { type DaysScope, refuseBefore } from "./days/scope.ts";
import { sumsOf } from "./days/sums.ts";
import { fieldFilter } from "./field-filter.ts";
import { isAmount } from "./hiding.ts";
import { lastEvents } from "./last-event.ts";
import { MOST_ROWS } from "./most.ts";
import { ngr, ngrOf } from "./ngr.ts";
import { date, dated, onlyTags, type Period } from "./period.ts";
import { report } from "./report.ts";
import { amountsCell, averageOf, convert, formatAmounts, formatExact, type Sum, sums } from "./usd.ts";

const SORTABLE = [
  "banner_tag",
  "visits",
  "unique_players",
  "registrations",
  "first_deposits",
  "new_depositors",
  "returning_depositors",
  "depositors",
  "deposits",
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
/** What is compared with another period. */
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

const COUNTS = [
  "visits",
  "unique_players",
  "registrations",
  "first_deposits",
  "new_depositors",
  "returning_depositors",
  "depositors",
  "deposits",
] as const;
type Count = (typeof COUNTS)[number];
type Counts = Record<Count, number>;
const nothing = (): Counts => Object.fromEntries(COUNTS.map((name) => [name, 0])) as Counts;

type Tagged<Name extends Count> = { banner_tag: string } & Record<Name, number>;
type Depositors = "depositors" | "returning_depositors" | "first_deposits" | "new_depositors";
type Paid = Sum & { banner_tag: string; event_type: (typeof CAMPAIGN_PAYMENTS)[number] };
type Campaign = { counts: Counts; paid: Paid[] };

/** What each tag brought, and all together. */
type Brought = { campaigns: Map<string, Campaign>; total: Campaign };

/** From rows of days. */
async function fromDays(db: Database, { currency }: Project, period: Period, days: DaysScope): Promise<Brought> {
  const { campaigns, total } = await campaignsOfDays(db.$client, days, period);
  // Rates are looked up once for all: those of a tag's payments are among those of all together.
  const tags = [...campaigns];
  const paid = tags.flatMap(([banner_tag, own]) => own.paid.map((row) => ({ ...row, banner_tag })));
  const all = await sumsOf(db, [...paid, ...total.paid.map((row) => ({ ...row, banner_tag: ANY_TAG }))], currency);
  const byTag = Map.groupBy(all, (row) => row.banner_tag);
  const of = (name: string, counts: Counts): Campaign => ({
    counts: { ...nothing(), ...counts },
    paid: byTag.get(name) ?? [],
  });
  return {
    campaigns: new Map(tags.map(([name, { counts }]) => [name, of(name, counts)])),
    total: of(ANY_TAG, total.counts),
  };
}

/** From the tables. What came in the currency that is asked for needs no rate, and no date. */
async function fromTables(
  db: Database,
  { project_id, currency }: Project,
  { from, to }: Period,
  tags: string[] | null,
): Promise<Brought> {
  const within = sql`project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to} ${onlyTags(sql`banner_tag`, tags)}`;
  /** Whoever was active is counted at their first day in the period, whose day before lies outside. */
  const peopleOf = (banner_tag: SQL) => sql`SELECT ifnull(sum(r.people), 0) FROM returns r
    WHERE r.project_id = ${project_id} AND r.banner_tag = ${banner_tag}
      AND r.event_date BETWEEN ${from} AND ${to} AND r.previous_date < ${from}`;
  const days = JSON.stringify(Array.from({ length: daysBetween(from, to) }, (_, index) => addDays(from, index)));
  // Day by day, since that is how `activity` is ordered: what people did besides is not read.
  const deposited = sql`SELECT DISTINCT a.person FROM json_each(${days}) d CROSS JOIN activity a
      ON a.project_id = ${project_id} AND a.event_date = d.value AND a.event_type = 'deposit'
    WHERE true ${onlyTags(sql`a.banner_tag`, tags)}`;
  // People of several tags are one person in the total.
  const distinct =
    tags === null
      ? sql`(${peopleOf(sql`${ANY_TAG}`)}) AS unique_players,
          (SELECT ifnull(sum(count), 0) FROM daily_metrics WHERE project_id = ${project_id}
            AND event_date BETWEEN ${from} AND ${to} AND event_type = 'registration') AS registrations`
      : sql`(SELECT count(DISTINCT person) FROM activity WHERE ${within}) AS unique_players,
          (SELECT count(DISTINCT event_date || person) FROM activity
            WHERE ${within} AND event_type = 'registration') AS registrations,
          (SELECT count(*) FROM (${deposited})) AS depositors,
          (SELECT count(*) FROM (${deposited}) d CROSS JOIN players p ON p.project_id = ${project_id} AND p.person = d.person
            WHERE p.deposit_date < ${from}) AS returning_depositors`;
  const [events, deposits, paid, everyone] = await Promise.all([
    db.all<Tagged<"visits" | "registrations" | "deposits" | "unique_players">>(sql`
      SELECT banner_tag, ifnull(sum(total) FILTER (WHERE event_type = 'visit'), 0) AS visits,
        ifnull(sum(count) FILTER (WHERE event_type = 'registration'), 0) AS registrations,
        ifnull(sum(total) FILTER (WHERE event_type = 'deposit'), 0) AS deposits,
        (${peopleOf(sql`s.banner_tag`)}) AS unique_players
      FROM event_summary s WHERE ${within} GROUP BY banner_tag`),
    // As in `returns`: at their first day in the period. Where no tags are asked for, those of any are among them.
    db.all<Tagged<Depositors>>(sql`
      SELECT banner_tag, sum(people) AS depositors,
        ifnull(sum(people) FILTER (WHERE first_date < ${from}), 0) AS returning_depositors,
        ifnull(sum(people) FILTER (WHERE is_first), 0) AS first_deposits,
        ifnull(sum(people) FILTER (WHERE is_first AND registration_date BETWEEN ${from} AND ${to}), 0) AS new_depositors
      FROM depositors WHERE ${within} AND previous_date < ${from} GROUP BY banner_tag`),
    db.all<Paid>(sql`SELECT banner_tag, event_type, ${sums(currency)} FROM (
        SELECT banner_tag, event_type, currency, total, whole, fraction,
          CASE WHEN currency = ${currency} THEN ${to} ELSE event_date END AS event_date
        FROM money_summary WHERE ${within} AND event_type IN (${words(CAMPAIGN_PAYMENTS)}))
      GROUP BY banner_tag, event_type, currency, event_date`),
    tags?.length === 1 ? undefined : db.get<Partial<Counts>>(sql`SELECT ${distinct}`),
  ]);
  const campaigns = new Map<string, Campaign>();
  const of = (name: string) => {
    const known = campaigns.get(name) ?? { counts: nothing(), paid: [] };
    campaigns.set(name, known);
    return known;
  };
  const together: Partial<Counts> = { ...everyone };
  for (const { banner_tag, ...row } of [...events, ...deposits])
    Object.assign(banner_tag === ANY_TAG ? together : of(banner_tag).counts, row);
  for (const row of paid) of(row.banner_tag).paid.push(row);
  const rows = [...campaigns.values()];
  const sum = (name: Count) => rows.reduce((total, row) => total + row.counts[name], 0);
  const counts = { ...(Object.fromEntries(COUNTS.map((name) => [name, sum(name)])) as Counts), ...together };
  return { campaigns, total: { counts, paid } };
}

function figures({ counts, paid }: Campaign, project: Project): CampaignFigures {
  const { currency } = project;
  const rate = (part: number, whole: number) => (whole > 0 ? part / whole : null);
  const of = (type: Paid["event_type"]) =>
    convert(
      paid.filter(({ event_type }) => event_type === type),
      currency,
    );
  const [deposited, refunded, withdrawn] = [of("deposit"), of("refund"), of("withdrawal")];
  const net = deposited.exact - refunded.exact - withdrawn.exact;
  const own = ngrOf(project, net);
  return {
    ...counts,
    amount: formatExact(deposited.exact),
    deposit_per_first_deposit: averageOf(deposited, counts.first_deposits),
    deposit_per_visit: averageOf(deposited, counts.visits),
    refunded: formatExact(refunded.exact),
    withdrawn: formatExact(withdrawn.exact),
    net_amount: formatExact(net),
    ...(own !== undefined && { ngr: own }),
    unconverted: formatAmounts(deposited.unconverted),
    refunded_unconverted: formatAmounts(refunded.unconverted),
    withdrawn_unconverted: formatAmounts(withdrawn.unconverted),
    visit_to_registration: rate(counts.registrations, counts.visits),
    registration_to_first_deposit: rate(counts.first_deposits, counts.registrations),
  };
}

/** The order of amounts tells of them. */
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

/** A row whose value is not known, for want of a rate, comes first in either order: nobody takes it for a small one. */
function sorted(rows: CampaignRow[], sort: string): CampaignRow[] {
  const descending = sort.startsWith("-");
  const column = sort.replace(/^-/, "") as Sortable;
  const unknown = (row: CampaignRow) =>
    Number((MISSING[column] ?? []).some((name) => Object.keys(row[name]).length > 0));
  // Behind all others where there is nothing to divide.
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
  // A first deposit is only the first as long as none is found before it.
  reads: ({ query: { compare_to }, period }) => (compare_to !== undefined && compare_to > period.to ? "all" : "until"),
  converts: true,
  keptBy: () => [],
  async read({ db, project: own, period, tags, days, query }) {
    const project = { ...own, currency: codeOf(own, query) ?? own.currency };
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
    const of = (from: typeof now, name: string) =>
      figures(from.campaigns.get(name) ?? { counts: nothing(), paid: [] }, project);
    const last = await lastEvents(db, project, days, [...names], period.to);
    const rows = [...names].map((name) => ({
      banner_tag: name || null,
      ...of(now, name),
      last_event_at: last.get(name) ?? null,
      ...(before && { previous: of(before, name) }),
      ...(compared && { compared: of(compared, name) }),
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
