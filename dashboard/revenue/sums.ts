/** Revenue summed up exactly, for each group and each bucket of a chart. Pure. */
import { type Bucket, bucketOf, bucketsOf, type Interval, type Period } from "../period.ts";
import { addOf, sumOf } from "../sums.ts";
import type { Group, RevenueRow } from "./query.ts";

/** The group of a row: null if it is not known. */
export const namedBy = (row: RevenueRow, group: Group): string | null =>
  group === "none" ? null : (row[group] ?? null);

const COUNTS = ["purchases", "deposits", "refunds", "withdrawals"] as const;
const AMOUNTS = ["amount", "refunded", "withdrawn", "net_amount"] as const;
const WITHOUT_RATE = ["unconverted", "refunded_unconverted", "withdrawn_unconverted"] as const;
export type Summed = { value: string | null; total: string | null; into: string } & Record<
  (typeof COUNTS)[number],
  number
> &
  Record<(typeof AMOUNTS)[number], string> &
  Record<(typeof WITHOUT_RATE)[number], Record<string, string>>;

/** Rows of several days as one. People of several days cannot be added up. */
export function summed(rows: readonly RevenueRow[], value: string | null): Summed {
  const count = (name: (typeof COUNTS)[number]) => rows.reduce((all, row) => all + row[name], 0);
  const amount = (name: (typeof AMOUNTS)[number]) => sumOf(rows.map((row) => row[name]));
  const without = (name: (typeof WITHOUT_RATE)[number]) => addOf(rows.map((row) => row[name]));
  return {
    value,
    into: rows[0]?.into ?? "USD",
    total: rows[0]?.total === undefined ? null : sumOf(rows.map(({ total = "0" }) => total)),
    purchases: count("purchases"),
    deposits: count("deposits"),
    refunds: count("refunds"),
    withdrawals: count("withdrawals"),
    amount: amount("amount"),
    refunded: amount("refunded"),
    withdrawn: amount("withdrawn"),
    net_amount: amount("net_amount"),
    unconverted: without("unconverted"),
    refunded_unconverted: without("refunded_unconverted"),
    withdrawn_unconverted: without("withdrawn_unconverted"),
  };
}

export const byGroup = (rows: readonly RevenueRow[], group: Group): Summed[] =>
  [...Map.groupBy(rows, (row) => namedBy(row, group))]
    .map(([value, rowsOfGroup]) => summed(rowsOfGroup, value))
    .sort((a, b) => Number(b.amount) - Number(a.amount));

const keyOf = ({ event_date, event_hour }: Bucket) => `${event_date} ${event_hour ?? ""}`;

/** The payments of each bucket, as floating-point numbers for a chart. */
export function pointsOf(rows: readonly RevenueRow[], period: Period, interval: Interval): number[] {
  const found = Map.groupBy(rows, (row) => keyOf({ ...row, event_date: bucketOf(row.event_date, interval, period) }));
  return bucketsOf(period, interval).map((bucket) =>
    Number(sumOf((found.get(keyOf(bucket)) ?? []).map(({ amount }) => amount))),
  );
}
