/** The days a report is about: presets, stepping, and what an answer's buckets are. Dates are `YYYY-MM-DD`. */
import { addDays, daysBetween, mondayOf } from "../worker/calendar.ts";
import type { Period } from "../worker/reports/period.ts";
import { words } from "./words.ts";

export type { Period };

const startOfMonth = (date: string) => `${date.slice(0, 7)}-01`;
const endOfMonth = (date: string) => addDays(startOfMonth(addDays(startOfMonth(date), 31)), -1);
const lastDays = (days: number) => (today: string) => ({ from: addDays(today, 1 - days), to: today });

function lastWeek(today: string): Period {
  const to = addDays(mondayOf(today), -1);
  return { from: mondayOf(to), to };
}

function lastMonth(today: string): Period {
  const to = addDays(startOfMonth(today), -1);
  return { from: startOfMonth(to), to };
}

/** In the order of the menu. */
export const PRESETS = {
  today: { title: words.common.today, of: lastDays(1) },
  yesterday: {
    title: words.periods.yesterday,
    of: (today: string) => ({ from: addDays(today, -1), to: addDays(today, -1) }),
  },
  /** The last 24 hours are in two days: reports by day show both. */
  "24h": { title: words.periods.last24Hours, of: lastDays(2), hourly: true },
  "2d": { title: words.periods.yesterdayAndToday, of: lastDays(2) },
  "7d": { title: words.periods.last7Days, of: lastDays(7) },
  week: { title: words.periods.thisWeek, of: (today: string) => ({ from: mondayOf(today), to: today }) },
  last_week: { title: words.periods.lastWeek, of: lastWeek },
  "28d": { title: words.periods.last28Days, of: lastDays(28) },
  "30d": { title: words.periods.last30Days, of: lastDays(30) },
  "91d": { title: words.periods.last91Days, of: lastDays(91) },
  month: { title: words.periods.thisMonth, of: (today: string) => ({ from: startOfMonth(today), to: today }) },
  last_month: { title: words.periods.lastMonth, of: lastMonth },
  year: { title: words.periods.thisYear, of: (today: string) => ({ from: `${today.slice(0, 4)}-01-01`, to: today }) },
  "182d": { title: words.periods.last6Months, of: lastDays(182) },
  "365d": { title: words.periods.last12Months, of: lastDays(365) },
  all: { title: words.common.allTime, of: (today: string) => ({ from: "2020-01-01", to: today }) },
} as const satisfies Record<string, { title: string; of: (today: string) => Period; hourly?: true }>;

export type Preset = keyof typeof PRESETS;
export const PRESET_NAMES = Object.keys(PRESETS) as Preset[];
export const isPreset = (name: string): name is Preset => Object.hasOwn(PRESETS, name);
/** It begins and ends within a day; not every view has such figures. */
export const isHourly = (choice: Choice): boolean => typeof choice === "string" && "hourly" in PRESETS[choice];

/** A preset, which moves with the calendar, or two fixed days. */
export type Choice = Preset | Period;

export const resolve = (choice: Choice, today: string): Period =>
  typeof choice === "string" ? PRESETS[choice].of(today) : choice;

/** The preset that equals these days today, so that the address is still right tomorrow. */
export function choiceOf(period: Period, today: string): Choice {
  const preset = PRESET_NAMES.find((name) => {
    if (isHourly(name)) return false;
    const { from, to } = PRESETS[name].of(today);
    return from === period.from && to === period.to;
  });
  return preset ?? period;
}

/** As many days before or after; whole months step by months. Null where that would begin in the future. */
export function step(period: Period, direction: -1 | 1, today: string): Period | null {
  const { from, to } = period;
  const wholeMonth = from === startOfMonth(from) && to === endOfMonth(from);
  const days = daysBetween(from, to) * direction;
  const start = wholeMonth ? startOfMonth(direction < 0 ? addDays(from, -1) : addDays(to, 1)) : addDays(from, days);
  if (start > today) return null;
  return { from: start, to: wholeMonth ? endOfMonth(start) : addDays(to, days) };
}

export type Interval = "hour" | "day" | "week" | "month";

/** The intervals of a period: with neither too few points nor too many. */
export function intervalsOf(period: Period): [Interval, ...Interval[]] {
  const days = daysBetween(period.from, period.to);
  if (days <= 2) return ["hour"];
  if (days <= 7) return ["day", "hour"];
  if (days <= 120) return ["day", "week"];
  return days <= 400 ? ["week", "day", "month"] : ["month", "week"];
}
export const intervalOf = (period: Period, asked: Interval | "auto"): Interval => {
  const intervals = intervalsOf(period);
  return intervals.find((interval) => interval === asked) ?? intervals[0];
};

/** `event_date` is the first day of it, or the period's own where that begins later. */
export type Bucket = { event_date: string; event_hour?: number };

const START = { hour: (date: string) => date, day: (date: string) => date, week: mondayOf, month: startOfMonth };

/** The bucket of a date, in a period that may begin in the middle of it. */
export function bucketOf(event_date: string, interval: Interval, { from }: Period): string {
  const start = START[interval](event_date);
  return start < from ? from : start;
}

/** Every bucket of the period, whether anything happened in it or not. */
export function bucketsOf(period: Period, interval: Interval): Bucket[] {
  const { from, to } = period;
  const days = Array.from({ length: daysBetween(from, to) }, (_, index) => addDays(from, index));
  if (interval === "hour")
    return days.flatMap((event_date) => Array.from({ length: 24 }, (_, event_hour) => ({ event_date, event_hour })));
  return [...new Set(days.map((date) => bucketOf(date, interval, period)))].map((event_date) => ({ event_date }));
}

const DAY_HOURS = 24;

/**
 * The last 24 hours by the clock, the running one included, and the 24 before them: the days whose hours must be known,
 * and where both lie among these.
 */
export function lastHours(today: string, hour: number) {
  const end = 2 * DAY_HOURS + hour + 1;
  return { days: { from: addDays(today, -2), to: today }, before: end - 2 * DAY_HOURS, begin: end - DAY_HOURS, end };
}
