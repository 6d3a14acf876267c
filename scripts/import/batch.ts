/** Batches of lines. Each line is checked here first and then by the server; batches are settled in the order of the lines. */
import { ALIASES, EVENT_BYTES, type FieldError, importedEvent } from "../../worker/event.ts";
import { readEvent } from "../../worker/event-reading.ts";
import type { Entry } from "./entry.ts";
import type { Identity } from "./identity.ts";
import { type Mapping, mapped } from "./mapping.ts";
import { countRefused, countWarning, type Tally } from "./tally.ts";
import type { Warning } from "./time.ts";
import { readValues, type Ways } from "./values.ts";
import { failing } from "./where.ts";

const MOST_EVENTS = 500;
/** The server accepts 512 KB. */
const MOST_BYTES = 480 * 1024;
/** A batch ends after this many lines even if few of them are events, so that the position in the file is saved. */
const MOST_LINES = 20_000;
const MOST_CHARACTERS = 8 * 1024 * 1024;

export type Judged = { json: string; warnings: Warning[] } | { errors: FieldError[] } | { skipped: string };

const isField = (name: string) => Object.hasOwn(importedEvent.shape, ALIASES[name] ?? name);

/** A field with bytes that are not UTF-8. */
const isUnread = ([name, value]: readonly [string, unknown]) =>
  !isField(name) && `${name}${typeof value === "string" ? value : ""}`.includes("\uFFFD");

/** One line of a file as an event to send, by the server's own rules. */
export function judgeLine(
  found: Extract<Entry["found"], { kind: "event" }>,
  mapping: Mapping,
  identity: Identity,
  ways: Ways & { project: string },
  now: number,
): Judged {
  const other = failing(mapping.where, new Map(found.pairs));
  if (other !== null) return { skipped: `${other} is another (--where)` };
  const values =
    found.from === "export"
      ? readValues(mapped(found.pairs, mapping), ways)
      : { pairs: mapped(found.pairs, mapping), warnings: found.warning ? [found.warning] : [], errors: [] };
  let { pairs } = values;
  const project = pairs.find(([name]) => name === "project_id")?.[1] ?? ways.project;
  // For each line, also refused ones: the id depends on how often the same content has been read.
  const id = identity.idOf(String(project), found.content);
  if (!pairs.some(([name]) => name === "event_id")) pairs.push(["event_id", id]);
  const warnings = [...values.warnings];
  if (found.from === "log" && pairs.some(isUnread)) {
    pairs = pairs.filter((pair) => !isUnread(pair));
    warnings.push({ field: "data", message: "has values in another encoding than UTF-8: left out" });
  }
  let reading = readEvent(pairs, "import", now);
  if (!reading.ok && reading.errors.some(({ field, code }) => field === "data" && code === "too_large")) {
    // The event counts without its further data.
    pairs = pairs.filter(([name]) => isField(name) && name !== "data");
    warnings.push({ field: "data", message: "larger than 8 KB: left out" });
    reading = readEvent(pairs, "import", now);
  }
  const errors = [...values.errors, ...(reading.ok ? [] : reading.errors)];
  const first = errors.filter(({ field }, index) => errors.findIndex((one) => one.field === field) === index);
  if (first.length > 0) return { errors: first };
  const json = JSON.stringify(Object.fromEntries(pairs.map(([name, value]) => [ALIASES[name] ?? name, value])));
  if (Buffer.byteLength(json) > EVENT_BYTES)
    return { errors: [{ field: "event", code: "too_large", message: "an event may have 32 KB" }] };
  const doubts = reading.ok
    ? reading.warnings.map(({ field, message }) => ({ field, message: bare(field, message) }))
    : [];
  return { json, warnings: [...warnings, ...doubts] };
}

/** The message without the field that it begins with, which the report names before it. */
const bare = (field: string, message: string) => message.replace(new RegExp(`^${field} `), "");

export type Rejected = { line: number; errors: FieldError[]; raw: string };

export class Batch {
  readonly events: string[] = [];
  /** The end of its last line in the file. */
  end = 0;
  #bytes = 0;
  #held = 0;
  /** Events that are sent and lines that were refused here, in the order of the lines. */
  readonly #lines: { entry: Entry; errors: FieldError[] | null; warnings: Warning[] }[] = [];
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
    else if (entry.found.kind === "refused") this.#lines.push({ entry, errors: entry.found.errors, warnings: [] });
    else if (judged && "skipped" in judged) this.#skipped.push(judged.skipped);
    else if (judged && "json" in judged) {
      this.events.push(judged.json);
      this.#bytes += Buffer.byteLength(judged.json) + 1;
      this.#lines.push({ entry, errors: null, warnings: judged.warnings });
    } else if (judged) this.#lines.push({ entry, errors: judged.errors, warnings: [] });
  }

  /** Counts the outcomes of its lines. `answers` are the server's, for the events that were sent. */
  settle(answers: readonly (FieldError[] | null)[], tally: Tally): Rejected[] {
    let sent = 0;
    const rejected: Rejected[] = [];
    for (const { entry, errors, warnings } of this.#lines) {
      const faults = errors ?? answers[sent++] ?? null;
      if (faults === null) {
        tally.accepted++;
        for (const warning of warnings) countWarning(tally, entry.line, warning);
      } else {
        countRefused(tally, entry.line, faults);
        rejected.push({ line: entry.line, errors: faults, raw: entry.raw });
      }
    }
    for (const reason of this.#skipped) tally.skipped[reason] = (tally.skipped[reason] ?? 0) + 1;
    tally.read += this.read;
    return rejected;
  }
}
