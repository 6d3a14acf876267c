/**
 * The queue's consumer. It does one thing: append. What it cannot append now, the queue delivers again; what can never
 * be appended, and what the queue has given up on, becomes a dead letter.
 */
import { sql } from "drizzle-orm";
import type { EventMessage, StoredEvent } from "../event.ts";
import { log } from "../log.ts";
import { record } from "../meter/measure.ts";
import { add, type Counts } from "../meter/meter.ts";
import { type GatheringGroup, isTimeToRun } from "../projections/catch-up.ts";
import { GROUPS } from "../projections/index.ts";
import { wakeAfterAppend } from "../projections/projector.ts";
import { budgetOf } from "../store/budget.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { shardsOfProjects } from "../store/placements.ts";
import { places } from "../store/places.ts";
import { MAIN, onShard } from "../store/shards.ts";
import { areSuppressed } from "../suppression.ts";
import { standingOf } from "./append.ts";
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
export const patience = (attempts: number) => Math.min(300, 5 * 2 ** (attempts - 1));

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

/** What messages hold for one shard; bodies that are no list of events are for `main`. */
type Part = { shard: string; events: StoredEvent[]; unreadable: unknown[] };

async function partsOf(env: Env, messages: Messages, now: number): Promise<Part[]> {
  const read = messages.map(({ body }) => ({ events: eventsOf(body), body: body as unknown }));
  const unreadable = read.filter(({ events }) => events === null).map(({ body }) => body);
  const events = read.flatMap((message) => message.events ?? []);
  const shards = await shardsOfProjects(env, new Set(events.map(({ project_id }) => project_id)), now);
  return partsAmong(shards, events, unreadable);
}

export function partsAmong(
  shards: ReadonlyMap<string, string>,
  events: readonly StoredEvent[],
  unreadable: unknown[],
): Part[] {
  const byShard = Map.groupBy(events, ({ project_id }) => shards.get(project_id) ?? MAIN);
  if (byShard.size === 0 || (unreadable.length > 0 && !byShard.has(MAIN))) byShard.set(MAIN, []);
  return [...byShard].map(([shard, ofShard]) => ({
    shard,
    events: ofShard,
    unreadable: shard === MAIN ? unreadable : [],
  }));
}

async function take(env: Env, messages: Messages, part: Part, now: number): Promise<Consumed> {
  const db = databaseOf(env);
  const sent = await admissible(db, part.events);
  // Events that an earlier try has made dead letters are not tried again.
  const events = messages.some(({ attempts }) => attempts > 1) ? await withoutWaitingLetters(db, sent) : sent;
  const taken = await appendOrSetAside(db, events, () => budgetOf(env).has(TRY_CALLS));
  const unstored: Unstored[] = [
    ...part.unreadable.map((message) => ({ event: null, message, error: "The message holds no list of events." })),
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

async function keepUndelivered(env: Env, batch: MessageBatch<EventMessage>, now: number): Promise<void> {
  const error = "The log could not be written in all its tries.";
  for (const { shard, events, unreadable } of await partsOf(env, batch.messages, now)) {
    const db = databaseOf(onShard(env, shard));
    // A message that was refused for the events of one shard may have been taken for those of another one.
    const kept = await withoutLogged(db, await admissible(db, events));
    const unstored: Unstored[] = [
      ...unreadable.map((message) => ({ event: null, message, error })),
      ...kept.map((event) => ({ event, error })),
    ];
    if (unstored.length > 0) log("error", "dead letters", { count: unstored.length, error });
    await keepDeadLetters(db, unstored, CONSUMER, now);
  }
}

/** The events that the log does not have: another event with the same id may have another standing. */
async function withoutLogged(db: Database, events: readonly StoredEvent[]): Promise<StoredEvent[]> {
  if (events.length === 0) return [];
  const ids = events.map(({ project_id, event_id }) => [project_id, event_id]);
  const logged = await db.values<[string, string, number]>(sql`WITH given (project_id, event_id) AS (
      SELECT value ->> 0, value ->> 1 FROM json_each(${JSON.stringify(ids)})
    ), ${places("known", "given")} SELECT DISTINCT project_id, event_id, place % 4 FROM known`);
  const known = new Set(logged.map((one) => JSON.stringify(one)));
  return events.filter((event) => !known.has(JSON.stringify([event.project_id, event.event_id, standingOf(event)])));
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
export function portionsOf<Body>(messages: readonly Message<Body>[]): Message<Body>[][] {
  const portions: Message<Body>[][] = [];
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
    if (dead) {
      await keepUndelivered(env, batch, now);
      return batch.ackAll();
    }
    const counts: Counts = { "queue batches": 1 };
    const due = new Map<string, Due>();
    const failed = new Set<string>();
    for (const messages of portionsOf(batch.messages)) {
      const parts = await partsOf(env, messages, now);
      const outcomes: Outcome[] = [];
      for (const part of inTurn(parts, messages))
        outcomes.push(
          failed.has(part.shard) ? "failed" : await appendPart(env, messages, part, { now, counts, due, failed }),
        );
      // A shard that fails delays no other one: the events that another one has taken are known when they come again.
      const delaySeconds = outcomes.includes("failed") ? patience(attemptsOf(messages)) : 0;
      const whole = outcomes.every((outcome) => outcome === "whole");
      for (const message of messages) whole ? message.ack() : message.retry({ delaySeconds });
      if (whole) add(counts, { "queue messages": messages.length });
    }
    if (failed.size > 0) add(counts, { "queue retries": 1 });
    await Promise.all([...[...due].map(([shard, groups]) => wake(onShard(env, shard), groups)), record(env, counts)]);
  } catch (error) {
    const { queue, messages } = batch;
    const request_ids = requestsOf(messages).slice(0, IDS_A_LINE);
    log("error", "append failed", { queue, messages: messages.length, request_ids, error: String(error) });
    batch.retryAll(dead ? {} : { delaySeconds: patience(attemptsOf(messages)) });
    await record(env, { "queue retries": 1 });
  }
}

const attemptsOf = (messages: Messages): number => Math.max(1, ...messages.map(({ attempts }) => attempts));

/** Begins with another shard at each try, as there may be room for only one of them. */
function inTurn(parts: readonly Part[], messages: Messages): Part[] {
  const first = (attemptsOf(messages) - 1) % parts.length;
  return [...parts.slice(first), ...parts.slice(0, first)];
}

type Due = Parameters<typeof wakeAfterAppend>[1];
type Delivery = { now: number; counts: Counts; due: Map<string, Due>; failed: Set<string> };
/** `cut`: there was no room for all events, which are delivered again at once. */
type Outcome = "whole" | "cut" | "failed";

async function appendPart(root: Env, messages: Messages, part: Part, delivery: Delivery): Promise<Outcome> {
  const { now, counts, due, failed } = delivery;
  const { shard } = part;
  const env = onShard(root, shard);
  const began = Date.now();
  if (!budgetOf(env).has(APPEND_CALLS)) return "cut";
  try {
    const consumed = await take(env, messages, part, now);
    logBatch(messages, consumed, Date.now() - began);
    add(counts, countsOf(consumed));
    const before = due.get(shard);
    due.set(shard, {
      tables: before?.tables || isTimeFor("tables", consumed),
      figures: before?.figures || isTimeFor("figures", consumed),
      postbacks: before?.postbacks || consumed.has_targets,
    });
    return consumed.untried.length === 0 ? "whole" : "cut";
  } catch (error) {
    failed.add(shard);
    const request_ids = requestsOf(messages).slice(0, IDS_A_LINE);
    log("error", "append failed", { shard, messages: messages.length, request_ids, error: String(error) });
    return "failed";
  }
}

const countsOf = ({ events, duplicates }: Consumed): Counts => ({
  "queue events": events,
  "queue known": duplicates,
});

/** Whether a group runs now, because enough events wait for it, or because one has waited too long. */
const isTimeFor = (group: GatheringGroup, { taken, first_seq, last_seq, overdue }: Consumed): boolean =>
  first_seq !== null && last_seq !== null && (overdue || isTimeToRun(group, taken[group], first_seq, last_seq));

const wake = (env: Env, others: Due) =>
  wakeAfterAppend(env, others).catch((error) => {
    // The events are stored: cron wakes the projectors later, and so do readers of the tables.
    log("error", "wake failed", { error: String(error) });
  });
