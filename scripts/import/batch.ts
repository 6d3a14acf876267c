/** Lines on their way: gathered into batches, each judged here first and then by the server, settled in their order. */
import { ALIASES, EVENT_BYTES, type FieldError, readEvent } from "../../worker/event.ts";
import type { Entry } from "./entry.ts";
import type { Identity } from "./identity.ts";
import { type Mapping, mapped } from "./mapping.ts";
import { countRefused, type Tally } from "./tally.ts";

const MOST_EVENTS = 500;
/** The server takes 512 KB. */
const MOST_BYTES = 480 * 1024;
/** Where hardly a line is an event, the place that was reached is kept all the same. */
const MOST_LINES = 20_000;
const MOST_CHARACTERS = 8 * 1024 * 1024;

export type Judged = { json: string } | { errors: FieldError[] };

/** One line of a file as an event to send, by the server's own rules. */
export function judgeLine(
  found: Extract<Entry["found"], { kind: "event" }>,
  mapping: Mapping,
  identity: Identity,
  project: string,
  now: number,
): Judged {
  const pairs = mapped(found.pairs, mapping);
  const sent = new Map(pairs.map(([name, value]) => [ALIASES[name] ?? name, value]));
  if (!sent.has("event_id")) {
    const id = identity.idOf(String(sent.get("project_id") ?? project), found.content);
    sent.set("event_id", id);
    pairs.push(["event_id", id]);
  }
  const reading = readEvent(pairs, "import", now);
  if (!reading.ok) return { errors: reading.errors };
  const json = JSON.stringify(Object.fromEntries(sent));
  if (Buffer.byteLength(json) > EVENT_BYTES)
    return { errors: [{ field: "event", code: "too_large", message: "an event may have 32 KB" }] };
  return { json };
}

export type Rejected = { line: number; errors: FieldError[]; raw: string };

export class Batch {
  readonly events: string[] = [];
  /** Of the last line in it. */
  end = 0;
  #bytes = 0;
  #held = 0;
  /** What is sent, and what was refused here: in the order of the lines. */
  readonly #lines: { entry: Entry; errors: FieldError[] | null }[] = [];
  readonly #skipped: string[] = [];

  get full(): boolean {
    const sent = this.events.length >= MOST_EVENTS || this.#bytes > MOST_BYTES - EVENT_BYTES;
    return sent || this.read >= MOST_LINES || this.#held >= MOST_CHARACTERS;
  }

  get read(): number {
    return this.#lines.length + this.#skipped.length;
  }

  add(entry: Entry, judged: Judged | null): void {
    this.end = entry.end;
    this.#held += entry.raw.length;
    if (entry.found.kind === "skipped") this.#skipped.push(entry.found.reason);
    else if (entry.found.kind === "refused") this.#lines.push({ entry, errors: entry.found.errors });
    else if (judged && "json" in judged) {
      this.events.push(judged.json);
      this.#bytes += Buffer.byteLength(judged.json) + 1;
      this.#lines.push({ entry, errors: null });
    } else if (judged) this.#lines.push({ entry, errors: judged.errors });
  }

  /** Counts what became of it. `answers` are the server's, for the events that were sent. */
  settle(answers: readonly (FieldError[] | null)[], tally: Tally): Rejected[] {
    let sent = 0;
    const rejected: Rejected[] = [];
    for (const { entry, errors } of this.#lines) {
      const faults = errors ?? answers[sent++] ?? null;
      if (faults === null) tally.accepted++;
      else {
        countRefused(tally, entry.line, faults);
        rejected.push({ line: entry.line, errors: faults, raw: entry.raw });
      }
    }
    for (const reason of this.#skipped) tally.skipped[reason] = (tally.skipped[reason] ?? 0) + 1;
    tally.read += this.read;
    return rejected;
  }
}
