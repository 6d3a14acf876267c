/** Counts by day or hour, type and dimension, from rows of days. */

import { readCells } from "../../figures/cells-reader.ts";
import type { DimensionName } from "../../figures/counters/dimensions.ts";
import type { Period } from "../period.ts";
import { byTag, type DaysScope, dimensionOf, readByTag, together } from "./scope.ts";

type Asked = {
  /** Null is every type. */
  types: readonly string[] | null;
  group_by: DimensionName | undefined;
  hourly: boolean;
};

export type CountRow = { event_date: string; event_hour?: number; event_type: string; count: number; total: number };

/**
 * A row for each day or hour, type and value of the dimension. The property with the dimension's name has the value, `''`
 * where there is none. Counts by tag are read from the rows of all tags; where the scope has tags or a field, from the rows of
 * each tag.
 */
export async function countsOfDays(
  db: D1Database,
  scope: DaysScope,
  { from, to }: Period,
  { types, group_by, hourly }: Asked,
): Promise<(CountRow & Record<string, string | number>)[]> {
  const ofTags = group_by === "banner_tag" && readByTag(scope);
  const asked = { ...scope, from, to, wanted: ofTags ? byTag(scope) : together(scope) };
  const cells = await readCells(db, asked, { hourly, types, ...dimensionOf(scope, ofTags ? undefined : group_by) });
  return cells.map(({ tag, event_date, event_hour, event_type, value, people, events }) => ({
    event_date,
    ...(event_hour !== null && { event_hour }),
    event_type,
    ...(group_by && { [group_by]: ofTags ? (tag ?? "") : value }),
    count: people,
    total: events,
  }));
}
