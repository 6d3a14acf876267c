/** The formats that a file may have, and which one it is. A new one is a file and a line here. */
import { combined, looksCombined } from "./combined.ts";
import { csv } from "./csv.ts";
import { type Entry, type Line, shown } from "./entry.ts";
import type { LogOptions } from "./hit.ts";
import { jsonLog, looksJsonLog } from "./json-log.ts";
import { linesOf } from "./lines.ts";
import { ndjson } from "./ndjson.ts";
import { nameOf } from "./unreadable.ts";
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

export function formatOf(line: string): Format {
  const unreadable = nameOf(line);
  if (unreadable) throw new Error(unreadable);
  // Adjust's columns are in braces: {adid},{created_at}.
  if (/^\{\s*["}]/.test(line)) return looksJsonLog(line) ? "json-log" : "ndjson";
  if (looksW3c(line)) return "w3c";
  return looksCombined(line) ? "combined" : "csv";
}

/** By the first line that is neither blank nor a remark. */
export async function guessFormat(path: string, encoding?: string): Promise<Format> {
  for await (const { bytes } of linesOf(path, { encoding })) {
    const line = shown(bytes).trim();
    const remark = line.startsWith("#") && !looksW3c(line);
    if (line !== "" && !remark) return formatOf(line);
  }
  return "ndjson";
}
