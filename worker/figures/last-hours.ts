/** When each tag had its last event: the latest day that has a row, and the latest hour of that day. */
import { cellOf, HOURS } from "./counters/dimensions.ts";
import { dateOf, entriesOf, type Place } from "./day-texts.ts";
import { dateNumber } from "./edits.ts";
import { scopeName } from "./scopes.ts";
import { NONE } from "./words.ts";

/** In the project's time zone. */
export type Hour = { event_date: string; event_hour: number };

/** A row without counts has events that no figure counts. */
const LAST = `SELECT s.value AS scope, d.date, d.hours FROM json_each(?2) s
  CROSS JOIN days d ON d.day = (SELECT l.day FROM days l WHERE l.project_id = ?1 AND l.scope = s.value
    AND l.date <= ?3 AND l.counts <> '{}' ORDER BY l.date DESC LIMIT 1)`;

/** By tag, up to a day. One call: it reads one row for each tag, even if the last event was long ago. */
export async function lastHours(
  db: D1Database,
  { project_id, filter }: Place,
  tags: readonly string[],
  to: string,
): Promise<Map<string, Hour>> {
  const scopes = tags.map((tag) => scopeName(filter, tag));
  const { results } = await db
    .prepare(LAST)
    .bind(project_id, JSON.stringify(scopes), dateNumber(to))
    .all<{ scope: string; date: number; hours: string }>();
  const tagAt = scopeName(filter, "").length;
  return new Map(
    results.map(({ scope, date, hours }) => [
      scope.slice(tagAt),
      { event_date: dateOf(date), event_hour: lastHourIn(hours) },
    ]),
  );
}

/** The latest hour that had an event. */
function lastHourIn(hours: string): number {
  let last = 0;
  for (const { line, key, sums } of entriesOf(hours, "cells_by_hour")) {
    const [, events = 0] = sums;
    if (Math.floor(line / HOURS) === NONE && cellOf(key).dimension?.name === "none" && events > 0)
      last = Math.max(last, line % HOURS);
  }
  return last;
}
