/** The body of the events API: JSON, perhaps packed; one event, an array, or `{"events":[…]}`. */
import type { FieldError } from "../event.ts";
import { Problem } from "../http/problem.ts";

const MOST_EVENTS = 500;
const BODY_BYTES = 512 * 1024;

/** The body's text, unpacked where it is gzip. Stops reading at the limit: a small body can unpack to a huge one. */
async function readText(request: Request): Promise<string> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip") throw new Problem(415, "Content-Encoding may be gzip or none.");
  if (!request.body) throw new Problem(415, "The body must be JSON.");
  const stream = encoding === "gzip" ? request.body.pipeThrough(new DecompressionStream("gzip")) : request.body;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  let bytes = 0;
  const reader = (stream as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      bytes += value.byteLength;
      if (bytes > BODY_BYTES) throw new Problem(413, "The body may have 512 KB, unpacked.");
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      415,
      encoding === "gzip" ? "The body is not what gzip makes of UTF-8." : "The body is not UTF-8.",
    );
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

export type Sent = { single: boolean; events: unknown[] };

function parse(text: string): Sent {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Problem(415, "The body must be JSON.");
  }
  if (Array.isArray(given)) return { single: false, events: given };
  const listed = (given as { events?: unknown } | null)?.events;
  return Array.isArray(listed) ? { single: false, events: listed } : { single: true, events: [given] };
}

/** What a body that could not be read at all is noted as. */
export const BODY_FAULTS: Partial<Record<Problem["status"], FieldError["code"]>> = {
  400: "missing",
  413: "too_large",
  415: "invalid",
};

/** The body, and its events. */
export async function readSent(request: Request): Promise<Sent & { text: string }> {
  const text = await readText(request);
  const sent = parse(text);
  if (sent.events.length > MOST_EVENTS)
    throw new Problem(413, `A batch may have ${MOST_EVENTS} events; this one has ${sent.events.length}.`);
  if (sent.events.length === 0) throw Problem.of("events", "events must hold one event at least", "missing");
  return { ...sent, text };
}
