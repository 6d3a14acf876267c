/** Work that needs no request and no message of the queue. Each duty runs alone, in invocations of its own: see runner.ts. */
import type { Budget } from "./store/budget.ts";

/**
 * `more`: it goes on at once. `failed`: it goes on after a pause, and has logged why. `later`: it goes on after a pause with
 * something that failed, all else is done, and the waker need not wait for that. `at`: all is done until then, epoch
 * milliseconds.
 */
export type Progress = "done" | "more" | "failed" | "later" | { at: number };

export type Duty = {
  name: string;
  /** How often cron wakes it, in milliseconds: whole minutes. */
  every: number;
  /** How long it waits after it was woken, in milliseconds: what comes meanwhile is done with it. Not at all where absent. */
  linger?(now: number): number;
  /** Works until there is nothing more to do, or the budget has no room for another piece. */
  run(env: Env, budget: Budget, now: number): Promise<Progress>;
};

/** Makes sure that a duty runs soon. A wake that is lost is made up for by the next one, at the latest by cron. */
export async function wake(env: Env, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => env.RUNNER.getByName(name).wake(name)));
}
