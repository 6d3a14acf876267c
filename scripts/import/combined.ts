/**
 * Access logs of Apache and nginx, in the combined format (or the common one, which lacks page and agent). A line is an
 * event where it is a pixel that was answered with 200; all other requests are passed over.
 */
import { isIP } from "node:net";
import { fieldsOf } from "../../worker/collect/query.ts";
import { senderFields } from "../../worker/event.ts";
import { type Entry, type Found, type Line, nothingIn, refused, shown, utf8 } from "./entry.ts";

const QUOTED = '"((?:[^"\\\\]|\\\\.)*)"';
const COMBINED = new RegExp(
  `^(\\S+) \\S+ .*? ?\\[([^\\][]+)\\] ${QUOTED} (\\d{3}) \\S+(?: ${QUOTED} ${QUOTED}(?: .*)?)?$`,
);
const PIXEL = /^\/(?:(visit|registration|deposit)|pixel\/([^/]+))$/;
const TIME = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})$/;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const AGENT_CHARACTERS = 512;
const PAGE_CHARACTERS = 4096;
/** What the query of a pixel calls by the names of who sent it, or `data`, is data like any other. */
const RESERVED = new Set(["data", ...Object.keys(senderFields)]);

/** `10/Oct/2023:13:55:36 -0700`; null where it is none. */
export function timeOf(text: string): number | null {
  const [, day, name = "", year, time, hours, minutes] = TIME.exec(text) ?? [];
  const month = String(MONTHS.indexOf(name) + 1).padStart(2, "0");
  const at = Date.parse(`${year}-${month}-${day}T${time}${hours}:${minutes}`);
  return Number.isNaN(at) ? null : at;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", v: "\v" };
/** Servers write a quote, and bytes that are no ASCII, behind a backslash. */
const unescaped = (text: string) =>
  text.replace(/\\(?:x([0-9A-Fa-f]{2})|(.))/g, (_, hex, other) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[other] ?? other),
  );

/** What only describes may be in any encoding: where it is not UTF-8, older servers mean Latin-1. */
function described(text: string | undefined, longest: number): string | undefined {
  if (text === undefined || text === "-") return undefined;
  const bytes = Buffer.from(unescaped(text), "latin1");
  return (utf8(bytes) ?? bytes.toString("latin1"))
    .replace(/\p{Cc}/gu, " ")
    .slice(0, longest)
    .toWellFormed();
}

function typeOf(path: string): string | null {
  const [, named, other] = PIXEL.exec(path) ?? [];
  if (other === undefined) return named ?? null;
  try {
    return decodeURIComponent(other);
  } catch {
    return other;
  }
}

/** Its bytes are read one by one as characters first: structure is ASCII, and what is inside has its own encoding. */
export function readCombined(bytes: Buffer): Found {
  const nothing = nothingIn(bytes);
  if (nothing) return nothing;
  const text = bytes.toString("latin1");
  const parts = COMBINED.exec(text);
  if (!parts) return refused("is not in the combined log format");
  const [, host = "", time = "", request = "", status, page, agent] = parts;
  const [, method, target = ""] = /^(\S+) (\S+)(?: HTTP\/[\d.]+)?$/.exec(unescaped(request)) ?? [];
  const [path = "", ...query] = target.replace(/^https?:\/\/[^/?]*/i, "").split("?");
  const event_type = typeOf(path);
  if (event_type === null) return { kind: "skipped", reason: "not a pixel" };
  if (method !== "GET") return { kind: "skipped", reason: "a pixel, but not by GET" };
  if (status !== "200") return { kind: "skipped", reason: "a pixel, but not answered with 200" };
  const timestamp = timeOf(time);
  if (timestamp === null) return refused("has no time that can be read", "timestamp");

  const sent = fieldsOf(event_type, new URLSearchParams(Buffer.from(query.join("?"), "latin1").toString()));
  const reserved = sent.filter(([name]) => RESERVED.has(name));
  const own = sent.some(([name, value]) => name === "timestamp" && value !== "");
  const pairs: [string, unknown][] = [
    ...sent.filter(([name, value]) => !RESERVED.has(name) && (name !== "timestamp" || value !== "")),
    ...(own ? [] : [["timestamp", timestamp] as [string, unknown]]),
    ["source_ip", isIP(host) ? host : undefined],
    ["user_agent", described(agent, AGENT_CHARACTERS)],
    ["referrer", described(page, PAGE_CHARACTERS)],
    ["data", reserved.length > 0 ? Object.fromEntries(reserved) : undefined],
  ];
  return { kind: "event", pairs, content: text };
}

export async function* combined(lines: AsyncIterable<Line>): AsyncGenerator<Entry> {
  for await (const { bytes, ...place } of lines) yield { ...place, raw: shown(bytes), found: readCombined(bytes) };
}

export const looksCombined = (line: string): boolean => COMBINED.test(line);
