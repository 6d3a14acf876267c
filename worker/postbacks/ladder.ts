/** When a postback is tried again, and when a target is paused. */

import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../time.ts";

/** How long after each try that failed the next one is due; after the last of these it is dead. */
export const PAUSES_MS = [12 * SECOND_MS, 150 * SECOND_MS, 30 * MINUTE_MS, 6 * HOUR_MS, 24 * HOUR_MS] as const;

/**
 * A pause is longer by a random part of up to this share, so that postbacks that failed together are not tried again
 * together.
 */
const JITTER = 0.1;

/** When a postback is tried again after a number of failed tries; null: never. `chance` is between 0 and 1. */
export function nextTryAt(tries: number, now: number, chance: number): number | null {
  const pause = PAUSES_MS[tries - 1];
  return pause === undefined ? null : now + Math.round(pause * (1 + JITTER * chance));
}

/** After how many failed tries in a row, of any events, a target shows a warning, and after how many it is paused. */
export const WARNED_AFTER = 10;
export const PAUSED_AFTER = 20;

export const STATES = ["active", "warning", "paused"] as const;
export type TargetState = (typeof STATES)[number];

export const stateOf = ({ failures, paused_at }: { failures: number; paused_at: number | null }): TargetState =>
  paused_at !== null ? "paused" : failures >= WARNED_AFTER ? "warning" : "active";
