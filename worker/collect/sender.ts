/** What a request, or a line of an old log, says about who sent it, as far as it is kept. */
import Bowser from "bowser";
import type { StoredEvent } from "../event.ts";
import { truncateIp } from "../http/address.ts";

export type Sender = Pick<
  StoredEvent,
  "country" | "device" | "browser" | "os" | "referrer" | "source_ip" | "user_agent"
>;

const USER_AGENT_CHARACTERS = 512;

/** `host` is the host of the site that led to the sending one; undefined where only the sending page is known. */
export function senderOf(request: Request, host?: string | null): Sender {
  const sender = sentBy({
    country: countryOf(request),
    referrer: request.headers.get("referer"),
    source_ip: request.headers.get("cf-connecting-ip"),
    user_agent: request.headers.get("user-agent"),
  });
  return host === undefined ? sender : { ...sender, referrer: host };
}

/** Stored are only the host of the referring page, a part of the address, and the user agent. */
export function sentBy(sender: Pick<Sender, "country" | "referrer" | "source_ip" | "user_agent">): Sender {
  const { country, referrer, source_ip, user_agent } = sender;
  return {
    country,
    ...deviceOf(user_agent),
    referrer: hostOf(referrer),
    source_ip: truncateIp(source_ip),
    user_agent: user_agent === null ? null : user_agent.slice(0, USER_AGENT_CHARACTERS).toWellFormed(),
  };
}

/** The headers by which people and bots are distinguished. */
export function visitOf(request: Request): {
  agent: string | null;
  asn: number | undefined;
  prefetch: boolean;
  local: boolean;
} {
  return {
    agent: request.headers.get("user-agent"),
    asn: (request.cf as IncomingRequestCfProperties | undefined)?.asn,
    prefetch: isPrefetch(request.headers),
    local: ["localhost", "127.0.0.1", "[::1]"].includes(new URL(request.url).hostname),
  };
}

/** Chromium and Safari; older Chromium and Safari's top sites; Firefox. */
const PREFETCH_HEADERS = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
const isPrefetch = (headers: Headers): boolean =>
  PREFETCH_HEADERS.some((name) => /^(?:prefetch|preview|prerender)\b/i.test(headers.get(name) ?? ""));

function countryOf(request: Request): string | null {
  const country: string | undefined = (request.cf as IncomingRequestCfProperties | undefined)?.country;
  // XX is unknown, T1 is Tor.
  return country && country !== "XX" && country !== "T1" ? country : null;
}

/** Parsing takes longer than the rest of a request, and the same few agents come again and again. */
const devices = new Map<string, Pick<Sender, "device" | "browser" | "os">>();
const DEVICES_KEPT = 500;

function deviceOf(agent: string | null): Pick<Sender, "device" | "browser" | "os"> {
  if (!agent) return { device: null, browser: null, os: null };
  const key = agent.slice(0, USER_AGENT_CHARACTERS);
  const known = devices.get(key);
  if (known) return known;
  const { browser, os, platform } = Bowser.parse(key);
  const found = { device: platform.type ?? null, browser: browser.name || null, os: os.name ?? null };
  if (devices.size >= DEVICES_KEPT) devices.clear();
  devices.set(key, found);
  return found;
}

export function hostOf(url: string | null): string | null {
  if (!url || !URL.canParse(url)) return null;
  return new URL(url).hostname.slice(0, 255) || null;
}
