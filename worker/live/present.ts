/**
 * The people of the last five minutes: each person's latest event of each tag. A change makes a new object, so that a
 * change that could not be stored is dropped. People and tags are stored as a hash of 53 bits: no name is stored, all have
 * the same size, and among 15,000 people two have the same hash in one of 80 million cases.
 */
import type { LiveEvent } from "./stream.ts";

export const PRESENT_MS = 5 * 60_000;
/** With more people the earliest are removed too early: a row of storage has room for 2 MB, and this many take at most 1.6 MB. */
const MOST = 15_000;

/** cyrb53, which gives similar texts different hashes. */
function numberOf(name: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (0x1fffff & low) + (high >>> 0);
}

/** When a person's latest event of a tag was: epoch milliseconds. */
type Seen = readonly [person: number, tag: number, at: number];
/** Which player a visitor is, and when that was last seen: the log may learn it after the visitor's events. */
type Known = readonly [visitor: number, person: number, at: number];

/** The latest of each key since then, as many as there is room for. */
function latest<Row extends readonly [number, number, number]>(
  rows: Iterable<Row>,
  keyOf: (row: Row) => string | number,
  since: number,
): readonly Row[] {
  const found = new Map<string | number, Row>();
  for (const row of rows) {
    const before = found.get(keyOf(row));
    if (row[2] >= since && (before === undefined || before[2] < row[2])) found.set(keyOf(row), row);
  }
  const all = [...found.values()];
  return all.length <= MOST ? all : all.sort((a, b) => b[2] - a[2]).slice(0, MOST);
}

export class Present {
  readonly #seen: readonly Seen[];
  readonly #known: readonly Known[];

  constructor(seen: readonly Seen[] = [], known: readonly Known[] = []) {
    this.#seen = seen;
    this.#known = known;
  }

  static unpack(text: string): Present {
    const [seen, known] = JSON.parse(text) as [Seen[]?, Known[]?];
    return new Present(seen, known);
  }

  pack(): string {
    return JSON.stringify([this.#seen, this.#known]);
  }

  /**
   * With these events, and without people who were not seen for five minutes. A visitor who turns out to be a player is
   * counted as that player.
   */
  after(events: readonly LiveEvent[], now: number): Present {
    const since = now - PRESENT_MS;
    const named = events.flatMap(({ person, visitor, banner_tag, at, takes_back }) =>
      person === undefined || takes_back !== null
        ? []
        : [
            {
              person: numberOf(person),
              visitor: visitor == null ? null : numberOf(visitor),
              tag: numberOf(banner_tag),
              at,
            },
          ],
    );
    const links = named.flatMap(({ person, visitor, at }): Known[] =>
      visitor === null || visitor === person ? [] : [[visitor, person, at]],
    );
    const known = latest([...this.#known, ...links], ([visitor]) => visitor, since);
    const personOf = new Map(known.map(([visitor, person]) => [visitor, person]));
    const seen = [...this.#seen, ...named.map(({ person, tag, at }): Seen => [person, tag, at])].map(
      ([person, tag, at]): Seen => [personOf.get(person) ?? person, tag, at],
    );
    return new Present(
      latest(seen, ([person, tag]) => `${person} ${tag}`, since),
      known,
    );
  }

  without(names: readonly string[]): Present {
    const gone = new Set(names.map(numberOf));
    return new Present(
      this.#seen.filter(([person]) => !gone.has(person)),
      this.#known.filter(([visitor, person]) => !gone.has(visitor) && !gone.has(person)),
    );
  }

  /** Distinct people with an event of one of these tags, null of any, from `since` on. */
  count(banner_tags: readonly string[] | null, since: number): number {
    const tags = banner_tags && new Set(banner_tags.map(numberOf));
    return new Set(
      this.#seen.filter(([, tag, at]) => at >= since && (tags?.has(tag) ?? true)).map(([person]) => person),
    ).size;
  }
}
