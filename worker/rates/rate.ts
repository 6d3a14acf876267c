/** An exchange rate: USD for one unit of a currency, a decimal with at most 8 places, held as an integer of 1e-8 USD. */
import { type SQL, sql } from "drizzle-orm";

export const RATE_UNITS = 100_000_000;
const PLACES = 8;

/** No currency is worth more than this many USD; it also keeps every product of an amount and a rate within 63 bits. */
const LARGEST_WHOLE = 1_000n;

export type Rate = {
  currency_code: string;
  /** `YYYY-MM-DD`. */
  rate_date: string;
  /** 1e-8 USD for one unit. */
  usd_rate: number;
  /** Where it comes from, such as `ecb`. */
  data_source: string;
};

export const isRate = (rate: bigint): boolean => rate > 0n && rate <= LARGEST_WHOLE * BigInt(RATE_UNITS);

/** `"1.0825"` → `108250000`. Null for anything that is not such a decimal above 0, or is above 1,000. */
export function parseRate(text: string): number | null {
  const parts = /^(\d{1,4})(?:\.(\d{1,8}))?$/.exec(text);
  if (!parts) return null;
  const rate = BigInt(parts[1] as string) * BigInt(RATE_UNITS) + BigInt((parts[2] ?? "").padEnd(PLACES, "0"));
  return isRate(rate) ? Number(rate) : null;
}

/** `108250000` → `"1.08250000"`. */
export function formatRate(rate: number): string {
  return `${Math.trunc(rate / RATE_UNITS)}.${String(rate % RATE_UNITS).padStart(PLACES, "0")}`;
}

/**
 * Inserts rates; a rate of the same currency and date is replaced where `replaces` is true, an SQL condition over the old row
 * and the new one, `excluded`. Every load has a different `loaded_at`, in epoch milliseconds: the latest one shows whether
 * converted amounts may have changed.
 */
export const storeRates = (rates: readonly Rate[], now: number, replaces = sql`true`): SQL => sql`
  INSERT INTO exchange_rates (currency_code, rate_date, usd_rate, data_source, loaded_at)
  SELECT value ->> 'currency_code', value ->> 'rate_date', value ->> 'usd_rate', value ->> 'data_source',
    max(CAST(${now} AS INTEGER), (SELECT ifnull(max(loaded_at), 0) + 1 FROM exchange_rates))
  FROM json_each(${JSON.stringify(rates)}) WHERE true
  ON CONFLICT DO UPDATE SET usd_rate = excluded.usd_rate, data_source = excluded.data_source,
    loaded_at = excluded.loaded_at
  WHERE ${replaces}`;
