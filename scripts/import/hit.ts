/** A request that a server's access log tells of: an event where it is a pixel that was answered. */
import { isIP } from "node:net";
import { fieldsOf, referrerIn } from "../../worker/collect/query.ts";
import { senderFields, timestamp, whenByAge } from "../../worker/event.ts";
import { type Found, refused, utf8 } from "./entry.ts";
import { type Clock, readTime } from "./time.ts";

/** Texts are the log's bytes, one by one as characters: what is inside has its own encoding. */
export type Hit = {
  /** What the log has for the client's address: also a list, a port, the name of a host. */
  address?: string | undefined;
  time: string | undefined;
  method: string | undefined;
  /** With its query. */
  target: string | undefined;
  status: string | undefined;
  page?: string | undefined;
  agent?: string | undefined;
  country?: string | undefined;
};

/** Paths of pixels beside our own, and the type of their events: null where each hit says it. */
export type Paths = ReadonlyMap<string, string | null>;
export type LogOptions = { paths: Paths; clock: Clock };

const PIXEL = /^\/(?:(visit|registration|deposit)|pixel\/([^/]+))$/;
/** A 304 is a hit too: the browser asked. What was sent on to another address comes again, from there. */
const ANSWERED = /^(?:2\d\d|304)$/;
const AGENT_CHARACTERS = 512;
const PAGE_CHARACTERS = 4096;
/** What the query of a pixel calls by the names of who sent it, or `data`, is data like any other. */
const RESERVED = new Set(["data", ...Object.keys(senderFields)]);

/** `--path /b.gif` or `--path /b.gif=visit`. */
export function pathsOf(given: readonly string[]): Paths {
  return new Map(
    given.map((one) => {
      const [, path, type] = /^(\/[^=?]*?)\/?(?:=([a-z][a-z0-9_]{0,63}))?$/.exec(one) ?? [];
      if (path === undefined) throw new Error(`--path ${one}: write /path or /path=event_type`);
      return [path, type ?? null];
    }),
  );
}

/** The address in `203.0.113.9:443`, `[2001:db8::1]:443`, `fe80::1%eth0` or, of a list, its first; else none. */
export function addressIn(text: string | undefined): string | undefined {
  const first = text?.split(",")[0]?.trim().replace(/^"|"$/g, "") ?? "";
  const bare = first
    .replace(/^\[(.*)\](?::\d+)?$/, "$1")
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1")
    .replace(/%.*$/, "");
  return isIP(bare) ? bare : undefined;
}

/** What only describes may be in any encoding: where it is not UTF-8, older servers mean Latin-1. */
function described(text: string | undefined, longest: number): string | undefined {
  if (text === undefined || text === "-" || text === "") return undefined;
  const bytes = Buffer.from(text, "latin1");
  return (utf8(bytes) ?? bytes.toString("latin1"))
    .replace(/\p{Cc}/gu, " ")
    .slice(0, longest)
    .toWellFormed();
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The type of a pixel's events: null where each hit says it, undefined where the path is no pixel's. */
function typeOf(path: string, paths: Paths): string | null | undefined {
  const bare = path.length > 1 ? path.replace(/\/$/, "") : path;
  const other = paths.get(bare);
  if (other !== undefined) return other;
  // The query says what happened.
  if (bare === "/happened") return null;
  const [, named, custom] = PIXEL.exec(bare) ?? [];
  return custom === undefined ? named : decoded(custom);
}

/** When it happened, where the log knows it better than the sender's own `timestamp`: that is then null. */
function momentOf(sent: URLSearchParams, logged: number): number | null {
  const given = timestamp.safeParse(sent.get("timestamp"));
  if (!given.success) return sent.get("timestamp") ? null : logged;
  const sentAt = timestamp.safeParse(sent.get("sent_at"));
  return sentAt.success ? whenByAge(given.data, sentAt.data, logged) : null;
}

export function eventIn(hit: Hit, content: string, { paths, clock }: LogOptions): Found {
  const [path = "", ...rest] = (hit.target ?? "").replace(/^https?:\/\/[^/?]*/i, "").split("?");
  const type = typeOf(path, paths);
  if (type === undefined) return { kind: "skipped", reason: "not a pixel" };
  // A template that was written into HTML twice asks for `&amp;`.
  const query = rest.join("?").replaceAll("&amp;", "&");
  if (hit.method !== "GET" && hit.method !== "POST")
    return { kind: "skipped", reason: "a pixel, but not by GET or POST" };
  if (hit.method === "POST" && query === "")
    return { kind: "skipped", reason: "a pixel by POST, whose fields no log has" };
  if (!ANSWERED.test(hit.status ?? "")) return { kind: "skipped", reason: "a pixel, but not answered with 2xx or 304" };
  const time = readTime(hit.time ?? "", clock);
  if ("error" in time) return refused("has no time that can be read", "timestamp");

  const parameters = new URLSearchParams(Buffer.from(query, "latin1").toString());
  const { host, others } = referrerIn([...parameters]);
  const sent = type === null ? others : fieldsOf(type, others);
  const reserved = sent.filter(([name]) => RESERVED.has(name));
  const at = momentOf(parameters, time.at);
  const country = hit.country?.toUpperCase();
  const pairs: [string, unknown][] = [
    ...sent.filter(([name]) => !RESERVED.has(name) && (name !== "timestamp" || at === null)),
    ...(at === null ? [] : [["timestamp", at] as [string, unknown]]),
    ["source_ip", addressIn(hit.address)],
    ["user_agent", described(hit.agent, AGENT_CHARACTERS)],
    ["referrer", host === undefined ? described(hit.page, PAGE_CHARACTERS) : host],
    ["country", /^[A-Z]{2}$/.test(country ?? "") ? country : undefined],
    ["data", reserved.length > 0 ? Object.fromEntries(reserved) : undefined],
  ];
  return { kind: "event", from: "log", pairs, content, warning: time.warning };
}
