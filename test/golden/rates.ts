/** Exchange rates as a bank publishes them: on working days, with a long weekend, currencies that start late, and an outage. */
import { chance } from "./chance.ts";

export type Rate = { currency_code: string; rate_date: string; usd_rate: string; data_source: string };

const DAY = 86_400_000;
const FIRST = Date.parse("2025-09-15T00:00:00Z");
const LAST = Date.parse("2025-11-20T00:00:00Z");
/** Friday and Monday: with the weekend between them, four days without a rate. */
const HOLIDAYS = ["2025-10-10", "2025-10-13"];

const SERIES = [
  { currency_code: "EUR", around: 117_000_000, from: "2025-09-15", outage: null },
  // No earlier rates: the first days are unconverted.
  { currency_code: "JPY", around: 667_123, from: "2025-09-25", outage: null },
  // An outage so long that the last rate becomes too old.
  { currency_code: "KWD", around: 325_400_000, from: "2025-09-15", outage: { from: "2025-10-20", to: "2025-11-04" } },
] as const;

/** A rate in 1/10^8 USD as a decimal. */
const decimal = (units: number) =>
  `${Math.floor(units / 100_000_000)}.${String(units % 100_000_000).padStart(8, "0")}`.replace(/\.?0+$/, "");

export function goldenRates(seed = 3): Rate[] {
  const { whole } = chance(seed);
  const rates: Rate[] = [];
  for (let at = FIRST; at <= LAST; at += DAY) {
    const rate_date = new Date(at).toISOString().slice(0, 10);
    const weekend = [0, 6].includes(new Date(at).getUTCDay());
    for (const { currency_code, around, from, outage } of SERIES) {
      const usd_rate = decimal(around + whole(-Math.floor(around / 50), Math.floor(around / 50)));
      const out = outage !== null && rate_date >= outage.from && rate_date <= outage.to;
      if (weekend || HOLIDAYS.includes(rate_date) || rate_date < from || out) continue;
      rates.push({ currency_code, rate_date, usd_rate, data_source: "golden" });
    }
  }
  return rates;
}
