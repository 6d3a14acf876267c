/** A figure over time; weeks and months are summed up from days. `period` may differ from the address's, for a comparison. */
import { localTime } from "../../worker/calendar.ts";
import type { MetricsRow } from "../../worker/reports/metrics.ts";
import type { Query } from "../answers.ts";
import { client } from "../api.ts";
import { inCurrency, inOwn } from "../currency.ts";
import type { Period } from "../period.ts";
import { aboutOf, datedOf, daysOf, query, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { AMOUNT, type AmountName, FIRST, isOfMoney } from "./series.ts";

export type Course = Period & {
  rows: Pick<MetricsRow, "event_date" | "event_hour" | "event_type" | "total" | "count">[];
  /** The currency, if the figures are amounts. */
  into?: string;
  /** What is measured, if that is no count of events by type. */
  of?: AmountName | "first_deposits";
};

const byInterval = ({ interval }: Scope) => (interval === "hour" ? "hour" : "day");

export const metrics = (scope: Scope, period: Period): Query<Course> =>
  queryAll(
    "metrics",
    { ...datedOf("metrics", scope, period), interval: byInterval(scope) } as const,
    (asked, options) => client.metrics.$get({ query: asked }, options),
  );

/** The payments of one type, in the project's currency. */
function paid(scope: Scope, period: Period, event_type: "deposit" | "refund" | "withdrawal") {
  const asked = {
    ...datedOf("revenue", scope, period),
    ...inCurrency(scope),
    interval: byInterval(scope),
    event_type,
  } as const;
  return inOwn(queryAll("revenue", asked, (asked, options) => client.revenue.$get({ query: asked }, options)));
}

export const deposited = (scope: Scope, period: Period) => paid(scope, period, "deposit");

/** NGR is computed from deposits, as in the campaign table: no other incoming payments count. */
const PAID_OF = { amount: ["deposit"], ngr: ["deposit", "refund", "withdrawal"] } as const;

/** Rows with each day's sum instead of a count: one row for each type of payment in it. */
function amounts(scope: Scope, period: Period, amountName: AmountName): Query<Course> {
  const queries = PAID_OF[amountName].map((type) => paid(scope, period, type));
  return {
    key: [amountName, ...queries.map(({ key }) => key)].join(" "),
    ask: async (signal) => {
      const answers = await Promise.all(queries.map(({ ask }) => ask(signal)));
      // A project without a rule for NGR has no such amounts: then the deposited amounts are shown.
      const ofNgr = amountName === "ngr" && answers.every(({ rows }) => rows.every((row) => row.ngr !== undefined));
      const [given] = answers;
      const course = (amountName === "ngr" && !ofNgr && given ? [given] : answers).flatMap(({ rows }) =>
        rows.map(({ event_date, event_hour, amount, ngr = "0" }) => ({
          event_date,
          ...(event_hour !== undefined && { event_hour }),
          event_type: AMOUNT,
          total: Number(ofNgr ? ngr : amount),
          count: 0,
        })),
      );
      return { ...daysOf(period), into: given?.into ?? "USD", of: ofNgr ? "ngr" : "amount", rows: course };
    },
  };
}

const HOUR_MS = 3_600_000;
/** A moment that is on a given day in a time zone: one of noon in UTC and half a day before or after is, in every zone. */
function momentOf(timezone: string, date: string): number {
  const noon = Date.parse(`${date}T12:00Z`);
  return [noon, noon - 12 * HOUR_MS].find((at) => localTime(timezone, at).date === date) ?? noon + 12 * HOUR_MS;
}

/** People by the day of their first deposit ever. */
function firstDeposits(scope: Scope, period: Period): Query<Course> {
  const { timezone } = scope;
  const asked = {
    ...aboutOf("metrics", scope),
    // The whole days in which these moments are. A moment of today may be yet to come.
    startTime: String(Math.min(momentOf(timezone, period.from), Date.now() - (Date.now() % HOUR_MS))),
    endTime: String(momentOf(timezone, period.to) + 1),
    granularity: "day",
  } as const;
  const { key, ask } = query("first_deposits", asked, (asked, options) =>
    client.metrics[":name"].$get({ param: { name: "first_deposits" }, query: asked }, options),
  );
  return {
    key,
    ask: async (signal) => ({
      ...daysOf(period),
      of: "first_deposits",
      rows: (await ask(signal)).points.map(({ time, value }) => ({
        event_date: localTime(timezone, Date.parse(time)).date,
        event_type: FIRST,
        total: Number(value),
        count: 0,
      })),
    }),
  };
}

export function course(scope: Scope, period: Period): Query<Course> {
  const { series } = scope.address;
  if (series === "first_deposits") return firstDeposits(scope, period);
  return isOfMoney(series) ? amounts(scope, period, series) : metrics(scope, period);
}
