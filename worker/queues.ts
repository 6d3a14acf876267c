/**
 * The queues that the Worker consumes, by the end of their names: each deployment has other queues, such as
 * `edgepixel-staging-events`.
 */
import { consume } from "./event-log/consumer.ts";

type Consumer = (batch: MessageBatch, env: Env) => Promise<void>;

const CONSUMERS: Readonly<Record<string, Consumer>> = {
  "-events": consume as Consumer,
  "-events-dlq": consume as Consumer,
};

/** @throws for an unknown queue: its messages are delivered again, and are not read as events. */
export function consumerOf(queue: string): Consumer {
  const end = Object.keys(CONSUMERS).find((name) => queue.endsWith(name));
  const consumer = end && CONSUMERS[end];
  if (!consumer) throw new Error(`Nothing consumes the queue ${queue}: it is not in worker/queues.ts.`);
  return consumer;
}
