/**
 * What a day should have brought, and how far days fall from that: both from the weeks before it, and so that a few
 * odd days among those change neither.
 *
 * Counts are compared by twice their square roots, whose noise is 1 whatever the volume (Anscombe).
 */
import type { Series } from "./series.ts";

/** Days that the expectation of a day is made from. */
export const HISTORY = 28;
/** Days whose surprises say how wide the band is. */
export const SURPRISES = 28;
/** How many days must lie behind a day before anything is said of it, and how many of them must have surprised. */
const LEAST_HISTORY = 14;
const LEAST_SURPRISES = 7;
/** Days that the level is the median of. A lasting change is the new normal when it has lasted half of them. */
const LEVEL = 14;
const WEEK = 7;
/** What every real volume wavers by, as a share, however large it is. */
const WAVER = 0.05;
/** The share of the surprises that tell the spread; the largest may have been faults. */
const KEPT = 0.85;
/** What makes the root mean square of that share of normal surprises 1. */
const KEPT_SCALE = 1.386;
/** An expectation from so few days is itself uncertain. */
const UNCERTAIN = 1.1;

export type Expectation = {
  /** The mean of the count. */
  mean: number;
  /** The standard deviation of `surprise`. */
  spread: number;
};

function median(values: number[], weights?: number[]): number {
  const order = values.map((_, index) => index).sort((a, b) => (values[a] as number) - (values[b] as number));
  const weight = (index: number) => weights?.[index] ?? 1;
  const half = order.reduce((all, index) => all + weight(index), 0) / 2;
  let below = 0;
  for (const [place, index] of order.entries()) {
    below += weight(index);
    if (below > half) return values[index] as number;
    if (below === half) return ((values[index] as number) + (values[order[place + 1] ?? index] as number)) / 2;
  }
  return 0;
}

/** How far a count lies from what was expected, in units of counting noise. */
export const surprise = (value: number, mean: number): number => 2 * (Math.sqrt(value + 3 / 8) - Math.sqrt(mean + 3 / 8));
/** The count at a surprise: the other way round. */
export const countAt = (distance: number, mean: number): number =>
  Math.max(0, Math.max(0, Math.sqrt(mean + 3 / 8) + distance / 2) ** 2 - 3 / 8);

/** The noise of a surprise that has no other cause than counting and wavering. */
const noise = (mean: number): number => Math.hypot(UNCERTAIN, WAVER * Math.sqrt(mean));

/** Each day's rate over the middle one of the week that ends with it; NaN where that says nothing. */
function weeklyRatios(rates: number[], bases: number[], begins: number): number[] {
  return rates.map((rate, day) => {
    if (day < begins + WEEK - 1) return Number.NaN;
    const middle = median(rates.slice(day - WEEK + 1, day + 1), bases.slice(day - WEEK + 1, day + 1));
    return middle > 0 ? rate / middle : Number.NaN;
  });
}

/** What a day of each weekday brings, against the week's middle; drawn towards 1 as far as it may be chance. */
function weekdayFactors(values: number[], ratios: number[], from: number, to: number): number[] {
  const own = Array.from({ length: WEEK }, (_, weekday) => {
    const found: number[] = [];
    for (let day = from; day < to; day++) {
      const ratio = ratios[day] as number;
      if (day % WEEK === weekday && !Number.isNaN(ratio)) found.push(ratio);
    }
    return { middle: found.length ? median(found) : 1, found };
  });
  const strays = own.flatMap(({ middle, found }) => found.map((ratio) => Math.abs(ratio - middle)));
  if (strays.length === 0) return own.map(() => 1);
  // A median of few takes part of their noise with it.
  const weeks = strays.length / WEEK;
  const counting = (to - from) / values.slice(from, to).reduce((all, value) => all + value, 0);
  const variance = Math.max(counting, (1.4826 * median(strays)) ** 2 * (weeks / Math.max(0.5, weeks - 1)));
  const chance = (found: number[]) => (1.57 * variance) / Math.max(1, found.length);
  const mean = (values: number[]) => values.reduce((all, value) => all + value, 0) / values.length;
  const real = Math.max(0, mean(own.map(({ middle, found }) => (middle - 1) ** 2 - chance(found))));
  return own.map(({ middle, found }) => 1 + (middle - 1) * (real / (real + chance(found) || 1)));
}

/** What each day should have brought for each one of its base, from the days before it; NaN where they are too few. */
function expectedRates({ values, bases, begins }: Series, from: number): number[] {
  const rates = values.map((value, day) => ((bases[day] as number) > 0 ? value / (bases[day] as number) : 0));
  const ratios = weeklyRatios(rates, bases, begins);
  return rates.map((_, day) => {
    if (day < from || day - begins < LEAST_HISTORY) return Number.NaN;
    const factors = weekdayFactors(values, ratios, Math.max(begins, day - HISTORY), day);
    const factor = (other: number) => Math.max(0.02, factors[other % WEEK] as number);
    const days = Array.from({ length: LEVEL }, (_, back) => day - LEVEL + back);
    const level = median(
      days.map((other) => (rates[other] as number) / factor(other)),
      days.map((other) => (bases[other] as number) * factor(other)),
    );
    return level * factor(day);
  });
}

/** The standard deviation of surprises, whatever the largest of them were. */
function spreadOf(surprises: number[]): number {
  const sizes = surprises.map(Math.abs).sort((a, b) => a - b);
  const kept = sizes.slice(0, Math.ceil(sizes.length * KEPT));
  return KEPT_SCALE * Math.sqrt(kept.reduce((all, size) => all + size * size, 0) / kept.length);
}

/** The sums over the days up to each, as many as there are days in the span. */
const spans = (values: number[], span: number): number[] =>
  values.map((_, day) => {
    let all = 0;
    for (let back = 0; back < span; back++) all += values[day - back] ?? Number.NaN;
    return all;
  });

export type Day = { value: number; base: number; expectation: Expectation };

/** For each day from `from` on, what it and the days before it in a span of them brought and should have; null: unknown. */
export function expectations(series: Series, span: number, from: number): (Day | null)[] {
  const rates = expectedRates(series, from - SURPRISES);
  const means = spans(rates.map((rate, day) => rate * (series.bases[day] as number)), span);
  const values = spans(series.values, span);
  const bases = spans(series.bases, span);
  const known = (day: number) => (bases[day] as number) > 0 && (means[day] as number) >= 0;
  const surprises = means.map((mean, day) =>
    known(day) ? surprise(values[day] as number, mean) / noise(mean) : Number.NaN,
  );
  return means.map((mean, day) => {
    if (day < from || !known(day)) return null;
    const before = surprises.slice(Math.max(0, day - SURPRISES), day).filter((size) => !Number.isNaN(size));
    if (before.length < LEAST_SURPRISES) return null;
    const base = bases[day] as number;
    const spread = Math.max(1, spreadOf(before)) * noise(mean);
    return { value: values[day] as number, base, expectation: { mean, spread } };
  });
}
