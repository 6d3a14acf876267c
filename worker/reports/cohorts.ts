/**
 * People by the week of their first day: how many were active again a given number of days later, what they had paid by then, and
 * until now. A day is counted only once it is over, so that a young cohort does not look like a poor one: `people` are
 * those of the cohort for whom the day is over.
 */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { addDays, daysBetween, localTime, mondayOf } from "../calendar.ts";
import { RETENTION_DAYS } from "../figures/counters/returns.ts";
import { compareText } from "../figures/text-order.ts";
import { tagFilter } from "../http/tag-filter.ts";
import { INCOME, type PaymentType } from "../money.ts";
import type { Database } from "../store/database.ts";
import { words } from "../store/sql.ts";
import { amounts, days, maybe, money, named, rate, whole } from "./answer.ts";
import { codeOf, columnsIn, given, inOneCurrency, unconverted, wanted } from "./currency.ts";
import { cohortsOfDays } from "./days/cohorts.ts";
import type { DaysScope } from "./days/scope.ts";
import { sumsOf } from "./days/sums.ts";
import { fieldFilter } from "./field-filter.ts";
import { largest, MOST_ROWS } from "./most.ts";
import { dated, onlyTags, type Period } from "./period.ts";
import { report } from "./report.ts";
import { averageOf, convert, formatAmounts, formatExact, type Sum, sums } from "./usd.ts";

const COHORTS = ["day", "week", "month"] as const;
type Cohort = (typeof COHORTS)[number];

const query = z.strictObject({
  ...dated,
  ...tagFilter,
  ...fieldFilter,
  group_by: z.enum(["banner_tag"], "must be banner_tag").optional(),
  interval: z.enum(COHORTS, "must be day, week or month").optional(),
  ...wanted,
});

const retained = z
  .object({
    day: whole.describe("Days after the first."),
    people: whole.describe("Those for whom that day is over."),
    active: whole.describe("Those of them who were active on it."),
    rate,
  })
  .meta({ id: "Retained" });
const valued = {
  day: whole.describe("Days after the first. Day 0 counts those whose first day is today, too."),
  people: whole.describe("Those for whom that day is over."),
};
const ofRate = "null where nobody is, or part of it has no rate.";
const valueUsd = z
  .object({
    ...valued,
    revenue_per_player_usd: money
      .nullable()
      .describe(`What they had paid by the end of that day, over \`people\`; ${ofRate}`),
  })
  .meta({ id: "CohortValue" });
const valueIn = z
  .object({ ...valued, revenue_per_player: money.nullable().describe(`The same in the currency; ${ofRate}`) })
  .meta({ id: "ConvertedCohortValue" });
const converted = z
  .object({
    revenue: money.describe("What they have paid until now."),
    net_amount: money.describe("The same, less what was refunded and withdrawn."),
    revenue_per_player: money.nullable().describe("`revenue` over `players`; null also where part of it has no rate."),
    unconverted,
    value: z.array(valueIn),
  })
  .meta({ id: "ConvertedCohort" });
const cohort = {
  players: whole.describe("Whose first day lies in it, visitors included."),
  retention: z.array(retained),
  paying_users: whole.describe("Those of them who have paid."),
  revenue_usd: money.describe("What they have paid until now, at each date's rate."),
  net_usd: money.describe("The same, less what was refunded and withdrawn."),
  revenue_per_player_usd: money
    .nullable()
    .describe("`revenue_usd` over `players`; null also where part of it has no rate."),
  unconverted: amounts.describe("What they have paid that has no rate in force on its date."),
  value: z.array(valueUsd),
  converted: converted.exactOptional().describe("With `currency`: amounts in it."),
};
type CohortFigures = z.output<z.ZodObject<typeof cohort>>;
const row = z.object({
  cohort: z.iso.date().describe("Its first day; weeks begin on Monday."),
  banner_tag: maybe.exactOptional(),
  ...cohort,
});
type CohortRow = z.output<typeof row>;

const answer = z
  .object({
    ...named,
    ...days,
    ...given,
    interval: z.enum(COHORTS),
    rows: z.array(row).describe(`With \`group_by\` the ${MOST_ROWS} of most players, at most.`),
    rows_left_out: whole.describe("Further rows: CSV and NDJSON have them."),
    total: z.object(cohort).meta({ id: "Cohort" }),
  })
  .meta({ id: "Cohorts" });

/** The first day of the cohort that contains a date. */
const COHORT_OF = {
  day: sql`cohort_date`,
  week: sql`date(cohort_date, 'weekday 0', '-6 days')`,
  month: sql`date(cohort_date, 'start of month')`,
} as const;

/** The same of a date. */
const FIRST_DAY_OF: Record<Cohort, (date: string) => string> = {
  day: (date) => date,
  week: mondayOf,
  month: (date) => `${date.slice(0, 7)}-01`,
};

type Counted = { cohort: string; banner_tag: string; day: number; people: number; active: number };

/** How people are grouped into cohorts; `today` is not over yet. */
type CohortsAsked = {
  interval: Cohort;
  tags: string[] | null;
  grouped: boolean;
  today: string;
  /** The currency of amounts in addition to USD; null: none. */
  into: string | null;
};

/** For each cohort and day: those for whom the day is over on `today`, and those of them who were active. */
function retentionRows(
  db: Database,
  project_id: string,
  { from, to }: Period,
  asked: CohortsAsked,
): Promise<Counted[]> {
  return db.all<Counted>(sql`
    WITH begun AS MATERIALIZED (
      SELECT cohort_date, ${COHORT_OF[asked.interval]} AS cohort, ${asked.grouped ? sql`banner_tag` : sql`''`} AS banner_tag,
        day, people
      FROM retention
      WHERE project_id = ${project_id} AND people > 0 AND cohort_date BETWEEN ${from} AND ${to} ${onlyTags(sql`banner_tag`, asked.tags)}
    ), over AS (
      SELECT cohort_date, cohort, banner_tag, d.value AS day, sum(people) AS people
      FROM begun CROSS JOIN json_each(${JSON.stringify(RETENTION_DAYS)}) d
      WHERE begun.day = 0 AND (d.value = 0 OR date(cohort_date, d.value || ' days') < ${asked.today}) GROUP BY 1, 2, 3, 4
    ), active AS (
      SELECT cohort_date, banner_tag, day, sum(people) AS active FROM begun GROUP BY 1, 2, 3
    )
    SELECT o.cohort, o.banner_tag, o.day, sum(o.people) AS people, sum(ifnull(a.active, 0)) AS active
    FROM over o LEFT JOIN active a USING (cohort_date, banner_tag, day)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`);
}

type Paid = Sum & { cohort: string; banner_tag: string; first_date: string; event_type: PaymentType };
type Paying = { cohort: string; banner_tag: string; people: number };

/** What the people of each cohort have paid since. Their first day is the first of their `player_days`. */
async function paidRows(
  db: Database,
  project_id: string,
  { from, to }: Period,
  asked: CohortsAsked,
): Promise<{ paid: Paid[]; paying: Paying[] }> {
  const payers = sql`paid AS MATERIALIZED (
      SELECT person, event_type, event_date, currency, sum(total) AS total, sum(whole) AS whole, sum(fraction) AS fraction
      FROM payments WHERE project_id = ${project_id} AND event_date >= ${from} GROUP BY 1, 2, 3, 4
    ), first_days AS MATERIALIZED (
      SELECT p.person, (SELECT min(d.event_date) FROM player_days d
        WHERE d.project_id = ${project_id} AND d.person = p.person) AS cohort_date
      FROM (SELECT DISTINCT person FROM paid) p
    ), begun AS MATERIALIZED (
      SELECT f.person, f.cohort_date, (SELECT d.banner_tag FROM player_days d WHERE d.project_id = ${project_id}
        AND d.person = f.person AND d.event_date = f.cohort_date ORDER BY d.first_at, d.banner_tag LIMIT 1) AS banner_tag
      FROM first_days f WHERE f.cohort_date BETWEEN ${from} AND ${to}
    ), cohorts AS MATERIALIZED (
      SELECT person, cohort_date AS first_date, ${COHORT_OF[asked.interval]} AS cohort,
        ${asked.grouped ? sql`banner_tag` : sql`''`} AS banner_tag
      FROM begun WHERE true ${onlyTags(sql`banner_tag`, asked.tags)}
    )`;
  // The payers are looked up once for two results: what they paid, and, in rows without a type, how many they are.
  const rows = await db.all<Paid | (Paying & { event_type: null })>(sql`WITH ${payers}
    SELECT cohort, banner_tag, first_date, event_type, ${sums(asked.into ?? "USD")}, NULL AS people
    FROM cohorts CROSS JOIN paid USING (person)
    GROUP BY cohort, banner_tag, first_date, event_type, event_date, currency
    UNION ALL SELECT cohort, banner_tag, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, count(*) FROM cohorts
    WHERE person IN (SELECT person FROM paid WHERE event_type IN (${words(INCOME)}))
    GROUP BY cohort, banner_tag`);
  return {
    paid: rows.filter((row): row is Paid => row.event_type !== null),
    paying: rows.filter((row): row is Paying & { event_type: null } => row.event_type === null),
  };
}

type CohortsFound = { counted: Counted[]; paid: Paid[]; paying: Paying[] };

async function fromTables(
  db: Database,
  project_id: string,
  period: Period,
  asked: CohortsAsked,
): Promise<CohortsFound> {
  const [counted, since] = await Promise.all([
    retentionRows(db, project_id, period, asked),
    paidRows(db, project_id, period, asked),
  ]);
  return { counted, ...since };
}

const isOver = (first_date: string, day: number, today: string) => day === 0 || addDays(first_date, day) < today;

/** The same from rows of days. */
async function fromDays(
  db: Database,
  days: DaysScope,
  period: Period,
  { interval, grouped, today, into }: CohortsAsked,
): Promise<CohortsFound> {
  const { first_days, paid, paying } = await cohortsOfDays(db.$client, days, period, grouped);
  const cohortOf = FIRST_DAY_OF[interval];
  const placed = <Row extends { first_date: string; tag: string }>({ first_date, tag, ...row }: Row) => ({
    ...row,
    cohort: cohortOf(first_date),
    first_date,
    banner_tag: tag,
  });
  const counted = first_days.flatMap(({ first_date, tag, active }) =>
    RETENTION_DAYS.filter((day) => isOver(first_date, day, today)).map((day) =>
      placed({ first_date, tag, day, people: active.get(0) ?? 0, active: active.get(day) ?? 0 }),
    ),
  );
  return {
    counted: counted.sort(
      (one, other) => compareText(one.cohort, other.cohort) || compareText(one.banner_tag, other.banner_tag),
    ),
    paid: (await sumsOf(db, paid, into ?? "USD")).map(placed),
    paying: paying.map(placed),
  };
}

const isIncome = ({ event_type }: Paid) => (INCOME as readonly PaymentType[]).includes(event_type);
const flows = (paid: Paid[], into: string) => ({
  income: convert(paid.filter(isIncome), into),
  outgo: convert(
    paid.filter((row) => !isIncome(row)),
    into,
  ),
});

/** For each day, the people for whom it is over, and what they had paid by its end. */
type Aged = { day: number; people: number; paid: Paid[] };

function agedOf(paid: Paid[], retention: readonly { day: number; people: number }[], today: string): Aged[] {
  const income = paid.filter(isIncome).map((row) => ({ ...row, age: daysBetween(row.first_date, row.event_date) - 1 }));
  return retention.map(({ day, people }) => ({
    day,
    people,
    paid: income.filter(({ age, first_date }) => age <= day && isOver(first_date, day, today)),
  }));
}
const perPlayer = ({ people, paid }: Aged, into: string) => averageOf(convert(paid, into), people);

function convertedOf(paid: Paid[], aged: Aged[], players: number, into: string): z.output<typeof converted> {
  const { income, outgo } = flows(paid, into);
  return {
    revenue: formatExact(income.exact),
    net_amount: formatExact(income.exact - outgo.exact),
    revenue_per_player: averageOf(income, players),
    unconverted: formatAmounts(income.unconverted),
    value: aged.map((agedAt) => ({
      day: agedAt.day,
      people: agedAt.people,
      revenue_per_player: perPlayer(agedAt, into),
    })),
  };
}

function paidSince(paid: Paid[], paying: Paying[], aged: Aged[], players: number, into: string | null) {
  const { income, outgo } = flows(paid, "USD");
  return {
    paying_users: paying.reduce((sum, { people }) => sum + people, 0),
    revenue_usd: formatExact(income.exact),
    net_usd: formatExact(income.exact - outgo.exact),
    revenue_per_player_usd: averageOf(income, players),
    unconverted: formatAmounts(income.unconverted),
    value: aged.map((agedAt) => ({
      day: agedAt.day,
      people: agedAt.people,
      revenue_per_player_usd: perPlayer(agedAt, "USD"),
    })),
    ...(into !== null && { converted: convertedOf(paid, aged, players, into) }),
  };
}

/** One cohort, or all of them together. */
function cohortOf(
  { counted, paid, paying }: CohortsFound,
  { today, into }: Pick<CohortsAsked, "today" | "into">,
): CohortFigures {
  const days = RETENTION_DAYS.map((day) => {
    const countedOfDay = counted.filter((row) => row.day === day);
    const people = countedOfDay.reduce((sum, row) => sum + row.people, 0);
    const active = countedOfDay.reduce((sum, row) => sum + row.active, 0);
    return { day, people, active, rate: people > 0 ? active / people : null };
  });
  const players = days[0]?.people ?? 0;
  return {
    players,
    retention: days.slice(1),
    ...paidSince(paid, paying, agedOf(paid, days, today), players, into),
  };
}

const VALUE_COLUMNS = RETENTION_DAYS.map((day) => `day_${day}_revenue_per_player`);

/** A row of the table has a column for each day. */
const flat = ({ retention, value, converted, ...row }: CohortRow, into: string | null) => ({
  ...inOneCurrency({ ...row, ...(converted && { converted: withoutValue(converted) }) }, into),
  ...Object.fromEntries(
    value.map(({ day, revenue_per_player_usd }) => [`day_${day}_revenue_per_player_usd`, revenue_per_player_usd]),
  ),
  ...Object.fromEntries(
    converted?.value.map(({ day, revenue_per_player }) => [`day_${day}_revenue_per_player`, revenue_per_player]) ?? [],
  ),
  ...Object.fromEntries(
    retention.flatMap(({ day, people, active, rate }) => [
      [`day_${day}_people`, people],
      [`day_${day}_active`, active],
      [`day_${day}_rate`, rate],
    ]),
  ),
});

const withoutValue = ({ value: _, ...rest }: z.output<typeof converted>) => rest;

export const cohorts = report({
  id: "getCohorts",
  path: "/cohorts",
  summary: "Retention by the week of people's first day",
  description:
    "Whether those who came first in a week were active again exactly 1, 3, 7, … days after their first day.",
  role: "viewer",
  query,
  answer,
  holds: "A row for each cohort, and with `group_by=banner_tag` for the tag of people's first event.",
  tries: ["group_by=banner_tag", "interval=day", "currency=EUR"],
  // A day later, another day is over.
  reads: "now",
  keptBy: () => [],
  tagsAddUp: true,
  async read({ db, project, period, tags, days, now, query }) {
    const { project_id, timezone } = project;
    const { interval = "week", group_by } = query;
    const into = codeOf(project, query);
    const today = localTime(timezone, now).date;
    const asked = { interval, tags, grouped: group_by !== undefined, today, into };
    const { counted, paid, paying } =
      days === null ? await fromTables(db, project_id, period, asked) : await fromDays(db, days, period, asked);
    const keyOf = (row: { cohort: string; banner_tag: string }) => `${row.cohort} ${row.banner_tag}`;
    const paidBy = Map.groupBy(paid, keyOf);
    const payingBy = Map.groupBy(paying, keyOf);
    const rows = [...Map.groupBy(counted, keyOf)].map(([key, countedOfCohort]): CohortRow => {
      const [{ cohort, banner_tag }] = countedOfCohort as [Counted];
      return {
        cohort,
        ...(group_by && { banner_tag: banner_tag || null }),
        ...cohortOf({ counted: countedOfCohort, paid: paidBy.get(key) ?? [], paying: payingBy.get(key) ?? [] }, asked),
      };
    });
    return {
      body: {
        project_id,
        timezone,
        ...period,
        ...(into !== null && { currency: into }),
        interval,
        ...largest(rows, ({ players }) => players),
        total: cohortOf({ counted, paid, paying }, asked),
      },
      columns: columnsIn(
        [
          "cohort",
          ...(group_by ? [group_by] : []),
          "players",
          ...RETENTION_DAYS.slice(1).flatMap((day) => [`day_${day}_people`, `day_${day}_active`, `day_${day}_rate`]),
          ...["paying_users", "revenue_usd", "net_usd", "revenue_per_player_usd", "unconverted"],
          ...VALUE_COLUMNS.map((name) => `${name}_usd`),
        ],
        [...Object.keys(converted.shape).filter((name) => name !== "value"), ...VALUE_COLUMNS],
        into,
      ),
      rows: rows.map((row) => flat(row, into)),
    };
  },
});
