/**
 * CSV by RFC 4180, with a header. The delimiter is that of a line `sep=;` before the header, as Excel writes it; otherwise a
 * comma, a semicolon, a tab or a bar, the one that is most frequent in the header.
 */
import { type Entry, type Found, type Line, NOT_UTF8, nothingIn, refused, shown, utf8 } from "./entry.ts";
import { canonical } from "./ndjson.ts";

const LF = Buffer.from("\n");
const DELIMITERS = [",", ";", "\t", "|"];
const SEPARATOR = /^"?sep=([,;|\t])"?$/i;
/** A quote that is not closed within this many bytes is an error, not a field with several lines. */
const RECORD_BYTES = 64 * 1024;

/** The most blanks before a quote. */
const BLANKS = 8;

/** A record's fields; "open" where a quote is not closed, "broken" where something follows a closed one. */
export function splitRecord(text: string, delimiter: string): string[] | "open" | "broken" {
  const fields: string[] = [];
  for (let at = 0; ; at++) {
    // Some programs write a blank before a quote.
    if (text[at] === " ") at = /^ *"/.test(text.slice(at, at + BLANKS)) ? text.indexOf('"', at) : at;
    if (text[at] === '"') {
      let field = "";
      for (at++; ; at++) {
        const quote = text.indexOf('"', at);
        if (quote === -1) return "open";
        field += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        field += '"';
      }
      fields.push(field);
      if (at < text.length && text[at] !== delimiter) return "broken";
    } else {
      const next = text.indexOf(delimiter, at);
      fields.push(text.slice(at, next === -1 ? undefined : next));
      at = next === -1 ? text.length : next;
    }
    if (at >= text.length) return fields;
  }
}

export function delimiterOf(header: string): string {
  const columns = (delimiter: string) => {
    const fields = splitRecord(header, delimiter);
    return Array.isArray(fields) ? fields.length : 0;
  };
  return DELIMITERS.reduce((best, delimiter) => (columns(delimiter) > columns(best) ? delimiter : best));
}

function columnsOf(header: string, delimiter: string): string[] {
  const fields = splitRecord(header, delimiter);
  if (!Array.isArray(fields)) throw new Error("The header, the first line of the CSV file, is not CSV.");
  const names = fields.map((field, index) => field.trim() || `column_${index + 1}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`The header has ${twice} twice.`);
  return names;
}

function readRecord(fields: string[], columns: readonly string[]): Found {
  // Some programs write a delimiter at the end of each line.
  while (fields.length > columns.length && fields.at(-1) === "") fields.pop();
  if (fields.length !== columns.length) return refused(`has ${fields.length} fields, the header ${columns.length}`);
  const pairs = columns.map((column, index): [string, string] => [column, fields[index] as string]);
  // The id is computed from the unchanged record: a record with one more blank is another record.
  const content = canonical(Object.fromEntries(pairs));
  return { kind: "event", from: "export", pairs: pairs.map(([column, value]) => [column, value.trim()]), content };
}

/** The columns of a file, before its records are read. */
export async function headerOf(lines: AsyncIterable<Line>): Promise<string[]> {
  let columns: string[] = [];
  for await (const { found } of csv(lines, (names) => {
    columns = names;
  }))
    if (found.kind !== "skipped" || columns.length > 0) break;
  return columns;
}

export async function* csv(
  lines: AsyncIterable<Line>,
  onHeader: (columns: string[]) => void = () => {},
): AsyncGenerator<Entry> {
  const source = lines[Symbol.asyncIterator]();
  const waiting: Line[] = [];
  const next = async (): Promise<Line | undefined> => waiting.shift() ?? (await source.next()).value;
  let separator: string | undefined;
  let delimiter: string | undefined;
  let columns: string[] = [];
  for (let first = await next(); first; first = await next()) {
    const record = await readOn(first, next, delimiter ?? separator ?? ",");
    const last = record.at(-1) as Line;
    const bytes =
      record.length === 1 ? first.bytes : Buffer.concat(record.flatMap((line) => [line.bytes, LF]).slice(0, -1));
    const place = { line: first.line, end: last.end, raw: shown(bytes) };
    const nothing = nothingIn(bytes);
    const text = utf8(bytes);
    if (nothing) yield { ...place, found: nothing };
    else if (text === null) {
      if (delimiter === undefined) throw new Error(`The header ${NOT_UTF8}`);
      yield { ...place, found: refused(NOT_UTF8) };
    } else if (delimiter === undefined && separator === undefined && SEPARATOR.test(text)) {
      separator = SEPARATOR.exec(text)?.[1];
      yield { ...place, found: { kind: "skipped", reason: "header" } };
    } else if (delimiter === undefined) {
      delimiter = separator ?? delimiterOf(text);
      columns = columnsOf(text, delimiter);
      onHeader(columns);
      yield { ...place, found: { kind: "skipped", reason: "header" } };
    } else {
      const fields = splitRecord(text, delimiter);
      if (fields === "open") {
        // Only this line is refused: the lines after it are read as if it were not there.
        waiting.unshift(...record.slice(1));
        yield { ...place, end: first.end, raw: shown(first.bytes), found: refused("has a quote that is not closed") };
      } else if (fields === "broken") yield { ...place, found: refused("has something behind a closing quote") };
      else yield { ...place, found: readRecord(fields, columns) };
    }
  }
}

/** The lines of a record: further ones are read while a quote is open. */
async function readOn(first: Line, next: () => Promise<Line | undefined>, delimiter: string): Promise<Line[]> {
  const record = [first];
  let text = shown(first.bytes);
  while (text.length <= RECORD_BYTES && splitRecord(text, delimiter) === "open") {
    const line = await next();
    if (!line) break;
    record.push(line);
    text += `\n${shown(line.bytes)}`;
  }
  return record;
}
