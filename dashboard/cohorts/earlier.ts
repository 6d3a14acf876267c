/** Matches the cohorts of an earlier period with those of this one: each day is compared at the same age. Pure. */
import { addDays, daysBetween } from "../../worker/calendar.ts";
import type { Period } from "../period.ts";
import type { Held } from "./compared.ts";
import type { Cohort, CohortRow, Cohorts } from "./query.ts";

const monthOf = (date: string): number => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;
const firstOfMonth = (month: number): string =>
  `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}-01`;

/**
 * Maps a cohort of this period to the one at the same position in the earlier period. Null if weeks or months begin at different
 * positions in the two: part of a week would be compared with a whole one.
 */
export function earlierOf(interval: Cohort, now: Period, before: Period): ((cohort: string) => string) | null {
  const days = daysBetween(before.from, now.from) - 1;
  if (interval === "month")
    return now.from.slice(8) === before.from.slice(8)
      ? (cohort) => firstOfMonth(monthOf(cohort) - monthOf(now.from) + monthOf(before.from))
      : null;
  return interval === "day" || days % 7 === 0 ? (cohort) => addDays(cohort, -days) : null;
}

/** Finds a row, and the row of the same tag in the earlier cohort. */
export function heldBy({ current, earlier }: Held, interval: Cohort) {
  const cohortBefore = earlierOf(interval, current, earlier);
  const nameOf = (cohort: string, { banner_tag }: CohortRow) => `${cohort} ${banner_tag ?? ""}`;
  const named = ({ rows }: Cohorts) => new Map(rows.map((row) => [nameOf(row.cohort, row), row]));
  const [now, before] = [named(current), named(earlier)];
  return (row: CohortRow) => {
    const is = now.get(nameOf(row.cohort, row));
    const was = cohortBefore ? before.get(nameOf(cohortBefore(row.cohort), row)) : undefined;
    return is && was && { current: is, earlier: was };
  };
}
