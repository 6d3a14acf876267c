/** Sums by key, and the same as text: by rising key, each key as the difference to the one before it. */
import { Reader, wholeText } from "./numbers.ts";

export type Sums = [number, number, number];

export class Tally {
  readonly #sums = new Map<number, Sums>();

  add(key: number, first: number, second = 0, third = 0): void {
    const sums = this.#sums.get(key);
    if (sums === undefined) {
      this.#sums.set(key, [first, second, third]);
      return;
    }
    sums[0] += first;
    sums[1] += second;
    sums[2] += third;
  }

  /** Entries by rising key, without those that came to nothing. */
  entries(): [number, Sums][] {
    const entries: [number, Sums][] = [];
    for (const entry of this.#sums) {
      const [first, second, third] = entry[1];
      if (first !== 0 || second !== 0 || third !== 0) entries.push(entry);
    }
    return entries.sort(([one], [other]) => one - other);
  }
}

/** Entries as `mergedText` wrote them; `width` of their sums are in the text. */
export function* readTally(text: string, width: number): Generator<[number, Sums]> {
  let key = 0;
  for (const reader = new Reader(text); reader.more; ) {
    key += reader.whole();
    yield [key, [reader.whole(), width > 1 ? reader.whole() : 0, width > 2 ? reader.whole() : 0]];
  }
}

/** A tally's text with entries added. @throws where a sum would be less than nothing. */
export function mergedText(text: string, added: readonly [number, Sums][], width: number): string {
  let merged = "";
  let last = 0;
  const put = (key: number, sums: Sums) => {
    if (sums[0] === 0 && sums[1] === 0 && sums[2] === 0) return;
    merged += wholeText(key - last) + wholeText(sums[0]);
    if (width > 1) merged += wholeText(sums[1]);
    if (width > 2) merged += wholeText(sums[2]);
    last = key;
  };
  let next = 0;
  for (const [key, sums] of readTally(text, width)) {
    for (let entry = added[next]; entry !== undefined && entry[0] <= key; entry = added[++next]) {
      if (entry[0] < key) put(entry[0], entry[1]);
      else for (const place of [0, 1, 2] as const) sums[place] += entry[1][place];
    }
    put(key, sums);
  }
  for (; next < added.length; next++) {
    const [key, sums] = added[next] as [number, Sums];
    put(key, sums);
  }
  return merged;
}
