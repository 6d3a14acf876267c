/** The course over time; weeks and months are summed up from days. `period` may be another one, to compare with. */
import type { MetricsRow } from "../../worker/reports/metrics.ts";
import type { Query } from "../answers.ts";
import { client } from "../api.ts";
import { inCurrency, inOwn } from "../currency.ts";
import type { Period } from "../period.ts";
import { datedOf, daysOf, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { AMOUNT, type AmountName, isOfMoney } from "./series.ts";

export type Course = Period & {
  rows: Pick<MetricsRow, "event_date" | "event_hour" | "event_type" | "total" | "count">[];
  /** The currency, where it is of amounts, and of which. */
  into?: string;
  of?: AmountName;
};

const byInterval = ({ interval }: Scope) => (interval === "hour" ? "hour" : "day");

export const metrics = (scope: Scope, period: Period): Query<Course> =>
  queryAll(
    "metrics",
    { ...datedOf("metrics", scope, period), interval: byInterval(scope) } as const,
    (asked, options) => client.metrics.$get({ query: asked }, options),
  );

/** What was paid of one type, in the project's currency. */
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

/** NGR is of deposits, as in the campaign table: of what was paid, no other payments come in. */
const PAID_OF = { amount: ["deposit"], ngr: ["deposit", "refund", "withdrawal"] } as const;

/** Each day's sum in the place of its count: a row for each type of payment that it is made of. */
function amounts(scope: Scope, period: Period, of: AmountName): Query<Course> {
  const queries = PAID_OF[of].map((type) => paid(scope, period, type));
  return {
    key: [of, ...queries.map(({ key }) => key)].join(" "),
    ask: async (signal) => {
      const answers = await Promise.all(queries.map(({ ask }) => ask(signal)));
      const course = answers.flatMap(({ rows }) =>
        rows.map(({ event_date, event_hour, amount, ngr = "0" }) => ({
          event_date,
          ...(event_hour !== undefined && { event_hour }),
          event_type: AMOUNT,
          total: Number(of === "ngr" ? ngr : amount),
          count: 0,
        })),
      );
      const [{ into = "USD" } = {}] = answers;
      return { ...daysOf(period), into, of, rows: course };
    },
  };
}

export const course = (scope: Scope, period: Period): Query<Course> =>
  isOfMoney(scope.address.series) ? amounts(scope, period, scope.address.series) : metrics(scope, period);
