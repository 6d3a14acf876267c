/**
 * Where postbacks may go. Addresses are typed in by people, so none may reach what only this Worker reaches. Cloudflare does
 * not fetch IP addresses at all (https://developers.cloudflare.com/workers/platform/known-issues/), a developer's machine
 * fetches anything: so the check is made here, by the URL as `fetch` reads it, where `0x7f.1` and `１２７.0.0.1` are
 * `127.0.0.1` already.
 */

/** Names that no public server has: RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`, and what routers use. */
const PRIVATE = [
  "localhost",
  "local",
  "internal",
  "home.arpa",
  "lan",
  "home",
  "corp",
  "intranet",
  "test",
  "invalid",
  "onion",
];
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const PORTS = ["", "8443"];

/** `LOCAL` of wrangler.toml: on a developer's machine, targets on that machine are accepted, too. */
export type Rules = { local: boolean };

const hostOf = (url: URL): string => url.hostname.replace(/\.$/, "");

/** Why nothing is sent there; null where it may be. */
export function refusalOf(url: URL, { local }: Rules): string | null {
  const host = hostOf(url);
  if (url.username !== "" || url.password !== "") return "must not hold a user name or a password";
  if (local && LOOPBACK.includes(host) && /^https?:$/.test(url.protocol)) return null;
  if (url.protocol !== "https:") return "must begin with https://";
  if (host.startsWith("[") || /^\d+(?:\.\d+){3}$/.test(host)) return "must name a host: IP addresses are not fetched";
  if (!host.includes(".") || PRIVATE.some((name) => host.endsWith(`.${name}`)))
    return `must name a public host, not ${host}`;
  if (!PORTS.includes(url.port)) return "must use port 443 or 8443";
  return null;
}

/** The host is written out: what an event holds never decides where it is sent. */
const FIXED_HOST = /^https?:\/\/[^/?#\\{}\s]+(?=[/?#]|$)/i;

const MOST_CHARACTERS = 2_000;

/** Why a template is refused; null where it is accepted. `ownHost` is this instance's host: it must not send postbacks to itself. */
export function refusalOfTemplate(template: string, rules: Rules, ownHost: string): string | null {
  if (template.length > MOST_CHARACTERS) return `must be ${MOST_CHARACTERS} characters at most`;
  if (/[\s\p{Cc}]/u.test(template)) return "must have no blanks";
  if (!/^https?:\/\//i.test(template)) return "must begin with https://";
  if (!FIXED_HOST.test(template)) return "must name its host without a macro";
  const url = URL.parse(template.replace(/\{[^{}]*\}/g, "x"));
  if (url === null) return "is not a URL";
  if (url.host === ownHost || (!rules.local && hostOf(url) === ownHost.replace(/:\d+$/, "")))
    return "must not be this instance's own host, which would tell itself";
  return refusalOf(url, rules);
}
