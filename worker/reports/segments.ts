/** Players belong to segments by what they spent in USD. */

/** From the highest: a person belongs to the first segment whose `from`, in whole USD, they have spent. */
export const SEGMENTS = [
  { segment: "whale", from: 100 },
  { segment: "dolphin", from: 20 },
  { segment: "minnow", from: 5 },
] as const;

/** Everybody who spent less, or nothing. */
export const FREE = "free";
/** Everybody with a purchase, deposit or refund without an exchange rate: what they spent is not known. */
export const UNKNOWN = "unknown";
export const SEGMENT_NAMES = [...SEGMENTS.map(({ segment }) => segment), FREE, UNKNOWN] as const;
export type Segment = (typeof SEGMENT_NAMES)[number];
