/** Dice of the demo. */
export const chance = (probability: number): boolean => Math.random() < probability;
export const between = (least: number, most: number): number => least + Math.random() * (most - least);
export const whole = (least: number, most: number): number => Math.floor(between(least, most + 1));
export const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;

/** One of those that say how large a share they have. */
export function pickShared<T extends { share: number }>(from: readonly T[]): T {
  let left = Math.random() * from.reduce((all, { share }) => all + share, 0);
  for (const one of from) {
    left -= one.share;
    if (left < 0) return one;
  }
  return from[0] as T;
}
