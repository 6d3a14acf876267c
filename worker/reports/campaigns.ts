/** A row per banner tag: what it brought in the period, and in the period that it is compared with. */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { addDays, daysBetween } from "../calendar.ts";
import { ofProject, visibleTags } from "../http/access.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { formatMoney, UNITS } from "../money.ts";
import { type Database, openDatabase } from "../schema.ts";
import { dated, onlyTags, type Period, peopleWho, periodOf, tag } from "./period.ts";
import { table } from "./table.ts";

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

export const campaignsQuery = z.strictObject({
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

export type CampaignFigures = {
  /** Distinct visit events. */
  visits: number;
  /** Distinct people with any event in the period. */
  unique_players: number;
  /** Registrations, at most one per day and player. */
  registrations: number;
  /** Players whose first deposit ever lies in the period. */
  first_deposits: number;
  /** Distinct deposit events. */
  deposits: number;
  /** What was deposited in the project's currency, as a decimal. */
  amount: string;
  /** What was deposited in other currencies, as decimals. */
  other_amounts: Record<string, string>;
  /** 0–1 as a rule; null where there is nothing to divide by. */
  visit_to_registration: number | null;
  registration_to_first_deposit: number | null;
};
export type CampaignRow = { banner_tag: string | null } & CampaignFigures & { previous?: CampaignFigures };
export type Campaigns = Period & {
  project_id: string;
  timezone: string;
  currency: string;
  rows: CampaignRow[];
  total: CampaignFigures & { previous?: CampaignFigures };
  /** The period that is compared with. */
  previous_period?: Period;
};

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

export const campaignRoutes = new Hono<App>().get("/campaigns", parameters(campaignsQuery), ofProject, async (c) => {
  const { project } = c.var;
  const asked = c.req.valid("query");
  const period = periodOf(project, asked, Date.now());
  const db = openDatabase(c.env.DB);
  const tags = visibleTags(c.var.principal, asked.banner_tag);
  const previous_period = asked.compare && comparedPeriod(period, asked.compare);
  const [now, before] = await Promise.all([
    countCampaigns(db, project.project_id, period, tags),
    previous_period && countCampaigns(db, project.project_id, previous_period, tags),
  ]);
  const names = new Set([...now.counts.keys(), ...(before?.counts.keys() ?? [])]);
  const of = (from: typeof now, name: string) =>
    figures(from.counts.get(name) ?? nothing(), from.sums.get(name) ?? new Map(), project.currency);
  const rows = [...names].map((name) => ({
    banner_tag: name || null,
    ...of(now, name),
    ...(before && { previous: of(before, name) }),
  }));
  const body: Campaigns = {
    project_id: project.project_id,
    timezone: project.timezone,
    currency: project.currency,
    ...period,
    rows: sorted(rows, asked.sort ?? "-visits"),
    total: {
      ...figures(now.total, now.totalSums, project.currency),
      ...(before && { previous: figures(before.total, before.totalSums, project.currency) }),
    },
    ...(previous_period && { previous_period }),
  };
  const flat = body.rows.map(({ other_amounts, previous, ...row }) => ({
    ...row,
    currency: project.currency,
    other_amounts: Object.entries(other_amounts)
      .map(([code, amount]) => `${amount} ${code}`)
      .join(" "),
    ...(previous &&
      Object.fromEntries(
        Object.entries(previous)
          .filter(([name]) => name !== "other_amounts")
          .map(([name, value]) => [`previous_${name}`, value as string | number | null]),
      )),
  }));
  const columns = [...SORTABLE, "currency", "other_amounts"];
  return table(c, body, before ? [...columns, ...SORTABLE.slice(1).map((name) => `previous_${name}`)] : columns, flat);
});
