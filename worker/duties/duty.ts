/** Work without a request or a message of the queue. Each duty runs in separate invocations: see runner.ts. */
import type { Budget } from "../store/budget.ts";
import { MAIN, shardOf } from "../store/shards.ts";

/**
 * `more`: it continues at once. `failed`: it continues after a pause, and has logged why. `later`: something failed and is
 * tried again after a pause, everything else is done, and callers need not wait. `at`: all is done until then, in epoch
 * milliseconds.
 */
export type Progress = "done" | "more" | "failed" | "later" | { at: number };

export type Duty = {
  name: string;
  /** How often cron wakes it, in milliseconds: whole minutes. */
  every: number;
  /**
   * How long it waits after it was woken, in milliseconds, so that work which arrives meanwhile is done together. Where
   * absent, it does not wait.
   */
  linger?(now: number): number;
  /** Works until there is nothing more to do, or the budget has no room for another piece. */
  run(env: Env, budget: Budget, now: number): Promise<Progress>;
};

/** Between the name of a duty and that of a shard. */
const ON = " on ";

/** The name of a duty's object: each shard has separate ones. */
const nameOnShard = (env: Env, name: string): string => {
  const shard = shardOf(env);
  return shard === MAIN ? name : `${name}${ON}${shard}`;
};

/** The duty and the shard of an object's name. */
export function dutyAndShard(name: string): { duty: string; shard: string } {
  const at = name.lastIndexOf(ON);
  return at < 0 ? { duty: name, shard: MAIN } : { duty: name.slice(0, at), shard: name.slice(at + ON.length) };
}

/** The object that runs a duty on the shard of the environment. */
export function runnerOf(env: Env, duty: string) {
  const name = nameOnShard(env, duty);
  const object = env.RUNNER.getByName(name);
  return {
    wake: (): Promise<void> => object.wake(name),
    bringForward: (age: number, patience: number): Promise<boolean> => object.bringForward(name, age, patience),
    wakeDuties: (names: readonly string[]): Promise<void> => object.wakeDuties(shardOf(env), names),
    ping: (): Promise<void> => object.ping(),
  };
}

/** Makes sure that a duty runs soon. If a wake is lost, the next one replaces it, at the latest the one by cron. */
export async function wake(env: Env, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => runnerOf(env, name).wake()));
}
