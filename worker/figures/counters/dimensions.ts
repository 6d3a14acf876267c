/** By what figures of a day are divided, as data. */
import type { Seen } from "../state.ts";
import { MOST_WORDS } from "../words.ts";
import { isPayers } from "./income.ts";

export type DimensionName = "none" | "country" | "device" | "app_id" | "platform" | "banner_tag" | "currency";
type Dimension = {
  name: DimensionName;
  /** The word by which it divides; none for all. */
  field: Exclude<keyof Seen, "hour" | "event_type" | "way"> | null;
  /** Whether it divides everybody's figures alone: those of one tag have one tag. */
  everybody?: true;
  /** Whether it divides those who paid alone. */
  payers?: true;
};

/** In the order of their numbers, which rows have: a new one goes to the end. */
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

/** A dimension and a value of it as one number. */
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

/** In which dimensions two are alike, as bits. */
export function alike(one: Seen, other: Seen): number {
  let bits = 0;
  for (let number = 0; number < DIMENSIONS.length; number++) {
    const field = DIMENSIONS[number]?.field ?? null;
    if (field === null || one[field] === other[field]) bits |= 1 << number;
  }
  return bits;
}

export const HOURS = 24;
/** Lines of a day have the type as their number; lines by hour have the hour in front of it. */
export const hourLine = (line: number, hour: number): number => line * HOURS + hour;
