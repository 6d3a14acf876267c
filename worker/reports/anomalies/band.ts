/**
 * How far the counts of days are from what was expected, and how wide the band around the expected count therefore is.
 * Counts are compared by twice their square roots, whose noise has a standard deviation of 1 at any volume (Anscombe).
 */
import { expectedRates, HISTORY } from "./rates.ts";
import type { Series } from "./series.ts";

/** The width of a band is computed from the surprises of this many days before; at least `LEAST_SURPRISES` must be known. */
const SURPRISES = 28;
const LEAST_SURPRISES = 7;
/** This many days are also judged by their sum: for a small tag it shows what one day does not. */
export const TOGETHER = 3;
/** Days that must be known before the first judged one: to compute its band, and to know whether days before it were anomalies. */
export const BEFORE = HISTORY + SURPRISES + 2 * (TOGETHER - 1);

/** The spread is computed from the smallest surprises, this share of them, since the largest may have been faults. */
const KEPT = 0.85;
/** The factor from the root mean square of that share to the standard deviation (for a normal distribution). */
const KEPT_SCALE = 1.386;
/** The share by which every volume varies, however large it is. */
const WAVER = 0.05;
/** The factor by which the noise is larger than chance alone, since the expectation comes from few days. */
const UNCERTAIN = 1.1;

/** How far a count lies from what was expected, in units of counting noise. */
export const surprise = (value: number, mean: number): number =>
  2 * (Math.sqrt(value + 3 / 8) - Math.sqrt(mean + 3 / 8));

/** The count whose surprise is `distance`. */
export const countAt = (distance: number, mean: number): number =>
  Math.max(0, Math.max(0, Math.sqrt(mean + 3 / 8) + distance / 2) ** 2 - 3 / 8);

/** The smallest standard deviation of surprises. */
const noise = (mean: number): number => Math.hypot(UNCERTAIN, WAVER * Math.sqrt(mean));

/** The standard deviation of surprises; the largest do not change it. */
function spreadOf(surprises: number[]): number {
  const sizes = Float64Array.from(surprises, Math.abs).sort();
  const kept = sizes.slice(0, Math.ceil(sizes.length * KEPT));
  return KEPT_SCALE * Math.sqrt(kept.reduce((all, size) => all + size * size, 0) / kept.length);
}

/** For each day the sum of the `span` days that end with it. */
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
  /** The standard deviation of the surprise. */
  spread: number;
};

/** By day: null where too little is known. */
export type Bands = {
  alone: (Day | null)[];
  /** By the sum of the `TOGETHER` days that end with each day. */
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
