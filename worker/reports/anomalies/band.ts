/**
 * How far days fall from what was expected of them, and so how wide the band is. Counts are compared by twice their
 * square roots, whose noise is 1 whatever the volume (Anscombe).
 */
import { expectedRates, HISTORY } from "./rates.ts";
import type { Series } from "./series.ts";

/** Days whose surprises say how wide the band is, and how many of them it takes. */
const SURPRISES = 28;
const LEAST_SURPRISES = 7;
/** How many days are looked at together, which shows of a small tag what one day does not. */
export const TOGETHER = 3;
/** Days that must be known before the first that is judged: what it is held against, and whether those before it told. */
export const BEFORE = HISTORY + SURPRISES + 2 * (TOGETHER - 1);

/** The share of the surprises that tell the spread, since the largest may have been faults. */
const KEPT = 0.85;
/** What makes the root mean square of that share a standard deviation (of normal ones). */
const KEPT_SCALE = 1.386;
/** What every volume wavers by, as a share, however large it is. */
const WAVER = 0.05;
/** How much more than chance an expectation from so few days strays. */
const UNCERTAIN = 1.1;

/** How far a count lies from what was expected, in units of counting noise. */
export const surprise = (value: number, mean: number): number =>
  2 * (Math.sqrt(value + 3 / 8) - Math.sqrt(mean + 3 / 8));

/** The count that would be such a surprise. */
export const countAt = (distance: number, mean: number): number =>
  Math.max(0, Math.max(0, Math.sqrt(mean + 3 / 8) + distance / 2) ** 2 - 3 / 8);

/** The standard deviation that surprises have at the least. */
const noise = (mean: number): number => Math.hypot(UNCERTAIN, WAVER * Math.sqrt(mean));

/** The standard deviation of surprises, whatever the largest of them are. */
function spreadOf(surprises: number[]): number {
  const sizes = Float64Array.from(surprises, Math.abs).sort();
  const kept = sizes.slice(0, Math.ceil(sizes.length * KEPT));
  return KEPT_SCALE * Math.sqrt(kept.reduce((all, size) => all + size * size, 0) / kept.length);
}

/** For each day the sum over as many days up to it. */
const sums = (values: number[], span: number): number[] =>
  values.map((_, day) => {
    let all = 0;
    for (let back = 0; back < span; back++) all += values[day - back] ?? Number.NaN;
    return all;
  });

export type Day = {
  value: number;
  base: number;
  /** The count that was expected. */
  mean: number;
  /** The standard deviation of its surprise. */
  spread: number;
};

/** By day: null where too little is known. */
export type Bands = {
  alone: (Day | null)[];
  /** Of so many days up to each. */
  together: (Day | null)[];
};

/** The bands of the days from `from` on. */
export function bandsOf(series: Series, from: number): Bands {
  const rates = expectedRates(series, from - SURPRISES - TOGETHER + 1);
  const expected = rates.map((rate, day) => rate * (series.bases[day] as number));
  const over = (span: number) => {
    const [means, values, bases] = [sums(expected, span), sums(series.values, span), sums(series.bases, span)];
    const surprises = means.map((mean, day) =>
      (bases[day] as number) > 0 ? surprise(values[day] as number, mean) / noise(mean) : Number.NaN,
    );
    return means.map((mean, day): Day | null => {
      if (day < from || Number.isNaN(surprises[day])) return null;
      const before = surprises.slice(Math.max(0, day - SURPRISES), day).filter((size) => !Number.isNaN(size));
      if (before.length < LEAST_SURPRISES) return null;
      const spread = Math.max(1, spreadOf(before)) * noise(mean);
      return { value: values[day] as number, base: bases[day] as number, mean, spread };
    });
  };
  return { alone: over(1), together: over(TOGETHER) };
}
