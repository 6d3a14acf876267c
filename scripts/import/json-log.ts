/** Access logs with an object of JSON a line. */
import { type Entry, type Line, refused, shown } from "./entry.ts";
import { eventIn, type LogOptions } from "./hit.ts";
import { hitOf, layoutOf } from "./log-layouts.ts";
import { readJson } from "./ndjson.ts";

export async function* jsonLog(lines: AsyncIterable<Line>, options: LogOptions): AsyncGenerator<Entry> {
  for await (const { bytes, ...place } of lines) {
    const read = readJson(bytes);
    let found = read;
    if (read.kind === "event") {
      const record = Object.fromEntries(read.pairs);
      const layout = layoutOf(record);
      found = layout
        ? eventIn(hitOf(record, layout), read.content, options)
        : refused("has not the keys of a server's access log");
    }
    yield { ...place, raw: shown(bytes), found };
  }
}

const OWN = ["event_type", "player_id", "visitor_id", "event_id", "banner_tag", "btag"];

export function looksJsonLog(line: string): boolean {
  const read = readJson(Buffer.from(line));
  if (read.kind !== "event") return false;
  const record = Object.fromEntries(read.pairs);
  // What has an event's own fields is an event, whatever else it has.
  return !OWN.some((field) => field in record) && layoutOf(record) !== undefined;
}
