/**
 * How much of what the plan allows is used: the size of the database, and on the free plan the day's requests and queue
 * operations. Cloudflare tells a Worker only the first; the others are what the meter has counted since midnight UTC.
 */

import { sql } from "drizzle-orm";
import { meterOf } from "../meter/measure.ts";
import type { Counts } from "../meter/meter.ts";
import { prepared } from "../store/database.ts";
import { ALLOWANCES, planOf } from "../store/plan.ts";
import { utcDate } from "../time.ts";
import type { Watched } from "./measure.ts";

/** What the meter said when a day began, UTC. */
type Morning = { day: string; requests: number; operations: number };
export type Memory = { morning?: Morning };

/** A message is written, read and deleted: https://developers.cloudflare.com/queues/platform/pricing/. */
const OPERATIONS_A_MESSAGE = 3;

const requestsIn = (counts: Counts): number =>
  Object.entries(counts).reduce((sum, [name, count]) => (name.startsWith("requests ") ? sum + (count ?? 0) : sum), 0);
const operationsIn = (counts: Counts): number => OPERATIONS_A_MESSAGE * (counts["queue messages"] ?? 0);

export type Use = { what: string; percent: number };

export async function planUse({ env, db, now }: Watched, memory: Memory): Promise<{ uses: Use[]; memory: Memory }> {
  const allowed = ALLOWANCES[planOf(env)];
  const [counts, { meta }] = await Promise.all([meterOf(env).read(), prepared(db, sql`SELECT 1`).all()]);
  const day = utcDate(now);
  const [requests, operations] = [requestsIn(counts), operationsIn(counts)];
  const morning = memory.morning?.day === day ? memory.morning : { day, requests, operations };
  const use = (what: string, used: number, most: number | null): Use[] =>
    most === null ? [] : [{ what, percent: (100 * used) / most }];
  const uses = [
    ...use("the database's size", meta.size_after / 1_000_000, allowed.database_megabytes),
    ...use("the day's requests", requests - morning.requests, allowed.requests_a_day),
    ...use("the day's queue operations", operations - morning.operations, allowed.queue_operations_a_day),
  ];
  return { uses, memory: { morning } };
}
