/** Where the figures of a picture stand: bars on each other, and the marks of the axis beside them. Pure. */
import type { Line, Picture } from "./picture.ts";

/** A line as it is drawn: its points, and for bars what each of them stands on. Null where there is none. */
export type Shape = { line: Line; tops: (number | null)[]; feet: number[] };

/** What has not happened yet is not drawn, except of the period that is compared with. */
export function shapesOf({ lines, labels, running = Number.POSITIVE_INFINITY }: Picture): Shape[] {
  const heights = labels.map(() => 0);
  return lines.map((line) => {
    const feet = heights.map((height) => (line.as === "bar" ? height : 0));
    const tops = feet.map((foot, index) => {
      const point = index <= running || line.as === "faint" ? (line.points[index] ?? null) : null;
      return point === null ? null : foot + point;
    });
    if (line.as === "bar") for (const [index, top] of tops.entries()) heights[index] = top ?? heights[index] ?? 0;
    return { line, tops, feet };
  });
}

/** On the way from one to the other, both of as many lines and points; `part` goes from 0 to 1. */
export const between = (from: readonly Shape[], to: readonly Shape[], part: number): Shape[] =>
  to.map(({ line, tops, feet }, index) => {
    const before = from[index];
    const move = (now: number, then: number | null | undefined) => (then == null ? now : then + (now - then) * part);
    return {
      line,
      tops: tops.map((top, at) => (top === null ? null : move(top, before?.tops[at]))),
      feet: feet.map((foot, at) => move(foot, before?.feet[at])),
    };
  });

const MOST_STEPS = 5;
/** An axis of fewer, or of less money, would make much of little. */
const LEAST_TOP = 4;
const STEPS = [1, 2, 2.5, 5, 10];

/** The marks of the axis of figures, from the lowest to the highest, which bound it. Zero is one of them. */
export function marksOf(shapes: readonly Shape[], kind: Picture["kind"]): number[] {
  const figures = shapes.flatMap(({ tops }) => tops.filter((top) => top !== null));
  const low = Math.min(0, ...figures);
  const high = Math.max(kind === "rate" ? 0 : LEAST_TOP, ...figures) || 1;
  const rough = (high - low) / MOST_STEPS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = STEPS.map((step) => step * power).filter((step) => step >= rough * (1 - 1e-9));
  const step = steps.find((step) => kind !== "count" || Number.isInteger(step)) ?? 1;
  const first = Math.floor(low / step);
  return Array.from({ length: Math.ceil(high / step - 1e-9) - first + 1 }, (_, index) => (first + index) * step);
}
