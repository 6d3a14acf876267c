/** Quiet hours: a message that becomes due in them is sent when they end. */
import { addDays, instantOf, localMinute, localTime } from "../calendar.ts";

export type Quiet = { quiet_from: string | null; quiet_to: string | null };

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** When a message that is due at `now` may be sent. Quiet hours are of the project's clock, and may go over midnight. */
export function sendableAt(timezone: string, { quiet_from, quiet_to }: Quiet, now: number): number {
  if (quiet_from === null || quiet_to === null) return now;
  const [minute, from, to] = [localMinute(timezone, now), minuteOf(quiet_from), minuteOf(quiet_to)];
  const quiet = from < to ? minute >= from && minute < to : minute >= from || minute < to;
  if (!quiet) return now;
  const { date } = localTime(timezone, now);
  const day = minute < to ? date : addDays(date, 1);
  return Math.max(now, instantOf(timezone, Date.parse(`${day}T${quiet_to}:00Z`)));
}
