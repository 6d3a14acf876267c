/**
 * The queue's consumer. It does one thing: append. What it cannot append now, the queue delivers again; what can never
 * be appended, and what the queue has given up on, becomes a dead letter.
 */
import type { EventMessage, StoredEvent } from "../event.ts";
import { wakeProjectors } from "../projections/projector.ts";
import { type Database, openDatabase } from "../schema.ts";
import { suppressed } from "../suppression.ts";
import { appendOrSetAside, bury, type Casualty, eventsOf } from "./dead-letters.ts";

const CONSUMER = "event-log";
export const DEAD_LETTER_QUEUE = "edgepixel-events-dlq";

/** Seconds until the next try: longer each time, as the log may need a while. */
const patience = (attempts: number) => Math.min(300, 5 * 2 ** (attempts - 1));

/** Without the events of people who were erased while these were on their way. */
async function admissible(env: Env, events: readonly StoredEvent[], now: number): Promise<StoredEvent[]> {
  const gone = await Promise.all(events.map((event) => suppressed(env, event.project_id, event, now)));
  const kept = events.filter((_, index) => !gone[index]);
  const dropped = events.length - kept.length;
  if (dropped > 0) console.log(JSON.stringify({ message: "events of erased people dropped", events: dropped }));
  return kept;
}

async function take(env: Env, db: Database, batch: MessageBatch<EventMessage>, now: number): Promise<void> {
  const read = batch.messages.map((message) => ({ events: eventsOf(message.body), body: message.body as unknown }));
  const unreadable = read.filter(({ events }) => events === null);
  const casualties: Casualty[] = [
    ...unreadable.map(({ body }) => ({ event: null, message: body, error: "The message holds no list of events." })),
    ...(await appendOrSetAside(
      db,
      await admissible(
        env,
        read.flatMap(({ events }) => events ?? []),
        now,
      ),
    )),
  ];
  if (casualties.length > 0) {
    console.error(JSON.stringify({ message: "dead letters", count: casualties.length, error: casualties[0]?.error }));
    await bury(db, casualties, CONSUMER, now);
  }
}

async function lay(env: Env, db: Database, batch: MessageBatch<EventMessage>, now: number): Promise<void> {
  const error = "The log could not be written in all its tries.";
  const casualties = await Promise.all(
    batch.messages.map(async (message): Promise<Casualty[]> => {
      const events = eventsOf(message.body);
      return events === null
        ? [{ event: null, message: message.body, error }]
        : (await admissible(env, events, now)).map((event) => ({ event, error }));
    }),
  );
  await bury(db, casualties.flat(), CONSUMER, now);
}

export async function consume(batch: MessageBatch<EventMessage>, env: Env): Promise<void> {
  const dead = batch.queue === DEAD_LETTER_QUEUE;
  try {
    await (dead ? lay : take)(env, openDatabase(env.DB), batch, Date.now());
  } catch (error) {
    console.error(
      JSON.stringify({
        message: "append failed",
        queue: batch.queue,
        messages: batch.messages.length,
        error: String(error),
      }),
    );
    const attempts = Math.max(1, ...batch.messages.map((message) => message.attempts));
    batch.retryAll(dead ? {} : { delaySeconds: patience(attempts) });
    return;
  }
  batch.ackAll();
  if (dead) return;
  await wakeProjectors(env).catch((error) => {
    // The events are safe; cron wakes the projectors within a minute.
    console.error(JSON.stringify({ message: "wake failed", error: String(error) }));
  });
}
