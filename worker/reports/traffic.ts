/** Where visitors came from: a row for each referrer, landing page, sub-id, browser or country, and what its visitors did. */
import * as z from "zod";
import { tagFilter } from "../http/tag-filter.ts";
import { amounts, days, maybe, money, named, rate, text, whole } from "./answer.ts";
import { codeOf, instead } from "./currency.ts";
import { sumsOf } from "./days/sums.ts";
import { fieldFilter } from "./field-filter.ts";
import { MOST_ROWS } from "./most.ts";
import { dated } from "./period.ts";
import { report } from "./report.ts";
import { dimension, refusePersonal, valueIn } from "./traffic/dimension.ts";
import type { Brought } from "./traffic/gather.ts";
import { MOST_DAYS, readTraffic, refuseLongOrGone } from "./traffic/log.ts";
import { amountsCell, averageOf, convert, formatAmounts, formatExact, type Sum } from "./usd.ts";

const SORTABLE = [
  "value",
  "visits",
  "visitors",
  "registrations",
  "first_deposits",
  "deposits",
  "amount",
  "deposit_per_visit",
  "visit_to_registration",
  "registration_to_first_deposit",
] as const;
type Sortable = (typeof SORTABLE)[number];

const query = z.strictObject({
  ...dated,
  ...tagFilter,
  ...fieldFilter,
  ...instead,
  by: dimension
    .default("referrer")
    .describe(
      "What visits are grouped by: `referrer` (the host of the site that led to the one visited, else of the page that sent the visit), `landing_page` (where the visit began), a sub-id `s1` to `s99`, `browser`, `os`, `country`, `device`, `app_id`, `platform`; with the role analyst any key of `data`, such as `data.creative`. `referrer` where absent.",
    ),
  sort: z
    .string()
    .regex(
      new RegExp(`^-?(?:${SORTABLE.join("|")})$`),
      `must be one of ${SORTABLE.join(", ")}, with - before it for the largest first`,
    )
    .default("-visits")
    .describe("`-visits` where absent."),
});

const figuresOf = {
  visits: whole.describe("Distinct visit events with the value."),
  visitors: whole.describe("Distinct people whose first visit of the period has the value."),
  registrations: whole.describe("Of these people in the period, at most one per day and person."),
  first_deposits: whole.describe("Of these people, those whose first deposit ever lies in the period."),
  deposits: whole.describe("Deposit events of these people in the period."),
  amount: money.describe("What these were, in `currency`."),
  deposit_per_visit: money
    .nullable()
    .describe("`amount` over `visits`; null also where part of the deposits has no rate."),
  unconverted: amounts.describe("Deposits that have no rate in force on their date: they are not in `amount`."),
  visit_to_registration: rate,
  registration_to_first_deposit: rate,
};
const figuresAnswer = z.object(figuresOf).meta({ id: "TrafficFigures", description: "Amounts are decimals." });
export type TrafficFigures = z.output<typeof figuresAnswer>;
const row = z
  .object({ value: maybe.describe("Null: visits that have none. Its first 256 characters."), ...figuresOf })
  .meta({ id: "TrafficRow" });
export type TrafficRow = z.output<typeof row>;

const answer = z
  .object({
    ...named,
    by: text,
    currency: text,
    ...days,
    rows: z.array(row).describe(`The first ${MOST_ROWS} in the order that is asked for.`),
    rows_left_out: whole.describe("Further values: CSV and NDJSON have them."),
    total: figuresAnswer,
  })
  .meta({ id: "Traffic" });
export type Traffic = z.output<typeof answer>;

function figures(
  { visits, visitors, registrations, first_deposits, deposits }: Omit<Brought, "paid">,
  paid: readonly Sum[],
  currency: string,
): TrafficFigures {
  const deposited = convert(paid, currency);
  return {
    ...{ visits, visitors, registrations, first_deposits, deposits },
    amount: formatExact(deposited.exact),
    deposit_per_visit: averageOf(deposited, visits),
    unconverted: formatAmounts(deposited.unconverted),
    visit_to_registration: visits > 0 ? registrations / visits : null,
    registration_to_first_deposit: registrations > 0 ? first_deposits / registrations : null,
  };
}

/** A row whose amount is not known, because a rate is missing, comes first in either order, so that it does not look small. */
function sorted(rows: TrafficRow[], sort: string): TrafficRow[] {
  const descending = sort.startsWith("-");
  const column = sort.replace(/^-/, "") as Sortable;
  const ofMoney = column === "amount" || column === "deposit_per_visit";
  const unknown = (row: TrafficRow) => Number(ofMoney && Object.keys(row.unconverted).length > 0);
  const name = ({ value }: TrafficRow) => value ?? "";
  const sortValueOf = (row: TrafficRow) => (column === "value" ? name(row) : Number(row[column] ?? -1));
  return rows.sort((a, b) => {
    const [x, y] = [sortValueOf(a), sortValueOf(b)];
    const order = x < y ? -1 : x > y ? 1 : 0;
    return unknown(b) - unknown(a) || (descending ? -order : order) || (name(a) < name(b) ? -1 : 1);
  });
}

function added(all: readonly Brought[]): Omit<Brought, "paid"> {
  const sum = (name: Exclude<keyof Brought, "paid">) => all.reduce((total, one) => total + one[name], 0);
  return {
    visits: sum("visits"),
    visitors: sum("visitors"),
    registrations: sum("registrations"),
    first_deposits: sum("first_deposits"),
    deposits: sum("deposits"),
  };
}

export const traffic = report({
  id: "getTraffic",
  path: "/traffic",
  summary: "Where visitors came from, and what they did: by referrer, landing page, sub-id, browser, country and more",
  description:
    "A person counts once, for the value of their first visit of the period, and so do their registrations and deposits in it. " +
    `Read from the log, so at most ${MOST_DAYS} days and 500,000 events of the project at once, and no days whose events may have gone from it. ` +
    "Tags are those that each event counts for; fields (`country` and others) are those of the visits. " +
    "Sorted by an amount, rows with amounts that have no exchange rate come first, in either order.",
  role: "viewer",
  amountsIn: ({ sort }) => (/amount|deposit_per_visit/.test(sort) ? "sort" : undefined),
  query,
  answer,
  holds: "What the visitors of each value did in the period.",
  tries: ["currency=USD", "by=s1&sort=-amount", "by=data.creative&country=MT", "by=browser&banner_tag=summer"],
  // An earlier deposit may still arrive, and a first deposit is then no longer the first.
  reads: "until",
  converts: true,
  byFirstEvent: true,
  async read({ env, db, project, principal, period, tags, firstEvent: fields, query }) {
    const { by, sort } = query;
    const { project_id, timezone } = project;
    const currency = codeOf(project, query) ?? project.currency;
    refusePersonal(principal, by);
    await refuseLongOrGone({ env, db, project, period });
    const gathered = await readTraffic(env, db, { project_id, period, tags, fields, value: valueIn(by) });
    const brought = gathered.brought();
    const paid = [...brought].flatMap(([value, broughtByValue]) =>
      broughtByValue.paid.map((one) => ({ ...one, value })),
    );
    const sums = Map.groupBy(await sumsOf(db, paid, currency), ({ value }) => value);
    const all = sorted(
      [...brought].map(([value, broughtByValue]) => ({
        value: value || null,
        ...figures(broughtByValue, sums.get(value) ?? [], currency),
      })),
      sort,
    );
    const total = figures(added([...brought.values()]), [...sums.values()].flat(), currency);
    const body: Traffic = {
      ...{ project_id, timezone, by, currency },
      ...period,
      rows: all.slice(0, MOST_ROWS),
      rows_left_out: Math.max(0, all.length - MOST_ROWS),
      total,
    };
    return {
      body,
      columns: [...SORTABLE, "currency", "unconverted"],
      rows: all.map((row) => ({ ...row, currency, unconverted: amountsCell(row.unconverted) })),
    };
  },
});
