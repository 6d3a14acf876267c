/**
 * The queue's consumer. It does one thing: append. What it cannot append now, the queue delivers again; what can never
 * be appended, and what the queue has given up on, becomes a dead letter.
 */
import type { EventMessage, StoredEvent } from "../event.ts";
import { log } from "../log.ts";
import { record } from "../meter/measure.ts";
import { add, type Counts } from "../meter/meter.ts";
import { type GatheringGroup, isTimeToRun } from "../projections/catch-up.ts";
import { GROUPS } from "../projections/index.ts";
import { wakeAfterAppend } from "../projections/projector.ts";
import { budgetOf } from "../store/budget.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { areSuppressed } from "../suppression.ts";
import {
  appendOrSetAside,
  eventsOf,
  keepDeadLetters,
  type Taken,
  type Unstored,
  withoutWaitingLetters,
} from "./dead-letters.ts";

const CONSUMER = "event-log";
/** The end of the names of dead-letter queues. Each deployment has one, such as `edgepixel-staging-events-dlq`. */
const DEAD_LETTERS = "-dlq";

/** Seconds until the next try: longer each time, as the log may need a while. */
const patience = (attempts: number) => Math.min(300, 5 * 2 ** (attempts - 1));

/** Characters of the messages that are appended together. */
const PORTION_CHARACTERS = 1_000_000;
/** Calls and statements of appending a portion and of the work after it; and of trying a part of it. */
const APPEND_CALLS = 30;
const TRY_CALLS = 20;

/** A line of the log may have 256 KB. */
const IDS_A_LINE = 2_000;

/** `duplicates` are events that the log had already; `overdue` is whether one has waited in the queue too long to gather. */
type Consumed = Taken & { messages: number; events: number; duplicates: number; overdue: boolean };

/** The events without those of people who were erased while the events were in the queue. */
async function admissible(db: Database, events: readonly StoredEvent[]): Promise<StoredEvent[]> {
  const gone = await areSuppressed(db, events);
  const kept = events.filter((_, index) => !gone[index]);
  const dropped = events.length - kept.length;
  if (dropped > 0) log("info", "events of erased people dropped", { events: dropped });
  return kept;
}

type Messages = readonly Message<EventMessage>[];

async function take(env: Env, db: Database, messages: Messages, now: number): Promise<Consumed> {
  const read = messages.map((message) => ({ events: eventsOf(message.body), body: message.body as unknown }));
  const unreadable = read.filter(({ events }) => events === null);
  const sent = await admissible(
    db,
    read.flatMap((message) => message.events ?? []),
  );
  // Events that an earlier try has made dead letters are not tried again.
  const events = messages.some(({ attempts }) => attempts > 1) ? await withoutWaitingLetters(db, sent) : sent;
  const taken = await appendOrSetAside(db, events, () => budgetOf(env).has(TRY_CALLS));
  const unstored: Unstored[] = [
    ...unreadable.map(({ body }) => ({ event: null, message: body, error: "The message holds no list of events." })),
    ...taken.unstored,
  ];
  if (unstored.length > 0) {
    log("error", "dead letters", { count: unstored.length, error: unstored[0]?.error });
    await keepDeadLetters(db, unstored, CONSUMER, now);
  }
  const duplicates = sent.length - taken.stored - taken.unstored.length - taken.untried.length;
  const overdue = sent.some(({ received_at }) => now - received_at > GROUPS.tables.every);
  return { ...taken, unstored, messages: messages.length, events: sent.length, duplicates, overdue };
}

async function keepUndelivered(db: Database, batch: MessageBatch<EventMessage>, now: number): Promise<void> {
  const error = "The log could not be written in all its tries.";
  const read = batch.messages.map(({ body }) => ({ events: eventsOf(body), message: body }));
  const events = await admissible(
    db,
    read.flatMap((message) => message.events ?? []),
  );
  const unstored: Unstored[] = [
    ...read.flatMap(({ events, message }) => (events === null ? [{ event: null, message, error }] : [])),
    ...events.map((event) => ({ event, error })),
  ];
  if (unstored.length > 0) log("error", "dead letters", { count: unstored.length, error });
  await keepDeadLetters(db, unstored, CONSUMER, now);
}

/** The ids of the requests that a batch came from: an old message has none. */
const requestsOf = (messages: Messages): string[] => [
  ...new Set(messages.flatMap(({ body }) => (Array.isArray(body?.request_ids) ? body.request_ids : []))),
];

/** Logs the outcome of these requests and their place in the log, in one line where it has room for the ids. */
function logBatch(messages: Messages, consumed: Consumed, ms: number): void {
  const { unstored: _, untried: __, taken: ___, overdue: ____, has_targets: _____, ...figures } = consumed;
  const ids = requestsOf(messages);
  for (let from = 0; from === 0 || from < ids.length; from += IDS_A_LINE) {
    log("info", "batch appended", { ...figures, ms, request_ids: ids.slice(from, from + IDS_A_LINE) });
  }
}

/** About how many messages are appended together. */
function portionsOf(messages: Messages): Message<EventMessage>[][] {
  const portions: Message<EventMessage>[][] = [];
  let size = PORTION_CHARACTERS;
  for (const message of messages) {
    const length = JSON.stringify(message.body)?.length ?? 0;
    const portion = portions.at(-1);
    if (portion && size + length <= PORTION_CHARACTERS) portion.push(message);
    else {
      portions.push([message]);
      size = 0;
    }
    size += length;
  }
  return portions;
}

export async function consume(batch: MessageBatch<EventMessage>, env: Env): Promise<void> {
  const dead = batch.queue.endsWith(DEAD_LETTERS);
  const now = Date.now();
  try {
    const db = databaseOf(env);
    if (dead) {
      await keepUndelivered(db, batch, now);
      return batch.ackAll();
    }
    const counts: Counts = { "queue batches": 1 };
    const due = { tables: false, figures: false, postbacks: false };
    for (const messages of portionsOf(batch.messages)) {
      const began = Date.now();
      const consumed = budgetOf(env).has(APPEND_CALLS) ? await take(env, db, messages, now) : null;
      // Events for which there was no room are delivered again at once.
      const whole = consumed?.untried.length === 0;
      for (const message of messages) whole ? message.ack() : message.retry({ delaySeconds: 0 });
      if (!consumed) continue;
      logBatch(messages, consumed, Date.now() - began);
      add(counts, countsOf(consumed));
      due.tables ||= isTimeFor("tables", consumed);
      due.figures ||= isTimeFor("figures", consumed);
      due.postbacks ||= consumed.has_targets;
    }
    await Promise.all([wake(env, due), record(env, counts)]);
  } catch (error) {
    const { queue, messages } = batch;
    const request_ids = requestsOf(messages).slice(0, IDS_A_LINE);
    log("error", "append failed", { queue, messages: messages.length, request_ids, error: String(error) });
    const attempts = Math.max(1, ...messages.map((message) => message.attempts));
    batch.retryAll(dead ? {} : { delaySeconds: patience(attempts) });
    await record(env, { "queue retries": 1 });
  }
}

const countsOf = ({ messages, events, duplicates }: Consumed): Counts => ({
  "queue messages": messages,
  "queue events": events,
  "queue known": duplicates,
});

/** Whether a group runs now, because enough events wait for it, or because one has waited too long. */
const isTimeFor = (group: GatheringGroup, { taken, first_seq, last_seq, overdue }: Consumed): boolean =>
  first_seq !== null && last_seq !== null && (overdue || isTimeToRun(group, taken[group], first_seq, last_seq));

const wake = (env: Env, others: Parameters<typeof wakeAfterAppend>[1]) =>
  wakeAfterAppend(env, others).catch((error) => {
    // The events are stored: cron wakes the projectors later, and so do readers of the tables.
    log("error", "wake failed", { error: String(error) });
  });
