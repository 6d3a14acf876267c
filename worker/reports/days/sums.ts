/** Sums of money of days, with the rates in force on their dates, as `usd.ts` converts them. */
import { sql } from "drizzle-orm";
import { UNITS } from "../../money.ts";
import { rateInForce } from "../../rates/in-force.ts";
import type { Database } from "../../store/database.ts";
import type { Sum } from "../usd.ts";

export type Paid = { event_date: string; currency: string; payments: number; whole: number; fraction: number };

/** The rates in force, in 1e-8 USD, of currencies on dates: null where there is none. */
export async function ratesOf(
  db: Database,
  wanted: Iterable<{ currency: string; event_date: string }>,
): Promise<(currency: string, event_date: string) => number | null> {
  const pairs = new Set<string>();
  for (const { currency, event_date } of wanted) pairs.add(JSON.stringify([currency, event_date]));
  const [currency, date] = [sql.raw("(p.value ->> 0)"), sql.raw("(p.value ->> 1)")];
  const rates = await db.all<{ pair: string; rate: number | null }>(sql`
    SELECT p.value AS pair, ${rateInForce(currency, date)} AS rate FROM json_each(${`[${[...pairs].join(",")}]`}) p`);
  const known = new Map(rates.map(({ pair, rate }) => [pair, rate]));
  return (code, on) => known.get(JSON.stringify([code, on])) ?? null;
}

/** The same rows as sums that can be converted into a currency. */
export async function sumsOf<Row extends Paid>(
  db: Database,
  rows: readonly Row[],
  into = "USD",
): Promise<(Omit<Row, "payments" | "whole" | "fraction"> & Sum)[]> {
  if (rows.length === 0) return [];
  const rateOf = await ratesOf(
    db,
    rows.flatMap(({ currency, event_date }) => [
      { currency, event_date },
      { currency: into, event_date },
    ]),
  );
  return rows.map(({ payments, whole, fraction, ...row }) => ({
    ...row,
    total: payments,
    whole: String(BigInt(whole) + BigInt(Math.floor(fraction / UNITS))),
    fraction: fraction % UNITS,
    rate: rateOf(row.currency, row.event_date),
    into_rate: rateOf(into, row.event_date),
  }));
}
