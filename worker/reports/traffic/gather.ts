/**
 * What each value brought. Somebody counts for the value of their first visit of the period, so nobody is counted twice, and
 * so does what they did in the period: a second page, or another way in, takes nothing from the first. Pure.
 */
import type { Paid } from "../days/sums.ts";

/** Alike events of one person, as a piece of the log has them. */
export type Found = {
  person: string;
  event_type: "visit" | "registration" | "deposit";
  /** Of visits; `''` where they have none. */
  value: string;
  events: number;
  /** Of visits: the time of the first one and its id, as text that sorts. */
  first: string;
  /** Of the others. */
  event_date: string;
  currency: string | null;
  whole: number;
  fraction: number;
  /** Whether the person's first deposit ever lies in the period. */
  deposits_first: 0 | 1;
};

export type Brought = {
  visits: number;
  visitors: number;
  registrations: number;
  first_deposits: number;
  deposits: number;
  paid: Paid[];
};
const nothing = (): Brought => ({
  ...{ visits: 0, visitors: 0, registrations: 0, first_deposits: 0, deposits: 0 },
  paid: [],
});

export class Gathered {
  readonly #visits = new Map<string, number>();
  readonly #firsts = new Map<string, { first: string; value: string }>();
  readonly #others: Found[] = [];

  /** Pieces may come in any order. */
  add(found: readonly Found[]): void {
    for (const row of found) {
      if (row.event_type !== "visit") {
        this.#others.push(row);
        continue;
      }
      const { person, value, events, first } = row;
      this.#visits.set(value, (this.#visits.get(value) ?? 0) + events);
      const known = this.#firsts.get(person);
      if (known === undefined || first < known.first) this.#firsts.set(person, { first, value });
    }
  }

  /** By value; `''` is none. */
  brought(): Map<string, Brought> {
    const all = new Map<string, Brought>();
    const of = (value: string) => {
      const known = all.get(value) ?? nothing();
      all.set(value, known);
      return known;
    };
    for (const [value, visits] of this.#visits) of(value).visits = visits;
    for (const { value } of this.#firsts.values()) of(value).visitors++;
    /** A person registers once a day, and deposits first once. */
    const once = new Set<string>();
    const isNew = (what: string) => !once.has(what) && once.add(what) !== undefined;
    for (const { person, event_type, event_date, currency, events, whole, fraction, deposits_first } of this.#others) {
      const first = this.#firsts.get(person);
      if (first === undefined) continue;
      const brought = of(first.value);
      if (event_type === "registration") {
        if (isNew(`registration ${event_date} ${person}`)) brought.registrations++;
        continue;
      }
      brought.deposits += events;
      if (deposits_first === 1 && isNew(`deposit ${person}`)) brought.first_deposits++;
      if (currency !== null) brought.paid.push({ event_date, currency, payments: events, whole, fraction });
    }
    return all;
  }
}
