/** The body of the events API: JSON, perhaps packed; one event, an array, or `{"events":[…]}`. */
import type { FieldError } from "../event.ts";
import { parseExact } from "../exact-json.ts";
import { Problem } from "../http/problem.ts";
import { type BodyRule, readText } from "../http/read-text.ts";

const MOST_EVENTS = 500;
const BODY: BodyRule = { bytes: 512 * 1024, gzip: true };

export type Sent = { single: boolean; events: unknown[] };

function parse(text: string): Sent {
  let given: unknown;
  try {
    given = parseExact(text);
  } catch {
    throw new Problem(415, "The body must be JSON.");
  }
  if (Array.isArray(given)) return { single: false, events: given };
  const listed = (given as { events?: unknown } | null)?.events;
  return Array.isArray(listed) ? { single: false, events: listed } : { single: true, events: [given] };
}

/** The record of a body that could not be read at all. */
export const BODY_FAULTS: Partial<Record<Problem["status"], FieldError["code"]>> = {
  400: "missing",
  413: "too_large",
  415: "invalid",
};

/** The body, and its events. */
export async function readSent(request: Request): Promise<Sent & { text: string }> {
  const text = await readText(request, BODY);
  const sent = parse(text);
  if (sent.events.length > MOST_EVENTS)
    throw new Problem(413, `A batch may have ${MOST_EVENTS} events; this one has ${sent.events.length}.`);
  if (sent.events.length === 0) throw Problem.of("events", "events must hold one event at least", "missing");
  return { ...sent, text };
}
