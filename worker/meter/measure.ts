/** Brings counts to the meter: those of requests gathered for some seconds, those of the queue at once. */
import { log } from "../log.ts";
import { Outbox } from "../outbox.ts";
import { add, BOUNDS_MS, type Counts, type RouteClass } from "./meter.ts";

const INTERVAL_MS = 4_000;
const RETRY_AFTER_MS = 500;

/** One for the instance. */
export const meterOf = (env: Env) => env.METER.getByName("instance");

/** Once an isolate. */
const outbox = new Outbox<Counts>(INTERVAL_MS, () => ({}));

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
    outbox.add(
      (group) => add(group, counts),
      (group) => record(env, group),
    ),
  );
}

/** Never throws: what could not be counted is logged. */
export async function record(env: Env, counts: Counts): Promise<void> {
  const id = crypto.getRandomValues(new Uint8Array(6)).toHex();
  try {
    await meterOf(env).record(id, counts);
  } catch {
    try {
      await scheduler.wait(RETRY_AFTER_MS);
      await meterOf(env).record(id, counts);
    } catch (error) {
      log("error", "counts not recorded", { counts, error: String(error) });
    }
  }
}
