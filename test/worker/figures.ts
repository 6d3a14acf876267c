/** The log in segments, whose tables no migration creates; and sums as plain records, for comparison. */
import { env } from "cloudflare:workers";
import { type Changes, lineOf } from "../../worker/figures/changes.ts";
import type { PersonEvent } from "../../worker/figures/person-event.ts";
import { TABLES } from "../../worker/figures/tables.ts";

/** Each sum that is not zero, by scope, date, part, line and key. */
export function sumsOf(changes: Changes, nameOf = (scope: number) => String(scope)): Record<string, number[]> {
  const all: Record<string, number[]> = {};
  for (const [scope, dates] of changes.scopes)
    for (const [date, day] of dates)
      for (const [number, tally] of day.lines) {
        const { part, line } = lineOf(number);
        for (const [key, sums] of tally.entries()) all[[nameOf(scope), date, part, line, key].join(" ")] = sums;
      }
  return all;
}

/** The positions at which a history may be split: between events of different moments. */
export const cutsOf = (events: readonly PersonEvent[]): number[] =>
  events.flatMap((event, index) => (index > 0 && events[index - 1]?.at !== event.at ? [index] : []));

export async function makeTables(): Promise<void> {
  await env.DB.batch(TABLES.map((text) => env.DB.prepare(text)));
}

const NAMES = [
  ...["log_segments", "log_id_pages", "log_ids", "log_transactions"],
  ...["words", "people", "people_past", "visitor_pages", "days"],
];

export async function emptyTables(): Promise<void> {
  await env.DB.batch([
    ...NAMES.map((name) => env.DB.prepare(`DELETE FROM ${name}`)),
    env.DB.prepare("UPDATE log_state SET ids_cursor = 0, cursor = 0"),
  ]);
}
