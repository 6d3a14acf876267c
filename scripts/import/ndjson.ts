/** One JSON object on each line. */
import { parseExact } from "../../worker/exact-json.ts";
import { type Entry, type Found, type Line, NOT_UTF8, nothingIn, refused, shown, utf8 } from "./entry.ts";

/** The same text for the same value with its keys in any order. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

export function readJson(bytes: Buffer): Found {
  const nothing = nothingIn(bytes);
  if (nothing) return nothing;
  const text = utf8(bytes);
  if (text === null) return refused(NOT_UTF8);
  let value: unknown;
  let exact: unknown;
  try {
    value = JSON.parse(text);
    exact = parseExact(text);
  } catch {
    return refused("is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return refused("must be a JSON object, one a line");
  return { kind: "event", from: "export", pairs: Object.entries(exact as object), content: canonical(value) };
}

export async function* ndjson(lines: AsyncIterable<Line>): AsyncGenerator<Entry> {
  for await (const { bytes, ...place } of lines) yield { ...place, raw: shown(bytes), found: readJson(bytes) };
}
