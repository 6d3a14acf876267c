/** A request that was not taken, and what of it the request log keeps: little, of bounded size, and no secret. */
import type { Door, FieldError } from "../event.ts";
import { SECRET_NAME } from "../secret-name.ts";

/** The doors that people knock at by themselves. */
export const RECORDED_DOORS = ["pixel", "api", "postback"] as const satisfies readonly Door[];
export type RecordedDoor = (typeof RECORDED_DOORS)[number];

export type Rejection = {
  /** As the request names it, or the key's own; a project that does not exist is recorded under `default`. */
  project_id: string;
  door: RecordedDoor;
  event_type: string | null;
  errors: readonly FieldError[];
  /** As it came: the query's pairs or the event's. */
  sent: Iterable<[string, unknown]>;
  /** Epoch milliseconds. */
  at: number;
};

export type Sample = {
  at: number;
  door: RecordedDoor;
  event_type: string | null;
  errors: FieldError[];
  /** JSON text of an object. */
  request: string;
};

/** Samples that are kept in a minute; of one reason at most so many, that a flood of it leaves room for others. */
export const SAMPLES_A_MINUTE = 30;
const OF_ONE_REASON = 20;

const REQUEST_CHARACTERS = 1_000;
const VALUE_CHARACTERS = 200;
const NAME_CHARACTERS = 64;
const ERRORS = 10;

const KEY = /\bep_[0-9a-f]{16}_[0-9a-f]{48}\b/gi;

const cut = (text: string, longest: number) =>
  (text.length > longest ? `${text.slice(0, longest)}…` : text).toWellFormed();
const withoutKeys = (text: string) => text.replaceAll(KEY, "[key]");

function shown(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  return cut(withoutKeys(typeof value === "string" ? value : textOf(value)), VALUE_CHARACTERS);
}
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value, shownInside) ?? String(value);
  } catch {
    return "…"; // Nested too deep for the stack.
  }
}
const shownInside = (name: string, value: unknown) => (SECRET_NAME.test(name) ? "[secret]" : value);

/** The request in at most 1 KB of JSON. What has no room is left out, and said to be. */
export function boundedRequest(sent: Iterable<[string, unknown]>): string {
  const parts: [string, unknown][] = [];
  const given = new Map<string, unknown[]>();
  for (const [name, value] of sent) {
    if (SECRET_NAME.test(name)) continue;
    const values = given.get(name);
    if (values) values.push(value);
    else given.set(name, [value]);
  }
  let room = REQUEST_CHARACTERS;
  let omitted = 0;
  for (const [name, values] of given) {
    // A key given twice shows both values.
    const value = values.length === 1 ? shown(values[0]) : values.slice(0, 3).map(shown);
    const part: [string, unknown] = [cut(withoutKeys(name), NAME_CHARACTERS), value];
    const size = bytesOf(JSON.stringify(part));
    if (size > room) {
      omitted++;
      continue;
    }
    room -= size;
    parts.push(part);
  }
  if (omitted > 0) parts.push(["…", `${omitted} more`]);
  return JSON.stringify(Object.fromEntries(parts));
}

const encoder = new TextEncoder();
const bytesOf = (text: string) => encoder.encode(text).length;

export function sampleOf({ at, door, event_type, errors, sent }: Rejection): Sample {
  // Who asks not to be tracked is counted, and nothing of what was sent is kept.
  const unseen = errors.some(({ code }) => code === "privacy_signal" || code === "erased");
  return {
    at,
    door,
    event_type: event_type === null ? null : cut(withoutKeys(event_type), NAME_CHARACTERS),
    errors: errors
      .slice(0, ERRORS)
      .map(({ field, code, message }) => ({ field, code, message: cut(withoutKeys(message), VALUE_CHARACTERS) })),
    request: unseen ? "{}" : boundedRequest(sent),
  };
}

/** Where a count goes whose reason has no room of its own: a schema may complain of fields that strangers invent. */
export const OTHER_FIELDS = "(other)";

/** What a rejection is counted by; several errors of one request are several reasons. */
export const reasonOf = (door: RecordedDoor, { code, field }: Pick<FieldError, "code" | "field">) =>
  `${door} ${code} ${field}`;

/** Decides which samples of a minute are kept. */
export class Quota {
  #minute = 0;
  #kept = 0;
  #byReason = new Map<string, number>();

  admits({ at, door, errors }: Pick<Sample, "at" | "door"> & { errors: readonly FieldError[] }): boolean {
    const minute = Math.floor(at / 60_000);
    if (minute > this.#minute) {
      this.#minute = minute;
      this.#kept = 0;
      this.#byReason.clear();
    }
    const [first] = errors;
    const reason = first ? reasonOf(door, first) : door;
    const same = this.#byReason.get(reason) ?? 0;
    if (this.#kept >= SAMPLES_A_MINUTE || same >= OF_ONE_REASON) return false;
    this.#kept++;
    this.#byReason.set(reason, same + 1);
    return true;
  }
}
