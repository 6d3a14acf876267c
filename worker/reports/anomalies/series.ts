/** What is watched by day, for each tag and for all events together: the number of events by type, and conversion rates. */
import { addDays, daysBetween } from "../../calendar.ts";
import type { Period } from "../period.ts";

/** The counted events of a type and tag ("" is none): distinct events by date. */
export type Counted = { event_type: string; banner_tag: string; totals: Record<string, number> };

/** The name of first deposits among the event types: no event type can have it. */
export const FIRST_DEPOSIT = "first deposit";

/** The conversion rates that are watched: the count of `to` for each `of`, on the same day. */
export const CONVERSIONS = [
  { measure: "visit_to_registration", of: "visit", to: "registration" },
  { measure: "registration_to_first_deposit", of: "registration", to: FIRST_DEPOSIT },
] as const;

export type Series = {
  /** An event type, or a conversion rate. */
  measure: string;
  conversion: boolean;
  /** Null: all events, with or without a tag. */
  banner_tag: string | null;
  /** By day, from the first day of the window on. */
  values: number[];
  /** What a day's value is divided by: for registrations per visit the visits; for a volume the share of its events due by now. */
  bases: number[];
};

/** A series with a smaller sum over the whole window is not watched: nothing would be reported about it. */
export const LEAST = 20;

/** For a volume, the share of the day's events that has usually come by now; 0 where it is not known. */
export type DaySoFar = (event_type: string, banner_tag: string | null) => number;

type ByType = Map<string, number[]>;

/** Counts by tag, type and day. A day without a count is 0: silence leaves no rows. */
function countsOf(counted: readonly Counted[], window: Period): Map<string | null, ByType> {
  const days = Array.from({ length: daysBetween(window.from, window.to) }, (_, day) => addDays(window.from, day));
  const counts = new Map<string | null, ByType>([[null, new Map()]]);
  for (const { event_type, banner_tag, totals } of counted) {
    const values = days.map((day) => totals[day] ?? 0);
    const all = counts.get(null) as ByType;
    all.set(event_type, all.get(event_type)?.map((value, day) => value + (values[day] as number)) ?? values);
    // Events without a tag are watched only as a part of all events.
    if (banner_tag === "") continue;
    const countsOfTag = counts.get(banner_tag) ?? new Map();
    counts.set(banner_tag, countsOfTag.set(event_type, values));
  }
  return counts;
}

/** The series of a window of days. `soFar` is null where the last day is over. */
export function seriesOf(counted: readonly Counted[], window: Period, soFar: DaySoFar | null): Series[] {
  const series = [...countsOf(counted, window)].flatMap(([banner_tag, byType]) => [
    ...[...byType]
      .filter(([type]) => type !== FIRST_DEPOSIT)
      .map(([measure, values]) => {
        const bases = values.map(() => 1);
        if (soFar) bases[bases.length - 1] = soFar(measure, banner_tag);
        return { measure, conversion: false, banner_tag, values, bases };
      }),
    ...CONVERSIONS.flatMap(({ measure, of: base, to }) => {
      const values = byType.get(to);
      if (!values) return [];
      // A day that is not over has no rate: who visits now may register later in the day.
      const bases = values.map((_, day) => (soFar && day === values.length - 1 ? 0 : (byType.get(base)?.[day] ?? 0)));
      return [{ measure, conversion: true, banner_tag, values, bases }];
    }),
  ]);
  return series.filter(({ values }) => values.reduce((all, value) => all + value, 0) >= LEAST);
}
