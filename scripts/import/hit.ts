/** A request in a server's access log. It is an event where it asked for a pixel and was answered. */
import { isIP } from "node:net";
import { fieldsOf, referrerIn } from "../../worker/collect/query.ts";
import { senderFields, timestamp, whenByAge } from "../../worker/event.ts";
import { type Found, refused, utf8 } from "./entry.ts";
import { type Clock, readTime } from "./time.ts";

/** Each character of these texts is one byte of the log, since the values can have any encoding. */
export type Hit = {
  /** The client's address in the log; it may be a list, have a port, or be the name of a host. */
  address?: string | undefined;
  time: string | undefined;
  method: string | undefined;
  /** The path with its query. */
  target: string | undefined;
  status: string | undefined;
  page?: string | undefined;
  agent?: string | undefined;
  country?: string | undefined;
};

/** Further paths of pixels, and the type of their events; null where each hit names its type. */
export type Paths = ReadonlyMap<string, string | null>;
export type LogOptions = { paths: Paths; clock: Clock };

const PIXEL = /^\/(?:(visit|registration|deposit)|pixel\/([^/]+))$/;
/** A 304 is a hit, too: the browser asked. A redirected request is in the log again, with the other address. */
const ANSWERED = /^(?:2\d\d|304)$/;
const AGENT_CHARACTERS = 512;
const PAGE_CHARACTERS = 4096;
/** Parameters of a pixel with the names of sender fields, or `data`, are ordinary further data. */
const RESERVED = new Set(["data", ...Object.keys(senderFields)]);

/** Reads `--path /b.gif` or `--path /b.gif=visit`. */
export function pathsOf(given: readonly string[]): Paths {
  return new Map(
    given.map((one) => {
      const [, path, type] = /^(\/[^=?]*?)\/?(?:=([a-z][a-z0-9_]{0,63}))?$/.exec(one) ?? [];
      if (path === undefined) throw new Error(`--path ${one}: write /path or /path=event_type`);
      return [path, type ?? null];
    }),
  );
}

/** The address in `203.0.113.9:443`, `[2001:db8::1]:443` or `fe80::1%eth0`; of a list the first; undefined where there is none. */
export function addressIn(text: string | undefined): string | undefined {
  const first = text?.split(",")[0]?.trim().replace(/^"|"$/g, "") ?? "";
  const bare = first
    .replace(/^\[(.*)\](?::\d+)?$/, "$1")
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1")
    .replace(/%.*$/, "");
  return isIP(bare) ? bare : undefined;
}

/** The text of a field that only describes the hit. If it is not UTF-8, it is read as Latin-1, as older servers write it. */
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

/** The type of a pixel's events; null where each hit names it, undefined where the path is not a pixel. */
function typeOf(path: string, paths: Paths): string | null | undefined {
  const bare = path.length > 1 ? path.replace(/\/$/, "") : path;
  const other = paths.get(bare);
  if (other !== undefined) return other;
  // The type is in the query.
  if (bare === "/happened") return null;
  const [, named, custom] = PIXEL.exec(bare) ?? [];
  return custom === undefined ? named : decoded(custom);
}

/** When it happened, in epoch milliseconds, by the time in the log; null where the sender's `timestamp` is to be used as it is. */
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
  // A template that was escaped for HTML twice requests `&amp;`.
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
