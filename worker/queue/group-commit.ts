/**
 * Gathers the events of concurrent requests into few queue messages, and lets every request wait until its own
 * are durable. The first request sends at once; those that come while a send is under way form the next message.
 * No timer holds anything up: where there is no traffic to gather, there is no wait.
 */
import type { StoredEvent } from "../event.ts";
import { EVENTS_A_MESSAGE, type Measured, MOST_BYTES, measure, messagesOf } from "./message.ts";
import type { Outlet } from "./outlet.ts";

/**
 * How long a request trusts another's send, in milliseconds. A leader whose client hangs up is cancelled and never
 * answers; then each of its followers sends for itself. That can put an event into two messages, which is harmless:
 * the log counts an id once.
 */
const PATIENCE_MS = 1_000;

type Group = {
  events: StoredEvent[];
  request_ids: string[];
  bytes: number;
  sent: Promise<void>;
  settle: { resolve(): void; reject(reason: unknown): void };
};

/** One for each shard in each isolate: its requests gather together. */
const gatherings = new Map<string, Group>();
const sendings = new Map<string, Promise<void>>();

/** Resolves when all the events are durable; rejects when they cannot be made durable now. */
export async function commit(outlet: Outlet, events: readonly StoredEvent[], request_id: string): Promise<void> {
  const measured = events.map(measure);
  const bytes = measured.reduce((sum, event) => sum + event.bytes, 0);
  // A request that fills whole messages gains nothing if it waits for others.
  if (events.length > EVENTS_A_MESSAGE || bytes > MOST_BYTES) return sendAlone(outlet, measured, request_id);
  const gathering = gatherings.get(outlet.shard);
  const hasRoom =
    gathering && gathering.events.length + events.length <= EVENTS_A_MESSAGE && gathering.bytes + bytes <= MOST_BYTES;
  if (hasRoom) return follow(gathering, outlet, events, bytes, request_id);
  return lead(outlet, events, bytes, request_id);
}

async function lead(outlet: Outlet, events: readonly StoredEvent[], bytes: number, request_id: string): Promise<void> {
  const { promise: sent, ...settle } = Promise.withResolvers<void>();
  const group: Group = { events: [...events], request_ids: [request_id], bytes, sent, settle };
  sent.catch(() => undefined); // Followers may all have gone.
  const { shard } = outlet;
  const under = sendings.get(shard);
  if (under) {
    gatherings.set(shard, group);
    await settledOrLate(under);
    if (gatherings.get(shard) === group) gatherings.delete(shard);
  }
  const send = outlet.send({ events: group.events, request_ids: group.request_ids });
  const settled = send.then(
    () => undefined,
    () => undefined,
  );
  sendings.set(shard, settled);
  try {
    await send;
    settle.resolve();
  } catch (error) {
    settle.reject(error);
    throw error;
  } finally {
    if (sendings.get(shard) === settled) sendings.delete(shard);
  }
}

async function follow(
  group: Group,
  outlet: Outlet,
  events: readonly StoredEvent[],
  bytes: number,
  request_id: string,
): Promise<void> {
  group.events.push(...events);
  group.request_ids.push(request_id);
  group.bytes += bytes;
  const outcome = await settledOrLate(group.sent);
  if (outcome === "sent") return;
  // The request that sends for the others may have been cancelled: no further request waits for it.
  if (gatherings.get(outlet.shard) === group) gatherings.delete(outlet.shard);
  await outlet.send({ events: [...events], request_ids: [request_id] });
}

async function sendAlone(outlet: Outlet, events: readonly Measured[], request_id: string): Promise<void> {
  for (const messages of messagesOf(events)) {
    await outlet.sendBatch(messages.map((message) => ({ body: { ...message, request_ids: [request_id] } })));
  }
}

/**
 * The runtime regards a request as hung, and answers 500, when it waits only for another request. So it also waits for a
 * timer, which is I/O of this request.
 */
async function settledOrLate(other: Promise<void>): Promise<"sent" | "failed" | "late"> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS, "late");
    const settle = (outcome: "sent" | "failed") => {
      clearTimeout(timer);
      resolve(outcome);
    };
    other.then(
      () => settle("sent"),
      () => settle("failed"),
    );
  });
}
