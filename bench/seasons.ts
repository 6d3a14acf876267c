/** Seeded counts of traffic by day: the tags of a project over months, in which faults can be planted. */
import { addDays } from "../worker/calendar.ts";
import { type Counted, FIRST_DEPOSIT } from "../worker/reports/anomalies/series.ts";
import { random } from "./traffic.ts";

export type Brand = {
  tag: string;
  /** People a day. */
  people: number;
  registers: number;
  /** The factor of each weekday, Thursday first; their mean is 1. */
  week: readonly number[];
  /** How much the level varies from day to day in addition to chance: the standard deviation of its logarithm. */
  wavers: number;
  /** By which share the level grows each day. */
  grows: number;
};

/** Counts by tag, type and day; the first is a Thursday. */
export type Season = Map<string, Map<string, number[]>>;

const LEVEL_WEEK = [1, 1, 1, 1, 1, 1, 1];
const OFFICE_WEEK = [1.1, 1, 0.75, 0.7, 1.15, 1.15, 1.15];
const LEISURE_WEEK = [0.9, 1.15, 1.35, 1.25, 0.8, 0.75, 0.8];

/** The campaigns of `npm run demo`, without its story, with `people` a day. */
export const demoBrands = (people: number): Brand[] =>
  [
    { tag: "search-brand", share: 0.3, registers: 0.16 },
    { tag: "aff-north", share: 0.25, registers: 0.12 },
    { tag: "aff-south", share: 0.18, registers: 0.09 },
    { tag: "social-summer", share: 0.15, registers: 0.04 },
    { tag: "newsletter", share: 0.08, registers: 0.2 },
    { tag: "display-retarget", share: 0.04, registers: 0.02 },
  ].map(({ tag, share, registers }) => ({
    tag,
    registers,
    people: people * share,
    week: LEVEL_WEEK,
    wavers: 0,
    grows: 0,
  }));

/** Affiliates from 5 to 5,000 people a day, each with different weekdays, variation and growth. */
export function affiliateBrands(count: number, seed: number): Brand[] {
  const next = random(seed);
  return Array.from({ length: count }, (_, n) => ({
    tag: `tag-${n}`,
    people: 5 * 1_000 ** (n / Math.max(1, count - 1)),
    registers: 0.04 + 0.16 * next(),
    week: [LEVEL_WEEK, OFFICE_WEEK, LEISURE_WEEK][Math.floor(next() * 3)] as number[],
    wavers: 0.02 + 0.1 * next(),
    grows: 0.02 * (next() - 0.4),
  }));
}

function chances(next: () => number) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const poisson = (mean: number): number => {
    if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    const least = Math.exp(-mean);
    let count = 0;
    for (let left = next(); left > least; left *= next()) count++;
    return count;
  };
  const binomial = (trials: number, chance: number): number => {
    const mean = trials * chance;
    if (mean * (1 - chance) > 20) {
      return Math.min(trials, Math.max(0, Math.round(mean + Math.sqrt(mean * (1 - chance)) * normal())));
    }
    let count = 0;
    for (let n = 0; n < trials; n++) if (next() < chance) count++;
    return count;
  };
  return { normal, poisson, binomial };
}

/** The counts of brands on `days` days: people visit once or more, some register, and some of these deposit repeatedly. */
export function season(brands: readonly Brand[], days: number, seed: number): Season {
  const { normal, poisson, binomial } = chances(random(seed));
  // A small part of the variation is the same for all brands.
  const shared = Array.from({ length: days }, () => Math.exp(0.03 * normal()));
  return new Map(
    brands.map(({ tag, people, registers, week, wavers, grows }) => {
      const empty = () => new Array<number>(days).fill(0);
      const counts = { visit: empty(), registration: empty(), deposit: empty(), [FIRST_DEPOSIT]: empty() };
      const add = (values: number[], day: number, count: number) => {
        if (day < days) values[day] = (values[day] as number) + count;
      };
      const first = (day: number, count: number) => {
        add(counts[FIRST_DEPOSIT], day, count);
        add(counts.deposit, day, count);
      };
      for (let day = 0; day < days; day++) {
        const level = people * (week[day % 7] as number) * (1 + grows) ** day * Math.exp(wavers * normal());
        const came = poisson(level * (wavers > 0 ? (shared[day] as number) : 1));
        add(counts.visit, day, came + binomial(came, 0.3));
        const registered = binomial(came, registers);
        add(counts.registration, day, registered);
        // Most first deposits are on the day of the registration, a tenth on the day after; each further one within two days.
        const late = binomial(registered, 0.1);
        first(day, binomial(registered - late, 0.55));
        first(day + 1, binomial(late, 0.55));
        const again = binomial(counts.deposit[day] as number, 0.6);
        const soon = binomial(again, 0.25);
        const latest = binomial(again - soon, 1 / 3);
        add(counts.deposit, day, soon);
        add(counts.deposit, day + 1, again - soon - latest);
        add(counts.deposit, day + 2, latest);
      }
      return [tag, new Map(Object.entries(counts))];
    }),
  );
}

/** The counts in the form of the tables, beginning on a date. */
export const countedOf = (counts: Season, from: string): Counted[] =>
  [...counts].flatMap(([banner_tag, byType]) =>
    [...byType].map(([event_type, values]) => ({
      event_type,
      banner_tag,
      totals: Object.fromEntries(values.map((total, day) => [addDays(from, day), total])),
    })),
  );
