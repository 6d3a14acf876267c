/**
 * Access logs in the W3C extended format, from IIS, CloudFront, Incapsula and others. A line `#Fields:` names the columns of
 * the lines after it, and there may be several. Date and time are in UTC, by the format.
 */
import { type Entry, type Found, type Line, nothingIn, refused, shown } from "./entry.ts";
import { eventIn, type LogOptions } from "./hit.ts";
import { hitOf, W3C } from "./log-layouts.ts";

const FIELDS = /^#Fields:\s*/i;
const VALUE = /"((?:[^"]|"")*)"|(\S+)/g;

function valuesOf(line: string): string[] {
  // In a line with tabs, values may contain blanks.
  if (line.includes("\t")) return line.split("\t").map((value) => value.trim());
  return [...line.matchAll(VALUE)].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? "");
}

function read(line: string, columns: readonly string[], options: LogOptions): Found {
  const values = valuesOf(line);
  if (values.length !== columns.length) return refused(`has ${values.length} fields, #Fields ${columns.length}`);
  const record: Record<string, string> = {};
  for (const [index, column] of columns.entries()) record[column] = values[index] as string;
  const hit = hitOf(record, W3C);
  if (hit.target === undefined && hit.status === undefined)
    return refused("has no request: #Fields names neither cs-uri-stem nor sc-status");
  return eventIn(hit, line, options);
}

export async function* w3c(lines: AsyncIterable<Line>, options: LogOptions): AsyncGenerator<Entry> {
  let columns: string[] = [];
  for await (const { bytes, ...place } of lines) {
    const text = shown(bytes);
    const nothing = nothingIn(bytes);
    let found: Found;
    if (nothing) found = nothing;
    else if (text.trimStart().startsWith("#")) {
      const named = text.trimStart();
      if (FIELDS.test(named)) columns = named.replace(FIELDS, "").trim().split(/\s+/);
      found = { kind: "skipped", reason: "header" };
    } else if (columns.length === 0) found = refused("stands before the line #Fields, which names the columns");
    else found = read(text, columns, options);
    yield { ...place, raw: shown(bytes), found };
  }
}

export const looksW3c = (line: string): boolean => /^#(?:Version|Fields|Software|Date|Start-Date)\s*:/i.test(line);
