/** Invented exchange rates for the currencies of the demo: an instance without the daily feed would convert nothing. */
import { addDays } from "../../worker/calendar.ts";
import type { Instance } from "../instance.ts";

/** About how many USD a unit is worth. */
const WORTH: Readonly<Record<string, number>> = { EUR: 1.16, GBP: 1.34, SEK: 0.105 };
export const CURRENCIES: readonly string[] = [...Object.keys(WORTH), "USD"];

/** For how many days a rate stays in force. */
const IN_FORCE = 7;

type Dated = { currency_code: string; rate_date: string };
export type Rate = Dated & { usd_rate: string; data_source: string };

const keyOf = ({ currency_code, rate_date }: Dated) => `${currency_code} ${rate_date}`;

/**
 * A rate for each day of the period on which a currency has none in force. The period ends yesterday, whose rate is in force
 * today, so today's rate is left to the feed.
 */
export function missingRates(known: readonly Dated[], from: string, to: string): Rate[] {
  const have = new Set(known.map(keyOf));
  const rates: Rate[] = [];
  for (const [currency_code, worth] of Object.entries(WORTH)) {
    for (let rate_date = from, day = 0; rate_date <= to; rate_date = addDays(rate_date, 1), day++) {
      const inForce = Array.from({ length: IN_FORCE + 1 }, (_, before) => addDays(rate_date, -before));
      if (inForce.some((date) => have.has(keyOf({ currency_code, rate_date: date })))) continue;
      const usd_rate = (worth * (1 + 0.01 * Math.sin(day / 3))).toFixed(6);
      rates.push({ currency_code, rate_date, usd_rate, data_source: "demo" });
    }
  }
  return rates;
}

/** Loads the rates that these days lack, and returns how many; 0 where the key may not do this. */
export async function bringRates({ url, key }: Instance, from: string, to: string): Promise<number> {
  const address = `${url}/api/v1/exchange-rates`;
  const headers = { authorization: `Bearer ${key}` };
  const known: Dated[] = [];
  for (const currency_code of Object.keys(WORTH)) {
    const query = new URLSearchParams({ currency_code, from: addDays(from, -IN_FORCE), to, limit: "1000" });
    const listed = await fetch(`${address}?${query}`, { headers });
    if (!listed.ok) return 0;
    known.push(...((await listed.json()) as { rows: Dated[] }).rows);
  }
  const rates = missingRates(known, from, to);
  if (rates.length === 0) return 0;
  const body = JSON.stringify({ rates });
  const loaded = await fetch(address, { method: "POST", headers, body });
  await loaded.body?.cancel();
  return loaded.ok ? rates.length : 0;
}
