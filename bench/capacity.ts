/** What each part can do, for the simulation: what Cloudflare or others publish, and what was measured here. */

export const PUBLISHED = {
  /** https://blog.cloudflare.com/how-we-built-cloudflare-queues/ (2024-10) */
  messages_a_second: 5_000,
  consumers: 250,
  /** The median of a send, in milliseconds. */
  send_ms: 60,
  /** https://developers.cloudflare.com/queues/platform/limits/ */
  backlog_bytes: 25e9,
  /** https://developers.cloudflare.com/d1/platform/limits/: a database, and the longest that a query may take. */
  database_bytes: 10e9,
  query_ms: 30_000,
  /** https://developers.cloudflare.com/d1/platform/limits/: a query of 1 ms, so 1,000 a second, one at a time. */
  call_ms: 1,
  /** https://blog.cloudflare.com/browser-run-containers (2026-05): a batch of 100 rows takes not much longer than one row. */
  rows_a_ms: 100,
  /** A Durable Object that writes a row for each request: https://lumenize.com/blog (2026), of a third party. */
  object_writes_a_second: 410,
  /** A stall of D1, in milliseconds: ColeMurray/background-agents #561 (2026-04). */
  stall_ms: 70_000,
} as const;

/** Published nowhere, and not measured. */
export const ASSUMED = {
  /** Requests a second in an isolate: here a Worker answered 1,644 pixels a second on two cores beside its consumer. */
  requests_an_isolate: 500,
  /** Seconds until a queue with a backlog begins one more consumer, or ends one without a backlog. */
  consumer_step_s: 10,
} as const;

/** The work on a database: `ms` of one time with so many events, its calls, and rows written. */
export type Point = { events: number; ms: number; calls: number; written: number };
export const PARTS = ["append", "live", "tables", "figures"] as const;
export type Part = (typeof PARTS)[number];

/**
 * `EVENTS=1000000 npm run bench limits` on 2026-12-01: the least time of eight (of four for 5,000 events), as other programs used the two
 * cores at the same time; the medians were 1.4 to 6 times as long. With a log of 100,000 events, on a quieter machine, the medians were
 * 8.6 ms for 100 appended events, and 60 and 59 ms for a run of 500 of the figures and of the tables. It is the D1 of workerd with a file in
 * memory, not Cloudflare's.
 */
export const MEASURED: Record<Part, readonly Point[]> = {
  append: [
    { events: 10, ms: 5.9, calls: 1.2, written: 21 },
    { events: 100, ms: 28.6, calls: 3, written: 203 },
    { events: 1_000, ms: 64, calls: 3, written: 2_010 },
  ],
  live: [
    { events: 100, ms: 9, calls: 1, written: 1 },
    { events: 500, ms: 19, calls: 1, written: 1 },
    { events: 1_000, ms: 26, calls: 1, written: 1 },
    { events: 5_000, ms: 95, calls: 1, written: 1 },
  ],
  tables: [
    { events: 100, ms: 31, calls: 9, written: 209 },
    { events: 500, ms: 71, calls: 9, written: 1_065 },
    { events: 1_000, ms: 153, calls: 9, written: 2_130 },
    { events: 5_000, ms: 555, calls: 9, written: 10_550 },
  ],
  figures: [
    { events: 100, ms: 13, calls: 3, written: 109 },
    { events: 500, ms: 62, calls: 3, written: 415 },
    { events: 1_000, ms: 69, calls: 3, written: 760 },
    { events: 5_000, ms: 491, calls: 15, written: 3_750 },
  ],
};
/** Bytes of the database for each event, with all tables and two payout rules, of the same log. */
export const BYTES_AN_EVENT = 728;
