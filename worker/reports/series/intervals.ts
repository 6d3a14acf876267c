/** A stretch of time cut into minutes, or into hours and days as the project's clock shows them. */

import { addDays, localTime, startOfLocalDay } from "../../calendar.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../time.ts";

export const GRANULARITIES = ["minute", "hour", "day"] as const;
export type Granularity = (typeof GRANULARITIES)[number];

/** Epoch milliseconds, `at <= … < until`. */
export type Interval = {
  at: number;
  until: number;
  /** The name in the rows of the sources: the minute's beginning, or `YYYY-MM-DD`, or `YYYY-MM-DD 13`. */
  name: string;
};

/**
 * The whole intervals that `from <= … < to` touches. When the clock goes back and shows an hour twice, this is one interval
 * of two hours: the log has only the hour that the clock showed.
 */
export function intervalsOf(timezone: string, granularity: Granularity, from: number, to: number): Interval[] {
  if (granularity === "minute") {
    const first = from - (from % MINUTE_MS);
    return Array.from({ length: Math.max(0, Math.ceil((to - first) / MINUTE_MS)) }, (_, index) => {
      const at = first + index * MINUTE_MS;
      return { at, until: at + MINUTE_MS, name: String(at) };
    });
  }
  const days: Interval[] = [];
  for (let at = startOfLocalDay(timezone, from); at < to; at = (days.at(-1) as Interval).until) {
    days.push({ at, until: endOfDay(timezone, at), name: localTime(timezone, at).date });
  }
  if (granularity === "day") return days;
  return days.flatMap((day) => [...hoursOf(timezone, day)]).filter(({ at, until }) => until > from && at < to);
}

function endOfDay(timezone: string, at: number): number {
  const { date } = localTime(timezone, at);
  const next = at + DAY_MS;
  const usual = localTime(timezone, next).date === addDays(date, 1) && localTime(timezone, next - 1).date === date;
  // No day is longer than 25 hours.
  return usual ? next : startOfLocalDay(timezone, at + 26 * HOUR_MS);
}

function* hoursOf(timezone: string, { at, until, name }: Interval): Generator<Interval> {
  // Clocks go forward and back by quarters of an hour, if at all.
  const step = until - at === DAY_MS ? HOUR_MS : HOUR_MS / 4;
  let start = at;
  let hour = localTime(timezone, at).hour;
  for (let next = at + step; next <= until; next += step) {
    const then = next < until ? localTime(timezone, next).hour : -1;
    if (then === hour) continue;
    yield { at: start, until: next, name: nameOfHour(name, hour) };
    start = next;
    hour = then;
  }
}

export const nameOfHour = (date: string, hour: number): string => `${date} ${hour}`;
