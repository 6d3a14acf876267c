/** Access logs with one JSON object on each line. */
import { looksCombined, readCombined } from "./combined.ts";
import { type Entry, type Found, type Line, refused, shown } from "./entry.ts";
import { eventIn, type LogOptions } from "./hit.ts";
import { hitOf, layoutOf } from "./log-layouts.ts";
import { readJson } from "./ndjson.ts";

/** The line of a container within Docker's log: `{"log":"…","stream":"stdout","time":"…"}`. */
const wrapped = (record: Readonly<Record<string, unknown>>): string | null =>
  typeof record.log === "string" && "stream" in record ? record.log.replace(/\r?\n$/, "") : null;

function readLine(bytes: Buffer, options: LogOptions): Found {
  const read = readJson(bytes);
  if (read.kind !== "event") return read;
  const record = Object.fromEntries(read.pairs);
  const inner = wrapped(record);
  if (inner !== null) {
    const line = Buffer.from(inner);
    const found = inner.startsWith("{") ? readLine(line, options) : readCombined(line, options);
    return found.kind === "event" ? { ...found, content: read.content } : found;
  }
  const layout = layoutOf(record);
  return layout
    ? eventIn(hitOf(record, layout), read.content, options)
    : refused("has not the keys of a server's access log");
}

export async function* jsonLog(lines: AsyncIterable<Line>, options: LogOptions): AsyncGenerator<Entry> {
  for await (const { bytes, ...place } of lines) yield { ...place, raw: shown(bytes), found: readLine(bytes, options) };
}

const OWN = ["event_type", "player_id", "visitor_id", "event_id", "banner_tag", "btag"];

export function looksJsonLog(line: string): boolean {
  const read = readJson(Buffer.from(line));
  if (read.kind !== "event") return false;
  const record = Object.fromEntries(read.pairs);
  const inner = wrapped(record);
  if (inner !== null) return looksCombined(inner) || looksJsonLog(inner);
  // An object with any of these fields is an event, even if it also has the keys of a log.
  return !OWN.some((field) => field in record) && layoutOf(record) !== undefined;
}

const METHOD = /^(?:GET|POST|HEAD)$/;
const ADDRESS = /^(?:https?:\/\/[^/]+)?\//;

/** Whether an object with unknown keys seems to be a request: it has a method and an address in it, and is not an event. */
export function looksLikeRequest(line: string): boolean {
  const read = readJson(Buffer.from(line));
  if (read.kind !== "event" || read.pairs.some(([name]) => OWN.includes(name))) return false;
  const texts: string[] = [];
  JSON.stringify(Object.fromEntries(read.pairs), (_, value) => {
    if (typeof value === "string") texts.push(value);
    return value;
  });
  return texts.some((text) => METHOD.test(text)) && texts.some((text) => ADDRESS.test(text));
}
