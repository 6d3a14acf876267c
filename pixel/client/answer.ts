/** What an answer means for the events of its request. Pure. */
import type { Rejection } from "./events.ts";

export type Outcome =
  /** By index: the errors of an event that was refused, null of one that was accepted. */
  | { kind: "judged"; errors: (Rejection[] | null)[] }
  | { kind: "refused"; errors: Rejection[] }
  | { kind: "too large" }
  /** `after`: for how many milliseconds the server asked to wait. */
  | { kind: "failed"; after: number };

/** `Retry-After` is seconds or a date (RFC 9110, 10.2.3); 0 where it is neither. */
export function parseRetryAfter(value: string | null, now: number): number {
  const text = value?.trim() ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Math.max(ms || 0, 0);
}

type Body = { detail?: string; results?: { index: number; status: string; errors?: Rejection[] }[] } | null;

export function judge(status: number, retryAfter: string | null, text: string, events: number, now: number): Outcome {
  let body: Body = null;
  try {
    body = JSON.parse(text);
  } catch {}
  const results = body?.results;
  if ((status < 300 || status === 400) && Array.isArray(results)) {
    const errors: (Rejection[] | null)[] = [];
    for (const result of results) errors[result?.index] = result?.status === "accepted" ? null : (result?.errors ?? []);
    // `filter` skips holes in the list.
    if (errors.length === events && errors.filter(() => true).length === events) return { kind: "judged", errors };
  }
  // A successful status without results is not the server's answer, but for example a proxy's page, or it is cut off.
  if (status < 300 || status === 408 || status === 429 || status > 499)
    return { kind: "failed", after: parseRetryAfter(retryAfter, now) };
  if (status === 413 && events > 1) return { kind: "too large" };
  const message = body?.detail ?? `status ${status}`;
  return { kind: "refused", errors: [{ field: "request", code: `http_${status}`, message }] };
}
