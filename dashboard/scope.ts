/** What every report on the page is about, settled from the address, the project's clock and the time. */
import { localTime } from "../worker/calendar.ts";
import type { Address } from "./address.ts";
import { type Interval, intervalOf, type Period, resolve } from "./period.ts";

export type Scope = Period & {
  address: Address;
  interval: Interval;
  timezone: string;
  /** The project's own date and hour now. */
  today: string;
  hour: number;
};

export function scopeOf(address: Address, timezone: string, now: number): Scope {
  const { date: today, hour } = localTime(timezone, now);
  const period = resolve(address.period, today);
  return { ...period, address, interval: intervalOf(period), timezone, today, hour };
}
