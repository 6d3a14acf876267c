/** Counts over sliding windows and today, of some tags. Pure except for its buckets; the time is passed in. */

import { startOfLocalDay } from "../calendar.ts";
import { iso } from "../time.ts";
import type { Cell } from "./bucket.ts";
import { type Buckets, type Level, startOf } from "./buckets.ts";
import { Tally, type Window } from "./tally.ts";

const SECOND = 1_000;
const MINUTE = 60_000;

export const WINDOWS = { "1m": MINUTE, "5m": 5 * MINUTE, "60m": 60 * MINUTE } as const;
export type WindowName = keyof typeof WINDOWS | "today";

/** Minutes that are shown individually, and whose sums are kept: as many as the longest window has. */
const MINUTES = 60;

export class Windows {
  readonly #buckets: Buckets;
  readonly #shows: (cell: Cell) => boolean;
  readonly #minutes = new Map<number, Tally>();
  #today: { midnight: number; tally: Tally } | null = null;

  /** `tags` are the ones that may be shown; null is all. */
  constructor(buckets: Buckets, tags: string[] | null) {
    this.#buckets = buckets;
    this.#shows = tags === null ? () => true : (cell) => tags.includes(cell.banner_tag);
  }

  /** Adds what was added to the buckets. */
  add(at: number, cell: Cell): void {
    this.#minutes.delete(startOf("minutes", at));
    if (!this.#today || at < this.#today.midnight || !this.#shows(cell)) return;
    // A window that loses events is summed again: a tally would still show values that have none left.
    if (cell.total < 0) this.#today = null;
    else this.#today.tally.add(cell);
  }

  all(timezone: string, now: number, hide_amounts: boolean): Record<WindowName, Window> {
    const to = startOf("seconds", now) + SECOND;
    const sliding = Object.entries(WINDOWS).map(([name, length]) => [
      name,
      this.#between(to - length, to).window(hide_amounts),
    ]);
    return { ...Object.fromEntries(sliding), today: this.#since(startOfLocalDay(timezone, now)).window(hide_amounts) };
  }

  /** The last 60 minutes, oldest first, the running one last. */
  minutes(now: number): { minute: string; by_type: Record<string, number> }[] {
    const first = startOf("minutes", now) - (MINUTES - 1) * MINUTE;
    return Array.from({ length: MINUTES }, (_, index) => first + index * MINUTE).map((at) => ({
      minute: iso(at),
      by_type: this.#minute(at).by_type(),
    }));
  }

  /** Whole minutes where possible, seconds at the ends. */
  #between(from: number, to: number): Tally {
    const first = Math.min(to, startOf("minutes", from + MINUTE - 1));
    const last = Math.max(first, startOf("minutes", to));
    const tally = this.#read("seconds", from, first).merge(this.#read("seconds", last, to));
    for (let at = first; at < last; at += MINUTE) tally.merge(this.#minute(at));
    return tally;
  }

  #minute(at: number): Tally {
    const known = this.#minutes.get(at);
    if (known) return known;
    const tally = this.#read("minutes", at, at + MINUTE);
    this.#minutes.set(at, tally);
    for (const old of this.#minutes.keys()) if (old < at - 2 * MINUTES * MINUTE) this.#minutes.delete(old);
    return tally;
  }

  #since(midnight: number): Tally {
    if (this.#today?.midnight !== midnight) {
      this.#today = { midnight, tally: this.#read("minutes", midnight, Number.MAX_SAFE_INTEGER) };
    }
    return this.#today.tally;
  }

  #read(level: Level, from: number, to: number): Tally {
    const tally = new Tally();
    for (const [, cells] of this.#buckets.read(level, from, to)) {
      for (const cell of cells) if (this.#shows(cell)) tally.add(cell);
    }
    return tally;
  }
}
