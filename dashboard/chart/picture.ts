/** The data of any chart: buckets along one axis, and series of figures over them. Pure. */
import type { Period } from "../period.ts";
import type { Kind } from "../table/columns.ts";

export type Line = {
  title: string;
  /** Its name in the legend, if that is not its title. */
  legend?: string;
  /** A colour of style/tokens.css: `visits`, `series-2`, `before`. */
  colour: string;
  points: readonly (number | null)[];
  /** The names of its buckets, if it is of another period than the others. */
  titles?: readonly string[];
  /**
   * A line is solid; the point of a bucket that is still running is hollow. `faint` is the compared series. Several `bar`s
   * are stacked. Two `edge`s are the lower and the upper limit of the expected band.
   */
  as: "line" | "filled" | "faint" | "bar" | "edge";
};

export type Picture = {
  /** A picture with an equal name and length is animated to its new figures; any other is drawn from the start. */
  name: string;
  /** The name of a bucket as the head of a table's column: Day, Hour, Week. */
  bucket: string;
  /** The names of the buckets: short for the axis, and in full. */
  labels: readonly string[];
  titles: readonly string[];
  /** The days of each bucket, which a press filters to; absent if there are none, or the chart is about one day already. */
  days?: readonly Period[];
  lines: readonly Line[];
  /** The buckets on weekends: their background is darker. */
  weekends?: readonly number[];
  /** The notes of each bucket, which the chart marks. */
  notes?: readonly (readonly string[])[];
  /** The bucket that is not over yet: drawn dashed, and nothing after it. Absent or beyond the end where all are over. */
  running?: number;
  /** The bucket that the chart is about: its point is emphasised. */
  marked?: number;
  kind: Extract<Kind, "count" | "money" | "rate">;
  /** The currency, if the figures are amounts: an ISO 4217 code. */
  currency?: string;
};

/** Whether there is anything to draw. */
export const isEmpty = ({ lines }: Picture): boolean => lines.every(({ points }) => points.every((point) => !point));
