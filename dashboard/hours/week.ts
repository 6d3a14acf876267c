/** A week of hours, Monday first. Pure. */
import type { MetricsRow } from "../../worker/reports/metrics.ts";

const HOURS = 24;
const DAYS = 7;
/** A date's place in the week: Monday is 0. */
const weekdayOf = (date: string) => (new Date(date).getUTCDay() + DAYS - 1) % DAYS;

/** Seven rows of 24 figures, and the largest of all. `measure` is people or events. */
export function weekOf(rows: readonly MetricsRow[], measure: "count" | "total"): { week: number[][]; most: number } {
  const week = Array.from({ length: DAYS }, () => new Array<number>(HOURS).fill(0));
  for (const { event_date, event_hour = 0, [measure]: figure } of rows) {
    const hours = week[weekdayOf(event_date)] as number[];
    hours[event_hour] = (hours[event_hour] ?? 0) + figure;
  }
  return { week, most: Math.max(...week.flat()) };
}
