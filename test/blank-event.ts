/** The default values of an event's columns: each maker of test events overrides the ones that its test is about. */
import { COLUMN_NAMES, LOG_COLUMNS } from "../worker/log-columns.ts";

type Blank = {
  [Name in keyof typeof LOG_COLUMNS as (typeof LOG_COLUMNS)[Name][1] extends "optional" ? Name : never]: null;
};

const { duplicate_of: _, ...BLANK } = Object.fromEntries(
  COLUMN_NAMES.filter((name) => LOG_COLUMNS[name][1] === "optional").map((name) => [name, null]),
) as Blank;
export const BLANK_EVENT = { ...BLANK, test: 0, trusted: 0 } as const;
