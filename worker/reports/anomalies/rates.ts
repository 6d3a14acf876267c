/** The expected value of a day, from medians over the weeks before it, so that a few odd days do not change it. */
import { median } from "./median.ts";
import type { Series } from "./series.ts";

const WEEK = 7;
/** Days from which the factors of weekdays are computed; each is compared with the week that ends with it. */
const SEASON = 4 * WEEK;
/** Days from which a day's expectation is computed; `LEAST_HISTORY` must have passed since the first day with traffic. */
export const HISTORY = SEASON + WEEK - 1;
const LEAST_HISTORY = 14;
/** The level is the median of this many days. A lasting change becomes the expected level when it has lasted half of them. */
const LEVEL = 14;
/** The factor of a weekday without traffic. It is not 0, since rates are divided by it. */
const NEXT_TO_NOTHING = 0.02;
/** The variance of the median of n values is this factor times the variance of one value, divided by n (normal, n large). */
const MEDIAN_VARIANCE = Math.PI / 2;
/** The factor from the median distance from the median to the standard deviation (for a normal distribution). */
const MAD_SCALE = 1.4826;

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

/** Each day's rate divided by the median rate of the week that ends with it; NaN where that is 0 or not known. */
function weeklyRatios(rates: number[], bases: number[]): number[] {
  return rates.map((rate, day) => {
    if (day < WEEK - 1) return Number.NaN;
    const middle = median(rates.slice(day - WEEK + 1, day + 1), bases.slice(day - WEEK + 1, day + 1));
    return middle > 0 ? rate / middle : Number.NaN;
  });
}

/** The factor of each weekday to the week's median: closer to 1 the more of the difference may be chance. */
function weekdayFactors(ratios: number[], values: number[], from: number, to: number): number[] {
  const found = Array.from({ length: WEEK }, (): number[] => []);
  for (let day = from; day < to; day++) {
    const ratio = ratios[day] as number;
    if (!Number.isNaN(ratio)) found[day % WEEK]?.push(ratio);
  }
  const middles = found.map((ratiosOfWeekday) => (ratiosOfWeekday.length > 0 ? median(ratiosOfWeekday) : 1));
  const strays = found.flatMap((ratiosOfWeekday, weekday) =>
    ratiosOfWeekday.map((ratio) => Math.abs(ratio - (middles[weekday] as number))),
  );
  const weeks = strays.length / WEEK;
  // The median of few values follows their noise, so distances from it are too small; and no count varies less than by chance.
  const variance = Math.max(
    (to - from) / Math.max(1, sum(values.slice(from, to))),
    (MAD_SCALE * median(strays)) ** 2 * (weeks / Math.max(0.5, weeks - 1)),
  );
  const chance = found.map((ratiosOfWeekday) => (MEDIAN_VARIANCE * variance) / Math.max(1, ratiosOfWeekday.length));
  const real = Math.max(
    0,
    sum(middles.map((middle, weekday) => (middle - 1) ** 2 - (chance[weekday] as number))) / WEEK,
  );
  return middles.map((middle, weekday) => {
    const factor = 1 + (real > 0 ? ((middle - 1) * real) / (real + (chance[weekday] as number)) : 0);
    return Math.max(NEXT_TO_NOTHING, factor);
  });
}

/** For each day from `from` on, the expected value for 1 of its base; NaN where too little is known. */
export function expectedRates({ values, bases }: Series, from: number): number[] {
  const rates = values.map((value, day) => ((bases[day] as number) > 0 ? value / (bases[day] as number) : 0));
  const ratios = weeklyRatios(rates, bases);
  return rates.map((_, day) => {
    if (day < from) return Number.NaN;
    // Nothing is expected before the first traffic, nor after five weeks without any.
    let begins = Math.max(0, day - HISTORY);
    while (begins < day && values[begins] === 0) begins++;
    if (day - begins < LEAST_HISTORY) return Number.NaN;
    const factors = weekdayFactors(ratios, values, Math.max(begins + WEEK - 1, day - SEASON), day);
    const before = Array.from({ length: LEVEL }, (_, back) => day - LEVEL + back);
    const factor = (other: number) => factors[other % WEEK] as number;
    const level = median(
      before.map((other) => (rates[other] as number) / factor(other)),
      before.map((other) => (bases[other] as number) * factor(other)),
    );
    return level * factor(day);
  });
}
