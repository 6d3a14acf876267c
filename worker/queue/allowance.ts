/**
 * How many messages the intake may send in a day of the free plan, whose 10,000 operations of queues are 3,333 messages. A message
 * that is not full takes one that was saved up: 300 at most, and one more each 40 seconds, so that where few events come each of them
 * goes at once. Full ones go at once, 700 a day; further ones wait like the others. Together they are 3,160 in any day of UTC: the rest
 * is for tries again, dead letters and large batches, which do not go through the intake.
 */
import { DAY_MS } from "../time.ts";

/** `saved` is as of `at`, in epoch milliseconds; `full` counts those of that day. */
export type Allowance = { saved: number; full: number; at: number };

const MOST_SAVED = 300;
const EACH_MS = 40_000;
const FULL_A_DAY = 700;

export const NEW_ALLOWANCE: Allowance = { saved: MOST_SAVED, full: 0, at: 0 };

const dayOf = (at: number) => Math.floor(at / DAY_MS);

const asOf = ({ saved, full, at }: Allowance, now: number): Allowance => ({
  saved: Math.min(MOST_SAVED, saved + Math.max(0, now - at) / EACH_MS),
  full: dayOf(now) === dayOf(at) ? full : 0,
  at: now,
});

/** When the next message may go, in epoch milliseconds. */
export function nextAt(allowance: Allowance, isFull: boolean, now: number): number {
  const { saved, full } = asOf(allowance, now);
  if ((isFull && full < FULL_A_DAY) || saved >= 1) return now;
  return now + Math.ceil((1 - saved) * EACH_MS);
}

/** The allowance after a message was sent. */
export function spent(allowance: Allowance, isFull: boolean, now: number): Allowance {
  const { saved, full, at } = asOf(allowance, now);
  return isFull && full < FULL_A_DAY ? { saved, full: full + 1, at } : { saved: Math.max(0, saved - 1), full, at };
}
