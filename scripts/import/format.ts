/** The formats of files, and which one a file has. A new format needs a file, and a line here. */
import { combined, looksCombined } from "./combined.ts";
import { csv } from "./csv.ts";
import { type Entry, type Line, shown } from "./entry.ts";
import type { LogOptions } from "./hit.ts";
import { jsonLog, looksJsonLog, looksLikeRequest } from "./json-log.ts";
import { linesOf } from "./lines.ts";
import { ndjson } from "./ndjson.ts";
import { nameOf, UNKNOWN_JSON_LOG, UNKNOWN_LOG } from "./unreadable.ts";
import { looksW3c, w3c } from "./w3c.ts";

export const FORMATS = {
  ndjson,
  csv: (lines) => csv(lines),
  combined,
  w3c,
  "json-log": jsonLog,
} as const satisfies Record<string, (lines: AsyncIterable<Line>, options: LogOptions) => AsyncGenerator<Entry>>;
export type Format = keyof typeof FORMATS;
export const FORMAT_NAMES = Object.keys(FORMATS) as Format[];

/** A request of an access log. No header of CSV matches. */
const REQUEST = /(?:^|[^A-Za-z])(?:GET|POST|HEAD)[^A-Za-z]{1,4}(?:https?:\/)?\/|\/[^\s|,;"]*\?[^\s|,;"]+=/;

export function formatOf(line: string): Format {
  const unreadable = nameOf(line);
  if (unreadable) throw new Error(unreadable);
  // Adjust's columns are in braces: {adid},{created_at}.
  if (/^\{\s*["}]/.test(line)) {
    if (looksJsonLog(line)) return "json-log";
    if (looksLikeRequest(line)) throw new Error(UNKNOWN_JSON_LOG);
    return "ndjson";
  }
  if (looksW3c(line)) return "w3c";
  if (looksCombined(line)) return "combined";
  if (REQUEST.test(line)) throw new Error(UNKNOWN_LOG);
  return "csv";
}

/** The format by the first line that is neither blank nor a comment. */
export async function guessFormat(path: string, encoding?: string): Promise<Format> {
  for await (const { bytes } of linesOf(path, { encoding })) {
    const line = shown(bytes).trim();
    const remark = line.startsWith("#") && !looksW3c(line);
    if (line !== "" && !remark) return formatOf(line);
  }
  return "ndjson";
}
