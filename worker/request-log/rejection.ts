/** A rejected request, and the part of it that the request log keeps: little, of bounded size, and no secret. */
import type { Door, FieldError } from "../event.ts";
import { SECRET_NAME } from "../secret-name.ts";

/** The doors whose rejections are recorded. The import is not among them: its command reports them to the person who runs it. */
export const RECORDED_DOORS = ["pixel", "api", "postback"] as const satisfies readonly Door[];
export type RecordedDoor = (typeof RECORDED_DOORS)[number];

export type Rejection = {
  /** The project that the request names, or the key's project; one that does not exist is recorded under `default`. */
  project_id: string;
  door: RecordedDoor;
  event_type: string | null;
  errors: readonly FieldError[];
  /** The names and values as they were sent, in the query or in the event. */
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

/** The most samples that are kept in a minute, and of one reason, so that many of the same leave room for others. */
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
    return "…"; // The value is nested too deeply for the stack.
  }
}
const shownInside = (name: string, value: unknown) => (SECRET_NAME.test(name) ? "[secret]" : value);

/** The request in at most 1 KB of JSON. Values that do not fit are left out, and a note says so. */
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
    // A key that was sent several times shows its values, three at most.
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
  // A request of a person who asks not to be tracked is counted, but nothing that was sent is kept.
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

/** The field of all further reasons: the number of reasons is limited, since schema errors may name fields that strangers invent. */
export const OTHER_FIELDS = "(other)";

/** The reason by which a rejection is counted; several errors of one request are several reasons. */
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
