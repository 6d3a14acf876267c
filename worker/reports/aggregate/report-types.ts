/** The periods of kept reports: the first day of the period that contains a date; in SQL, that day and the last one. */
import { sql } from "drizzle-orm";
import { mondayOf } from "../../calendar.ts";

export const REPORT_TYPES = {
  daily: { firstDay: (date: string) => date, first: sql`event_date`, last: sql`from_date` },
  weekly: {
    firstDay: mondayOf,
    first: sql`date(event_date, '-6 days', 'weekday 1')`,
    last: sql`date(from_date, '+6 days')`,
  },
  monthly: {
    firstDay: (date: string) => `${date.slice(0, 7)}-01`,
    first: sql`date(event_date, 'start of month')`,
    last: sql`date(from_date, '+1 month', '-1 day')`,
  },
} as const;
export type ReportType = keyof typeof REPORT_TYPES;
export const REPORT_TYPE_NAMES = Object.keys(REPORT_TYPES) as ReportType[];
