/** The course over time; weeks and months are summed up from days. `period` may be another one, to compare with. */
import type { MetricsRow } from "../../worker/reports/metrics.ts";
import type { Query } from "../answers.ts";
import { client } from "../api.ts";
import { inOwn, OWN } from "../currency.ts";
import type { Period } from "../period.ts";
import { datedOf, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { AMOUNT } from "./series.ts";

export type Course = Period & {
  rows: Pick<MetricsRow, "event_date" | "event_hour" | "event_type" | "total" | "count">[];
  /** The currency, where it is of amounts. */
  into?: string;
};

const byInterval = ({ interval }: Scope) => (interval === "hour" ? "hour" : "day");

export const metrics = (scope: Scope, period: Period): Query<Course> =>
  queryAll(
    "metrics",
    { ...datedOf("metrics", scope, period), interval: byInterval(scope) } as const,
    (asked, options) => client.metrics.$get({ query: asked }, options),
  );

/** What was deposited, in the project's currency. */
export function deposited(scope: Scope, period: Period) {
  const asked = {
    ...datedOf("revenue", scope, period),
    ...OWN,
    interval: byInterval(scope),
    event_type: "deposit",
  } as const;
  return inOwn(queryAll("revenue", asked, (asked, options) => client.revenue.$get({ query: asked }, options)));
}

/** Each day's sum in the place of its count. */
function amounts(scope: Scope, period: Period): Query<Course> {
  const { ask, ...query } = deposited(scope, period);
  return {
    ...query,
    ask: async (signal) => {
      const { from, to, into, rows } = await ask(signal);
      const course = rows.map(({ event_date, event_hour, amount }) => ({
        event_date,
        ...(event_hour !== undefined && { event_hour }),
        event_type: AMOUNT,
        total: Number(amount),
        count: Number(amount),
      }));
      return { from, to, into, rows: course };
    },
  };
}

export const course = (scope: Scope, period: Period): Query<Course> =>
  scope.address.series === "amount" ? amounts(scope, period) : metrics(scope, period);
