/** The dimensions by which the figures of a day are divided, as data. */
import type { Seen } from "../state.ts";
import { MOST_WORDS } from "../words.ts";
import { isPayers } from "./income.ts";

export type DimensionName = "none" | "country" | "device" | "app_id" | "platform" | "banner_tag" | "currency";
type Dimension = {
  name: DimensionName;
  /** The field of the event that has the value; null where nothing is divided. */
  field: Exclude<keyof Seen, "hour" | "event_type" | "way"> | null;
  /** Whether it divides only the figures of all tags together, as the tag itself does. */
  everybody?: true;
  /** Whether it divides only the payers. */
  payers?: true;
};

/** In the order of their numbers. Stored rows contain these numbers, so a new dimension goes to the end. */
export const DIMENSIONS = [
  { name: "none", field: null },
  { name: "country", field: "country" },
  { name: "device", field: "device" },
  { name: "app_id", field: "app_id" },
  { name: "platform", field: "platform" },
  { name: "banner_tag", field: "banner_tag", everybody: true },
  { name: "currency", field: "currency", payers: true },
] as const satisfies readonly Dimension[];

const numberOf = (name: DimensionName): number => DIMENSIONS.findIndex((dimension) => dimension.name === name);
export const UNDIVIDED = numberOf("none");
export const APP_ID = numberOf("app_id");

/** A dimension and one of its values, as one number. */
export const cellKey = (dimension: number, value: number): number => dimension * MOST_WORDS + value;
export const cellOf = (key: number) => ({
  dimension: DIMENSIONS[Math.floor(key / MOST_WORDS)],
  value: key % MOST_WORDS,
});

type Placed = { number: number; bit: number; field: Dimension["field"] };

const placed = (chosen: (dimension: Dimension) => boolean): readonly Placed[] =>
  DIMENSIONS.map((dimension: Dimension, number) => ({ dimension, number, bit: 1 << number, field: dimension.field }))
    .filter(({ dimension }) => chosen(dimension))
    .map(({ number, bit, field }) => ({ number, bit, field }));

const BY = {
  everybody: placed(({ payers }) => !payers),
  tag: placed(({ payers, everybody }) => !payers && !everybody),
  everybodyWhoPaid: placed(() => true),
  tagWhoPaid: placed(({ everybody }) => !everybody),
};

/** The dimensions that divide a scope's figures of a type, or of the payers. */
export const dimensionsOf = (everybody: boolean, event_type: number): readonly Placed[] => {
  if (isPayers(event_type)) return everybody ? BY.everybodyWhoPaid : BY.tagWhoPaid;
  return everybody ? BY.everybody : BY.tag;
};

/** The dimensions in which two events have the same value, as bits. */
export function alike(one: Seen, other: Seen): number {
  let bits = 0;
  for (let number = 0; number < DIMENSIONS.length; number++) {
    const field = DIMENSIONS[number]?.field ?? null;
    if (field === null || one[field] === other[field]) bits |= 1 << number;
  }
  return bits;
}

export const HOURS = 24;
/** The number of a line is that of its type; in the parts by hour the hour comes first. */
export const hourLine = (line: number, hour: number): number => line * HOURS + hour;
