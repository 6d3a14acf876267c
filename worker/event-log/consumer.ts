/** The queue's consumer. It does one thing: append. What it cannot append now, the queue delivers again. */
import type { EventMessage } from "../event.ts";
import { wakeProjectors } from "../projections/projector.ts";
import { openDatabase } from "../schema.ts";
import { append } from "./append.ts";

export async function consume(batch: MessageBatch<EventMessage>, env: Env): Promise<void> {
  const events = batch.messages.flatMap((message) => message.body.events);
  try {
    await append(openDatabase(env.DB), events);
  } catch (error) {
    console.error(JSON.stringify({ message: "append failed", events: events.length, error: String(error) }));
    batch.retryAll();
    return;
  }
  batch.ackAll();
  await wakeProjectors(env).catch((error) => {
    // The events are safe; cron wakes the projectors within a minute.
    console.error(JSON.stringify({ message: "wake failed", error: String(error) }));
  });
}
