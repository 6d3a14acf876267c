/**
 * The parts of a day's row, as data: each part is a table of sums in one of the row's columns. To add a part, add a line at
 * the end of `PARTS` and a counter in `counters/` that fills it, and rebuild the days.
 */

/** The columns of a day's row. Those that many reports read come first, since SQLite reads all text before a column. */
export const COLUMNS = ["counts", "life", "cells", "hours"] as const;
export type Column = (typeof COLUMNS)[number];

/** How many sums an entry has: people and events; payments, whole units and ten-thousandths; only people; or only events. */
type Part = { column: Column; sums: 1 | 2 | 3 };

export const PARTS = {
  /** By type, over all dimensions: plain JSON, so that the table can be read in SQL. */
  counts: { column: "counts", sums: 2 },
  /** Line: a type, any type, or the payers. Key: dimension and value. */
  cells: { column: "cells", sums: 2 },
  /** Line: type and currency. Key: dimension and value. */
  money: { column: "cells", sums: 3 },
  /** As `cells` and `money`, by hour: the line begins with the hour. */
  cells_by_hour: { column: "hours", sums: 2 },
  money_by_hour: { column: "hours", sums: 3 },
  /** Key: the active day before this one; 0 where there is none. */
  returns: { column: "life", sums: 1 },
  /** Key: a first day. Of the people who were first active on it: who is active on this day, and who pays for the first time. */
  retained: { column: "life", sums: 1 },
  first_payers: { column: "life", sums: 1 },
  /** Line: the first day of the people. Key: type and currency. */
  cohort_money: { column: "life", sums: 3 },
  /** Line: what the date in the key means, see `counters/depositors.ts`. */
  depositors: { column: "life", sums: 1 },
  /** Line: anchor, step and day of the visit. Key: milliseconds since the step before, plus one; 0 where that is not known. */
  funnel: { column: "life", sums: 1 },
  /** Line: the outcome of events, and the reason. Key: the hour in which they arrived, since 1970. */
  outcomes: { column: "life", sums: 1 },
  /** Line: a group of payers. Key: the last day before this one on which they paid; 0 where there is none. */
  payers: { column: "life", sums: 1 },
  /** Line: people active on their first day, or people who deposit on the day of their first deposit. Key: none, or the app. */
  firsts: { column: "life", sums: 1 },
} as const satisfies Record<string, Part>;

export type PartName = keyof typeof PARTS;
export const PART_NAMES = Object.keys(PARTS) as PartName[];
