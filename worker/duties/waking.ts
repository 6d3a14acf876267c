/**
 * Wakes objects that have something due. Each continues until it has no more, and after a failure by its alarm, so one wake
 * is enough for what is due now. Wakes are remembered here, so that objects which hang or fail do not make the caller run
 * again and again; if that memory is lost, they are woken once more.
 */

import { type Budget, budgetOf } from "../store/budget.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { shardOf } from "../store/shards.ts";
import { MINUTE_MS } from "../time.ts";
import { type Duty, type Progress, wake } from "./duty.ts";

/** When an object was woken, by its shard and name. */
const woken = new Map<string, number>();
/** After this time an object is woken again, in case the wake was lost. */
const AGAIN_MS = 4 * MINUTE_MS;
/** One call in addition to those that wake. */
const LOOK_CALLS = 1;

/** An object, and the time when its newest due item became due. */
export type Due = { name: string; due_at: number };

/** Returns false where there is no room for all. */
export async function wakeDue(env: Env, now: number, look: () => Promise<Due[]>): Promise<boolean> {
  const room = budgetOf(env).left - LOOK_CALLS;
  if (room <= 0) return false;
  for (const [name, at] of woken) if (at > now || at <= now - AGAIN_MS) woken.delete(name);
  const place = (name: string) => `${shardOf(env)} ${name}`;
  const due = (await look()).filter(
    ({ name, due_at }) => due_at > (woken.get(place(name)) ?? Number.NEGATIVE_INFINITY),
  );
  const names = due.slice(0, room).map(({ name }) => name);
  await wake(env, names);
  for (const name of names) woken.set(place(name), now);
  return due.length <= room;
}

/** `clock` returns the current time, in epoch milliseconds, since an object's invocation takes long while it sends. */
type Send = (env: Env, db: Database, id: string, budget: Budget, clock: () => number) => Promise<Progress>;

/** The Durable Objects that send, one for each target or channel: they are named by what they send to and its id. */
export const senders = (to: string, duty: string, send: Send) => ({
  nameOf: (id: string): string => `${to} ${id}`,
  /** What the object of this name does; undefined where it sends to something else. */
  dutyOf: (name: string): Duty | undefined =>
    name.startsWith(`${to} `)
      ? {
          name: duty,
          every: Number.POSITIVE_INFINITY,
          run(env, budget, now) {
            const began = Date.now();
            const clock = () => now + Date.now() - began;
            return send(env, databaseOf(env), name.slice(to.length + 1), budget, clock);
          },
        }
      : undefined,
});
