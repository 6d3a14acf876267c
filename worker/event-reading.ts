/** Reads an event as it was sent: each field by its rule, the values that are set aside, and the errors. */
import {
  AHEAD,
  ALIASES,
  DATA_BYTES,
  DATA_DEPTH,
  DAY,
  DOORS,
  type Door,
  EPOCH,
  type ErrorCode,
  type FieldError,
  fields,
  type ImportedEvent,
  spelledAsType,
  TIME_RULE,
  timestamp,
  UNSEEN_AROUND,
  wellFormed,
  whenByAge,
  within,
} from "./event.ts";
import { isNumber, numberAsSent } from "./exact-json.ts";
import { isMacro, isUnset, namesNoPayment, namesNothing } from "./placeholder.ts";

/** `warnings` are faults in spite of which the event is accepted. */
export type Reading = { ok: true; event: ImportedEvent; warnings: FieldError[] } | { ok: false; errors: FieldError[] };

/** The checks of a value before its field's rule. */
type Doubt = { code: ErrorCode; message: string };
const MACRO: Doubt = { code: "unexpanded_macro", message: "arrived unexpanded, and was kept as further data" };
const UNSET: Doubt = { code: "placeholder", message: "is what is written for no value, and was kept as further data" };
const NOBODY: Doubt = { code: "placeholder", message: "names nobody: all events with it would be one and the same" };
const NO_PAYMENT: Doubt = {
  code: "placeholder",
  message: "does not distinguish payments, and was kept as further data",
};

/** An id: `0` and `none` are none, either. */
const ofId = (value: string) => (namesNothing(value) ? UNSET : isMacro(value) ? MACRO : null);
/** A name, which may be any word that somebody chose. */
const ofName = (value: string) => (isUnset(value) ? UNSET : isMacro(value) ? MACRO : null);
const nobody = (value: string) => (namesNothing(value) || isMacro(value) ? NOBODY : null);

/**
 * Fields in which a placeholder would merge many people or payments into one: the event is accepted without such a value,
 * which is stored in `data`. If only that value names the person, the event is refused.
 */
const DOUBTS: Readonly<Record<string, (value: string) => Doubt | null>> = {
  player_id: nobody,
  visitor_id: nobody,
  transaction_id: (value) => (namesNoPayment(value) ? NO_PAYMENT : null),
  event_id: (value) => (isUnset(value) ? UNSET : null),
  click_id: ofId,
  session_id: ofId,
  banner_tag: ofName,
  app_id: ofName,
  platform: ofName,
  app_version: ofName,
};

/** Fields that only describe an event: a value that breaks their rule is left out, and the event counts. */
const DESCRIBING = ["banner_tag", "app_id", "session_id", "click_id", "platform", "app_version"] as const;
/** The most characters that are stored of such a value. */
const KEPT_CHARACTERS = 600;

/** Text fields to which a number may be sent: databases number their players and orders. */
const NUMBERED = new Set(Object.keys(DOUBTS));
const WHOLE = /^-?\d+$/;
const TRIMMED = new Set(["currency", "timestamp", "sent_at", "score", "test"]);

/** A longer value is too long for each of these fields, and checking it would take time. */
const isOfALength = (value: unknown): value is string => typeof value === "string" && value.length <= 1_000;

/** A value in the form of its rule: numbers with all their digits, tags without invisible characters around them. */
function asRuled(field: string, value: unknown): unknown {
  const digits = numberAsSent(value);
  if (field === "banner_tag" && isOfALength(value)) return value.replace(UNSEEN_AROUND, "");
  // A plus before it arrives as a blank, and databases write all the places that a column has.
  if (field === "amount" && isOfALength(value)) return value.trim().replace(/^(\d+\.\d{4})0+$/, "$1");
  if (TRIMMED.has(field) && isOfALength(value)) return value.trim();
  if (digits === null || field === "data") return value;
  if (NUMBERED.has(field)) return WHOLE.test(digits) || field === "app_version" ? digits : value;
  // 12.50 is 12.5, and 1e3 is 1000; what has more digits than a number holds is judged by them.
  if (!/^-?\d+\.?\d*$/.test(digits)) return Number(digits);
  return typeof value === "number" ? value : digits.replace(/\.0*$|(\.\d*[1-9])0+$/, "$1");
}

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;
const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isNumber(value);

/**
 * Reads one event as it came. Never throws; `now` is epoch milliseconds.
 * An empty or null value is an absent one, as templates and forms send it.
 */
export function readEvent(sent: Iterable<[string, unknown]>, door: Door, now: number): Reading {
  const { takes, required, data, dataKeys, dataInParts, oldest, ages, sentNow, byClick } = DOORS[door];
  const { shape } = takes;
  const errors: FieldError[] = [];
  const warnings: FieldError[] = [];
  const known: Record<string, unknown> = {};
  const other: [string, unknown][] = [];
  const seen = new Set<string>();
  let beyond = 0;
  for (const [key, value] of sent) {
    const field = ALIASES[key] ?? key;
    if (seen.has(field)) {
      const at = Object.hasOwn(shape, field) ? field : "data";
      if (!errors.some((error) => error.field === at)) {
        errors.push({ field: at, code: "repeated", message: `${field} was given twice` });
      }
      continue;
    }
    seen.add(field);
    if (value === "" || value === null || value === undefined) continue;
    if (Object.hasOwn(shape, field) && (data || field !== "data")) {
      const ruled = asRuled(field, value);
      if (ruled !== "") known[field] = ruled;
      if (field === "app_version" && isNumber(value) && !WHOLE.test(ruled as string)) {
        const message = `app_version came as a number, which has no last zero: send it in quotes, as "${ruled}"`;
        warnings.push({ field, code: "invalid", message });
      }
    } else if (other.length < dataKeys) other.push([field, value]);
    else beyond++;
  }
  if (beyond > 0) {
    const message = `${beyond} further keys were left out: a pixel keeps ${dataKeys} of them`;
    warnings.push({ field: "data", code: "too_many_keys", message });
  }

  if (dataInParts) leaveOut(other, warnings);

  // It is about the sender's clock and not about the event, so an unreadable value must not refuse the event.
  const sent_at = sentNow ? timestamp.safeParse(known.sent_at).data : undefined;
  if (sentNow && known.sent_at !== undefined && sent_at === undefined) {
    warnings.push({ field: "sent_at", code: "invalid", message: `sent_at ${TIME_RULE}, and was left out` });
  }
  delete known.sent_at;
  const doubtful = setAside(known, errors, warnings);
  keep(known, other, doubtful);
  const parsed = takes.safeParse(known);
  for (const issue of parsed.error?.issues ?? []) {
    const field = String(issue.path[0] ?? "event");
    if (errors.some((error) => error.field === field)) continue;
    const absent = known[field] === undefined;
    const code = absent
      ? "missing"
      : (((issue as { params?: { code?: ErrorCode } }).params?.code ?? "invalid") as ErrorCode);
    const message = `${field} ${absent ? "is required" : messageOf(field, known[field], issue.message)}`;
    errors.push({ field, code, message });
  }
  const refuse = (field: string, code: ErrorCode, message: string) => {
    if (!errors.some((error) => error.field === field)) errors.push({ field, code, message });
  };
  if (
    known.player_id === undefined &&
    known.visitor_id === undefined &&
    !(byClick && known.click_id !== undefined) &&
    !errors.some(({ code }) => code === "placeholder")
  ) {
    if (byClick) refuse("click_id", "missing", "click_id is required, or player_id");
    else refuse("player_id", "missing", "player_id is required (visitor_id where the player is not known yet)");
  }
  for (const field of required) {
    if (known[field] === undefined && !doubtful.has(field)) refuse(field, "missing", `${field} is required`);
  }
  if (known.amount !== undefined && known.currency === undefined) {
    refuse("currency", "missing", "currency is required where there is an amount");
  }
  if (known.currency !== undefined && known.amount === undefined) {
    refuse("amount", "missing", "amount is required where there is a currency");
  }
  const stated = parsed.data?.timestamp;
  const at = stated === undefined || sent_at === undefined ? stated : whenByAge(stated, sent_at, now);
  if (at !== undefined && (at > now + AHEAD || at < Math.max(EPOCH, now - oldest))) {
    const meant = (stated as number) * 1000;
    const seconds = meant > Math.max(EPOCH, now - Math.max(oldest, 400 * DAY)) && meant < now + 400 * DAY;
    const hint = seconds ? "; it looks like seconds: milliseconds are expected" : "";
    refuse("timestamp", "timestamp_out_of_range", `timestamp must be at most 5 minutes ahead and ${ages}${hint}`);
  }
  if (errors.length > 0 || !parsed.success) return { ok: false, errors };
  return { ok: true, event: at === stated ? parsed.data : { ...parsed.data, timestamp: at }, warnings };
}

/** Removes the further keys that `data` has no room for. */
function leaveOut(other: [string, unknown][], warnings: FieldError[]): void {
  const unread = other.filter(([key, value]) => !wellFormed(key) || !within(value, DATA_DEPTH));
  // The braces; each pair has a comma and a colon.
  let bytes = 2;
  const tooLarge = other.filter(([key, value]) => {
    if (unread.some(([name]) => name === key)) return false;
    const more = bytesOf(key) + bytesOf(value) + 2;
    if (bytes + more > DATA_BYTES) return true;
    bytes += more;
    return false;
  });
  const gone = new Set([...unread, ...tooLarge].map(([key]) => key));
  const kept = other.filter(([key]) => !gone.has(key));
  other.splice(0, other.length, ...kept);
  const warn = (code: ErrorCode, left: readonly unknown[], why: string) => {
    if (left.length > 0)
      warnings.push({ field: "data", code, message: `${left.length} further keys were left out: ${why}` });
  };
  warn("invalid", unread, "they are not well-formed Unicode");
  warn("too_large", tooLarge, "data may have 8 KB as JSON");
}

/** The fault of a value in a field that only describes the event. */
function faultIn(field: keyof typeof fields, value: unknown): Doubt | null {
  if (typeof value !== "string") return null;
  const issue = fields[field].safeParse(value).error?.issues[0];
  if (issue === undefined) return null;
  const { code = "invalid" } = (issue as { params?: { code?: ErrorCode } }).params ?? {};
  return { code, message: `${issue.message}, and was kept as further data` };
}

/** Removes placeholders, and values that only describe the event and break their rule. Returns these, by field. */
function setAside(known: Record<string, unknown>, errors: FieldError[], warnings: FieldError[]): Map<string, string> {
  const doubtful = new Map<string, string>();
  for (const [field, doubtOf] of Object.entries(DOUBTS)) {
    const value = known[field];
    const placeholder = isOfALength(value) ? doubtOf(value) : null;
    const describes =
      DESCRIBING.some((one) => one === field) || (field === "visitor_id" && known.player_id !== undefined);
    const doubt = placeholder ?? (describes ? faultIn(field as keyof typeof fields, value) : null);
    if (doubt === null) continue;
    delete known[field];
    const { code, message } = doubt;
    // A player's id is never left out: the event would be counted for the visitor, who may belong to another person.
    if (field === "player_id" || (field === "visitor_id" && known.player_id === undefined)) {
      errors.push({ field, code, message: `${field} ${message}` });
    } else {
      const kept = String(value).slice(0, KEPT_CHARACTERS).toWellFormed();
      // Bytes that are no UTF-8 arrive as this character, which `data` does not accept.
      doubtful.set(field, kept.replaceAll("\uFFFD", "%EF%BF%BD"));
      warnings.push({ field, code, message: `${field} ${message}` });
    }
  }
  return doubtful;
}

/** Stores in `data` the keys without a field, and values that were set aside as far as there is room. */
function keep(known: Record<string, unknown>, other: [string, unknown][], doubtful: ReadonlyMap<string, string>): void {
  if (other.length === 0 && doubtful.size === 0) return;
  const given = known.data ?? {};
  if (!isObject(given)) return;
  const kept = Object.fromEntries([...other, ...Object.entries(given)]);
  for (const [field, value] of doubtful) {
    if (Object.hasOwn(kept, field) || bytesOf({ ...kept, [field]: value }) > DATA_BYTES) continue;
    kept[field] = value;
  }
  known.data = kept;
}

function messageOf(field: string, value: unknown, message: string): string {
  if (field === "event_type" && typeof value === "string") {
    const spelled = spelledAsType(value);
    return spelled === null || spelled === value ? message : `${message}; this one could be ${spelled}`;
  }
  return NUMBERED.has(field) && isNumber(value) ? "must be text or a whole number" : message;
}
