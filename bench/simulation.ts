/**
 * An hour of an instance with several shards, in simulated time. What the product decides is decided by its code: how events become
 * messages, portions and parts of a shard, when a message is tried again, and when a run begins. How long the platform's parts take is
 * given. The same seed has the same hour.
 */
import { BLANK_EVENT } from "../test/blank-event.ts";
import type { EventMessage, StoredEvent } from "../worker/event.ts";
import { partsAmong, patience, portionsOf } from "../worker/event-log/consumer.ts";
import { isTimeToRun } from "../worker/projections/catch-up.ts";
import { GROUPS } from "../worker/projections/index.ts";
import { EVENTS_A_MESSAGE, measure, messagesOf } from "../worker/queue/message.ts";
import { ASSUMED, PUBLISHED } from "./capacity.ts";
import { random } from "./traffic.ts";

/** Milliseconds that a database is busy with one time of a part of the work, for so many events. */
export type Speed = Record<"append" | "live" | "tables" | "figures", (events: number) => number>;
/** Milliseconds from and to; a stall holds the calls up, a loss refuses them at once. */
export type Fault = { shard: number; kind: "stall" | "loss"; from: number; to: number };

export type Plan = {
  shards: number;
  /** Events a second of each shard. */
  rate: number;
  seconds: number;
  /** How much more arrives in a burst; from and to in seconds. */
  burst?: { times: number; from: number; to: number };
  faults?: readonly Fault[];
  /** Whether each shard has a queue: `EVENTS_<NAME>`. */
  queueEach: boolean;
  /** How many isolates receive the events of a shard. */
  isolates: number;
  speed: Speed;
  /** From wrangler.toml. */
  batch: { messages: number; seconds: number; tries: number };
  seed?: number;
};

/** How late events were, in milliseconds: a count for each tenth of a second. */
export class Lags {
  readonly #counts: number[] = [];
  #events = 0;
  worst = 0;

  add(ms: number, events: number): void {
    const tenth = Math.max(0, Math.ceil(ms / 100));
    this.#counts[tenth] = (this.#counts[tenth] ?? 0) + events;
    this.#events += events;
    this.worst = Math.max(this.worst, ms);
  }

  /** The lag that a share of the events had at most. */
  at(share: number): number {
    let seen = 0;
    for (const [tenth, count = 0] of this.#counts.entries()) {
      seen += count;
      if (seen >= share * this.#events) return tenth * 100;
    }
    return this.worst;
  }
}

export type Outcome = {
  seconds: number;
  sent: number;
  stored: number;
  inFigures: number;
  dead: number;
  inQueue: number;
  messages: number;
  batches: number;
  deliveries: number;
  runs: number;
  /** Of all shards, from the arrival to the tables and figures; in the burst; of the shards without a fault, and with one. */
  lags: Record<"all" | "burst" | "healthy" | "faulty", Lags>;
  /** From the arrival to the log. */
  logLags: Lags;
  mostInQueue: number;
  mostBytesInQueue: number;
  mostBeforeFigures: number;
  /** The share of the hour that the busiest database worked, and how many consumers ran at most. */
  busy: number;
  mostConsumers: number;
};

type Body = EventMessage;
/** `kept`: the log has its events already, but it comes again together with others that could not be appended. */
type Sent = { body: Body; shard: number; at: number; attempts: number; bytes: number; kept: boolean };
type Chunk = { last: number; at: number; events: number };
type Group = "tables" | "figures";
type Shard = {
  free: number;
  busy: number;
  seq: number;
  chunks: Chunk[];
  cursors: Record<Group | "live", number>;
  running: Record<Group | "live", boolean>;
  called: Record<Group | "live", boolean>;
  seen: number;
};
type Queue = {
  waiting: Sent[];
  head: number;
  consumers: number;
  allowed: number;
  collecting: boolean;
  events: number;
  bytes: number;
};

const TICK = 100;
/** Events of a step of a projection: `STEP` of worker/projections/runner.ts. */
const STEP = 5_000;
const PROJECT = (shard: number) => `project-${shard}`;

/** Work by time. */
class Agenda {
  readonly #heap: { at: number; order: number; work: () => void }[] = [];
  #order = 0;

  add(at: number, work: () => void): void {
    const heap = this.#heap;
    const item = { at, order: this.#order++, work };
    let n = heap.push(item) - 1;
    while (n > 0) {
      const parent = (n - 1) >> 1;
      if (!before(item, heap[parent] as typeof item)) break;
      heap[n] = heap[parent] as typeof item;
      n = parent;
    }
    heap[n] = item;
  }

  next(): { at: number; work: () => void } | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let n = 0;
    for (;;) {
      let child = 2 * n + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as typeof last, heap[child] as typeof last)) child++;
      if (!before(heap[child] as typeof last, last)) break;
      heap[n] = heap[child] as typeof last;
      n = child;
    }
    heap[n] = last;
    return first;
  }
}
const before = (one: { at: number; order: number }, other: { at: number; order: number }) =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

/** How many come in a time in which `mean` are expected. */
function poisson(mean: number, next: () => number): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  let count = 0;
  for (let left = Math.exp(-mean), product = next(); product > left; product *= next()) count++;
  return count;
}

/** Messages of each size, made once: their events differ in nothing that decides anything here. */
export function messagesBySize(shard: number): Body[] {
  const event: StoredEvent = {
    ...BLANK_EVENT,
    event_id: "019a0000-0000-7000-8000-000000000000",
    project_id: PROJECT(shard),
    event_type: "visit",
    player_id: "player-12345",
    visitor_id: "01234567-89ab-cdef-0123-456789abcdef",
    banner_tag: "campaign-17",
    user_agent:
      "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    referrer: "affiliate.example",
    source_ip: "203.0.113.0",
    ...{ timestamp: 1_780_000_000_000, received_at: 1_780_000_000_000, event_date: "2026-05-28", event_hour: 20 },
  };
  return Array.from({ length: EVENTS_A_MESSAGE + 1 }, (_, size) => {
    const [[message] = []] = messagesOf(Array.from({ length: size }, () => measure(event)));
    const body: EventMessage = message ?? { events: [] };
    // Its length is asked for at each try: a text of the same length is made sooner.
    const length = JSON.stringify(body).length;
    return Object.assign(body, { toJSON: () => "-".repeat(length - 2) });
  });
}

export function simulate(plan: Plan): Outcome {
  const { rate, seconds, burst, faults = [], queueEach, isolates, speed, batch } = plan;
  const next = random(plan.seed ?? 1);
  const agenda = new Agenda();
  const end = seconds * 1_000;
  const places = new Map(Array.from({ length: plan.shards }, (_, n) => [PROJECT(n), String(n)]));
  const pool = Array.from({ length: plan.shards }, (_, n) => messagesBySize(n));
  const sizes = pool.map((bodies) => bodies.map((body) => JSON.stringify(body).length));
  const shards: Shard[] = Array.from({ length: plan.shards }, () => ({
    ...{ free: 0, busy: 0, seq: 0, chunks: [], seen: 0 },
    cursors: { tables: 0, figures: 0, live: 0 },
    running: { tables: false, figures: false, live: false },
    called: { tables: false, figures: false, live: false },
  }));
  const queues: Queue[] = Array.from({ length: queueEach ? plan.shards : 1 }, () => ({
    ...{ waiting: [], head: 0, consumers: 0, allowed: 1, collecting: false, events: 0, bytes: 0 },
  }));
  const lags = { all: new Lags(), burst: new Lags(), healthy: new Lags(), faulty: new Lags() };
  const out: Outcome = {
    ...{
      seconds,
      sent: 0,
      stored: 0,
      inFigures: 0,
      dead: 0,
      inQueue: 0,
      messages: 0,
      batches: 0,
      deliveries: 0,
      runs: 0,
    },
    ...{
      lags,
      logLags: new Lags(),
      mostInQueue: 0,
      mostBytesInQueue: 0,
      mostBeforeFigures: 0,
      busy: 0,
      mostConsumers: 0,
    },
  };

  /** One call of a shard's database, which does one thing at a time. `done` gets whether it succeeded. */
  const call = (shard: number, now: number, ms: number, done: (at: number, ok: boolean) => void): void => {
    const database = shards[shard] as Shard;
    const fault = (at: number) => faults.find((one) => one.shard === shard && one.from <= at && at < one.to);
    const begins = Math.max(now, database.free);
    const found = fault(begins) ?? fault(begins + ms);
    if (found?.kind === "loss") {
      agenda.add(now + 10, () => done(now + 10, false));
      return;
    }
    const at = found ? found.to : begins;
    // The caller gets an error after the longest time of a query, and the database does not begin with it.
    if (at - now > PUBLISHED.query_ms) {
      const fails = now + PUBLISHED.query_ms;
      agenda.add(fails, () => done(fails, false));
      return;
    }
    database.free = at + ms;
    database.busy += ms;
    agenda.add(database.free, () => done(database.free, true));
  };

  const wake = (n: number, group: Group | "live", now: number): void => {
    const shard = shards[n] as Shard;
    if (shard.running[group]) shard.called[group] = true;
    else run(n, group, now);
  };

  const run = (n: number, group: Group | "live", now: number, failures = 0): void => {
    const shard = shards[n] as Shard;
    const events = Math.min(STEP, shard.seq - shard.cursors[group]);
    shard.running[group] = true;
    shard.called[group] = false;
    if (events <= 0) {
      shard.running[group] = false;
      return;
    }
    const upTo = shard.cursors[group] + events;
    call(n, now, speed[group](events), (at, ok) => {
      if (!ok) {
        // As the object that runs duties does: PAUSE_MS and LONGEST_PAUSE_MS of worker/runner.ts.
        const pause = Math.min(60_000, 5_000 * 2 ** failures);
        agenda.add(at + pause, () => run(n, group, at + pause, failures + 1));
        return;
      }
      out.runs++;
      shard.cursors[group] = upTo;
      if (group !== "live") look(n, at);
      if (shard.seq > upTo || shard.called[group]) run(n, group, at);
      else shard.running[group] = false;
    });
  };

  /** Notes how late the events are that both tables and figures have now. */
  const look = (n: number, now: number): void => {
    const shard = shards[n] as Shard;
    const upTo = Math.min(shard.cursors.tables, shard.cursors.figures);
    while (shard.seen < shard.chunks.length) {
      const { last, at, events } = shard.chunks[shard.seen] as Chunk;
      if (last > upTo) break;
      shard.seen++;
      out.inFigures += events;
      lags.all.add(now - at, events);
      if (burst && at >= burst.from * 1_000 && at < burst.to * 1_000) lags.burst.add(now - at, events);
      lags[faults.some((fault) => fault.shard === n) ? "faulty" : "healthy"].add(now - at, events);
    }
    if (shard.seen > 10_000) {
      shard.chunks.splice(0, shard.seen);
      shard.seen = 0;
    }
  };

  const stored = (n: number, now: number, messages: readonly Sent[]): boolean[] => {
    const shard = shards[n] as Shard;
    const first = shard.seq + 1;
    let overdue = false;
    for (const sent of messages) {
      const { at, body, kept } = sent;
      if (kept) continue;
      sent.kept = true;
      shard.seq += body.events.length;
      shard.chunks.push({ last: shard.seq, at, events: body.events.length });
      out.logLags.add(now - at, body.events.length);
      overdue ||= now - at > GROUPS.tables.every;
    }
    out.stored += shard.seq - first + 1;
    const { cursors, seq } = shard;
    out.mostBeforeFigures = Math.max(out.mostBeforeFigures, seq - Math.min(cursors.tables, cursors.figures));
    return (["tables", "figures"] as const).map((group) => overdue || isTimeToRun(group, cursors[group], first, seq));
  };

  /** What `consume` does with a batch: portion by portion, in each one shard after the other. */
  const consume = (queue: Queue, taken: readonly Sent[], began: number): void => {
    const bySent = new Map<unknown, Sent>();
    const asMessages = taken.map((sent) => {
      const message = { body: sent.body, attempts: sent.attempts } as Message<Body>;
      bySent.set(message, sent);
      return message;
    });
    const portions = portionsOf(asMessages).map((messages) => messages.map((one) => bySent.get(one) as Sent));
    const failed = new Set<number>();
    const due = new Map<number, boolean[]>();
    out.batches++;
    const portion = (index: number, now: number): void => {
      const messages = portions[index];
      if (!messages) {
        for (const [n, [tables, figures]] of due) {
          wake(n, "live", now);
          if (tables) wake(n, "tables", now);
          if (figures) wake(n, "figures", now);
        }
        queue.consumers--;
        take(queue, now);
        return;
      }
      const parts = partsAmong(
        places,
        messages.flatMap(({ body }) => body.events),
        [],
      );
      const part = (which: number, at: number): void => {
        const shard = Number(parts[which]?.shard);
        if (which === parts.length) {
          const tries = Math.max(...messages.map(({ attempts }) => attempts));
          if (messages.some((sent) => failed.has(sent.shard)))
            for (const sent of messages) again(queue, sent, tries, at);
          portion(index + 1, at);
          return;
        }
        if (failed.has(shard)) {
          part(which + 1, at);
          return;
        }
        call(shard, at, speed.append(parts[which]?.events.length ?? 0), (then, ok) => {
          if (ok) {
            const groups = stored(
              shard,
              then,
              messages.filter((sent) => sent.shard === shard),
            );
            due.set(
              shard,
              groups.map((isDue, n) => isDue || due.get(shard)?.[n] === true),
            );
          } else failed.add(shard);
          part(which + 1, then);
        });
      };
      part(0, now);
    };
    portion(0, began);
  };

  const again = (queue: Queue, sent: Sent, tries: number, now: number): void => {
    if (sent.attempts > batch.tries) {
      if (!sent.kept) out.dead += sent.body.events.length;
      return;
    }
    const at = now + patience(tries) * 1_000;
    held.events += sent.body.events.length;
    held.bytes += sent.bytes;
    agenda.add(at, () => {
      held.events -= sent.body.events.length;
      held.bytes -= sent.bytes;
      put(queue, { ...sent, attempts: sent.attempts + 1 });
      take(queue, at);
    });
  };
  /** Messages that wait for their next try. */
  const held = { events: 0, bytes: 0 };

  const put = (queue: Queue, sent: Sent): void => {
    queue.waiting.push(sent);
    queue.events += sent.body.events.length;
    queue.bytes += sent.bytes;
  };

  /** Begins consumers for full batches, and for what waits after `max_batch_timeout`. */
  const take = (queue: Queue, now: number, whatever = false): void => {
    let rest = whatever;
    while (queue.consumers < queue.allowed) {
      const waiting = queue.waiting.length - queue.head;
      if (waiting === 0 || (waiting < batch.messages && !rest)) break;
      const taken = queue.waiting.slice(queue.head, queue.head + batch.messages);
      queue.head += taken.length;
      for (const { body, bytes } of taken) {
        queue.events -= body.events.length;
        queue.bytes -= bytes;
      }
      if (queue.head > 50_000) {
        queue.waiting.splice(0, queue.head);
        queue.head = 0;
      }
      queue.consumers++;
      out.mostConsumers = Math.max(out.mostConsumers, queue.consumers);
      out.deliveries += taken.length;
      consume(queue, taken, now);
      rest = false;
    }
    if (queue.waiting.length > queue.head && !queue.collecting) {
      queue.collecting = true;
      const at = now + batch.seconds * 1_000;
      agenda.add(at, () => {
        queue.collecting = false;
        take(queue, at, true);
      });
    }
  };

  /** Of a shard, the events that its isolates receive while a send goes on are a message, as in group-commit.ts. */
  const arrive = (n: number, now: number): void => {
    const second = now / 1_000;
    const times = burst && second >= burst.from && second < burst.to ? burst.times : 1;
    const mean = (rate * times * TICK) / 1_000;
    const whileSending = Math.max(1, (rate * times * PUBLISHED.send_ms) / 1_000 / isolates);
    const queue = queues[queueEach ? n : 0] as Queue;
    for (let left = poisson(mean, next); left > 0; ) {
      const size = Math.min(left, EVENTS_A_MESSAGE, Math.max(1, poisson(whileSending, next)));
      const body = pool[n]?.[size] as Body;
      const at = now - next() * TICK;
      put(queue, { body, shard: n, at, attempts: 1, bytes: sizes[n]?.[size] ?? 0, kept: false });
      out.sent += size;
      out.messages++;
      left -= size;
    }
  };

  const tick = (now: number): void => {
    for (let n = 0; n < plan.shards; n++) arrive(n, now);
    for (const queue of queues) take(queue, now);
    out.mostInQueue = Math.max(
      out.mostInQueue,
      queues.reduce((sum, { events }) => sum + events, held.events),
    );
    out.mostBytesInQueue = Math.max(
      out.mostBytesInQueue,
      queues.reduce((sum, { bytes }) => sum + bytes, held.bytes),
    );
    if (now + TICK < end) agenda.add(now + TICK, () => tick(now + TICK));
  };
  const scale = (now: number): void => {
    for (const queue of queues) {
      const waiting = queue.waiting.length - queue.head;
      if (waiting > batch.messages * queue.allowed) queue.allowed = Math.min(PUBLISHED.consumers, queue.allowed + 1);
      else if (waiting < batch.messages) queue.allowed = Math.max(1, queue.allowed - 1);
    }
    const at = now + ASSUMED.consumer_step_s * 1_000;
    if (at < end) agenda.add(at, () => scale(at));
  };
  /** A dashboard is open on each shard: it asks for figures that are at most `age` old. */
  const looks = (now: number): void => {
    for (let n = 0; n < plan.shards; n++) for (const group of ["tables", "figures"] as const) wake(n, group, now);
    const at = now + GROUPS.tables.gathering.age;
    if (at < end) agenda.add(at, () => looks(at));
  };
  agenda.add(0, () => tick(0));
  agenda.add(0, () => scale(0));
  agenda.add(0, () => looks(0));
  for (let item = agenda.next(); item && item.at < end; item = agenda.next()) item.work();
  out.inQueue = out.sent - out.stored - out.dead;
  out.busy = Math.max(...shards.map(({ busy }) => busy)) / end;
  return out;
}
