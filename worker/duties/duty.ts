/** Work without a request or a message of the queue. Each duty runs in separate invocations: see runner.ts. */
import type { Budget } from "../store/budget.ts";

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

/** Makes sure that a duty runs soon. If a wake is lost, the next one replaces it, at the latest the one by cron. */
export async function wake(env: Env, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => env.RUNNER.getByName(name).wake(name)));
}
