/** What every report on the page is about: it follows from the address, the project's time zone, the time and the asker. */
import { localTime } from "../worker/calendar.ts";
import type { Principal } from "../worker/http/principal.ts";
import type { Address } from "./address.ts";
import { type Interval, intervalOf, isHourly, type Period, resolve } from "./period.ts";

export type Scope = Period & {
  address: Address;
  principal: Principal;
  project_id: string;
  interval: Interval;
  timezone: string;
  /** The present date and hour in the project's time zone. */
  today: string;
  hour: number;
};

export type Known = { project_id: string; timezone: string };

/** Amounts may be hidden from the reader. First deposits have no figures by hour, so the last 24 hours do not show them. */
const hidesSeries = ({ series, period }: Address, { hide_amounts }: Principal) =>
  series === "first_deposits" ? isHourly(period) : hide_amounts === true && (series === "amount" || series === "ngr");

export function scopeOf(address: Address, { project_id, timezone }: Known, principal: Principal, now: number): Scope {
  const { date: today, hour } = localTime(timezone, now);
  const period = resolve(address.period, today);
  const asked = intervalOf(period, address.interval);
  const interval = asked === "hour" && address.series === "first_deposits" && !isHourly(address.period) ? "day" : asked;
  const shown = hidesSeries(address, principal) ? { ...address, series: "visits" as const } : address;
  return { ...period, address: shown, principal, project_id, interval, timezone, today, hour };
}
