/**
 * How much of what the plan allows is used: the size of the database, and on the free plan the day's requests and queue
 * operations. A Worker can read only the first from Cloudflare; the meter has counted the others since midnight UTC.
 */
import { sql } from "drizzle-orm";
import { type Database, prepared } from "../store/database.ts";
import { ALLOWANCES, planOf } from "../store/plan.ts";
import { utcDate } from "../time.ts";
import { meterOf } from "./measure.ts";
import type { Counts } from "./meter.ts";

/** A message is written, read and deleted: https://developers.cloudflare.com/queues/platform/pricing/. */
const OPERATIONS_A_MESSAGE = 3;

export const LIMITED = ["database_megabytes", "requests_a_day", "queue_operations_a_day"] as const;
export type Limited = (typeof LIMITED)[number];

/** `used` of `allowed` megabytes, requests or operations. */
export type Use = { what: Limited; used: number; allowed: number; percent: number };

const requestsIn = (counts: Counts): number =>
  Object.entries(counts).reduce((sum, [name, count]) => (name.startsWith("requests ") ? sum + (count ?? 0) : sum), 0);

/** The use of everything that the plan limits. `now` is in epoch milliseconds. */
export async function planUse(env: Env, db: Database, now: number): Promise<Use[]> {
  const allowances = ALLOWANCES[planOf(env)];
  const [counts, { meta }] = await Promise.all([
    meterOf(env).countsOf(utcDate(now)),
    prepared(db, sql`SELECT 1`).all(),
  ]);
  const used: Record<Limited, number> = {
    database_megabytes: Math.round(meta.size_after / 10_000) / 100,
    requests_a_day: requestsIn(counts),
    queue_operations_a_day: OPERATIONS_A_MESSAGE * (counts["queue messages"] ?? 0),
  };
  return LIMITED.flatMap((what) => {
    const allowed = allowances[what];
    return allowed === null ? [] : [{ what, used: used[what], allowed, percent: (100 * used[what]) / allowed }];
  });
}
