/**
 * The visits, people and payments of each value. A person, and everything the person did in the period, counts for the value of
 * the person's first visit in the period. So nobody is counted twice, and later visits with other values change nothing. Pure.
 */
import { UNITS } from "../../money.ts";
import type { Paid } from "../days/sums.ts";

/** An event as a short tuple, since there are hundreds of thousands. The value is `''` where the visit has none. */
export type Found =
  | [event_type: "visit", person: string, timestamp: number, event_id: string, value: string]
  | [event_type: "registration", person: string, event_date: string]
  /** `first`: whether the person's first deposit ever is in the period. */
  | [
      event_type: "deposit",
      person: string,
      event_date: string,
      currency: string | null,
      amount: number | null,
      first: 0 | 1,
    ];

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

type First = { timestamp: number; event_id: string; value: string };
const isEarlier = (timestamp: number, event_id: string, than: First): boolean =>
  timestamp < than.timestamp || (timestamp === than.timestamp && event_id < than.event_id);

export class Gathered {
  readonly #visits = new Map<string, number>();
  readonly #firsts = new Map<string, First>();
  readonly #others: Exclude<Found, ["visit", ...unknown[]]>[] = [];

  /** Pieces may come in any order. */
  add(found: readonly Found[]): void {
    for (const event of found) {
      if (event[0] !== "visit") {
        this.#others.push(event);
        continue;
      }
      const [, person, timestamp, event_id, value] = event;
      this.#visits.set(value, (this.#visits.get(value) ?? 0) + 1);
      const known = this.#firsts.get(person);
      if (known === undefined || isEarlier(timestamp, event_id, known))
        this.#firsts.set(person, { timestamp, event_id, value });
    }
  }

  /** By value; `''` is none. */
  brought(): Map<string, Brought> {
    const all = new Map<string, Brought>();
    const broughtOf = (value: string) => {
      const known = all.get(value) ?? nothing();
      all.set(value, known);
      return known;
    };
    for (const [value, visits] of this.#visits) broughtOf(value).visits = visits;
    for (const { value } of this.#firsts.values()) broughtOf(value).visitors++;
    /** Registrations are counted once for each person and day, first deposits once for each person. */
    const once = new Set<string>();
    const isNew = (what: string) => !once.has(what) && once.add(what) !== undefined;
    const sums = new Map<string, Paid>();
    for (const event of this.#others) {
      const [event_type, person, event_date] = event;
      const first = this.#firsts.get(person);
      if (first === undefined) continue;
      const brought = broughtOf(first.value);
      if (event_type === "registration") {
        if (isNew(`registration ${event_date} ${person}`)) brought.registrations++;
        continue;
      }
      const [, , , currency, amount, deposits_first] = event;
      brought.deposits++;
      if (deposits_first === 1 && isNew(`deposit ${person}`)) brought.first_deposits++;
      if (currency === null || amount === null) continue;
      const key = `${event_date} ${currency} ${first.value}`;
      const sum = sums.get(key) ?? { event_date, currency, payments: 0, whole: 0, fraction: 0 };
      if (sum.payments === 0) {
        sums.set(key, sum);
        brought.paid.push(sum);
      }
      sum.payments++;
      sum.whole += Math.floor(amount / UNITS);
      sum.fraction += amount % UNITS;
    }
    return all;
  }
}
