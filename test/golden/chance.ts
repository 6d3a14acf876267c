/** Seeded random choices: the same for the same seed. */
import { random } from "../../bench/traffic.ts";

export type Chance = {
  /** From 0 to 1. */
  next(): number;
  happens(probability: number): boolean;
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number;
  /** Likewise, with small numbers far more frequent. */
  small(least: number, most: number): number;
  pick<T>(from: readonly T[]): T;
};

export function chance(seed: number): Chance {
  const next = random(seed);
  const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    happens: (probability) => next() < probability,
    whole,
    small: (least, most) => {
      const [a, b] = [next(), next()];
      return least + Math.floor(a * b * b * (most - least + 1));
    },
    pick: (from) => from[whole(0, from.length - 1)] as (typeof from)[number],
  };
}

export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const { whole } = chance(seed);
  const mixed = [...list];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = whole(0, last);
    [mixed[last], mixed[other]] = [mixed[other] as T, mixed[last] as T];
  }
  return mixed;
}
