/** What a chart shows, whatever it is of: buckets along one axis, and series of figures over them. Pure. */
import type { Period } from "../period.ts";
import type { Kind } from "../table/columns.ts";

export type Line = {
  title: string;
  /** What the legend calls it, where that is not its title. */
  legend?: string;
  /** A colour of style/tokens.css: `visits`, `series-2`, `before`. */
  colour: string;
  points: readonly (number | null)[];
  /** What its buckets are called, where it is of another period than the others. */
  titles?: readonly string[];
  /**
   * A line is full, and hollow where its bucket is still running. `faint` is what it is compared with. `bar` stands;
   * several are stacked. Two `edge`s are the lower and the upper end of a band that is to be expected.
   */
  as: "line" | "filled" | "faint" | "bar" | "edge";
};

export type Picture = {
  /** Equal names and lengths are the same picture with fresh figures, which move; another is drawn from the start. */
  name: string;
  /** What a bucket is, as the head of a table's column: Day, Hour, Week. */
  bucket: string;
  /** Buckets in short for the axis, and in full. */
  labels: readonly string[];
  titles: readonly string[];
  /** The days of each, which pressing it narrows to; absent where there are none, or it is about one day already. */
  days?: readonly Period[];
  lines: readonly Line[];
  /** The buckets that lie in a week-end: their ground is darker. */
  weekends?: readonly number[];
  /** What was noted on each bucket: it is marked there. */
  notes?: readonly (readonly string[])[];
  /** The bucket that is not over yet: drawn dashed, and nothing after it. Absent or beyond the end where all are over. */
  running?: number;
  /** The bucket that it is about: its point is emphasised. */
  marked?: number;
  kind: Extract<Kind, "count" | "money" | "rate">;
  /** Of amounts: an ISO 4217 code. */
  currency?: string;
};

/** Whether anything is there to be drawn. */
export const isEmpty = ({ lines }: Picture): boolean => lines.every(({ points }) => points.every((point) => !point));
