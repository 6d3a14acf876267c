/** Counts over sliding windows: pure, with time passed in. Seconds carry the last hour, minutes the last day. */

/** What live figures can be broken down by; `''` is none. */
export const LIVE_DIMENSIONS = ["banner_tag", "country", "device"] as const;
export type LiveDimension = (typeof LIVE_DIMENSIONS)[number];

/** A counted event as the live figures need it. */
export type LiveEvent = {
  seq: number;
  event_id: string;
  event_type: string;
  player_id: string | null;
  banner_tag: string;
  country: string;
  device: string;
  app_id: string;
  amount: number | null;
  currency: string | null;
  /** When it happened, or when it was received where its clock runs ahead; epoch milliseconds. */
  at: number;
};

/** Counts by `event_type`, or by `event_type ␟ dimension ␟ value`. */
export type Cells = Record<string, number>;
const SEPARATOR = "\u001f";

export type Window = {
  total: number;
  by_type: Record<string, number>;
  banner_tags: { banner_tag: string; total: number; by_type: Record<string, number> }[];
  countries: { country: string; total: number }[];
  devices: { device: string; total: number }[];
};

export const WINDOWS = { "1m": 60, "5m": 300, "60m": 3_600 } as const;
export type WindowName = keyof typeof WINDOWS | "today";

/** How long buckets are kept: an hour of seconds; a local day of up to 25 hours, and one to spare. */
export const SECONDS_KEPT = 3_600;
export const MINUTES_KEPT = 26 * 60;
const TOP = 10;

export function cellsOf(event: LiveEvent): string[] {
  return [
    event.event_type,
    ...LIVE_DIMENSIONS.map((dimension) => [event.event_type, dimension, event[dimension]].join(SEPARATOR)),
  ];
}

export function add(into: Cells, cells: Cells): void {
  for (const [cell, count] of Object.entries(cells)) into[cell] = (into[cell] ?? 0) + count;
}

/**
 * What the cells say. Limited to some tags, it says what counts for those; countries and devices are not kept by tag,
 * and stay empty then.
 */
export function describe(cells: Cells, tags: string[] | null): Window {
  const by_type: Record<string, number> = {};
  const values: Record<LiveDimension, Map<string, Record<string, number>>> = {
    banner_tag: new Map(),
    country: new Map(),
    device: new Map(),
  };
  for (const [cell, count] of Object.entries(cells)) {
    const [type, dimension, value = ""] = cell.split(SEPARATOR) as [string, LiveDimension?, string?];
    if (dimension === undefined) {
      if (tags === null) by_type[type] = count;
    } else if (tags === null || (dimension === "banner_tag" && tags.includes(value))) {
      if (tags !== null) by_type[type] = (by_type[type] ?? 0) + count;
      const known = values[dimension].get(value);
      if (known) known[type] = count;
      else values[dimension].set(value, { [type]: count });
    }
  }
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, count) => all + count, 0);
  const top = (dimension: LiveDimension) =>
    [...values[dimension]]
      .map(([value, types]) => ({ value, total: sum(types), by_type: types }))
      .sort((a, b) => b.total - a.total || (a.value < b.value ? -1 : 1))
      .slice(0, TOP);
  return {
    total: sum(by_type),
    by_type,
    banner_tags: top("banner_tag").map(({ value, ...counts }) => ({ banner_tag: value, ...counts })),
    countries: top("country").map(({ value, total }) => ({ country: value, total })),
    devices: top("device").map(({ value, total }) => ({ device: value, total })),
  };
}

/** Sums the buckets `from <= key < to`. */
export function sumBetween(buckets: Map<number, Cells>, from: number, to: number): Cells {
  const sum: Cells = {};
  for (const [at, cells] of buckets) if (at >= from && at < to) add(sum, cells);
  return sum;
}
