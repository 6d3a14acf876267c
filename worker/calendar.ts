/** Dates and hours as a project's own clock shows them. A date is `YYYY-MM-DD`. */

import { DAY_MS, HOUR_MS, iso, utcDate } from "./time.ts";

const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(timezone: string): Intl.DateTimeFormat {
  let known = clocks.get(timezone);
  if (!known) {
    known = new Intl.DateTimeFormat("en-CA", {
      timeZone: timezone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    clocks.set(timezone, known);
  }
  return known;
}

/** The local date and hour (0–23) of an instant, in epoch milliseconds. */
export function localTime(timezone: string, at: number): { date: string; hour: number } {
  if (timezone === "UTC") {
    const text = iso(at);
    return { date: text.slice(0, 10), hour: Number(text.slice(11, 13)) };
  }
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of clock(timezone).formatToParts(at)) part[type] = value;
  return { date: `${part.year}-${part.month}-${part.day}`, hour: Number(part.hour) };
}

/** What the zone's clocks show at an instant: epoch milliseconds of the same date and time in UTC. */
function wallOf(timezone: string, at: number): number {
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of clock(timezone).formatToParts(at)) part[type] = value;
  const { year, month, day, hour, minute, second } = part;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + (at - Math.floor(at / 1_000) * 1_000);
}

/** The minute of the local day at an instant, 0 to 1439. */
export const localMinute = (timezone: string, at: number): number =>
  Math.floor((wallOf(timezone, at) % DAY_MS) / (HOUR_MS / 60));

/**
 * The instant at which the zone's clocks show `wall`, a date and time as epoch milliseconds in UTC. What they show twice is
 * the first time; what they skip is as much later as they were put forward.
 */
export function instantOf(timezone: string, wall: number): number {
  if (timezone === "UTC") return wall;
  // By the zone's offsets before and after a possible change on that day.
  const by = (day: number) => wall - (wallOf(timezone, day) - day);
  const [before, after] = [by(wall - DAY_MS), by(wall + DAY_MS)];
  return wallOf(timezone, before) !== wall && wallOf(timezone, after) === wall ? after : before;
}

/** The first instant of the local day of `at`, also where the clocks change on that day. */
export function startOfLocalDay(timezone: string, at: number): number {
  const { date } = localTime(timezone, at);
  // A day has 23 to 25 hours and begins on a quarter of an hour (Nepal, Chatham): walk back by hours, then by quarters.
  let start = at - (at % (HOUR_MS / 4));
  while (localTime(timezone, start - HOUR_MS).date === date) start -= HOUR_MS;
  while (localTime(timezone, start - HOUR_MS / 4).date === date) start -= HOUR_MS / 4;
  return start;
}

export function isTimezone(name: string): boolean {
  try {
    clock(name);
    return true;
  } catch {
    return false;
  }
}

export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(at) && iso(at).startsWith(text);
}

export function addDays(date: string, days: number): string {
  return utcDate(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS);
}

/** The Monday of a date's week. */
export function mondayOf(date: string): string {
  return addDays(date, -((new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7));
}

/** Whole days from one date to another, the last one included: the same day is 1. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS) + 1;
}
