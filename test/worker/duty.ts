/** Runs duties in tests as their objects do: each run has a separate budget, and exceeding it fails the test. */
import { DUTIES } from "../../worker/cron.ts";
import type { Progress } from "../../worker/duties/duty.ts";
import { type Budget, metered } from "../../worker/store/budget.ts";
import { onShard, shardOf } from "../../worker/store/shards.ts";
import { home } from "./log.ts";

/** Runs one invocation of a duty; returns its result and budget. */
export async function runOnce(
  name: string,
  bindings: Env = home,
  now = Date.now(),
): Promise<{ progress: Progress; budget: Budget }> {
  const duty = DUTIES.find((candidate) => candidate.name === name);
  if (!duty) throw new Error(`There is no duty ${name}.`);
  const { env: own, budget } = metered(bindings, name);
  return { progress: await duty.run(onShard(own, shardOf(bindings)), budget, now), budget };
}

/** Runs invocations in turn until there is nothing more to do now. Returns their budgets. */
export async function runDuty(name: string, bindings: Env = home, now = Date.now()): Promise<Budget[]> {
  const budgets: Budget[] = [];
  for (;;) {
    const { progress, budget } = await runOnce(name, bindings, now);
    budgets.push(budget);
    if (progress !== "more") return budgets;
  }
}
