/** Sums by key, and their text: in the order of the keys, each key as the difference to the one before it. */
import { Reader, type Writer } from "./numbers.ts";

export type Sums = [number, number, number];
export type Entry = [key: number, sums: Sums];

/** Most tallies are short. Up to this many entries are sorted in place, without a copy. */
const FEW = 16;

function inserted(entries: Entry[]): Entry[] {
  for (let from = 1; from < entries.length; from++) {
    const entry = entries[from] as Entry;
    let to = from;
    for (let before = entries[to - 1]; before !== undefined && before[0] > entry[0]; before = entries[--to - 1])
      entries[to] = before;
    entries[to] = entry;
  }
  return entries;
}

const isAny = ([, [first, second, third]]: Entry): boolean => first !== 0 || second !== 0 || third !== 0;

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

  /** Entries in the order of their keys, without those whose sums are 0. */
  entries(): Entry[] {
    const all = [...this.#sums];
    const entries = all.every(isAny) ? all : all.filter(isAny);
    return entries.length < FEW ? inserted(entries) : entries.sort((one, other) => one[0] - other[0]);
  }
}

/** Writes `width` sums of each entry. */
export function writeTally(writer: Writer, entries: readonly Entry[], width: number): void {
  let last = 0;
  for (const [key, sums] of entries) {
    writer.whole(key - last);
    writer.signed(sums[0]);
    if (width > 1) writer.signed(sums[1]);
    if (width > 2) writer.signed(sums[2]);
    last = key;
  }
}

/** Adds the entries that `writeTally` wrote to a tally. */
export function addText(tally: Tally, text: string, width: number): void {
  let key = 0;
  for (const reader = new Reader(text); reader.more; ) {
    key += reader.whole();
    tally.add(key, reader.signed(), width > 1 ? reader.signed() : 0, width > 2 ? reader.signed() : 0);
  }
}
