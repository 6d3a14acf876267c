/**
 * The wire contract: what an event may look like when it comes in, and what it is once it is taken.
 * Everything else in the project speaks of these fields by these names.
 */
import * as z from "zod";
import { isDate } from "./calendar.ts";
import { isNumber, numberAsSent } from "./exact-json.ts";
import { CURRENCIES, PAST_CURRENCIES, parseMoney } from "./money.ts";
import { isMacro, isMacroOfNumber, isUnset, namesNoPayment, namesNothing } from "./placeholder.ts";

export const BUILT_IN_TYPES = [
  "visit",
  "registration",
  "deposit",
  "install",
  "purchase",
  "auth",
  "spin",
  "player_score",
  "level_up",
  "quest_completed",
  "achievement_unlocked",
  "boss_defeated",
  "withdrawal",
  "refund",
] as const;

/** Why a field was refused, or taken with a doubt. One table for the headers, the answers and the request log. */
export const ERROR_CODES = [
  "missing",
  "invalid",
  "too_long",
  "too_many_keys",
  "too_large",
  "repeated",
  "unexpanded_macro",
  "placeholder",
  "timestamp_out_of_range",
  "unknown_project",
  "privacy_signal",
  "not_allowed",
  "origin_not_allowed",
  "bad_signature",
  "schema_violation",
  "erased",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];
export type FieldError = { field: string; code: ErrorCode; message: string };

const DATA_BYTES = 8 * 1024;
const DATA_DEPTH = 32;
const PIXEL_DATA_KEYS = 40;
/** Of an event as JSON, on the doors that take JSON. */
export const EVENT_BYTES = 32 * 1024;
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const AHEAD = 5 * MINUTE;
/** What a sender's clock may differ from ours without being wrong: the request was on its way, too. */
const ON_ITS_WAY = 10_000;
/** Nothing that happened before it can be meant. */
const EPOCH = Date.UTC(2000, 0);

const CONTROL = /\p{Cc}/u;
// Between time and zone there may be a blank, also one that was a plus: a query decodes `+02:00` to ` 02:00`.
const ISO_8601 =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)(?: ?(Z)|(?: ?([+-])| {1,2})(\d{2})(?::?(\d{2}))?)?)?$/i;
// A flag's emoji ends in tags (U+E0000 and on), which are seen.
const UNSEEN = String.raw`(?:[\p{White_Space}\u115F\u1160\u2800\u3164\uFFA0]|(?![\u{E0000}-\u{E007F}])\p{Cf})+`;
const UNSEEN_AROUND = new RegExp(`^${UNSEEN}|${UNSEEN}$`, "gu");

/** Bad UTF-8 in a query arrives as U+FFFD, a lone surrogate in JSON as itself: both have lost what was meant. */
const wellFormed = (text: string): boolean => text.isWellFormed() && !text.includes("\uFFFD");

const fault = (code: ErrorCode, message: string) => ({ error: message, params: { code }, abort: true });

function text(longest: number) {
  return z
    .string({ error: "must be text" })
    .refine(wellFormed, fault("invalid", "must be well-formed Unicode"))
    .refine((value) => !CONTROL.test(value), fault("invalid", "must not contain control characters"))
    .refine(
      (value) => value.length <= longest || [...value].length <= longest,
      fault("too_long", `must have at most ${longest} characters`),
    )
    .meta({ maxLength: longest });
}

const UNEXPANDED = fault("unexpanded_macro", "arrived unexpanded: the sender did not fill in its template");

/** A value with a form of its own, where an unexpanded macro can be distinguished from a wrong value. */
function form(rule: string) {
  return z
    .union([z.string(), z.number()], { error: rule })
    .transform(String)
    .refine((value) => !isMacroOfNumber(value), UNEXPANDED);
}

export const projectId = z
  .string({ error: "must be text" })
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "must be a slug: lower-case letters, digits, - and _, at most 63");

export const eventType = z
  .string({ error: "must be text" })
  .regex(/^[a-z][a-z0-9_]{0,63}$/, "must start with a-z and hold only a-z, 0-9 and _, at most 64");

/** How a name from elsewhere would be written here: `Order Completed` as `order_completed`; null where nothing is left of it. */
export function spelledAsType(name: string): string | null {
  const words = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/(\p{Ll}|\d)(?=\p{Lu})|(\p{Lu})(?=\p{Lu}\p{Ll})/gu, "$&_")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[_\d]+|_+$/g, "")
    .slice(0, 64);
  return words === "" ? null : words;
}

const MONEY_RULE = "must be a decimal number without sign, at most 4 places, at most 900,000,000,000";
const TIME_RULE = "must be ISO 8601 or epoch milliseconds";
const SCORE_RULE = "must be a whole number between -2^53 and 2^53";

/** Epoch milliseconds, from those or from ISO 8601; a time without a zone is UTC. */
export const timestamp = form(TIME_RULE).transform((value, context) => {
  const at = /^-?\d{1,16}$/.test(value) ? Number(value) : fromIso(value);
  if (Number.isFinite(at) && Math.abs(at) <= 8.64e15) return at;
  context.addIssue({ code: "custom", message: TIME_RULE, params: { code: "invalid" } });
  return z.NEVER;
});

/** By the one ISO form that every engine parses alike. `Date.parse` would make 2 March of 30 February. */
function fromIso(value: string): number {
  const [, date, time = "00:00", , sign = "+", hours = "00", minutes = "00"] = ISO_8601.exec(value) ?? [];
  if (date === undefined || !isDate(date)) return Number.NaN;
  return Date.parse(`${date}T${time.replace(",", ".")}${sign}${hours}:${minutes}`);
}

const amount = form(MONEY_RULE).transform((value, context) => {
  const units = parseMoney(value);
  if (units !== null) return units;
  context.addIssue({ code: "custom", message: MONEY_RULE, params: { code: "invalid" } });
  return z.NEVER;
});

const score = form(SCORE_RULE)
  .refine((value) => /^-?\d{1,16}$/.test(value) && Number.isSafeInteger(Number(value)), fault("invalid", SCORE_RULE))
  .transform(Number);

const currencyOf = (codes: ReadonlySet<string>) =>
  z
    .string({ error: "must be text" })
    .refine((value) => !isMacroOfNumber(value), UNEXPANDED)
    .transform((value) => value.toUpperCase())
    .refine((value) => codes.has(value), fault("invalid", "must be an ISO 4217 code, such as EUR"));

const test = z
  .union([z.string(), z.number(), z.boolean()], { error: "must be 1 or 0" })
  .transform((value) => String(value).toLowerCase())
  .refine((value) => ["1", "0", "true", "false"].includes(value), fault("invalid", "must be 1 or 0"))
  .transform((value) => value === "1" || value === "true");

/** Kept as the text that was measured: SQLite would take it apart again, and refuses what nests too deep. */
const data = z.record(z.string(), z.unknown(), { error: "must be a JSON object" }).transform((value, context) => {
  const refuse = (code: ErrorCode, message: string) => {
    context.addIssue({ code: "custom", message, params: { code } });
    return z.NEVER;
  };
  if (!within(value, DATA_DEPTH))
    return refuse("invalid", `must nest at most ${DATA_DEPTH} deep, in well-formed Unicode`);
  const json = JSON.stringify(value);
  if (json.length > DATA_BYTES || new TextEncoder().encode(json).length > DATA_BYTES) {
    return refuse("too_large", "must be at most 8 KB as JSON");
  }
  return json;
});

function within(value: unknown, depth: number): boolean {
  if (typeof value === "string") return wellFormed(value);
  if (typeof value !== "object" || value === null || isNumber(value)) return true;
  if (depth === 0) return false;
  return Object.entries(value).every(([key, inner]) => wellFormed(key) && within(inner, depth - 1));
}

/** Every field that a sender may name, with its rule. A key that is not here lands in `data`. */
export const fields = {
  event_id: z
    .string({ error: "must be text" })
    .refine((value) => value.length <= 64, fault("too_long", "must have at most 64 characters"))
    .refine((value) => !isMacro(value), UNEXPANDED)
    .refine((value) => /^[A-Za-z0-9._:-]+$/.test(value), fault("invalid", "must hold only A-Z a-z 0-9 . _ : -"))
    .meta({ maxLength: 64, pattern: "^[A-Za-z0-9._:-]+$" })
    .optional(),
  event_type: eventType,
  player_id: text(128).optional(),
  visitor_id: text(128).optional(),
  banner_tag: text(128).optional(),
  project_id: projectId.optional(),
  app_id: text(128).optional(),
  session_id: text(128).optional(),
  // TikTok's have some 330.
  click_id: text(512).optional(),
  platform: text(128).optional(),
  app_version: text(128).optional(),
  timestamp: timestamp.optional(),
  sent_at: timestamp.optional(),
  amount: amount.optional(),
  currency: currencyOf(CURRENCIES).optional(),
  // Order ids are short; a purchase token of Google Play, which some send instead, has some 150.
  transaction_id: text(255).optional(),
  score: score.optional(),
  test: test.optional(),
  data: data.optional(),
};
export const wireEvent = z.object(fields);
export type WireEvent = z.output<typeof wireEvent>;

/** What an import says of who sent an event: at the other doors the request itself says it, and these fields land in `data`. */
export const senderFields = {
  country: z
    .string({ error: "must be text" })
    .regex(/^[A-Z]{2}$/, "must be two capital letters, as in ISO 3166")
    .optional(),
  referrer: text(4096).optional(),
  source_ip: z.union([z.ipv4(), z.ipv6()], { error: "must be an IPv4 or IPv6 address" }).optional(),
  user_agent: text(4096).optional(),
};
export const importedEvent = z.object({ ...fields, ...senderFields, currency: currencyOf(PAST_CURRENCIES).optional() });
export type ImportedEvent = z.output<typeof importedEvent>;

/**
 * When an event happened by our clock. A sender's clock can be wrong by weeks, but by the same at both ends of an event's
 * age. What is later than its own sending was stamped before the clock was set right: it counts as it arrives.
 */
export function whenByAge(happened: number, sent_at: number, arrived: number): number {
  if (happened <= sent_at && Math.abs(arrived - sent_at) <= ON_ITS_WAY) return happened;
  return arrived - Math.max(0, sent_at - happened);
}

/**
 * What differs between the ways in. `oldest` is in milliseconds before now; `sentNow` says that what comes in was sent
 * just now, so that `sent_at` shows how wrong the sender's clock is; `byClick` that a click id is enough to say whose it is;
 * `dataInParts` that of further keys those are left out that cannot be kept, as nobody reads the answer.
 */
export const DOORS = {
  pixel: {
    takes: wireEvent,
    required: ["banner_tag"],
    data: false,
    dataKeys: PIXEL_DATA_KEYS,
    dataInParts: true,
    oldest: 7 * DAY,
    sentNow: true,
    byClick: false,
    ages: "7 days old",
  },
  api: {
    takes: wireEvent,
    required: [],
    data: true,
    dataKeys: Number.POSITIVE_INFINITY,
    dataInParts: false,
    oldest: 31 * DAY,
    sentNow: true,
    byClick: false,
    ages: "31 days old",
  },
  // What an old hit without its time would count for is today.
  import: {
    takes: importedEvent,
    required: ["timestamp"],
    data: true,
    dataKeys: Number.POSITIVE_INFINITY,
    dataInParts: false,
    oldest: Number.POSITIVE_INFINITY,
    sentNow: false,
    byClick: false,
    ages: "not before 2000",
  },
  // A network's decision about a conversion may come months after it, with its time.
  postback: {
    takes: wireEvent,
    required: [],
    data: true,
    dataKeys: Number.POSITIVE_INFINITY,
    dataInParts: true,
    oldest: Number.POSITIVE_INFINITY,
    sentNow: false,
    byClick: true,
    ages: "not before 2000",
  },
} as const;
export type Door = keyof typeof DOORS;

/** Other names that the wire accepts; of its own alone, as a sender may call a key `constructor`. */
export const ALIASES: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  btag: "banner_tag",
  game_id: "app_id",
});

/** `warnings` is what the event was taken in spite of. */
export type Reading = { ok: true; event: ImportedEvent; warnings: FieldError[] } | { ok: false; errors: FieldError[] };

/** What is said of a field's value before its rule is asked. */
type Doubt = { code: ErrorCode; message: string };
const MACRO: Doubt = { code: "unexpanded_macro", message: "arrived unexpanded, and was kept as further data" };
const UNSET: Doubt = { code: "placeholder", message: "is what is written for no value, and was kept as further data" };
const NOBODY: Doubt = { code: "placeholder", message: "names nobody: all events with it would be one and the same" };
const NO_PAYMENT: Doubt = {
  code: "placeholder",
  message: "does not distinguish payments, and was kept as further data",
};

/** An id of something: also `0` and `none` are no such id. */
const ofId = (value: string) => (namesNothing(value) ? UNSET : isMacro(value) ? MACRO : null);
/** A name, which may be any word that somebody chose. */
const ofName = (value: string) => (isUnset(value) ? UNSET : isMacro(value) ? MACRO : null);
const nobody = (value: string) => (namesNothing(value) || isMacro(value) ? NOBODY : null);

/**
 * Fields that would make one of many: an event is taken without such a value, which stays in `data`; where it alone says
 * who it was, the event is refused.
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

/** Fields that only describe an event: it counts without a value that breaks their rule. */
const DESCRIBING = ["banner_tag", "app_id", "session_id", "click_id", "platform", "app_version"] as const;
/** So much is kept of such a value. */
const KEPT_CHARACTERS = 600;

/** Text fields to which a number may be sent: databases number their players and orders. */
const NUMBERED = new Set(Object.keys(DOUBTS));
const WHOLE = /^-?\d+$/;
const TRIMMED = new Set(["currency", "timestamp", "sent_at", "score", "test"]);

/** What is longer is too long for each of these fields, and looking through it would take time. */
const isOfALength = (value: unknown): value is string => typeof value === "string" && value.length <= 1_000;

/** A value as its rule takes it: numbers with all their digits, tags without what is not seen around them. */
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

  // Of the sender's clock and not of the event. What cannot be read of it must not cost the event.
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

/** Takes out of the further keys what `data` cannot hold. */
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

/** What is wrong with a value of a field that only describes the event. */
function faultIn(field: keyof typeof fields, value: unknown): Doubt | null {
  if (typeof value !== "string") return null;
  const issue = fields[field].safeParse(value).error?.issues[0];
  if (issue === undefined) return null;
  const { code = "invalid" } = (issue as { params?: { code?: ErrorCode } }).params ?? {};
  return { code, message: `${issue.message}, and was kept as further data` };
}

/** Takes out placeholders, and what only describes the event and breaks its rule. Returns these, by field. */
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
    // A player's id is never done without: the visitor behind it would become somebody else's past.
    if (field === "player_id" || (field === "visitor_id" && known.player_id === undefined)) {
      errors.push({ field, code, message: `${field} ${message}` });
    } else {
      const kept = String(value).slice(0, KEPT_CHARACTERS).toWellFormed();
      // Bytes that are no UTF-8 arrive as this, which `data` does not take.
      doubtful.set(field, kept.replaceAll("\uFFFD", "%EF%BF%BD"));
      warnings.push({ field, code, message: `${field} ${message}` });
    }
  }
  return doubtful;
}

/** Puts into `data` what has no field of its own, and what was set aside as long as there is room. */
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

/** An event that was taken: as the queue carries it and the log stores it. Absent is null. */
export type StoredEvent = {
  event_id: string;
  project_id: string;
  event_type: string;
  player_id: string | null;
  visitor_id: string | null;
  banner_tag: string | null;
  app_id: string | null;
  session_id: string | null;
  click_id: string | null;
  platform: string | null;
  app_version: string | null;
  /** When it happened, epoch milliseconds. */
  timestamp: number;
  received_at: number;
  /** Date and hour of `timestamp` in the project's time zone. */
  event_date: string;
  event_hour: number;
  /** 1/10,000 units of `currency`. */
  amount: number | null;
  currency: string | null;
  transaction_id: string | null;
  score: number | null;
  /** JSON text of an object. */
  data: string | null;
  country: string | null;
  device: string | null;
  browser: string | null;
  os: string | null;
  /** Host of the site that led to the one that sent it, where that was said; else of the page that sent it. */
  referrer: string | null;
  /** Truncated: /24 of IPv4, /48 of IPv6. */
  source_ip: string | null;
  user_agent: string | null;
  /** Why it is taken for a bot's; null where it is not. */
  bot: string | null;
  test: 0 | 1;
  /** Whether a key or a good signature vouches for it. */
  trusted: 0 | 1;
};

/** One message of the queue. Always a list: the queue bills by the message. */
export type EventMessage = {
  events: StoredEvent[];
  /** Of the requests that brought them, for the log. */
  request_ids?: string[];
};
