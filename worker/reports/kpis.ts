/** A day at a glance, by app: who came, who paid, and how much. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { localTime } from "../calendar.ts";
import { tagFilter } from "../http/tag-filter.ts";
import { INCOME } from "../money.ts";
import type { Project } from "../project.ts";
import type { Database } from "../store/database.ts";
import { words } from "../store/sql.ts";
import { amounts, maybe, money, named, whole } from "./answer.ts";
import { codeOf, columnsIn, given, inOneCurrency, unconverted, wanted } from "./currency.ts";
import { kpisOfDays } from "./days/kpis.ts";
import type { DaysScope } from "./days/scope.ts";
import { sumsOf } from "./days/sums.ts";
import { type FieldFilter, fieldFilter, onlyField } from "./field-filter.ts";
import { largest, MOST_ROWS } from "./most.ts";
import { common, date, onlyTags, type Period } from "./period.ts";
import { report } from "./report.ts";
import { averageOf, convert, formatAmounts, formatExact, type Sum, sums } from "./usd.ts";

const query = z.strictObject({ ...common, date: date.optional(), ...wanted, ...tagFilter, ...fieldFilter });

const converted = z
  .object({
    revenue: money.describe("Purchases and deposits."),
    arpu: money.nullable().describe("`revenue` over `active_users`; null also where part of it has no rate."),
    arppu: money.nullable().describe("The same over `paying_users`."),
    unconverted,
  })
  .meta({ id: "ConvertedKpis" });

const figures = z.object({
  installs: whole.describe("At most one per person."),
  new_players: whole.describe("People whose first day it is, visitors included."),
  active_users: whole.describe("Distinct people with any event."),
  paying_users: whole.describe("Distinct people with a purchase or deposit that has an amount."),
  purchases: whole.describe("Distinct purchase events with an amount."),
  deposits: whole.describe("Distinct deposit events with an amount."),
  first_deposits: whole.describe("People whose first deposit ever is of this day."),
  revenue_usd: money.describe("Purchases and deposits."),
  arpu_usd: money.nullable().describe("`revenue_usd` over `active_users`; null also where part of it has no rate."),
  arppu_usd: money.nullable().describe("The same over `paying_users`."),
  unconverted: amounts.describe("What was paid in currencies that have no rate in force: in no figure in USD."),
  converted: converted.exactOptional().describe("With `currency`: amounts in it."),
});
const row = z.object({ app_id: maybe, ...figures.shape }).meta({ id: "AppKpis" });
export type AppKpis = z.output<typeof row>;
const answer = z
  .object({
    ...named,
    date: z.iso.date(),
    ...given,
    rows: z.array(row).describe(`The ${MOST_ROWS} of most active users, at most.`),
    rows_left_out: whole.describe("Further apps: CSV and NDJSON have them."),
    total: figures.describe("All apps together; a person of several is one."),
  })
  .meta({ id: "Kpis" });
export type Kpis = z.output<typeof answer>;

type People = Pick<AppKpis, "installs" | "new_players" | "active_users" | "first_deposits">;
type Paid = Sum & { app_id: string; event_type: (typeof INCOME)[number] };

/** People by app and altogether, payers, and payments. */
type KpisFound = {
  people: (People & { app_id: string })[];
  everyone: People | undefined;
  payers: { app_id: string; people: number }[];
  payer: number;
  paid: Paid[];
};

async function fromTables(
  db: Database,
  project_id: string,
  day: string,
  tags: string[] | null,
  filter: FieldFilter | null,
  into: string,
): Promise<KpisFound> {
  const within = sql`project_id = ${project_id} AND event_date = ${day}
    ${onlyTags(sql`banner_tag`, tags)} ${onlyField(filter)}`;
  const income = sql`FROM payments WHERE ${within}
    AND event_type IN (${words(INCOME)})`;
  const count = (by: string) => sql`
    WITH did AS MATERIALIZED (
      SELECT person, ${sql.raw(by)} AS app_id, max(event_type = 'install') AS installed,
        max(event_type = 'deposit') AS deposited
      FROM activity WHERE ${within} GROUP BY 1, 2
    )
    SELECT app_id, sum(installed) AS installs, count(*) AS active_users,
      count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM player_days d
        WHERE d.project_id = ${project_id} AND d.person = did.person AND d.event_date < ${day})) AS new_players,
      count(*) FILTER (WHERE deposited AND EXISTS (SELECT 1 FROM players p
        WHERE p.project_id = ${project_id} AND p.person = did.person AND p.deposit_date = ${day}
        ${onlyTags(sql`p.deposit_tag`, tags)})) AS first_deposits
    FROM did GROUP BY app_id ORDER BY app_id`;
  // The plus prevents the use of the index by person, which would read all of the project's days.
  const [people, everyone, payers, payer, paid] = await Promise.all([
    db.all<People & { app_id: string }>(count("app_id")),
    db.get<People>(count("''")),
    db.all<{ app_id: string; people: number }>(
      sql`SELECT app_id, count(DISTINCT +person) AS people ${income} GROUP BY app_id`,
    ),
    db.get<{ people: number }>(sql`SELECT count(DISTINCT +person) AS people ${income}`),
    db.all<Paid>(sql`SELECT app_id, event_type, ${sums(into)} ${income} GROUP BY app_id, event_type, currency`),
  ]);
  return { people, everyone, payers, payer: payer?.people ?? 0, paid };
}

/** The same from rows of days. */
async function fromDays(db: Database, days: DaysScope, day: string, into: string): Promise<KpisFound> {
  const { paid, ...found } = await kpisOfDays(db.$client, days, day);
  return { ...found, paid: await sumsOf(db, paid, into) };
}

function convertedOf(
  paid: readonly Paid[],
  who: { active_users: number; paying_users: number },
  into: string,
): z.output<typeof converted> {
  const revenue = convert(paid, into);
  return {
    revenue: formatExact(revenue.exact),
    arpu: averageOf(revenue, who.active_users),
    arppu: averageOf(revenue, who.paying_users),
    unconverted: formatAmounts(revenue.unconverted),
  };
}

function kpisOf({ people, everyone, payers, payer, paid }: KpisFound, into: string | null) {
  const figuresOf = (who: People, paying_users: number, payments: readonly Paid[]): z.output<typeof figures> => {
    const { installs, new_players, active_users, first_deposits } = who;
    const revenue = convert(payments);
    const events = (type: Paid["event_type"]) =>
      payments.reduce((total, row) => total + (row.event_type === type ? row.total : 0), 0);
    return {
      installs,
      new_players,
      active_users,
      paying_users,
      purchases: events("purchase"),
      deposits: events("deposit"),
      first_deposits,
      revenue_usd: formatExact(revenue.exact),
      arpu_usd: averageOf(revenue, active_users),
      arppu_usd: averageOf(revenue, paying_users),
      unconverted: formatAmounts(revenue.unconverted),
      ...(into !== null && { converted: convertedOf(payments, { active_users, paying_users }, into) }),
    };
  };
  const nobody: People = { installs: 0, new_players: 0, active_users: 0, first_deposits: 0 };
  // A payer is active, so each app with a payment has a row of people.
  const payersOf = new Map(payers.map(({ app_id, people }) => [app_id, people]));
  const paidIn = Map.groupBy(paid, ({ app_id }) => app_id);
  const rows = people.map(
    (who): AppKpis => ({
      app_id: who.app_id || null,
      ...figuresOf(who, payersOf.get(who.app_id) ?? 0, paidIn.get(who.app_id) ?? []),
    }),
  );
  return { rows, total: figuresOf(everyone ?? nobody, payer, paid) };
}

function dayOf({ timezone }: Project, query: { date?: string | undefined }, now: number): Period {
  const day = query.date ?? localTime(timezone, now).date;
  return { from: day, to: day };
}

export const kpis = report({
  id: "getKpis",
  path: "/kpis",
  summary: "A day at a glance, by app",
  description: "Today where no date is given. Amounts are in USD, at the rate in force on the day.",
  role: "viewer",
  query,
  answer,
  holds: "A row for each app that was used, and a total.",
  tries: ["date=2026-05-01", "app_id=slots", "currency=project"],
  inCells: true,
  keptBy: () => ["app_id"],
  period: dayOf,
  first: "date",
  // An older event may still arrive, and then the person is no longer new.
  reads: "all",
  converts: true,
  async read({ db, project, tags, field, days, query, period: { from: day } }) {
    const { project_id, timezone } = project;
    const into = codeOf(project, query);
    const rated = into ?? "USD";
    const { rows, total } = kpisOf(
      days === null ? await fromTables(db, project_id, day, tags, field, rated) : await fromDays(db, days, day, rated),
      into,
    );
    return {
      body: {
        project_id,
        timezone,
        date: day,
        ...(into !== null && { currency: into }),
        ...largest(rows, ({ active_users }) => active_users),
        total,
      },
      columns: columnsIn(
        Object.keys(row.shape).filter((name) => name !== "converted"),
        Object.keys(converted.shape),
        into,
      ),
      rows: rows.map((rowOfApp) => inOneCurrency(rowOfApp, into)),
    };
  },
});
