/**
 * What the instance does, counted for ever: requests, how long they took, and what the queue brought. One Durable
 * Object, since isolates share no memory; it gets what they have gathered.
 */
import { DurableObject } from "cloudflare:workers";

/** Which part of the Worker answered. */
export const ROUTE_CLASSES = ["pixel", "events", "read", "write", "other"] as const;
export type RouteClass = (typeof ROUTE_CLASSES)[number];

/** Upper bounds of the latency histogram, in milliseconds; what took longer is in the last one, which has none. */
export const BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000] as const;

/** Counts of the queue: `known` are events that the log had already, `retries` are batches that are delivered again. */
export const QUEUE_COUNTERS = ["batches", "messages", "events", "known", "retries"] as const;

/** `took` has the number of a bound in it; `ms` sums up how long they took. */
export type Counter =
  | `requests ${RouteClass} ${number}xx`
  | `took ${RouteClass} ${number}`
  | `ms ${RouteClass}`
  | `queue ${(typeof QUEUE_COUNTERS)[number]}`;
export type Counts = Partial<Record<Counter, number>>;

export function add(into: Counts, counts: Counts): void {
  for (const [name, count] of Object.entries(counts) as [Counter, number][]) into[name] = (into[name] ?? 0) + count;
}

/** A delivery that is sent again comes within seconds; so many others may come in between. */
const DELIVERIES_REMEMBERED = 200;

export class Meter extends DurableObject<unknown> {
  readonly #counts: Counts = {};
  #deliveries: string[] = [];

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    const { sql } = state.storage;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, counts TEXT NOT NULL, deliveries TEXT NOT NULL)",
    );
    const [kept] = sql.exec<{ counts: string; deliveries: string }>("SELECT * FROM state").toArray();
    if (!kept) return;
    this.#counts = JSON.parse(kept.counts);
    this.#deliveries = JSON.parse(kept.deliveries);
  }

  /** Counts a delivery once, by its random id: one row written. */
  async record(id: string, counts: Counts): Promise<void> {
    if (this.#deliveries.includes(id)) return;
    add(this.#counts, counts);
    this.#deliveries = [...this.#deliveries, id].slice(-DELIVERIES_REMEMBERED);
    this.ctx.storage.sql.exec(
      "INSERT OR REPLACE INTO state (id, counts, deliveries) VALUES (0, ?, ?)",
      JSON.stringify(this.#counts),
      JSON.stringify(this.#deliveries),
    );
  }

  async read(): Promise<Counts> {
    return this.#counts;
  }
}
