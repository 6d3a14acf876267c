/** What is watched: for each tag, and for all of them together, volumes by type and the steps of conversion, by day. */
import { addDays, daysBetween } from "../../calendar.ts";

/** Counted events of one day, type and tag; the tag is "" where there is none. `total` is distinct events. */
export type Counted = { event_date: string; event_type: string; banner_tag: string; total: number };

/** How first deposits are named among the counts: they are no type of event, so no event can have this name. */
export const FIRST_DEPOSIT = "first deposit";

/** Steps whose rate is watched: so many of one for each of the other, on the same day. */
export const CONVERSIONS = [
  { measure: "visit_to_registration", of: "visit", to: "registration" },
  { measure: "registration_to_first_deposit", of: "registration", to: FIRST_DEPOSIT },
] as const;

export type Series = {
  /** An event type, or a step of conversion. */
  measure: string;
  conversion: boolean;
  /** Null: all tags, and what has none. */
  banner_tag: string | null;
  /** By day, from the first day of the window on. */
  values: number[];
  /** What a day's value is a rate of: its visits for registrations per visit, 1 for a volume. */
  bases: number[];
  /** The first day, as an index, on which there was anything: before it nothing can be missed. */
  begins: number;
};

const firstOf = (values: number[]) => values.findIndex((value) => value > 0);

/** The series of a window of days. Days without a row count as zero: silence leaves no rows. */
export function seriesOf(rows: readonly Counted[], window: { from: string; to: string }): Series[] {
  const length = daysBetween(window.from, window.to);
  const indexOf = new Map(Array.from({ length }, (_, index) => [addDays(window.from, index), index]));
  const counts = new Map<string | null, Map<string, number[]>>();
  const add = (tag: string | null, type: string, index: number, total: number) => {
    const ofTag = counts.get(tag) ?? (counts.set(tag, new Map()).get(tag) as Map<string, number[]>);
    const values = ofTag.get(type) ?? (ofTag.set(type, new Array(length).fill(0)).get(type) as number[]);
    values[index] = (values[index] as number) + total;
  };
  for (const { event_date, event_type, banner_tag, total } of rows) {
    const index = indexOf.get(event_date);
    if (index === undefined) continue;
    add(null, event_type, index, total);
    // What has no tag is watched as part of all.
    if (banner_tag !== "") add(banner_tag, event_type, index, total);
  }
  return [...counts].flatMap(([banner_tag, ofTag]) => [
    ...[...ofTag]
      .filter(([type]) => type !== FIRST_DEPOSIT)
      .map(([measure, values]) => ({
        measure,
        conversion: false,
        banner_tag,
        values,
        bases: new Array<number>(length).fill(1),
        begins: firstOf(values),
      })),
    ...CONVERSIONS.flatMap(({ measure, of, to }) => {
      const [bases, values] = [ofTag.get(of), ofTag.get(to)];
      if (!bases || !values) return [];
      return [{ measure, conversion: true, banner_tag, values, bases, begins: firstOf(values) }];
    }),
  ]);
}
