/**
 * The wire contract: the form of an event when it arrives, and when it is stored. Everything else in the project uses these
 * names of fields.
 */
import * as z from "zod";
import { isDate } from "./calendar.ts";
import { isNumber } from "./exact-json.ts";
import { CURRENCIES, PAST_CURRENCIES, parseMoney } from "./money.ts";
import { isMacro, isMacroOfNumber } from "./placeholder.ts";

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

/** Why a field was refused, or accepted with a warning. One table for the headers, the answers and the request log. */
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

export const DATA_BYTES = 8 * 1024;
export const DATA_DEPTH = 32;
const PIXEL_DATA_KEYS = 40;
/** The most bytes of an event as JSON, on the doors that accept JSON. */
export const EVENT_BYTES = 32 * 1024;
const MINUTE = 60_000;
export const DAY = 1_440 * MINUTE;
export const AHEAD = 5 * MINUTE;
/** How far a sender's clock may differ from ours without being wrong. It includes the time that the request took. */
const ON_ITS_WAY = 10_000;
/** No event can be earlier. */
export const EPOCH = Date.UTC(2000, 0);

const CONTROL = /\p{Cc}/u;
// Between time and zone there may be a blank, also one that was a plus: a query decodes `+02:00` to ` 02:00`.
const ISO_8601 =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)(?: ?(Z)|(?: ?([+-])| {1,2})(\d{2})(?::?(\d{2}))?)?)?$/i;
// A flag's emoji ends in tags (U+E0000 and on), which are seen.
const UNSEEN = String.raw`(?:[\p{White_Space}\u115F\u1160\u2800\u3164\uFFA0]|(?![\u{E0000}-\u{E007F}])\p{Cf})+`;
export const UNSEEN_AROUND = new RegExp(`^${UNSEEN}|${UNSEEN}$`, "gu");

/** Bad UTF-8 in a query arrives as U+FFFD, and a lone surrogate in JSON as itself: in both the original text is lost. */
export const wellFormed = (text: string): boolean => text.isWellFormed() && !text.includes("\uFFFD");

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

/** A value with a fixed form, so that an unexpanded macro can be distinguished from a wrong value. */
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

/** Another product's name in our spelling: `Order Completed` as `order_completed`; null where no letter or digit is left. */
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
export const TIME_RULE = "must be ISO 8601 or epoch milliseconds";
const SCORE_RULE = "must be a whole number between -2^53 and 2^53";

/** Epoch milliseconds, from those or from ISO 8601; a time without a zone is UTC. */
export const timestamp = form(TIME_RULE).transform((value, context) => {
  const at = /^-?\d{1,16}$/.test(value) ? Number(value) : fromIso(value);
  if (Number.isFinite(at) && Math.abs(at) <= 8.64e15) return at;
  context.addIssue({ code: "custom", message: TIME_RULE, params: { code: "invalid" } });
  return z.NEVER;
});

/** Parsed in the one ISO form that every engine reads alike. `Date.parse` alone would read 30 February as 2 March. */
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

/** Stored as the text that was measured: SQLite would parse it again, and refuses text that is nested too deeply. */
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

export function within(value: unknown, depth: number): boolean {
  if (typeof value === "string") return wellFormed(value);
  if (typeof value !== "object" || value === null || isNumber(value)) return true;
  if (depth === 0) return false;
  return Object.entries(value).every(([key, inner]) => wellFormed(key) && within(inner, depth - 1));
}

/** Every field that a sender may name, with its rule. Other keys are stored in `data`. */
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

/**
 * The fields by which an import says who sent an event: at the other doors the request shows that, and these fields are
 * stored in `data`.
 */
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
 * age. An event that is later than its sending got its time before the clock was corrected: it counts with the time of
 * arrival.
 */
export function whenByAge(happened: number, sent_at: number, arrived: number): number {
  if (happened <= sent_at && Math.abs(arrived - sent_at) <= ON_ITS_WAY) return happened;
  return arrived - Math.max(0, sent_at - happened);
}

/**
 * The differences between the doors. `oldest` is in milliseconds before now. `sentNow`: events are received when they are
 * sent, so `sent_at` shows how wrong the sender's clock is. `byClick`: a click id is enough to identify the person.
 * `dataInParts`: further keys that cannot be stored are left out without a refusal, as nobody reads the answer.
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
  // Without its time, an old hit would count for today.
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

/** Other accepted names of fields. The object has no prototype, since a sender may name a key `constructor`. */
export const ALIASES: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  btag: "banner_tag",
  game_id: "app_id",
});

/** An accepted event, as it is in the queue and in the log. Absent is null. */
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
  /** Host of the site that led to the sending one, if the event has it; else of the sending page. */
  referrer: string | null;
  /** Truncated: /24 of IPv4, /48 of IPv6. */
  source_ip: string | null;
  user_agent: string | null;
  /** Why it is a bot's; null where it is not. */
  bot: string | null;
  test: 0 | 1;
  /** Whether it came with a key or a good signature. */
  trusted: 0 | 1;
};

/** One message of the queue. Always a list: the queue bills by the message. */
export type EventMessage = {
  events: StoredEvent[];
  /** The ids of the requests that brought them, for the log. */
  request_ids?: string[];
};
