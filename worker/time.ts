/** Spans of time in milliseconds, and instants as text. */

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** An instant, in epoch milliseconds, as `2026-05-01T12:00:00.000Z`; null where there is none. */
export function iso(at: number): string;
export function iso(at: number | null | undefined): string | null;
export function iso(at: number | null | undefined): string | null {
  return at == null ? null : new Date(at).toISOString();
}

/** Its date in UTC: `2026-05-01`. */
export const utcDate = (at: number): string => iso(at).slice(0, 10);
