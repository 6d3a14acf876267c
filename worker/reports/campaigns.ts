/** A row per banner tag: what it brought in the period, and in the period that it is compared with. */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { addDays, daysBetween } from "../calendar.ts";
import { formatMoney, UNITS } from "../money.ts";
import type { Database } from "../schema.ts";
import { amounts, days, maybe, money, named, rate, text, whole } from "./answer.ts";
import { dated, onlyTags, type Period, peopleWho, tag } from "./period.ts";
import { report } from "./report.ts";

const SORTABLE = [
  "banner_tag",
  "visits",
  "unique_players",
  "registrations",
  "first_deposits",
  "deposits",
  "amount",
  "visit_to_registration",
  "registration_to_first_deposit",
] as const;

const query = z.strictObject({
  ...dated,
  banner_tag: tag.optional(),
  sort: z
    .string()
    .regex(
      new RegExp(`^-?(?:${SORTABLE.join("|")})$`),
      `must be one of ${SORTABLE.join(", ")}, with - before it for the largest first`,
    )
    .optional(),
  compare: z.enum(["previous", "year"], "must be previous or year").optional(),
});

const figuresOf = {
  visits: whole.describe("Distinct visit events."),
  unique_players: whole.describe("Distinct people with any event in the period."),
  registrations: whole.describe("At most one per day and player."),
  first_deposits: whole.describe("Players whose first deposit ever lies in the period."),
  deposits: whole.describe("Distinct deposit events."),
  amount: money.describe("What was deposited in the project's currency."),
  other_amounts: amounts.describe("What was deposited in other currencies."),
  visit_to_registration: rate,
  registration_to_first_deposit: rate,
};
const campaignFigures = z.object(figuresOf).meta({ id: "CampaignFigures", description: "Amounts are decimals." });
export type CampaignFigures = z.output<typeof campaignFigures>;

const compared = { ...figuresOf, previous: campaignFigures.exactOptional() };
const campaignRow = z.object({ banner_tag: maybe, ...compared }).meta({ id: "CampaignRow" });
export type CampaignRow = z.output<typeof campaignRow>;

const answer = z
  .object({
    ...named,
    currency: text,
    ...days,
    rows: z.array(campaignRow),
    total: z.object(compared).describe("All tags together; a person of several is one."),
    previous_period: z.object(days).exactOptional().describe("The period that is compared with."),
  })
  .meta({ id: "Campaigns" });
export type Campaigns = z.output<typeof answer>;

type Counts = {
  visits: number;
  unique_players: number;
  registrations: number;
  first_deposits: number;
  deposits: number;
};
type Sums = Map<string, bigint>;
const nothing = (): Counts => ({ visits: 0, unique_players: 0, registrations: 0, first_deposits: 0, deposits: 0 });

async function countCampaigns(db: Database, project_id: string, { from, to }: Period, tags: string[] | null) {
  const within = sql`project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to} ${onlyTags(sql`banner_tag`, tags)}`;
  const [events, people, everyone, first, money] = await Promise.all([
    db.all<{ banner_tag: string; visits: number; registrations: number; deposits: number }>(sql`
      SELECT banner_tag, sum(total) FILTER (WHERE event_type = 'visit') AS visits,
        sum(count) FILTER (WHERE event_type = 'registration') AS registrations,
        sum(total) FILTER (WHERE event_type = 'deposit') AS deposits
      FROM event_summary WHERE ${within} GROUP BY banner_tag`),
    db.all<{ banner_tag: string; unique_players: number }>(sql`
      SELECT banner_tag, count(DISTINCT person) AS unique_players FROM activity WHERE ${within} GROUP BY banner_tag`),
    db.get<{ unique_players: number; registrations: number }>(sql`
      SELECT count(DISTINCT person) AS unique_players,
        count(DISTINCT CASE WHEN event_type = 'registration' THEN event_date || person END) AS registrations
      FROM activity WHERE ${within}`),
    db.all<{ banner_tag: string; first_deposits: number }>(sql`
      SELECT p.deposit_tag AS banner_tag, count(*) AS first_deposits
      FROM (${peopleWho("deposit", project_id, { from, to })}) w
      JOIN players p ON p.project_id = ${project_id} AND p.person = w.person
      WHERE p.deposit_date BETWEEN ${from} AND ${to} ${onlyTags(sql`p.deposit_tag`, tags)}
      GROUP BY p.deposit_tag`),
    db.all<{ banner_tag: string; currency: string; whole: number; fraction: number }>(sql`
      SELECT banner_tag, currency, sum(whole) AS whole, sum(fraction) AS fraction FROM money_summary
      WHERE ${within} AND event_type = 'deposit' GROUP BY banner_tag, currency`),
  ]);
  const counts = new Map<string, Counts>();
  const sums = new Map<string, Sums>();
  const of = (name: string) => counts.get(name) ?? (counts.set(name, nothing()).get(name) as Counts);
  for (const { banner_tag, ...row } of events) Object.assign(of(banner_tag), withoutNulls(row));
  for (const { banner_tag, ...row } of people) Object.assign(of(banner_tag), row);
  for (const { banner_tag, ...row } of first) Object.assign(of(banner_tag), row);
  for (const { banner_tag, currency, whole, fraction } of money) {
    of(banner_tag);
    sums.set(
      banner_tag,
      (sums.get(banner_tag) ?? new Map()).set(currency, BigInt(whole) * BigInt(UNITS) + BigInt(fraction)),
    );
  }
  // People of several tags are one person in the total.
  const total = {
    ...nothing(),
    unique_players: everyone?.unique_players ?? 0,
    registrations: everyone?.registrations ?? 0,
  };
  const totalSums: Sums = new Map();
  for (const row of counts.values()) {
    for (const name of ["visits", "first_deposits", "deposits"] as const) total[name] += row[name];
  }
  for (const [currency, amount] of [...sums.values()].flatMap((own) => [...own])) {
    totalSums.set(currency, (totalSums.get(currency) ?? 0n) + amount);
  }
  return { counts, sums, total, totalSums };
}

const withoutNulls = <Row extends Record<string, number | null>>(row: Row) =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? 0])) as Row;

function figures(counts: Counts, sums: Sums, currency: string): CampaignFigures {
  const rate = (part: number, whole: number) => (whole > 0 ? part / whole : null);
  return {
    ...counts,
    amount: formatMoney(sums.get(currency) ?? 0n),
    other_amounts: Object.fromEntries(
      [...sums].filter(([code]) => code !== currency).map(([code, amount]) => [code, formatMoney(amount)]),
    ),
    visit_to_registration: rate(counts.registrations, counts.visits),
    registration_to_first_deposit: rate(counts.first_deposits, counts.registrations),
  };
}

/** The days just before, as many; or the same days a year earlier. */
export function comparedPeriod({ from, to }: Period, compare: "previous" | "year"): Period {
  if (compare === "previous") return { from: addDays(from, -daysBetween(from, to)), to: addDays(from, -1) };
  const yearEarlier = (date: string) => {
    const day = `${Number(date.slice(0, 4)) - 1}${date.slice(4)}`;
    return day.endsWith("02-29") ? day.replace("02-29", "02-28") : day;
  };
  return { from: yearEarlier(from), to: yearEarlier(to) };
}

function sorted(rows: CampaignRow[], sort: string): CampaignRow[] {
  const descending = sort.startsWith("-");
  const column = sort.replace(/^-/, "") as (typeof SORTABLE)[number];
  const value = (row: CampaignRow) =>
    column === "amount" ? Number(row.amount) : (row[column] ?? (column === "banner_tag" ? "" : -1));
  return rows.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    const order = x < y ? -1 : x > y ? 1 : 0;
    return (descending ? -order : order) || ((a.banner_tag ?? "") < (b.banner_tag ?? "") ? -1 : 1);
  });
}

export const campaigns = report({
  id: "getCampaigns",
  path: "/campaigns",
  summary: "A row for each banner tag, and a total",
  role: "viewer",
  query,
  answer,
  holds: "What each tag brought in the period.",
  tries: ["compare=previous"],
  // A first deposit is only the first as long as none is found before it.
  reads: "until",
  async read({ db, project: { project_id, timezone, currency }, period, tags, query: { compare, sort = "-visits" } }) {
    const previous_period = compare && comparedPeriod(period, compare);
    const [now, before] = await Promise.all([
      countCampaigns(db, project_id, period, tags),
      previous_period && countCampaigns(db, project_id, previous_period, tags),
    ]);
    const names = new Set([...now.counts.keys(), ...(before?.counts.keys() ?? [])]);
    const of = (from: typeof now, name: string) =>
      figures(from.counts.get(name) ?? nothing(), from.sums.get(name) ?? new Map(), currency);
    const rows = [...names].map((name) => ({
      banner_tag: name || null,
      ...of(now, name),
      ...(before && { previous: of(before, name) }),
    }));
    const body: Campaigns = {
      project_id,
      timezone,
      currency,
      ...period,
      rows: sorted(rows, sort),
      total: {
        ...figures(now.total, now.totalSums, currency),
        ...(before && { previous: figures(before.total, before.totalSums, currency) }),
      },
      ...(previous_period && { previous_period }),
    };
    const columns = [...SORTABLE, "currency", "other_amounts"];
    return {
      body,
      columns: before ? [...columns, ...SORTABLE.slice(1).map((name) => `previous_${name}`)] : columns,
      rows: body.rows.map((row) => flat(row, currency)),
    };
  },
});

const flat = ({ other_amounts, previous, ...row }: CampaignRow, currency: string) => ({
  ...row,
  currency,
  other_amounts: Object.entries(other_amounts)
    .map(([code, amount]) => `${amount} ${code}`)
    .join(" "),
  ...(previous &&
    Object.fromEntries(
      Object.entries(previous)
        .filter(([name]) => name !== "other_amounts")
        .map(([name, value]) => [`previous_${name}`, value as string | number | null]),
    )),
});
