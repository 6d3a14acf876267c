/** Sends counts to the meter: those of requests after some seconds, together; those of the queue at once. */
import { log } from "../log.ts";
import { Outbox } from "../outbox.ts";
import { type Plan, planOf } from "../store/plan.ts";
import { add, BOUNDS_MS, type Counts, type RouteClass } from "./meter.ts";

/**
 * How long counts of requests are gathered. A delivery costs a request and a written row, and the free plan has 100,000 of each
 * a day; `waitUntil` allows 30 seconds.
 */
const INTERVALS_MS = { free: 15_000, paid: 4_000 } as const satisfies Record<Plan, number>;
const RETRY_AFTER_MS = 500;

/** One meter for the whole instance. */
export const meterOf = (env: Env) => env.METER.getByName("instance");

/** One for each isolate. */
const outboxes = {
  free: new Outbox<Counts>(INTERVALS_MS.free, () => ({})),
  paid: new Outbox<Counts>(INTERVALS_MS.paid, () => ({})),
};

/** Returns at once and never throws. */
export function measure(
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
  route: RouteClass,
  status: number,
  ms: number,
): void {
  const bound = BOUNDS_MS.findIndex((limit) => ms <= limit);
  const counts: Counts = {
    [`requests ${route} ${Math.floor(status / 100)}xx` as const]: 1,
    [`took ${route} ${bound === -1 ? BOUNDS_MS.length : bound}` as const]: 1,
    [`ms ${route}` as const]: ms,
  };
  ctx.waitUntil(
    outboxes[env.LOCAL === "1" ? "paid" : planOf(env)].add(
      (group) => add(group, counts),
      (group) => record(env, group),
    ),
  );
}

/** Never throws: counts that could not be recorded are logged. */
export async function record(env: Env, counts: Counts): Promise<void> {
  const id = crypto.getRandomValues(new Uint8Array(6)).toHex();
  try {
    await meterOf(env).record(id, counts, Date.now());
  } catch {
    try {
      await scheduler.wait(RETRY_AFTER_MS);
      await meterOf(env).record(id, counts, Date.now());
    } catch (error) {
      log("error", "counts not recorded", { counts, error: String(error) });
    }
  }
}
