/** The buckets of a period along a chart's axis. Pure. */

import { addDays, daysBetween, mondayOf } from "../../worker/calendar.ts";
import { bucketLong, bucketShort, titled } from "../format.ts";
import { bucketOf, bucketsOf, type Interval, type Period } from "../period.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";
import type { Picture } from "./picture.ts";

/** The interval of an answer's rows: the answer may still be that of the previous request. */
export function intervalIn(rows: readonly { event_hour?: number }[], { interval }: Pick<Scope, "interval">): Interval {
  if (rows[0] === undefined) return interval;
  if (rows[0].event_hour !== undefined) return "hour";
  return interval === "hour" ? "day" : interval;
}

/** The index of the bucket that is still running; later ones are in the future. Past the last index if all are over. */
export function runningBucket(period: Period, interval: Interval, today: string, hour: number): number {
  const buckets = bucketsOf(period, interval);
  if (today > period.to) return buckets.length;
  const later = buckets.findIndex(
    ({ event_date, event_hour }) => event_date > today || (event_date === today && (event_hour ?? 0) > hour),
  );
  const last = later < 0 ? buckets.length - 1 : later - 1;
  const running = buckets[last];
  if (!running || running.event_date !== bucketOf(today, interval, period)) return later < 0 ? buckets.length : last;
  return running.event_hour === undefined || running.event_hour === hour ? last : buckets.length;
}

const isWeekend = (date: string): boolean => daysBetween(mondayOf(date), date) > 5;

/** Leaves out the buckets before `first`, and those from `end` on. */
export function axisOf(
  period: Period,
  interval: Interval,
  { today, hour }: Pick<Scope, "today" | "hour">,
  first = 0,
  end = Number.POSITIVE_INFINITY,
): Pick<Picture, "bucket" | "labels" | "titles" | "days" | "weekends"> & { running: number } {
  const buckets = bucketsOf(period, interval).slice(first, end);
  return {
    bucket: titled(interval),
    labels: buckets.map(bucketShort),
    titles: buckets.map((bucket) =>
      interval === "week" ? words.chart.weekFrom(bucketLong(bucket)) : bucketLong(bucket),
    ),
    ...(period.from < period.to && {
      days: buckets.map(({ event_date: from, event_hour }, index) => {
        const next = buckets[index + 1]?.event_date;
        return { from, to: event_hour !== undefined ? from : next === undefined ? period.to : addDays(next, -1) };
      }),
    }),
    ...((interval === "day" || interval === "hour") && {
      weekends: buckets.flatMap(({ event_date }, index) => (isWeekend(event_date) ? [index] : [])),
    }),
    running: runningBucket(period, interval, today, hour) - first,
  };
}

/** The index at which a chart begins: the first bucket with an event in the period "all time", or else 0. */
export const firstOf = ({ address: { period } }: Pick<Scope, "address">, points: readonly number[]): number =>
  period === "all"
    ? Math.max(
        0,
        points.findIndex((point) => point > 0),
      )
    : 0;

/** The number of series with distinct colours; further series are summed up as `other`. */
export const COLOURS = ["visits", "registrations", "first-deposits", "deposits", "series-5", "series-6"] as const;
