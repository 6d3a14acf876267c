/** The periods of reports: which are over, and which are still to be sent. Dates are in the project's time zone. */
import { addDays, localTime, mondayOf } from "../calendar.ts";
import type { Period } from "../reports/period.ts";

export const EVERY = ["day", "week", "month"] as const;
export type Every = (typeof EVERY)[number];

/** After a long outage only this many reports are sent, the newest ones. */
const MOST_MISSED = 7;

const firstOfMonth = (date: string) => `${date.slice(0, 7)}-01`;

/** The first day of the period that contains a date. */
const startOf: Record<Every, (date: string) => string> = {
  day: (date) => date,
  week: mondayOf,
  month: firstOfMonth,
};

/** The last period that ended before a date. */
export function lastBefore(every: Every, date: string): Period {
  const to = addDays(startOf[every](date), -1);
  return { from: startOf[every](to), to };
}

/** The last period whose report may be sent: on the day after its end, only from `hour` on. */
export function newestPeriod(timezone: string, every: Every, hour: number, now: number): Period {
  const { date, hour: current } = localTime(timezone, now);
  const newest = lastBefore(every, date);
  return addDays(newest.to, 1) === date && current < hour ? lastBefore(every, newest.from) : newest;
}

/** The periods from the day after `sent_to` to the newest, the oldest first. */
export function periodsDue(every: Every, sent_to: string, newest: Period): Period[] {
  const due: Period[] = [];
  for (let period = newest; period.to > sent_to && due.length < MOST_MISSED; period = lastBefore(every, period.from))
    due.unshift(period);
  return due;
}

export const titleOf = (every: Every, { from, to }: Period): string => {
  if (every === "day") return from;
  if (every === "month") return from.slice(0, 7);
  return `${from} to ${to}`;
};
