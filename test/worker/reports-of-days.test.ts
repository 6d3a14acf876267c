/** Reports from rows of days against the same reports from the tables: every answer is the same to the byte. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { append } from "../../worker/event-log/append.ts";
import { figuresBy } from "../../worker/projections/figures.ts";
import { advance } from "../../worker/projections/runner.ts";
import { figuresBy as aggregated, foundInTables } from "../../worker/reports/aggregate/figures.ts";
import { REPORT_TYPE_NAMES, REPORT_TYPES } from "../../worker/reports/aggregate/report-types.ts";
import { FIRST_DEPOSIT } from "../../worker/reports/anomalies/series.ts";
import { type Watch, watchFromTables } from "../../worker/reports/anomalies/sources.ts";
import { foundInDays } from "../../worker/reports/days/aggregate.ts";
import { watchFromDays } from "../../worker/reports/days/anomalies.ts";
import type { FieldFilter } from "../../worker/reports/field-filter.ts";
import { bothWays, type Question } from "./both-ways.ts";
import { aHistory, type Clock, eventsOf, WINDOW } from "./figures-histories.ts";
import { histories } from "./histories.ts";
import { createProject, db, keepToTables, settle, TABLES } from "./log.ts";

// It looks into the tables.
beforeAll(keepToTables);

/** Every combination of one item of each list; empty items are left out. */
const each = (...lists: string[][]): string[] =>
  lists.reduce(
    (queries, list) => queries.flatMap((query) => list.map((part) => [query, part].filter(Boolean).join("&"))),
    [""],
  );
const grouped = (parameter: string, ...values: string[]) => ["", ...values.map((value) => `${parameter}=${value}`)];

/** The histories are from the last two days of October to the first days of November. */
const PERIODS = [
  "from=2026-10-28&to=2026-11-10",
  "from=2026-10-31&to=2026-11-02",
  "from=2026-11-01&to=2026-11-01",
  "from=2026-11-20&to=2026-11-21",
];
const TIMES = [
  "startTime=2026-10-29T00:00:00Z&endTime=2026-11-08T00:00:00Z",
  "startTime=2026-11-01T03:30:00Z&endTime=2026-11-01T22:00:00Z",
];
const NAMES = ["visits", "registrations", "events", "revenue", "arpu", "daily_active_users", "conversion_rate"];

const ADDRESSES = [
  ...each(
    PERIODS,
    grouped("group_by", "banner_tag", "country", "device", "app_id"),
    ["", "interval=hour"],
    ["", "event_type=deposit"],
  ).map((query) => `/metrics?${query}`),
  ...each(TIMES, ["granularity=day", "granularity=hour"], grouped("dimension", "banner_tag", "app_id")).flatMap(
    (query) => NAMES.map((name) => `/metrics/${name}?${query}`),
  ),
  ...each(TIMES, ["granularity=day"], grouped("dimension", "banner_tag")).map(
    (query) => `/metrics/first_deposits?${query}`,
  ),
  ...each(TIMES, ["granularity=day", "granularity=hour"], ["dimension=country", "dimension=device"]).flatMap((query) =>
    ["events", "daily_active_users"].map((name) => `/metrics/${name}?${query}`),
  ),
  ...each(PERIODS, [
    "",
    "compare=previous",
    "compare=previous&compare_until=2026-11-01",
    "compare=custom&compare_from=2026-11-01&compare_to=2026-11-30",
    "sort=banner_tag",
    "sort=amount",
  ])
    .filter((query) => !query.includes("compare_until") || !query.includes("2026-11-20"))
    .map((query) => `/campaigns?${query}`),
  ...each(PERIODS, ["", "by=event_date"], ["", "group_by=banner_tag"]).map((query) => `/funnel?${query}`),
  ...each(PERIODS, ["", "group_by=banner_tag"], grouped("interval", "day", "month")).map(
    (query) => `/cohorts?${query}`,
  ),
  ...each(
    PERIODS,
    grouped("group_by", "app_id", "platform", "currency", "banner_tag"),
    ["", "interval=hour"],
    grouped("event_type", "deposit", "purchase", "refund"),
  ).map((query) => `/revenue?${query}`),
  ...each(PERIODS, ["group_by=currency"], ["limit=2"]).map((query) => `/revenue?${query}`),
  ...PERIODS.map((period) => `/anomalies?${period}`),
  ...each(PERIODS, ["interval=weekday"], ["", "event_type=deposit"]).map((query) => `/metrics?${query}`),
  ...each(PERIODS, ["currency=project"]).flatMap((query) => [`/revenue?${query}`, `/cohorts?${query}`]),
  "/kpis?date=2026-10-31&currency=EUR",
  ...["2026-10-30", "2026-10-31", "2026-11-01", "2026-11-03"].map((date) => `/kpis?date=${date}`),
];

/** The figures of cells by one value of a field. */
const FIELDS: FieldFilter[] = [
  { field: "country", value: "MT" },
  { field: "country", value: "FI" },
  { field: "device", value: "mobile" },
  { field: "app_id", value: "slots" },
];
const OF_A_FIELD = FIELDS.flatMap((field): Pick<Question, "address" | "field">[] => {
  const divisions = ["banner_tag", field.field];
  const money = field.field === "app_id" ? ["revenue"] : [];
  return [
    ...each(PERIODS, grouped("group_by", ...divisions), ["", "interval=hour"]).map((query) => `/metrics?${query}`),
    ...each(TIMES, ["granularity=day", "granularity=hour"], grouped("dimension", ...divisions)).flatMap((query) =>
      ["visits", "conversion_rate", "daily_active_users", ...money].map((name) => `/metrics/${name}?${query}`),
    ),
    ...PERIODS.map((period) => `/metrics?${period}&interval=weekday`),
    ...(field.field === "app_id"
      ? each(["date=2026-10-31", "date=2026-11-01"], grouped("currency", "EUR")).map((query) => `/kpis?${query}`)
      : []),
  ].map((address) => ({ address, field }));
});

const aQuestion = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      address: fc.constantFrom(...ADDRESSES),
      tags: fc.constantFrom<(string[] | null)[]>(null, null, [""], ["a"], ["b"], ["naïve tag'--"], []),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...OF_A_FIELD), fc.constantFrom<(string[] | null)[]>(null, ["a"], [""]))
      .map(([asked, tags]) => ({ ...asked, tags })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      address: fc.constantFrom(...ADDRESSES.filter((address) => /^\/(?:funnel|cohorts)/.test(address))),
      tags: fc.constantFrom<string[][]>(["a", "b"], ["", "naïve tag'--"]),
    }),
  },
);

const DATES = Array.from({ length: 12 }, (_, day) =>
  new Date(Date.parse("2026-10-28") + day * 86_400_000).toISOString().slice(0, 10),
);

/** Some currencies have a rate only on some days: on others their amounts are reported as unconverted. */
const setRates = (dates: readonly string[]) =>
  env.DB.batch([
    env.DB.prepare("DELETE FROM exchange_rates"),
    ...dates.map((date, n) =>
      env.DB.prepare("INSERT INTO exchange_rates VALUES ('EUR', ?, ?, 'test', 0)").bind(
        date,
        108_000_000 + n * 12_345_678,
      ),
    ),
  ]);

/**
 * The figures that are searched for anomalies. First deposits of tags with few of them are summed up as others; the share of a
 * day that has passed is known only for days with enough events, so today's anomalies are compared in `anomalies.test.ts`.
 */
const comparable = ({ counted, left_out }: Watch) => {
  const firsts = counted.filter(({ event_type }) => event_type === FIRST_DEPOSIT);
  const dates = new Set(firsts.flatMap(({ totals }) => Object.keys(totals)));
  const on = (date: string) => firsts.reduce((sum, { totals }) => sum + (totals[date] ?? 0), 0);
  return {
    left_out,
    counted: counted.filter((one) => !firsts.includes(one)),
    first_deposits: Object.fromEntries([...dates].sort().map((date) => [date, on(date)])),
  };
};

async function expectWatch(project_id: string): Promise<void> {
  const window = { from: "2026-10-28", to: "2026-11-08", hour: 13 };
  const asked = ["b"];
  const tables = await watchFromTables(db, project_id, window, asked);
  const days = await watchFromDays(
    env.DB,
    { project_id, filter: null, tags: null, field: null, since: null },
    window,
    asked,
  );
  expect(comparable(days)).toEqual(comparable(tables));
}

/** Kept reports of a day, a week and a month. */
async function expectAggregates(project_id: string): Promise<void> {
  const period = { from: DATES[0] as string, to: DATES.at(-1) as string };
  for (const type of REPORT_TYPE_NAMES) {
    const tables = await foundInTables(db, project_id, type, period);
    const days = await foundInDays(db, project_id, type, period);
    for (const from_date of new Set(DATES.map(REPORT_TYPES[type].firstDay)))
      expect(aggregated(days)(from_date), `${type} ${from_date}`).toEqual(aggregated(tables)(from_date));
    expect(days.seq).toBe(tables.seq);
  }
}

let answers = 0;

describe("reports of rows of days", () => {
  it("equal those of the tables for everybody and each tag, whatever the events and their order", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        aHistory,
        fc.array(aQuestion, { minLength: 90, maxLength: 90 }),
        fc.subarray(DATES, { maxLength: 3 }),
        async ({ actions, layout }, questions, rates) => {
          run++;
          const projects: Clock[] = [
            { project_id: `both-${run}-one`, timezone: "America/New_York" },
            { project_id: `both-${run}-two`, timezone: "UTC" },
          ];
          for (const [n, { project_id, timezone }] of projects.entries())
            await createProject(project_id, { timezone, attribution_days: WINDOW, currency: n === 0 ? "EUR" : "USD" });
          await setRates(rates);
          const step = async (limit?: number) => (await advance(env, db, figuresBy(layout), Date.now(), limit)).behind;
          for (const action of actions) {
            const events = eventsOf(action, projects);
            await append(db, events);
            if (action.again) await append(db, events.toReversed());
            if (action.run !== null) await step(action.run);
          }
          while ((await step()) > 0);
          await settle(TABLES);
          for (const { project_id } of projects) {
            await expectWatch(project_id);
            await expectAggregates(project_id);
          }
          for (const [n, question] of questions.entries()) {
            const { project_id } = projects[n % 3 === 0 ? 1 : 0] as Clock;
            const asked = { project_id, ...question };
            const { tables, days } = await bothWays(asked);
            expect(days, JSON.stringify(asked)).toEqual(tables);
            answers++;
          }
        },
      ),
      histories(5),
    );
    console.log(JSON.stringify({ message: "answers compared", answers, of: ADDRESSES.length }));
  }, 3_600_000);
});
