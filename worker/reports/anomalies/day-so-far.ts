/** The share of a day's events that has come by an hour, from the day before and the same weekday a week before. */
import { addDays } from "../../calendar.ts";
import type { DaySoFar } from "./series.ts";

/** With fewer events on a day, its hours do not show a usual share. */
const ENOUGH = 50;

/** Distinct events of a day, all of them and those before the hour that has begun. */
export type PartOfDay = { event_date: string; event_type: string; banner_tag: string; total: number; early: number };

/** The days from which today's share is estimated. */
export const daysLikeToday = (today: string): [string, string] => [addDays(today, -1), addDays(today, -7)];

/** The smaller share of the days, so that no drop is reported too soon. Tags that are not watched are together under `''`. */
export function daySoFarBy(parts: readonly PartOfDay[]): DaySoFar {
  const days = new Map<string, { total: number; early: number }>();
  const key = (date: string, type: string | null, tag: string | null) => JSON.stringify([date, type, tag]);
  for (const { event_date, event_type, banner_tag, total, early } of parts) {
    for (const name of [
      key(event_date, event_type, banner_tag),
      key(event_date, event_type, null),
      key(event_date, null, null),
    ]) {
      const known = days.get(name);
      days.set(name, { total: total + (known?.total ?? 0), early: early + (known?.early ?? 0) });
    }
  }
  const dates = new Set(parts.map(({ event_date }) => event_date));
  return (type, tag) => {
    const shares = [...dates].flatMap((date) => {
      const likest = [key(date, type, tag), key(date, type, null), key(date, null, null)]
        .map((name) => days.get(name))
        .find((day) => day !== undefined && day.total >= ENOUGH);
      return likest ? [likest.early / likest.total] : [];
    });
    return shares.length > 0 ? Math.min(...shares) : 0;
  };
}
