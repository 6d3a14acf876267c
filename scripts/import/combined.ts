/**
 * Access logs with a request in quotes: the combined and the common format of nginx and Apache, also with further fields, S3,
 * HAProxy, and the load balancers of AWS. Fields are recognized by their form and not by their position, since each server
 * can be configured to write further fields.
 */
import { type Entry, type Found, type Line, nothingIn, refused, shown } from "./entry.ts";
import { addressIn, eventIn, type Hit, type LogOptions } from "./hit.ts";
import { readTime } from "./time.ts";

type Token = { kind: "bare" | "quoted" | "bracketed"; text: string };

const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|\[([^\][]*)\]|\(([^()]*)\)|([^\s"]\S*))(?=\s|$)/y;
const REQUEST = /^([A-Z]+) (\S+)(?: HTTP\/[\d.]+)?$/;
const STATUS = /^\d{3}$/;
/** Any time zone, since this only tests whether a text is a time. */
const ANY = { timezone: "UTC", dates: null } as const;
/** Times in logs. A bare date or number is a time only in brackets. */
const TIME = /^(?:\d{1,2}\/[A-Z][a-z]{2}\/\d{4}[: ]\d|\d{4}-\d\d-\d\d[T ]\d|\d{10}\.\d{3}$)/;
const EPOCH = /^\d{10}(?:\.\d{1,6})?$/;
/** Addresses of a proxy or of the machine itself: the client has another one. */
const PRIVATE = /^(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|::1$|f[cd][0-9a-f]{2}:)/i;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", v: "\v" };
/** Servers escape quotes, and bytes that are not ASCII, with a backslash. */
const unescaped = (text: string) =>
  text.replace(/\\(?:x([0-9A-Fa-f]{2})|(.))/g, (_, hex, other) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[other] ?? other),
  );

/** Null where a quote is not closed. */
function tokensOf(line: string): Token[] | null {
  const tokens: Token[] = [];
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < line.length; ) {
    const token = TOKEN.exec(line);
    if (!token) return null;
    const [, quoted, bracketed, , bare] = token;
    if (quoted !== undefined) tokens.push({ kind: "quoted", text: quoted });
    else if (bracketed !== undefined) tokens.push({ kind: "bracketed", text: bracketed });
    else if (bare !== undefined) tokens.push({ kind: "bare", text: bare });
  }
  return tokens;
}

/** The client's address, from the tokens before the time: third from the end in the common format, otherwise the first address. */
function addressOf(before: readonly Token[]): string | undefined {
  const at = before.length - 3;
  // In a list, each address except the last has a comma after it; the first is the client.
  let first = at;
  while (first > 0 && before[first - 1]?.text.endsWith(",")) first--;
  const usual = first >= 0 ? before[first]?.text : undefined;
  return addressIn(usual) ?? before.map(({ text }) => addressIn(text)).find((address) => address !== undefined);
}

const isTime = ({ kind, text }: Token) =>
  kind !== "quoted" &&
  (TIME.test(text) || (kind === "bracketed" && EPOCH.test(text))) &&
  !("error" in readTime(text, ANY));

/** Null where the line has none of these formats; without method and target where it has no HTTP request. */
function hitIn(line: string): Hit | null {
  const tokens = tokensOf(line.trimEnd());
  if (!tokens?.some(({ kind }) => kind === "quoted")) return null;
  const time = tokens.findIndex(isTime);
  const request = tokens.findIndex(({ kind, text }) => kind === "quoted" && REQUEST.test(unescaped(text)));
  // Without a time, the first text in brackets takes its place, so that a time that cannot be read is reported as one.
  const place = time === -1 ? tokens.findIndex(({ kind }) => kind === "bracketed") : time;
  if (place === -1) return null;
  const before = tokens.slice(0, place);
  const [, method, target] = REQUEST.exec(unescaped(tokens[request]?.text ?? "")) ?? [];
  const behind = request === -1 ? [] : tokens.slice(request + 1);
  // Proxies and load balancers write the status before the request.
  const proxied = !STATUS.test(behind[0]?.text ?? "");
  const status = proxied ? tokens.slice(place, request).find(({ text }) => STATUS.test(text)) : behind[0];
  const quoted = behind.filter(({ kind }) => kind === "quoted").map(({ text }) => unescaped(text));
  // Envoy writes a list of addresses in the place of the page, or after it.
  const forwarded = quoted.findIndex((text) => addressIn(text) !== undefined);
  const byEnvoy = !proxied && (forwarded === 0 || forwarded === 1) && quoted.length > forwarded + 1;
  const [page, agent] = proxied ? [undefined, quoted[0]] : byEnvoy ? [undefined, quoted[forwarded + 1]] : quoted;
  const firstAddress = byEnvoy ? undefined : addressOf(before);
  const behindProxy =
    byEnvoy || (!proxied && firstAddress && PRIVATE.test(firstAddress)) ? addressIn(quoted[forwarded]) : undefined;
  return {
    address:
      behindProxy ??
      firstAddress ??
      tokens
        .slice(place + 1)
        .map(({ text }) => addressIn(text))
        .find(Boolean),
    time: tokens[time]?.text,
    method,
    target,
    status: status?.text,
    page,
    agent,
  };
}

export function readCombined(bytes: Buffer, options: LogOptions): Found {
  const nothing = nothingIn(bytes);
  if (nothing) return nothing;
  const text = bytes.toString("latin1");
  // A line that begins with # is a comment, as in the W3C format.
  if (text.startsWith("#")) return { kind: "skipped", reason: "comment" };
  const hit = hitIn(text);
  return hit ? eventIn(hit, text, options) : refused("is not in the format of an access log");
}

export async function* combined(lines: AsyncIterable<Line>, options: LogOptions): AsyncGenerator<Entry> {
  for await (const { bytes, ...place } of lines)
    yield { ...place, raw: shown(bytes), found: readCombined(bytes, options) };
}

export function looksCombined(line: string): boolean {
  const hit = hitIn(line);
  return hit?.time !== undefined && (hit.method !== undefined || hit.address !== undefined);
}
