/** Figures of days as plain records, for comparing them. */
import { type Changes, lineOf } from "../../worker/figures/changes.ts";
import type { PersonEvent } from "../../worker/figures/person-event.ts";

/** Each sum that is not nothing, by scope, date, part, line and key. */
export function sumsOf(changes: Changes): Record<string, number[]> {
  const all: Record<string, number[]> = {};
  for (const [scope, dates] of changes.scopes)
    for (const [date, day] of dates)
      for (const [number, tally] of day.lines) {
        const { part, line } = lineOf(number);
        for (const [key, sums] of tally.entries()) all[[scope, date, part, line, key].join(" ")] = sums;
      }
  return all;
}

/** Where a history may be cut: between events of different moments. */
export const cutsOf = (events: readonly PersonEvent[]): number[] =>
  events.flatMap((event, index) => (index > 0 && events[index - 1]?.at !== event.at ? [index] : []));
