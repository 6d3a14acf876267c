/** The options with their defaults, checked. */
import type { Policy } from "./breaker.ts";
import type { DropReason, Rejection, TrackedEvent } from "./events.ts";
import { newId } from "./id.ts";
import type { ClientOptions, Clock, Page } from "./options.ts";

const MOST_EVENTS = 500;
const MOST_BYTES = 512 * 1024;
export const EVENT_BYTES = 32 * 1024;
/** All requests of a page that outlive it may have 64 KB together. */
export const KEEPALIVE_BYTES = 60 * 1024;

/** The limits of the server. */
const LIMITS: Record<string, number> = { batchEvents: MOST_EVENTS, batchBytes: MOST_BYTES };

function usual() {
  const warned = new Set<string>();
  const warn = (message: string): void => {
    if (!warned.has(message)) console.warn(message);
    warned.add(message);
  };
  const inPage = typeof document === "object";
  return {
    batchEvents: MOST_EVENTS,
    batchBytes: inPage ? KEEPALIVE_BYTES : MOST_BYTES,
    flushInterval: 1_000,
    bufferEvents: 10_000,
    giveUpAfter: 86_400_000,
    timeout: 10_000,
    first: 500,
    longest: 30_000,
    failures: 5,
    coolDown: 5_000,
    longestCoolDown: 60_000,
    drop: "oldest" as "oldest" | "newest",
    page: inPage ? (globalThis as unknown as Page) : undefined,
    onRejected: (_: TrackedEvent, errors: Rejection[]): void =>
      warn(`edgepixel rejected: ${errors.map(({ message }) => message)}`),
    onDropped: (_: TrackedEvent[], reason: DropReason): void => warn(`edgepixel dropped: ${reason}`),
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    clock: {
      now: () => Date.now(),
      setTimeout: (act, ms) => setTimeout(act, ms),
      clearTimeout: (timer) => clearTimeout(timer as number),
    } as Clock,
    random: Math.random,
    newId,
  };
}

type Settings = ReturnType<typeof usual> & Policy & Pick<ClientOptions, "url" | "key" | "defaults" | "onState">;

/** Throws a TypeError for what cannot work: this is the one place where the client throws. */
export function settingsOf(given: ClientOptions): Settings {
  const require = (good: boolean, what: string): void => {
    if (!good) throw new TypeError(`edgepixel: ${what}`);
  };
  const settings: Record<string, unknown> = { ...given, ...given.backOff, ...given.breaker };
  for (const [name, value] of Object.entries(usual())) {
    settings[name] ??= value;
    const number = settings[name] as number;
    // Not above the limit, where there is one.
    require(typeof value !== "number" ||
      (number > 0 && !(number > (LIMITS[name] as number))), `${name} is out of range`);
  }
  require(/^https?:\/\/[^\s?#]+$/.test(given.url), "url must start with http:// or https://");
  require(/^[!-~]+$/.test(given.key ?? ""), "key must be a key");
  require(/^(old|new)est$/.test(settings.drop as string), "drop must be oldest or newest");
  return settings as Settings;
}
