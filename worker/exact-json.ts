/**
 * JSON whose numbers keep their digits. A number of JavaScript holds some 16 of them, and Steam's ids have 17: what it
 * cannot give back as it was written stays its text, which `JSON.stringify` writes as it is.
 */

/** As the proposal "JSON.parse source text access" has it, which V8 has had since version 11.4. */
type RawJson = { readonly rawJSON: string };
const { parse, rawJSON, isRawJSON } = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): boolean;
};

/** Where a number may be that is written in another way than JavaScript would: found quickly, and seldom in vain. */
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
