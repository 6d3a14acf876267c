/** The macros of a target's templates, and their values. */

import type { StoredEvent } from "../event.ts";
import { numberAsSent, parseExact } from "../exact-json.ts";
import { formatMoney } from "../money.ts";
import { iso } from "../time.ts";

/** The fields of an event that can be sent; `banner_tag` is the tag that it counts for. */
export type ToldEvent = Pick<
  StoredEvent,
  | "event_id"
  | "event_type"
  | "player_id"
  | "visitor_id"
  | "banner_tag"
  | "click_id"
  | "transaction_id"
  | "amount"
  | "currency"
  | "timestamp"
  | "data"
> & {
  /** What the event pays its tag, by the payout rules; null where none judges it, or it cannot be known without a rate. */
  payout: number | null;
  payout_currency: string | null;
  /** The status of the conversion, for targets that are sent statuses. */
  conversion_status: string | null;
};

/** The macros by their names, without braces. A value that the event does not have is an empty text. */
const MACROS = {
  click_id: ({ click_id }) => click_id,
  player_id: ({ player_id }) => player_id,
  player_id_sha256: ({ player_id }) => (player_id === null ? null : sha256(player_id)),
  visitor_id: ({ visitor_id }) => visitor_id,
  amount: ({ amount }) => (amount === null ? null : formatMoney(amount)),
  currency: ({ currency }) => currency,
  payout: ({ payout }) => (payout === null ? null : formatMoney(payout)),
  payout_currency: ({ payout_currency }) => payout_currency,
  status: ({ conversion_status }) => conversion_status,
  event_id: ({ event_id }) => event_id,
  transaction_id: ({ transaction_id }) => transaction_id,
  banner_tag: ({ banner_tag }) => banner_tag,
  event_type: ({ event_type }) => event_type,
  timestamp: ({ timestamp }) => String(Math.floor(timestamp / 1_000)),
  timestamp_ms: ({ timestamp }) => String(timestamp),
  timestamp_iso: ({ timestamp }) => iso(timestamp),
} as const satisfies Record<string, (event: ToldEvent) => string | null | Promise<string>>;
export const MACRO_NAMES = Object.keys(MACROS) as (keyof typeof MACROS)[];

/** A key of `data`: by `data.`, or one of the sub-ids `s1` to `s99` that trackers append. */
const DATA = /^data\.(.{1,64})$/su;
const SUB_ID = /^s[1-9]\d?$/;
const dataKey = (name: string): string | null => DATA.exec(name)?.[1] ?? (SUB_ID.test(name) ? name : null);

const MACRO = /\{([^{}]*)\}/g;
export const namesIn = (template: string): string[] => [...template.matchAll(MACRO)].map(([, name = ""]) => name);

/** What is wrong with a template's macros; null where nothing is. */
export function wrongMacro(template: string): string | null {
  const unknown = namesIn(template).find((name) => !Object.hasOwn(MACROS, name) && dataKey(name) === null);
  if (unknown !== undefined)
    return `has the macro {${unknown}}, which there is not: ${MACRO_NAMES.map((name) => `{${name}}`).join(", ")}, {s1} to {s99} and {data.<key>} are known`;
  return /[{}]/.test(template.replace(MACRO, "")) ? "has a brace that belongs to no macro" : null;
}

const encoder = new TextEncoder();
const sha256 = async (text: string): Promise<string> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))).toHex();

/** A number keeps its digits; an object or a list is its JSON. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  return numberAsSent(value) ?? JSON.stringify(value);
}

/** The value of each of these macros. */
export async function valuesOf(event: ToldEvent, names: Iterable<string>): Promise<Map<string, string>> {
  const data = event.data === null ? {} : (parseExact(event.data) as Record<string, unknown>);
  const values = new Map<string, string>();
  for (const name of names) {
    const key = dataKey(name);
    const value =
      key !== null
        ? textOf(Object.hasOwn(data, key) ? data[key] : null)
        : await MACROS[name as keyof typeof MACROS](event);
    values.set(name, (value ?? "").toWellFormed());
  }
  return values;
}

export const fill = (template: string, values: ReadonlyMap<string, string>, encode: (value: string) => string) =>
  template.replace(MACRO, (_, name: string) => encode(values.get(name) ?? ""));

/** RFC 3986: all but letters, digits and `-._~`. */
export const percentEncoded = (value: string): string =>
  encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
