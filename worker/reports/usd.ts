/**
 * Sums of money in another currency: in USD, or in a project's own. Sums are kept in the currency they came in and
 * converted when they are read, each by the rate in force on its event's date: the latest that is not after the date
 * and not more than 7 days before it. So a rate that arrives late fills in the past, and a later date's rate never
 * touches it. USD is always 1.
 *
 * Sums are exact and rounded once, at the end, half to even. Only where the target is not USD, each date's sum is
 * divided by that date's rate and kept to 12 places. Amounts without a rate in force are shown separately, never dropped. Where
 * a currency that the euro replaced has no rate, its rate is computed from the euro's by the fixed units for a euro.
 */
import { type SQL, sql } from "drizzle-orm";
import { divide, formatMoney, UNITS } from "../money.ts";
import { rateInForce } from "../rates/in-force.ts";
import { RATE_UNITS } from "../rates/rate.ts";

/** 12 places: what a product of an amount (4) and a rate (8) needs. */
export const EXACT_UNITS = BigInt(UNITS) * BigInt(RATE_UNITS);

const literal = (number: number | bigint) => sql.raw(String(number));

/**
 * What a query selects of rows of `payments` or `money_summary`, grouped by at least `event_date` and `currency`, to be
 * converted into a currency. As text where it may exceed the 2^53 that D1's JSON can carry.
 */
export const sums = (into = "USD"): SQL => sql`event_date, currency, sum(total) AS total,
  CAST(sum(whole) + sum(fraction) / ${literal(UNITS)} AS TEXT) AS whole, sum(fraction) % ${literal(UNITS)} AS fraction,
  ${rateInForce(sql`currency`, sql`event_date`)} AS rate, ${rateInForce(sql`${into}`, sql`event_date`)} AS into_rate`;

export type Sum = {
  event_date: string;
  currency: string;
  /** Distinct events. */
  total: number;
  whole: string;
  fraction: number;
  /** In 1e-8 USD; null where none is in force. */
  rate: number | null;
  into_rate: number | null;
};

/** A sum in 1/10,000 units of its currency. */
export const unitsOf = ({ whole, fraction }: Pick<Sum, "whole" | "fraction">): bigint =>
  BigInt(whole) * BigInt(UNITS) + BigInt(fraction);

export type Converted = {
  /** In 1e-12 of the target currency. */
  exact: bigint;
  /** How many events that is. */
  total: number;
  /** 1/10,000 units, by currency: what has no rate in force. */
  unconverted: Map<string, bigint>;
};

/** `into` is the currency that `sums` selected the rates of, or USD, whose rate is always 1. */
export function convert(rows: readonly Sum[], into = "USD"): Converted {
  const converted: Converted = { exact: 0n, total: 0, unconverted: new Map() };
  /** In 1e-12 USD, by date. */
  const foreign = new Map<string, { usd: bigint; into_rate: bigint }>();
  for (const row of rows) {
    const units = unitsOf(row);
    const into_rate = into === "USD" ? RATE_UNITS : row.into_rate;
    if (row.currency === into) {
      converted.exact += units * BigInt(RATE_UNITS);
    } else if (row.rate === null || into_rate === null) {
      converted.unconverted.set(row.currency, (converted.unconverted.get(row.currency) ?? 0n) + units);
      continue;
    } else {
      const { usd } = foreign.get(row.event_date) ?? { usd: 0n };
      foreign.set(row.event_date, { usd: usd + units * BigInt(row.rate), into_rate: BigInt(into_rate) });
    }
    converted.total += row.total;
  }
  for (const { usd, into_rate } of foreign.values()) {
    converted.exact += divide(usd * BigInt(RATE_UNITS), into_rate);
  }
  return converted;
}

/** Exact money as a decimal, rounded to 4 places. */
export const formatExact = (exact: bigint): string => formatMoney(divide(exact, BigInt(RATE_UNITS)));

/** Exact money over a number of events or people; null where there are none. */
export const formatAverage = (exact: bigint, over: number): string | null =>
  over > 0 ? formatMoney(divide(exact, BigInt(RATE_UNITS) * BigInt(over))) : null;

/** The same of a converted sum; null also where a part of it has no rate, since the whole is not known. */
export const averageOf = ({ exact, unconverted }: Converted, over: number): string | null =>
  unconverted.size > 0 ? null : formatAverage(exact, over);

/** Amounts by currency, as decimals. */
export const formatAmounts = (amounts: ReadonlyMap<string, bigint>): Record<string, string> =>
  Object.fromEntries(
    [...amounts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, units]) => [code, formatMoney(units)]),
  );

/** The same in one cell of a table. */
export const amountsCell = (amounts: Record<string, string>): string =>
  Object.entries(amounts)
    .map(([code, amount]) => `${amount} ${code}`)
    .join(" ");

/**
 * The same in SQL, for sums that are compared and sorted in the database: of normalised columns, whole USD and 1e-12 USD
 * below one. Nothing on the way exceeds 63 bits while the sum itself is below 9e18 USD: a rate is at most 1,000 USD.
 */
export function exactUsd(whole: SQL, fraction: SQL, rate: SQL): { whole: SQL; rest: SQL } {
  const places = literal(RATE_UNITS);
  const exact = literal(EXACT_UNITS);
  const wholes = sql`(${whole} + ${fraction} / ${literal(UNITS)})`;
  const fractions = sql`(${fraction} % ${literal(UNITS)})`;
  const below = sql`(${wholes} % ${places} * (${rate} % ${places}))`;
  const rest = sql`(${below} % ${places} * ${literal(UNITS)} + ${fractions} * ${rate} % ${exact})`;
  return {
    whole: sql`(${wholes} * (${rate} / ${places}) + ${wholes} / ${places} * (${rate} % ${places}) + ${below} / ${places}
      + ${fractions} * ${rate} / ${exact} + ${rest} / ${exact})`,
    rest: sql`(${rest} % ${exact})`,
  };
}
