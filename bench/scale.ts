/**
 * What it takes beyond one database: an hour of 50,000 events a second, simulated on shards, and how much of it projects of different
 * sizes make of a shard. Nothing is measured here: `capacity.ts` has the figures.
 */
import { readFileSync } from "node:fs";
import { EVENTS_A_MESSAGE } from "../worker/queue/message.ts";
import { ASSUMED, BYTES_AN_EVENT, MEASURED, PARTS, type Part, type Point, PUBLISHED } from "./capacity.ts";
import { PRICES } from "./prices.ts";
import { type Outcome, type Plan, type Speed, simulate } from "./simulation.ts";

const RATE = 50_000;
const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Between the measured sizes on a straight line; beyond the largest one in proportion. */
export function msOf(points: readonly Point[], events: number): number {
  const first = points[0] as Point;
  if (events <= first.events) return first.ms;
  for (const [n, to] of points.entries()) {
    const from = points[n - 1];
    if (from && events <= to.events)
      return from.ms + ((to.ms - from.ms) * (events - from.events)) / (to.events - from.events);
  }
  const last = points.at(-1) as Point;
  return (last.ms * events) / last.events;
}

const speedOf = (points: Record<Part, readonly Point[]>): Speed =>
  Object.fromEntries(PARTS.map((part) => [part, (events: number) => msOf(points[part], events)])) as Speed;
const changed = (ms: (point: Point) => number): Record<Part, readonly Point[]> =>
  Object.fromEntries(
    PARTS.map((part) => [part, MEASURED[part].map((point) => ({ ...point, ms: ms(point) }))]),
  ) as unknown as Record<Part, readonly Point[]>;

/** How fast a database is: as measured here, half as fast, and by what is published of D1. */
export const SPEEDS: Record<string, Speed> = {
  "measured here": speedOf(MEASURED),
  "half as fast": speedOf(changed(({ ms }) => 2 * ms)),
  published: speedOf(changed(({ calls, written }) => calls * PUBLISHED.call_ms + written / PUBLISHED.rows_a_ms)),
};

/** The consumer's settings, as they are in wrangler.toml. */
export function consumerSettings(): Plan["batch"] {
  const section = readFileSync("wrangler.toml", "utf8").split("[[queues.consumers]]")[1] ?? "";
  const value = (name: string) => Number(new RegExp(`^${name} = (\\d+)$`, "m").exec(section)?.[1]);
  return { messages: value("max_batch_size"), seconds: value("max_batch_timeout"), tries: value("max_retries") };
}

const isolates = RATE / ASSUMED.requests_an_isolate;
const seconds = (ms: number) => (ms / 1_000).toFixed(1);
const count = (value: number) => Math.round(value).toLocaleString("en");

/** The lags and queues of an hour, as a row. */
const rowOf = ({ lags, logLags, ...out }: Outcome, shards: number) => ({
  busy: `${Math.round(out.busy * 100)} %`,
  "log, median s": seconds(logLags.at(0.5)),
  "figures, median s": seconds(lags.all.at(0.5)),
  "99 %": seconds(lags.all.at(0.99)),
  worst: seconds(lags.all.worst),
  "in the burst, median": seconds(lags.burst.at(0.5)),
  "queued at most": count(out.mostInQueue),
  MB: count(out.mostBytesInQueue / 1e6),
  "before the figures": count(out.mostBeforeFigures),
  consumers: out.mostConsumers,
  "events a message": (out.sent / out.messages).toFixed(1),
  "batches/s of all shards": count((out.batches / out.seconds) * shards),
});

/** One shard of several, which are alike: an hour with a burst of twice as much for a minute. */
const hourOf = (rate: number, speed: Speed, more: Partial<Plan> = {}): Outcome =>
  simulate({
    ...{ shards: 1, rate, seconds: HOUR, queueEach: true, isolates, speed, batch: consumerSettings() },
    burst: { times: 2, from: 120, to: 180 },
    ...more,
  });

/** Whether a shard keeps up: at the end no more waits than comes in some seconds, and 99 of 100 events are soon in the figures. */
const KEEPS_UP_MS = 60_000;
const keepsUp = (out: Outcome, rate: number): boolean =>
  out.lags.all.at(0.99) <= KEEPS_UP_MS && out.sent - out.inFigures < 30 * rate && out.dead === 0;

/** The shares of projects by rank: the second has half of the first one's, the third a third. */
export function sharesOf(projects: number): number[] {
  const parts = Array.from({ length: projects }, (_, n) => 1 / (n + 1));
  const sum = parts.reduce((all, part) => all + part, 0);
  return parts.map((part) => part / sum);
}

/** The largest first, each on the shard that has least. @returns what each shard has. */
export function placed(shares: readonly number[], shards: number): number[] {
  const loads = Array.from({ length: shards }, () => 0);
  for (const share of shares.toSorted((one, other) => other - one)) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least] = (loads[least] ?? 0) + share;
  }
  return loads;
}

/** The least number of shards on which no shard has more than one carries, and what the busiest has then; null where a project alone has more. */
export function shardsFor(rates: readonly number[], most: number): { shards: number; busiest: number } | null {
  if (Math.max(...rates) > most) return null;
  for (let shards = Math.ceil(rates.reduce((sum, rate) => sum + rate, 0) / most); ; shards++) {
    const busiest = Math.max(...placed(rates, shards));
    if (busiest <= most) return { shards, busiest };
  }
}

const RATES = [250, 500, 750, 1_000, 1_500, 2_000, 3_000];
/** Seconds that are simulated to find what a shard carries, and of a fault, in place of an hour. */
const SEARCHED = 420;
const WITH_FAULT = 600;

/** The highest of these rates at which a shard keeps up. */
function mostOf(speed: Speed): { rate: number; out: Outcome } {
  let found: number | null = null;
  for (const rate of RATES) {
    if (!keepsUp(hourOf(rate, speed, { seconds: SEARCHED }), rate)) break;
    found = rate;
  }
  if (found === null) throw new Error("No shard keeps up at any rate.");
  return { rate: found, out: hourOf(found, speed, speed === SPEEDS["measured here"] ? {} : { seconds: SEARCHED }) };
}

export async function benchScale(): Promise<void> {
  console.log(
    `\nSimulated, not run: an hour of ${count(RATE)} events a second, with twice as many for a minute; the rows that are not measured here, for 7 minutes. Each shard has a queue.`,
  );
  const table = [];
  let carried = 0;
  for (const [name, speed] of Object.entries(SPEEDS)) {
    const { rate, out } = mostOf(speed);
    if (name === "measured here") carried = rate;
    const shards = Math.ceil(RATE / rate);
    table.push({ "a database": name, "events/s a shard": rate, shards, ...rowOf(out, shards) });
  }
  console.table(table);

  console.log("\nSimulated: a shard as measured here, at several rates, for 7 minutes:");
  console.table(
    RATES.filter((rate) => rate <= 2 * carried).map((rate) => {
      const out = hourOf(rate, SPEEDS["measured here"] as Speed, { seconds: SEARCHED });
      const shards = Math.ceil(RATE / rate);
      return { "events/s a shard": rate, shards, "keeps up": keepsUp(out, rate), ...rowOf(out, shards) };
    }),
  );

  const rate = carried / 2;
  const shards = Math.ceil(RATE / rate);
  console.log(
    `\nSimulated: three of ${shards} shards, 10 minutes, at ${count(rate)} events/s each; the first one has the fault after two minutes:`,
  );
  const minute = 60_000;
  const faults = {
    "no fault": [],
    "stalls for 70 s": [{ shard: 0, kind: "stall", from: 2 * minute, to: 2 * minute + PUBLISHED.stall_ms }],
    "away for 3 minutes": [{ shard: 0, kind: "loss", from: 2 * minute, to: 5 * minute }],
  } as const satisfies Record<string, Plan["faults"]>;
  console.table(
    Object.entries(faults).flatMap(([fault, list]) =>
      [true, false].map((queueEach) => {
        const out = hourOf(rate, SPEEDS["measured here"] as Speed, {
          ...{ shards: 3, queueEach, faults: list, seconds: WITH_FAULT },
        });
        const { healthy, faulty } = out.lags;
        return {
          fault,
          queues: queueEach ? "one a shard" : "one for all",
          "others, median s": seconds(healthy.at(0.5)),
          "others, 99 %": seconds(healthy.at(0.99)),
          "others, worst": seconds(healthy.worst),
          "the shard, 99 %": seconds(faulty.at(0.99)),
          "the shard, worst": seconds(faulty.worst),
          "queued at most": count(out.mostInQueue),
          MB: count(out.mostBytesInQueue / 1e6),
          "deliveries a message": (out.deliveries / out.messages).toFixed(2),
          "not stored at the end": out.inQueue,
          "dead letters": out.dead,
        };
      }),
    ),
  );

  console.log(
    `\nComputed: projects of ${count(RATE)} events/s, each half, a third, a quarter … of the largest, on shards of ${count(rate)} events/s:`,
  );
  console.table(
    [10, 50, 200].map((projects) => {
      const rates = sharesOf(projects).map((share) => share * RATE);
      const largest = Math.max(...rates);
      const fitting = rates.map((each) => (each * rate) / largest);
      const found = shardsFor(fitting, rate);
      return {
        projects,
        "largest, events/s": count(largest),
        "too large for a shard": rates.filter((each) => each > rate).length,
        "their share": `${Math.round((rates.filter((each) => each > rate).reduce((sum, each) => sum + each, 0) / RATE) * 100)} %`,
        "all fit up to, events/s": count((RATE * rate) / largest),
        "then shards": found?.shards ?? "–",
        "busiest shard": count(found?.busiest ?? 0),
      };
    }),
  );

  const out = hourOf(rate, SPEEDS["measured here"] as Speed, { seconds: SEARCHED });
  const batches = (out.batches / SEARCHED) * shards;
  console.log("\nComputed: what the parts that are not shards have to take:");
  console.table([
    {
      part: "queue of a shard, messages/s",
      needed: count(out.messages / SEARCHED),
      limit: count(PUBLISHED.messages_a_second),
    },
    {
      part: "one queue for all, messages/s",
      needed: count((out.messages / SEARCHED) * shards),
      limit: count(PUBLISHED.messages_a_second),
    },
    {
      part: "meter, the one object: batches/s",
      needed: count(batches),
      limit: count(PUBLISHED.object_writes_a_second),
    },
    {
      part: "runner of live counters of a shard, wakes/s",
      needed: count(out.batches / SEARCHED),
      limit: count(PUBLISHED.object_writes_a_second),
    },
    { part: "objects that run duties", needed: count(16 * shards), limit: "–" },
    {
      part: "database of a shard full after, hours",
      needed: (PUBLISHED.database_bytes / BYTES_AN_EVENT / rate / HOUR).toFixed(1),
      limit: "–",
    },
    {
      part: "queue of an away shard full after, hours",
      needed: (PUBLISHED.backlog_bytes / ((out.mostBytesInQueue / Math.max(1, out.mostInQueue)) * rate) / HOUR).toFixed(
        1,
      ),
      limit: "–",
    },
  ]);

  const each = out.sent / out.messages;
  const prices = {
    requests: PRICES.requests.a_million,
    queue: (3 * PRICES["queue operations"].a_million) / each,
    "queue, full messages": (3 * PRICES["queue operations"].a_million) / EVENTS_A_MESSAGE,
    "rows written":
      PARTS.reduce(
        (sum, part) => sum + (MEASURED[part].at(-2)?.written ?? 0) / (MEASURED[part].at(-2)?.events ?? 1),
        0,
      ) * PRICES["rows written"].a_million,
  };
  console.log("\nComputed: USD for a million events, at list price:");
  console.table(Object.entries(prices).map(([what, usd]) => ({ what, usd: usd.toFixed(2) })));

  console.log("\nComputed: how many events a day one database has room for, by how long they are kept:");
  console.table(
    [32, 90, 180, 365].map((days) => ({
      days,
      "events a day": count(PUBLISHED.database_bytes / BYTES_AN_EVENT / days),
      "events/s": (PUBLISHED.database_bytes / BYTES_AN_EVENT / days / DAY).toFixed(1),
      [`shards for ${count(RATE)}/s all day`]: count((RATE * DAY * days * BYTES_AN_EVENT) / PUBLISHED.database_bytes),
    })),
  );
}
