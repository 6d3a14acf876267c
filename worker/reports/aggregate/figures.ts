/** The figures of a kept report, from the tables. `../days/aggregate.ts` reads the same from rows of days. */

import { sql } from "drizzle-orm";
import { ANY_TAG } from "../../figures/scopes.ts";
import { INCOME } from "../../money.ts";
import { LEAST_CURSOR } from "../../projections/catch-up.ts";
import { type Database, transact } from "../../store/database.ts";
import { words } from "../../store/sql.ts";
import type { Period } from "../period.ts";
import { convert, formatAmounts, formatAverage, formatExact, type Sum, sums } from "../usd.ts";
import { REPORT_TYPES, type ReportType } from "./report-types.ts";

export type Figures = {
  total_spins: number;
  total_purchases: number;
  avg_purchase: string | null;
  revenue_usd: string;
  unconverted: Record<string, string>;
  most_spent_app: string | null;
  players: number;
  events: number;
};

type Paid = Sum & { from_date: string; app_id: string; event_type: (typeof INCOME)[number] };

/** Events, people and payments, each by the first day of a report; `seq` is the place in the log that the tables had reached. */
export type Found = {
  counts: { from_date: string; events: number; spins: number; purchases: number }[];
  people: { from_date: string; people: number }[];
  paid: Paid[];
  seq: number;
};

export async function foundInTables(
  db: Database,
  project_id: string,
  type: ReportType,
  { from, to }: Period,
): Promise<Found> {
  const { first } = REPORT_TYPES[type];
  const within = sql`project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to}`;
  // In one transaction, so that all are from the same moment.
  const read = await transact(db, [
    sql`SELECT ${first} AS from_date, sum(total) AS events,
        ifnull(sum(total) FILTER (WHERE event_type = 'spin'), 0) AS spins,
        ifnull(sum(total) FILTER (WHERE event_type = 'purchase'), 0) AS purchases
      FROM daily_metrics WHERE ${within} GROUP BY 1`,
    sql`SELECT ${first} AS from_date, sum(people) AS people FROM returns
      WHERE ${within} AND banner_tag = ${ANY_TAG} AND previous_date < ${first} GROUP BY 1`,
    sql`SELECT ${first} AS from_date, app_id, event_type, ${sums()} FROM payments
      WHERE ${within} AND event_type IN (${words(INCOME)})
      GROUP BY 1, app_id, event_type, event_date, currency`,
    sql`SELECT ${LEAST_CURSOR} AS seq`,
  ]);
  const [counts = [], people = [], paid = [], cursor = []] = read.map(({ results }) => results) as [
    Found["counts"],
    Found["people"],
    Found["paid"],
    { seq: number }[],
  ];
  return { counts, people, paid, seq: cursor[0]?.seq ?? 0 };
}

/** The figures of a report by its first day. */
export const figuresBy =
  ({ counts, people, paid }: Found) =>
  (from_date: string): Figures => {
    const count = counts.find((row) => row.from_date === from_date);
    const income = paid.filter((row) => row.from_date === from_date);
    const purchases = income.filter(({ event_type }) => event_type === "purchase");
    const { exact, unconverted } = convert(income);
    const bought = convert(purchases);
    return {
      total_spins: count?.spins ?? 0,
      total_purchases: count?.purchases ?? 0,
      avg_purchase: formatAverage(bought.exact, bought.total),
      revenue_usd: formatExact(exact),
      unconverted: formatAmounts(unconverted),
      most_spent_app: mostSpent(purchases),
      players: people.find((row) => row.from_date === from_date)?.people ?? 0,
      events: count?.events ?? 0,
    };
  };

/** The app with the largest sum in USD; where sums are equal, the first by name. */
function mostSpent(purchases: readonly Paid[]): string | null {
  const apps = [...Map.groupBy(purchases, ({ app_id }) => app_id)]
    .filter(([app_id]) => app_id !== "")
    .map(([app_id, purchasesOfApp]) => ({ app_id, exact: convert(purchasesOfApp).exact }))
    .filter(({ exact }) => exact > 0n)
    .sort((a, b) => (a.exact !== b.exact ? (a.exact > b.exact ? -1 : 1) : a.app_id < b.app_id ? -1 : 1));
  return apps[0]?.app_id ?? null;
}
