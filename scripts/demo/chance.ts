/** Random numbers of the demo. */
let random: () => number = Math.random;

/** `make` with random numbers that are the same each time for the same seed. */
export function seeded<Made>(seed: string, make: () => Made): Made {
  const before = random;
  random = diceOf(seed);
  try {
    return make();
  } finally {
    random = before;
  }
}

/** FNV-1a of the seed, then mulberry32. */
function diceOf(seed: string): () => number {
  let state = 0x811c9dc5;
  for (const character of seed) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const chance = (probability: number): boolean => random() < probability;
export const between = (least: number, most: number): number => least + random() * (most - least);
export const whole = (least: number, most: number): number => Math.floor(between(least, most + 1));
export const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** A random one of these, by their shares. */
export function pickShared<T extends { share: number }>(from: readonly T[]): T {
  let left = random() * from.reduce((all, { share }) => all + share, 0);
  for (const one of from) {
    left -= one.share;
    if (left < 0) return one;
  }
  return from[0] as T;
}

const hex = (bytes: number) =>
  Array.from({ length: bytes }, () => whole(0, 255).toString(16).padStart(2, "0")).join("");
/** A UUID from these random numbers. */
export const newId = (): string => `${hex(4)}-${hex(2)}-4${hex(2).slice(1)}-a${hex(2).slice(1)}-${hex(6)}`;
