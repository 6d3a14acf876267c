/** The series that the chart over time can show, and their points. Pure. */
import type { MetricsRow } from "../../worker/reports/metrics.ts";
import type { SERIES_NAMES } from "../address.ts";
import { type Bucket, bucketOf, bucketsOf, type Interval, type Period } from "../period.ts";
import { words } from "../words.ts";

export type SeriesName = (typeof SERIES_NAMES)[number];
export type Measure = "total" | "count";

/** The event type that stands for amounts (`query.ts`): no event can have this name. */
export const AMOUNT = "deposit amount";
/** Likewise for first deposits. */
export const FIRST = "first deposit";
export type AmountName = "amount" | "ngr";
export const isOfMoney = (name: SeriesName): name is AmountName => name === "amount" || name === "ngr";

/** The series in the counts of events by type: not amounts, and not first deposits, which have a separate report. */
export type CountedName = Exclude<SeriesName, AmountName | "first_deposits">;
export const countedOf = (name: SeriesName): CountedName =>
  isOfMoney(name) || name === "first_deposits" ? "deposits" : name;

/** Each has a colour with its name in style/tokens.css. */
export const SERIES: Record<SeriesName, { title: string; event_type: string }> = {
  visits: { title: words.common.visits, event_type: "visit" },
  registrations: { title: words.common.registrations, event_type: "registration" },
  first_deposits: { title: words.common.firstDeposits, event_type: FIRST },
  deposits: { title: words.common.deposits, event_type: "deposit" },
  amount: { title: words.common.depositAmount, event_type: AMOUNT },
  ngr: { title: words.campaigns.ngr, event_type: AMOUNT },
};

export const MEASURES = { total: words.headline.total, count: words.headline.unique } as const satisfies Record<
  Measure,
  string
>;
/** Whether a series has unique people besides the total: only by hour or day, since people of several days cannot be added up. */
export const isCounted = (interval: Interval, series: SeriesName): boolean =>
  !isOfMoney(series) && series !== "first_deposits" && (interval === "hour" || interval === "day");

const keyOf = ({ event_date, event_hour }: Bucket) => `${event_date} ${event_hour ?? ""}`;

export function pointsOf(
  rows: readonly Pick<MetricsRow, "event_date" | "event_hour" | "event_type" | Measure>[],
  period: Period,
  interval: Interval,
  event_type: string,
  measure: Measure,
): number[] {
  const found = new Map<string, number>();
  for (const row of rows) {
    if (row.event_type !== event_type) continue;
    const key = keyOf({ ...row, event_date: bucketOf(row.event_date, interval, period) });
    found.set(key, (found.get(key) ?? 0) + row[measure]);
  }
  return bucketsOf(period, interval).map((bucket) => found.get(keyOf(bucket)) ?? 0);
}
