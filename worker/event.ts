/**
 * The wire contract: what an event may look like when it comes in, and what it is once it is taken.
 * Everything else in the project speaks of these fields by these names.
 */
import * as z from "zod";
import { CURRENCIES, PAST_CURRENCIES, parseMoney } from "./money.ts";

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

/** Why a field was refused. One table for the header, the problem document and the request log. */
export const ERROR_CODES = [
  "missing",
  "invalid",
  "too_long",
  "too_many_keys",
  "too_large",
  "repeated",
  "unexpanded_macro",
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
const PIXEL_DATA_KEYS = 20;
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
// A template that its sender forgot to fill in: {payout}, {{clickid}}, ${sum}, %AMOUNT%, [amount].
const MACRO = /^(?:\$?\{\{?[\w.:-]+\}?\}|%[\w.:-]+%|\[[\w.:-]+\])$/;
const ISO_8601 = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

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

/** A value with a form of its own, where an unexpanded macro can be told from a wrong value. */
function form(rule: string) {
  return z
    .union([z.string(), z.number()], { error: rule })
    .transform(String)
    .refine(
      (value) => !MACRO.test(value),
      fault("unexpanded_macro", "arrived unexpanded: the sender did not fill in its template"),
    );
}

export const projectId = z
  .string({ error: "must be text" })
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "must be a slug: lower-case letters, digits, - and _, at most 63");

export const eventType = z
  .string({ error: "must be text" })
  .regex(/^[a-z][a-z0-9_]{0,63}$/, "must start with a-z and hold only a-z, 0-9 and _, at most 64");

const MONEY_RULE = "must be a decimal number without sign, at most 4 places, at most 900,000,000,000";
const TIME_RULE = "must be ISO 8601 or epoch milliseconds";
const SCORE_RULE = "must be a whole number between -2^53 and 2^53";

/** Epoch milliseconds, from those or from ISO 8601; a time without a zone is UTC. */
export const timestamp = form(TIME_RULE).transform((value, context) => {
  const at = /^-?\d{1,16}$/.test(value)
    ? Number(value)
    : ISO_8601.test(value)
      ? Date.parse(isoWithZone(value))
      : Number.NaN;
  if (Number.isFinite(at) && Math.abs(at) <= 8.64e15) return at;
  context.addIssue({ code: "custom", message: TIME_RULE, params: { code: "invalid" } });
  return z.NEVER;
});

/** The one ISO form every engine parses alike; a time without a zone is UTC. */
function isoWithZone(value: string): string {
  const [, date, time = "00:00", zone = "Z"] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?))?(Z|[+-]\d{2}(?::?\d{2})?)?$/i.exec(value) ?? [];
  const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(-2).padStart(2, "0")}` : "Z";
  return `${date}T${time.replace(",", ".")}${/^[+-]\d{2}$/.test(zone) ? `${zone}:00` : offset}`;
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
    .refine(
      (value) => !MACRO.test(value),
      fault("unexpanded_macro", "arrived unexpanded: the sender did not fill in its template"),
    )
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
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  return Object.entries(value).every(([key, inner]) => wellFormed(key) && within(inner, depth - 1));
}

/** Every field that a sender may name, with its rule. A key that is not here lands in `data`. */
export const fields = {
  event_id: z
    .string({ error: "must be text" })
    .refine((value) => value.length <= 64, fault("too_long", "must have at most 64 characters"))
    .refine(
      (value) => !MACRO.test(value),
      fault("unexpanded_macro", "arrived unexpanded: the sender did not fill in its template"),
    )
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
  click_id: text(128).optional(),
  platform: text(128).optional(),
  app_version: text(128).optional(),
  timestamp: timestamp.optional(),
  sent_at: timestamp.optional(),
  amount: amount.optional(),
  currency: currencyOf(CURRENCIES).optional(),
  transaction_id: text(128).optional(),
  score: score.optional(),
  test: test.optional(),
  data: data.optional(),
};
export const wireEvent = z.object(fields);
export type WireEvent = z.output<typeof wireEvent>;

/** What an import says of who sent an event: through the other doors the request itself tells, and these land in `data`. */
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
 * just now, so that `sent_at` tells how wrong the sender's clock is.
 */
export const DOORS = {
  pixel: {
    takes: wireEvent,
    required: ["banner_tag"],
    data: false,
    dataKeys: PIXEL_DATA_KEYS,
    oldest: 7 * DAY,
    sentNow: true,
    ages: "7 days old",
  },
  api: {
    takes: wireEvent,
    required: [],
    data: true,
    dataKeys: Number.POSITIVE_INFINITY,
    oldest: 31 * DAY,
    sentNow: true,
    ages: "31 days old",
  },
  // What an old hit without its time would count for is today.
  import: {
    takes: importedEvent,
    required: ["timestamp"],
    data: true,
    dataKeys: Number.POSITIVE_INFINITY,
    oldest: Number.POSITIVE_INFINITY,
    sentNow: false,
    ages: "not before 2000",
  },
} as const;
export type Door = keyof typeof DOORS;

/** Other names that the wire accepts. */
export const ALIASES: Readonly<Record<string, string>> = { btag: "banner_tag", game_id: "app_id" };

export type Reading = { ok: true; event: ImportedEvent } | { ok: false; errors: FieldError[] };

/**
 * Reads one event as it came. Never throws; `now` is epoch milliseconds.
 * An empty or null value is an absent one, as templates and forms send it.
 */
export function readEvent(sent: Iterable<[string, unknown]>, door: Door, now: number): Reading {
  const { takes, required, data, dataKeys, oldest, ages, sentNow } = DOORS[door];
  const { shape } = takes;
  const errors: FieldError[] = [];
  const known: Record<string, unknown> = {};
  const other: [string, unknown][] = [];
  const seen = new Set<string>();
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
    if (Object.hasOwn(shape, field) && (data || field !== "data")) known[field] = value;
    else other.push([field, value]);
  }
  if (other.length > dataKeys) {
    errors.push({ field: "data", code: "too_many_keys", message: `at most ${PIXEL_DATA_KEYS} further keys` });
  } else if (other.length > 0) {
    const given = known.data;
    if (given === undefined) known.data = Object.fromEntries(other);
    else if (typeof given === "object" && !Array.isArray(given)) {
      known.data = Object.fromEntries([...other, ...Object.entries(given as object)]);
    }
  }

  // Of the sender's clock and not of the event. What cannot be read of it must not cost the event.
  const sent_at = sentNow ? timestamp.safeParse(known.sent_at).data : undefined;
  delete known.sent_at;
  const parsed = takes.safeParse(known);
  for (const issue of parsed.error?.issues ?? []) {
    const field = String(issue.path[0] ?? "event");
    if (errors.some((error) => error.field === field)) continue;
    const absent = known[field] === undefined;
    const code = absent
      ? "missing"
      : (((issue as { params?: { code?: ErrorCode } }).params?.code ?? "invalid") as ErrorCode);
    errors.push({ field, code, message: `${field} ${absent ? "is required" : issue.message}` });
  }
  const refuse = (field: string, code: ErrorCode, message: string) => {
    if (!errors.some((error) => error.field === field)) errors.push({ field, code, message });
  };
  if (known.player_id === undefined && known.visitor_id === undefined) {
    refuse("player_id", "missing", "player_id is required (visitor_id where the player is not known yet)");
  }
  for (const field of required) if (known[field] === undefined) refuse(field, "missing", `${field} is required`);
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
  return { ok: true, event: at === stated ? parsed.data : { ...parsed.data, timestamp: at } };
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
  /** Host of the page that sent it. */
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
