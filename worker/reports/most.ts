/** Tables whose answer in JSON has a limited number of rows: the largest ones, and how many others there are. */

/** Rows of one answer in JSON. CSV and NDJSON have all. */
export const MOST_ROWS = 1_000;

/** The largest rows, in their original order, and how many are left out. */
export function largest<Row>(
  rows: readonly Row[],
  sizeOf: (row: Row) => number,
): { rows: Row[]; rows_left_out: number } {
  const rows_left_out = Math.max(0, rows.length - MOST_ROWS);
  if (rows_left_out === 0) return { rows: [...rows], rows_left_out };
  const first = rows.toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(0, MOST_ROWS);
  const kept = new Set(first);
  return { rows: rows.filter((row) => kept.has(row)), rows_left_out };
}
