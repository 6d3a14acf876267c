/** Where things lie in the bucket. Files of events lie by the UTC hour of their `timestamp`, as Hive partitions. */

const HOUR_MS = 3_600_000;

/** An hour is counted from 1970. */
export const hourOf = (timestamp: number): number => Math.floor(timestamp / HOUR_MS);
export const startOf = (hour: number): number => hour * HOUR_MS;

/** The UTC day of an hour. */
export const dayOf = (hour: number): string => new Date(startOf(hour)).toISOString().slice(0, 10);
export const firstHourOf = (day: string): number => hourOf(Date.parse(`${day}T00:00:00Z`));

export const EVENTS = "events/";

/** Sorts as the hours do. */
export function partition(hour: number): string {
  const [date = "", time = ""] = new Date(startOf(hour)).toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${EVENTS}year=${year}/month=${month}/day=${day}/hour=${time.slice(0, 2)}/`;
}

const padded = (seq: number) => String(seq).padStart(12, "0");

/**
 * By the range of the log that was taken, not by the rows that were in it: known before anything is written.
 * `generation` is how often the hour's files have been merged into one.
 */
export const keyOf = (hour: number, first_seq: number, last_seq: number, generation = 0): string =>
  `${partition(hour)}${padded(first_seq)}-${padded(last_seq)}${generation === 0 ? "" : `.c${generation}`}.parquet`;

export const generationOf = (key: string): number => Number(/\.c(\d+)\.parquet$/.exec(key)?.[1] ?? 0);

export const manifestKey = (day: string): string => `manifest/${day}.json`;
