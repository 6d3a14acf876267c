/** The last day of something's validity, in the project's time zone: until the end of that day. */
import { addDays, localTime, startOfLocalDay } from "../worker/calendar.ts";
import { DAY_MS } from "../worker/time.ts";

/** The instant at which a day ends, ISO 8601. */
export function endOf(date: string, timezone: string): string {
  const next = addDays(date, 1);
  const noon = Date.parse(`${next}T12:00:00Z`);
  // East of the date line's noon it is the day after already.
  const within = localTime(timezone, noon).date === next ? noon : noon - DAY_MS / 2;
  return new Date(startOfLocalDay(timezone, within)).toISOString();
}

/** The last day on which something is valid. */
export const lastDayOf = (expires_at: string, timezone: string): string =>
  localTime(timezone, Date.parse(expires_at) - 1).date;
