/**
 * Counts of the instance since its beginning and since the day began, UTC: requests, how long they took, and the queue's
 * batches, messages and events. One Durable Object, since isolates share no memory; each isolate sends what it has gathered.
 */
import { DurableObject } from "cloudflare:workers";
import { utcDate } from "../time.ts";

/** Which part of the Worker answered. */
export const ROUTE_CLASSES = ["pixel", "events", "read", "write", "other"] as const;
export type RouteClass = (typeof ROUTE_CLASSES)[number];

/** Upper bounds of the latency histogram, in milliseconds. Longer requests are in one more class, which has no bound. */
export const BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000] as const;

/** Counts of the queue: `known` are events that were in the log already, `retries` are batches that are delivered again. */
export const QUEUE_COUNTERS = ["batches", "messages", "events", "known", "retries"] as const;

/** The number after `took` is the index of the bound in `BOUNDS_MS`; `ms` is the sum of the times, in milliseconds. */
export type Counter =
  | `requests ${RouteClass} ${number}xx`
  | `took ${RouteClass} ${number}`
  | `ms ${RouteClass}`
  | `queue ${(typeof QUEUE_COUNTERS)[number]}`;
export type Counts = Partial<Record<Counter, number>>;

export function add(into: Counts, counts: Counts): void {
  for (const [name, count] of Object.entries(counts) as [Counter, number][]) into[name] = (into[name] ?? 0) + count;
}

/** A delivery that is sent again comes within seconds; at most this many others are expected in between. */
const DELIVERIES_REMEMBERED = 200;

/** The counts before the first delivery of a day, UTC. */
type Morning = { day: string; counts: Counts };

export class Meter extends DurableObject<unknown> {
  readonly #counts: Counts = {};
  #morning: Morning = { day: "", counts: {} };
  #deliveries: string[] = [];

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    const { sql } = state.storage;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, counts TEXT NOT NULL, deliveries TEXT NOT NULL)",
    );
    const columns = sql.exec<{ name: string }>("SELECT name FROM pragma_table_info('state')").toArray();
    // The table of an earlier version has no such column.
    if (!columns.some(({ name }) => name === "morning"))
      sql.exec(`ALTER TABLE state ADD COLUMN morning TEXT NOT NULL DEFAULT '{"day":"","counts":{}}'`);
    const [kept] = sql.exec<{ counts: string; deliveries: string; morning: string }>("SELECT * FROM state").toArray();
    if (!kept) return;
    this.#counts = JSON.parse(kept.counts);
    this.#deliveries = JSON.parse(kept.deliveries);
    this.#morning = JSON.parse(kept.morning);
  }

  /** Counts a delivery once, by its random id: one row written. `now` is in epoch milliseconds. */
  async record(id: string, counts: Counts, now: number): Promise<void> {
    if (this.#deliveries.includes(id)) return;
    const day = utcDate(now);
    if (this.#morning.day < day) this.#morning = { day, counts: { ...this.#counts } };
    add(this.#counts, counts);
    this.#deliveries = [...this.#deliveries, id].slice(-DELIVERIES_REMEMBERED);
    this.ctx.storage.sql.exec(
      "INSERT OR REPLACE INTO state (id, counts, deliveries, morning) VALUES (0, ?, ?, ?)",
      JSON.stringify(this.#counts),
      JSON.stringify(this.#deliveries),
      JSON.stringify(this.#morning),
    );
  }

  async read(): Promise<Counts> {
    return this.#counts;
  }

  /** The counts of a day, UTC. Only the last day is known; for any other the answer is empty. */
  async countsOf(day: string): Promise<Counts> {
    const { day: last, counts: before } = this.#morning;
    if (day !== last) return {};
    const names = Object.keys(this.#counts) as Counter[];
    return Object.fromEntries(names.map((name) => [name, (this.#counts[name] ?? 0) - (before[name] ?? 0)]));
  }
}
