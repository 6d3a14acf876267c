/** The counts of single minutes, for series that end now. */

import { type Cell, type LiveDimension, OTHER } from "./bucket.ts";

/** The counts of a minute: of a type, of one value of a dimension (`''` is none), in one currency (`''` is no money). */
export type MinuteRow = {
  /** Epoch milliseconds. */
  at: number;
  event_type: string;
  value: string;
  currency: string;
  total: number;
  /** 1/10,000 units. */
  units: bigint;
};

export type MinutesAsked = {
  /** Epoch milliseconds, `from <= at < to`. */
  from: number;
  to: number;
  /** Null: all together. */
  dimension: LiveDimension | null;
  /**
   * Only events with this value of a field, and those that were counted together (`OTHER`), which may have it. A Worker of
   * an earlier version, which may still run during an upgrade, does not pass it.
   */
  filter?: { field: LiveDimension; value: string } | null;
  banner_tags: string[] | null;
};

/** The rows of the minutes in which something was counted. */
export function minuteRows(
  minutes: Iterable<readonly [at: number, cells: Iterable<Cell>]>,
  { dimension, filter = null, banner_tags }: MinutesAsked,
): MinuteRow[] {
  const isAny = (cell: Cell) => filter !== null && cell[filter.field] === OTHER;
  const shows = (cell: Cell) =>
    (banner_tags === null || banner_tags.includes(cell.banner_tag)) &&
    (filter === null || cell[filter.field] === filter.value || isAny(cell));
  const rows: MinuteRow[] = [];
  for (const [at, cells] of minutes) {
    const minute = new Map<string, MinuteRow>();
    for (const cell of cells) {
      if (!shows(cell)) continue;
      const { event_type, currency, total, units } = cell;
      const value = isAny(cell) ? OTHER : dimension === null ? "" : cell[dimension];
      const key = [event_type, value, currency].join("\u001f");
      const row = minute.get(key) ?? { at, event_type, value, currency, total: 0, units: 0n };
      row.total += total;
      row.units += units;
      minute.set(key, row);
    }
    rows.push(...minute.values());
  }
  return rows;
}
