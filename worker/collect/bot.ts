/**
 * Whether a pixel comes from a bot. Browsers and declared crawlers are judged; a pixel that another server sends is no
 * bot's, whatever user agent its library has. A bot's event is stored with a flag, and is in no figure.
 */
import { isbot } from "isbot";
import type { BotRules } from "../store/schema.ts";
import { APP, CRAWLER, EXPLAINS_ITSELF, PREVIEW, SENDER, SURELY } from "./agents.ts";

/** Why a sender is judged to be a bot. */
export type BotReason = "project_rule" | "crawler" | "headless" | "data_centre" | "prefetch";

const POSES_AS_BROWSER = /^(?:opera|lynx|e?links|w3m|ncsa_mosaic)\b|^applewebkit\/|\bmozilla\//i;
/** A phone's model comes after its system, and may be a CUBOT. A text with a slash or an address there is no model. */
const MODEL = /(\bandroid[\s\d._a-z-]*;(?: [a-z]{2}[-_][a-z]{2};)?) [^;()/+@]*(?: build\/[^;()\s]*)?(?=[;)])/gi;
/**
 * Words in the user agents of televisions, old phones and apps with an embedded browser that isbot takes for a crawler's
 * name.
 */
const OF_PEOPLE =
  /HbbTV\/[\d.]+ \([^)]*\)?|\b(?:CE-HTML|NETTV|Bada|webOS|REX|Maple\d*)[/\d.]*|Catcher[\d.]*|Sogou(?:MSE|MobileBrowser)|QQDownload|chromeframe|Google Earth|com\.google\.\w+|AppleNews|\[air\.com\.[\w.]+\/[\d.]+\]|Process\/tools\w*|SogouSearch Android|GmmClient:\w+|HTC; Radar/gi;
const HEADLESS = /headless|phantomjs|playwright|puppeteer|selenium/i;

/** Large hosting networks, by their autonomous system: people do not browse from there (as registered with the RIRs). */
const DATA_CENTRES: ReadonlySet<number> = new Set([
  14618,
  16509, // Amazon
  15169,
  396982, // Google
  8075, // Microsoft
  14061, // DigitalOcean
  16276, // OVH
  24940,
  213230, // Hetzner
  20473, // Vultr
  63949, // Akamai (Linode)
  31898, // Oracle
  45102, // Alibaba
]);

/** isbot judges Yahoo's crawler to be a browser, and some browsers to be crawlers. */
function isCrawlingBrowser(agent: string): boolean {
  if (/\bslurp\b/i.test(agent)) return true;
  const named = agent.replace(MODEL, "$1");
  return isbot(named) && isbot(named.replace(OF_PEOPLE, ""));
}

/** For user agents that do not claim to be a browser: an app and a server's library with any name are no bots. */
function isCrawler(agent: string): boolean {
  if (PREVIEW.test(agent)) return true;
  if (APP.test(agent)) return false;
  if (SURELY.test(agent)) return true;
  return !SENDER.test(agent) && (CRAWLER.test(agent) || EXPLAINS_ITSELF.test(agent));
}

type Visit = {
  agent: string | null;
  /** Number of the autonomous system that the request came from, where it is known. */
  asn: number | undefined;
  /** Whether the browser prefetches the page. */
  prefetch?: boolean;
  /** On a developer's own machine headless browsers are how pages are tried out. */
  local: boolean;
};

/** The characters of a longer user agent that are read. */
const AGENT_CHARACTERS = 1_024;

const names = (parts: string[] | undefined, agent: string): boolean =>
  parts?.some((part) => agent.slice(0, AGENT_CHARACTERS).toLowerCase().includes(part.toLowerCase())) ?? false;

export function botReason({ agent: given, asn, prefetch, local }: Visit, rules: BotRules): BotReason | null {
  if (prefetch) return "prefetch";
  if (!given) return null;
  const agent = given.slice(0, AGENT_CHARACTERS);
  if (names(rules.allowed_user_agents, agent)) return null;
  if (names(rules.user_agents, agent)) return "project_rule";
  const browser = POSES_AS_BROWSER.test(agent);
  if (HEADLESS.test(agent)) return local ? null : "headless";
  if (browser ? isCrawlingBrowser(agent) : isCrawler(agent)) return "crawler";
  if (browser && rules.data_centres !== false && asn !== undefined && DATA_CENTRES.has(asn)) return "data_centre";
  return null;
}

/** The stored fields of an event that was judged before. */
type Judged = { agent: string | null; bot: string | null; local: boolean };

/** The same of an event of the past. Only the old flag shows how its page was loaded and from which network it came. */
export function reviewedReason({ agent, bot, local }: Judged, rules: BotRules): BotReason | null {
  if (bot === "prefetch") return bot;
  const found = botReason({ agent, asn: undefined, local }, rules);
  const stays = bot === "data_centre" && rules.data_centres !== false && !names(rules.allowed_user_agents, agent ?? "");
  return found ?? (stays ? bot : null);
}
