/**
 * JSON whose numbers keep their digits. A number of JavaScript has some 16 digits, and Steam's ids have 17. A number that
 * JavaScript would write differently stays a text, which `JSON.stringify` writes unchanged.
 */

/** From the proposal "JSON.parse source text access", which V8 has supported since version 11.4. */
type RawJson = { readonly rawJSON: string };
const { parse, rawJSON, isRawJSON } = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): boolean;
};

/** Finds texts that may have a number in another form than JavaScript's: fast, and with few false matches. */
const PERHAPS = /[\d.]{16}|\.0{6}|(?:\.\d*0|\de[+-]?\d+|-0)\s*(?:[,}\]]|$)/i;

/** Throws as `JSON.parse` does. */
export function parseExact(text: string): unknown {
  if (!PERHAPS.test(text)) return JSON.parse(text);
  return parse(text, (_, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source ? rawJSON(source) : value,
  );
}

/** The digits of a number as they were sent; null for what is no number. */
export function numberAsSent(value: unknown): string | null {
  if (typeof value === "number") return String(value);
  return isRawJSON(value) ? (value as RawJson).rawJSON : null;
}

export const isNumber = (value: unknown): boolean => typeof value === "number" || isRawJSON(value);
