/** The formats that a file may have, and which one it is. A new one is a file and a line here. */
import { combined, looksCombined } from "./combined.ts";
import { csv } from "./csv.ts";
import { type Entry, type Line, shown } from "./entry.ts";
import { linesOf } from "./lines.ts";
import { ndjson } from "./ndjson.ts";

export const FORMATS = { ndjson, csv, combined } as const satisfies Record<
  string,
  (lines: AsyncIterable<Line>) => AsyncGenerator<Entry>
>;
export type Format = keyof typeof FORMATS;
export const FORMAT_NAMES = Object.keys(FORMATS) as Format[];

export function formatOf(line: string): Format {
  if (line.startsWith("{")) return "ndjson";
  if (line.startsWith("[")) throw new Error("This is a JSON array; NDJSON has one object a line (jq -c '.[]').");
  return looksCombined(line) ? "combined" : "csv";
}

/** By the first line that is not blank. */
export async function guessFormat(path: string): Promise<Format> {
  for await (const { bytes } of linesOf(path)) {
    const line = shown(bytes).trim();
    if (line !== "") return formatOf(line);
  }
  return "ndjson";
}
