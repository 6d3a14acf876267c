/** Runs duties in tests as their objects do: each run has a budget of its own, and goes over it only by failing the test. */
import { env } from "cloudflare:workers";
import { DUTIES } from "../../worker/cron.ts";
import type { Progress } from "../../worker/duties/duty.ts";
import { type Budget, metered } from "../../worker/store/budget.ts";

/** One invocation of a duty, and what it asked for. */
export async function runOnce(
  name: string,
  bindings: Env = env,
  now = Date.now(),
): Promise<{ progress: Progress; budget: Budget }> {
  const duty = DUTIES.find((candidate) => candidate.name === name);
  if (!duty) throw new Error(`There is no duty ${name}.`);
  const { env: own, budget } = metered(bindings, name);
  return { progress: await duty.run(own, budget, now), budget };
}

/** Invocations, one after the other, until there is nothing more to do now. Gives the budgets that they used. */
export async function runDuty(name: string, bindings: Env = env, now = Date.now()): Promise<Budget[]> {
  const budgets: Budget[] = [];
  for (;;) {
    const { progress, budget } = await runOnce(name, bindings, now);
    budgets.push(budget);
    if (progress !== "more") return budgets;
  }
}
