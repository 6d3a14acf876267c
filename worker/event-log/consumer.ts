/**
 * The queue's consumer. It does one thing: append. What it cannot append now, the queue delivers again; what can never
 * be appended, and what the queue has given up on, becomes a dead letter.
 */
import type { EventMessage, StoredEvent } from "../event.ts";
import { log } from "../log.ts";
import { record } from "../meter/measure.ts";
import type { Counts } from "../meter/meter.ts";
import { wakeProjectors } from "../projections/projector.ts";
import { type Database, openDatabase } from "../schema.ts";
import { areSuppressed } from "../suppression.ts";
import { appendOrSetAside, bury, type Casualty, eventsOf, type Taken } from "./dead-letters.ts";

const CONSUMER = "event-log";
export const DEAD_LETTER_QUEUE = "edgepixel-events-dlq";

/** Seconds until the next try: longer each time, as the log may need a while. */
const patience = (attempts: number) => Math.min(300, 5 * 2 ** (attempts - 1));

/** A line of the log may have 256 KB. */
const IDS_A_LINE = 2_000;

/** `duplicates` are events that the log had already. */
type Consumed = Taken & { messages: number; events: number; duplicates: number };

/** Without the events of people who were erased while these were on their way. */
async function admissible(db: Database, events: readonly StoredEvent[]): Promise<StoredEvent[]> {
  const gone = await areSuppressed(db, events);
  const kept = events.filter((_, index) => !gone[index]);
  const dropped = events.length - kept.length;
  if (dropped > 0) log("info", "events of erased people dropped", { events: dropped });
  return kept;
}

async function take(db: Database, batch: MessageBatch<EventMessage>, now: number): Promise<Consumed> {
  const read = batch.messages.map((message) => ({ events: eventsOf(message.body), body: message.body as unknown }));
  const unreadable = read.filter(({ events }) => events === null);
  const events = await admissible(
    db,
    read.flatMap((message) => message.events ?? []),
  );
  const taken = await appendOrSetAside(db, events);
  const casualties: Casualty[] = [
    ...unreadable.map(({ body }) => ({ event: null, message: body, error: "The message holds no list of events." })),
    ...taken.casualties,
  ];
  if (casualties.length > 0) {
    log("error", "dead letters", { count: casualties.length, error: casualties[0]?.error });
    await bury(db, casualties, CONSUMER, now);
  }
  const duplicates = events.length - taken.stored - taken.casualties.length;
  return { ...taken, casualties, messages: batch.messages.length, events: events.length, duplicates };
}

async function lay(db: Database, batch: MessageBatch<EventMessage>, now: number): Promise<void> {
  const error = "The log could not be written in all its tries.";
  const read = batch.messages.map(({ body }) => ({ events: eventsOf(body), message: body }));
  const events = await admissible(
    db,
    read.flatMap((message) => message.events ?? []),
  );
  const dead: Casualty[] = [
    ...read.flatMap(({ events, message }) => (events === null ? [{ event: null, message, error }] : [])),
    ...events.map((event) => ({ event, error })),
  ];
  if (dead.length > 0) log("error", "dead letters", { count: dead.length, error });
  await bury(db, dead, CONSUMER, now);
}

/** The requests that a batch came from: an old message names none. */
const requestsOf = (batch: MessageBatch<EventMessage>): string[] => [
  ...new Set(batch.messages.flatMap(({ body }) => (Array.isArray(body?.request_ids) ? body.request_ids : []))),
];

/** One line, as long as the ids have room in it: what came of these requests, and where in the log it stands. */
function tell(batch: MessageBatch<EventMessage>, consumed: Consumed, ms: number): void {
  const { casualties: _, ...figures } = consumed;
  const ids = requestsOf(batch);
  for (let from = 0; from === 0 || from < ids.length; from += IDS_A_LINE) {
    log("info", "batch appended", { ...figures, ms, request_ids: ids.slice(from, from + IDS_A_LINE) });
  }
}

export async function consume(batch: MessageBatch<EventMessage>, env: Env): Promise<void> {
  const dead = batch.queue === DEAD_LETTER_QUEUE;
  const now = Date.now();
  try {
    const db = openDatabase(env.DB);
    if (dead) {
      await lay(db, batch, now);
      return batch.ackAll();
    }
    const consumed = await take(db, batch, now);
    batch.ackAll();
    tell(batch, consumed, Date.now() - now);
    await Promise.all([wake(env), record(env, countsOf(consumed))]);
  } catch (error) {
    const { queue, messages } = batch;
    const request_ids = requestsOf(batch).slice(0, IDS_A_LINE);
    log("error", "append failed", { queue, messages: messages.length, request_ids, error: String(error) });
    const attempts = Math.max(1, ...messages.map((message) => message.attempts));
    batch.retryAll(dead ? {} : { delaySeconds: patience(attempts) });
    await record(env, { "queue retries": 1 });
  }
}

const countsOf = ({ messages, events, duplicates }: Consumed): Counts => ({
  "queue batches": 1,
  "queue messages": messages,
  "queue events": events,
  "queue known": duplicates,
});

const wake = (env: Env) =>
  wakeProjectors(env).catch((error) => {
    // The events are safe; cron wakes the projectors within a minute.
    log("error", "wake failed", { error: String(error) });
  });
