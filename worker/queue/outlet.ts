/** Where the events of a request become durable: the queue, or on the free plan the intake, which sends few messages to it. */
import type { EventMessage } from "../event.ts";
import { inTime } from "../in-time.ts";
import { log } from "../log.ts";
import { planOf } from "../store/plan.ts";
import { shardOf } from "../store/shards.ts";

/** Storage stalls for a minute now and then. */
const PATIENCE_MS = 5_000;

export type Outlet = {
  /** Events of different shards are in different messages, so that a shard that fails delays no other one. */
  shard: string;
  send(message: EventMessage): Promise<unknown>;
  sendBatch(messages: MessageSendRequest<EventMessage>[]): Promise<unknown>;
};

/** One for the whole instance: it can take the free plan's 100,000 requests of a day within minutes. */
export const intakeOf = (env: Env) => env.INTAKE.getByName("events");

async function take(env: Env, message: EventMessage): Promise<void> {
  const taken = intakeOf(env)
    .take(message)
    .then(() => "taken" as const);
  // If it takes the events after the timeout, they are in two messages, but once in the log.
  if ((await inTime(taken, PATIENCE_MS, "late")) === "late") throw new Error(`No answer within ${PATIENCE_MS} ms.`);
}

export function outletOf(env: Env): Outlet {
  const shard = shardOf(env);
  const sendBatch: Outlet["sendBatch"] = (messages) => env.EVENTS.sendBatch(messages);
  if (planOf(env) === "paid") return { shard, send: (message) => env.EVENTS.send(message), sendBatch };
  return {
    shard,
    async send(message) {
      try {
        await take(env, message);
      } catch (error) {
        log("warn", "intake away", { error: String(error) });
        await env.EVENTS.send(message);
      }
    },
    // These messages are full. If the day has no operations left for one, it is refused, and its sender keeps the events.
    sendBatch,
  };
}
