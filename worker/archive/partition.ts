/** The keys of objects in the bucket. Files of events are under the UTC hour of their `timestamp`, as Hive partitions. */

import { HOUR_MS, utcDate } from "../time.ts";

/** An hour is counted from 1970. */
export const hourOf = (timestamp: number): number => Math.floor(timestamp / HOUR_MS);
export const startOf = (hour: number): number => hour * HOUR_MS;

/** The UTC day of an hour. */
export const dayOf = (hour: number): string => utcDate(startOf(hour));
export const firstHourOf = (day: string): number => hourOf(Date.parse(`${day}T00:00:00Z`));

export const EVENTS = "events/";

/** Sorts as the hours do. */
export function partition(hour: number): string {
  const [date = "", time = ""] = new Date(startOf(hour)).toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${EVENTS}year=${year}/month=${month}/day=${day}/hour=${time.slice(0, 2)}/`;
}

const padded = (seq: number) => String(seq).padStart(12, "0");

/** Names one attempt to write a file, so that no two ever put the same key. */
export const newWriter = (): string => crypto.randomUUID().slice(0, 8);

/**
 * By the range of the log and not by its rows, so that the key is known before anything is written. `generation` is how
 * often the hour's files have been rewritten.
 */
export const keyOf = (hour: number, first_seq: number, last_seq: number, writer: string, generation = 0): string =>
  `${partition(hour)}${padded(first_seq)}-${padded(last_seq)}${generation === 0 ? "" : `.c${generation}`}.${writer}.parquet`;

/** The end of a key. Older keys do not name their writer, and may begin with `c` and digits. */
const ENDING = /-(?<last>\d+)(?:\.c(?<generation>\d{1,6}))?(?:\.[0-9a-f]{8})?\.parquet$/;

export const generationOf = (key: string): number => Number(ENDING.exec(key)?.groups?.generation ?? 0);

export const lastSeqOf = (key: string): number => Number(ENDING.exec(key)?.groups?.last ?? 0);

export const MANIFESTS = "manifest/";
export const manifestKey = (day: string): string => `${MANIFESTS}${day}.json`;
