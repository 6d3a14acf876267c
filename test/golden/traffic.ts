/**
 * The golden traffic: some 50,000 events of three projects over 60 days, in the order in which they arrive. Seeded, so
 * always the same. It holds what makes counting hard: visitors who become players, late and early arrivals, repeats
 * with equal and with different content, transactions sent twice, ties, edges of days, hours and attribution windows.
 */

import { localTime } from "../../worker/calendar.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { BLANK_EVENT } from "../blank-event.ts";
import { type Chance, chance } from "./chance.ts";
import { END, FROM, type GoldenProject, PROJECTS } from "./projects.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const TAGS = [
  ...Array.from({ length: 14 }, (_, n) => `affiliate-${n + 1}`),
  "Brand",
  "brand",
  "sommer 😀",
  "ｆullwidth",
  "caf\u00e9",
  "cafe\u0301",
  "naïve tag'--",
  '"quoted", with comma',
  "=SUM(A1)",
  "100%",
  "日本語/キャンペーン",
  "עברית \u202eabc",
  "null",
  "__proto__",
  " spaced ",
  "7",
  "x".repeat(128),
];
const APPS = ["slots", "roulette", "crash", "Keno 90", "\u{1f3b2} dice"];
const PLATFORMS = ["ios", "android", "web", null];
const COUNTRIES = ["MT", "SE", "DE", "BR", "JP", "KW", "US", null];
const DEVICES = ["mobile", "mobile", "desktop", "tablet", null];
const CURRENCIES = ["USD", "EUR", "JPY", "KWD"] as const;
type Currency = (typeof CURRENCIES)[number];
const BOTS = ["crawler", "crawler", "headless", "data_centre", "project_rule"];
const CUSTOM = ["bonus_claimed", "chat_opened", "level_up", "quest_completed", "achievement_unlocked", "boss_defeated"];

/** Smallest steps that amounts of a currency are sent in, in 1/10,000 units. */
const STEPS: Record<Currency, number> = { USD: 100, EUR: 100, JPY: 10_000, KWD: 10 };
/** About what 10 USD are, in whole units. */
const TEN_DOLLARS: Record<Currency, number> = { USD: 10, EUR: 9, JPY: 1_500, KWD: 3 };

type Person = Pick<StoredEvent, "player_id" | "visitor_id" | "country" | "device" | "app_id" | "platform"> & {
  currency: Currency;
};
type Given = Partial<StoredEvent> & Pick<StoredEvent, "event_type" | "timestamp">;

/** The events of one project, in no particular order. */
function* projectTraffic(project: GoldenProject, seed: number): Generator<StoredEvent> {
  const by = chance(seed);
  let made = 0;

  const event = (given: Given): StoredEvent => {
    const { date, hour } = localTime(project.timezone, given.timestamp);
    return {
      ...BLANK_EVENT,
      // The same ids in each project, in an order that is not that of time: attribution breaks ties by it.
      event_id: `e${String((made++ * 48_271) % 65_537).padStart(5, "0")}`,
      project_id: project.project_id,
      received_at: arrival(by, given.timestamp),
      event_date: date,
      event_hour: hour,
      browser: "Chrome",
      os: "Android",
      source_ip: "203.0.113.0",
      // Some events are sent by servers, with a key.
      trusted: made % 3 === 0 ? 1 : 0,
      ...given,
    };
  };

  for (let n = 0; n < project.people; n++) yield* life(by, n, event);
  yield* edges(project, event);
}

/** When an event comes in: mostly at once, some hours later, a few up to 31 days late. */
function arrival(by: Chance, timestamp: number): number {
  const luck = by.next();
  const delay =
    luck < 0.85 ? by.whole(0, 2 * SECOND) : luck < 0.95 ? by.whole(0, 6 * HOUR) : by.whole(6 * HOUR, 31 * DAY);
  return Math.min(END, timestamp + delay);
}

function price(by: Chance, currency: Currency): number {
  const luck = by.next();
  // The edges of the segments, nothing at all, and the largest amount that can be sent.
  if (currency === "USD" && luck < 0.06) return by.pick([50_000, 49_999, 200_000, 199_999, 1_000_000, 999_999]);
  if (luck < 0.065) return 0;
  if (luck < 0.066) return 9_000_000_000_000_000;
  const units = by.small(1, 12 * TEN_DOLLARS[currency] * (10_000 / STEPS[currency])) * STEPS[currency];
  return by.happens(0.1) ? units + by.whole(1, 9_999) : units;
}

/** Browser, system, and the other parameters of a pixel's address: texts, numbers, flags, and empty values. */
const cameBy = (n: number, page: number): Pick<StoredEvent, "browser" | "os" | "data"> => ({
  browser: ["Chrome", "Safari", "Firefox", null][(n + (page % 2)) % 4] as string | null,
  os: ["Android", "iOS", null][n % 3] as string | null,
  data:
    page % 5 === 0
      ? null
      : JSON.stringify({
          landing_page: `/offer-${(n + page) % 6}`,
          s1: page % 7 === 0 ? "" : `sub-${n % 11}`,
          s2: (n * 7 + page) % 5,
          list: [n],
          creative: n % 4 === 0 ? { of: n } : n % 2 === 0,
        }),
});

/** One person, from the first visit on. */
function* life(by: Chance, n: number, event: (given: Given) => StoredEvent) {
  const plays = by.happens(0.4);
  const player_id = plays ? (by.happens(0.03) ? `Jugador ñ°${n}, "el 1º"` : `player-${n}`) : null;
  const tag = by.pick(TAGS);
  const coarse = by.happens(0.4);
  const person: Person = {
    player_id: null,
    visitor_id: `visitor-${n}`,
    country: by.pick(COUNTRIES),
    device: by.pick(DEVICES),
    app_id: by.pick(APPS),
    platform: by.pick(PLATFORMS),
    currency: by.pick(CURRENCIES),
  };
  const bot = by.happens(0.03) ? by.pick(BOTS) : null;
  const tester = by.happens(0.015);
  let clock = FROM + by.next() * 56 * DAY;
  const later = (least: number, most: number) => {
    clock += by.whole(least, most);
    return at(clock);
  };
  // Whole seconds, as many senders give them: ties.
  const at = (time: number) => (coarse ? Math.floor(time / SECOND) * SECOND : Math.floor(time));
  const { country, device } = person;

  const does = (event_type: string, timestamp: number, given: Partial<StoredEvent> = {}) =>
    event({
      event_type,
      timestamp,
      player_id,
      visitor_id: by.happens(0.25) ? person.visitor_id : null,
      country,
      device,
      bot: bot ?? (by.happens(0.005) ? by.pick(BOTS) : null),
      test: tester || by.happens(0.005) ? 1 : 0,
      ...given,
    });
  const pays = (event_type: string, timestamp: number, given: Partial<StoredEvent> = {}) => {
    const currency = by.happens(0.15) ? by.pick(CURRENCIES) : person.currency;
    // As senders really do: a number that each project counts separately, and the same for a deposit and its refund.
    const transaction_id = by.happens(0.7) ? `t-${n}-${by.whole(1, 400)}` : null;
    return does(event_type, timestamp, { amount: price(by, currency), currency, transaction_id, ...given });
  };

  const visits = function* (anonymous: boolean) {
    const who = anonymous ? { player_id: null, visitor_id: person.visitor_id } : {};
    const start = at(clock);
    yield does("visit", start, {
      ...who,
      banner_tag: by.happens(0.65) ? (by.happens(0.7) ? tag : by.pick(TAGS)) : null,
      session_id: `s-${n}-${start}`,
      referrer: by.happens(0.5) ? "affiliate.example" : null,
      ...cameBy(n, start),
    });
    for (let page = by.small(0, 5); page > 0; page--)
      yield does("visit", later(0, 3 * MINUTE), { ...who, ...cameBy(n, page) });
  };

  for (let session = by.small(1, 5); session > 0 && clock < END; session--) {
    yield* visits(true);
    later(HOUR, 6 * DAY);
  }
  if (!plays || clock >= END) return;

  const linked = by.happens(0.5);
  yield does("registration", at(clock), {
    visitor_id: linked ? person.visitor_id : null,
    banner_tag: by.happens(0.15) ? by.pick(TAGS) : null,
  });
  if (by.happens(0.1)) yield does("registration", later(0, 2 * DAY), { visitor_id: null });
  if (by.happens(0.3)) yield does("install", later(0, HOUR), { app_id: person.app_id, platform: person.platform });

  for (let session = by.small(2, 14); session > 0 && clock < END; session--) {
    const app_id = by.happens(0.8) ? person.app_id : by.pick(APPS);
    const platform = by.happens(0.9) ? person.platform : by.pick(PLATFORMS);
    const game = { app_id, platform };
    if (by.happens(0.5)) yield* visits(false);
    // People who are linked late, or on a device that another player used before.
    const device_of = by.happens(0.08) && n > 0 ? `visitor-${n - by.whole(1, Math.min(n, 9))}` : person.visitor_id;
    if (by.happens(0.3)) {
      yield does("auth", later(0, MINUTE), {
        visitor_id: device_of,
        data: JSON.stringify({ email: `player${n}@example.com`, phone: `+356 79${String(n).padStart(6, "0")}` }),
      });
    }
    if (by.happens(0.45)) yield pays("deposit", later(0, 10 * MINUTE));
    if (by.happens(0.1)) yield pays("deposit", at(clock));
    for (let spin = by.small(0, 30); spin > 0; spin--) {
      yield does("spin", later(0, 20 * SECOND), {
        ...game,
        data: JSON.stringify({ bet: by.whole(1, 5), won: by.happens(0.3) }),
      });
    }
    for (let round = by.small(0, 6); round > 0; round--) {
      const points = by.whole(-1, 12) * 10;
      const told = by.next();
      yield does("player_score", later(0, MINUTE), {
        ...game,
        score: told < 0.8 ? points : null,
        data: told > 0.6 ? JSON.stringify({ score: told > 0.95 ? String(points) : points, level: round }) : null,
      });
    }
    if (by.happens(0.3)) {
      const bought = pays("purchase", later(0, 30 * MINUTE), game);
      yield bought;
      if (by.happens(0.15)) {
        const { amount, currency, app_id: app, platform: where } = bought;
        yield pays("refund", later(MINUTE, 5 * DAY), { amount, currency, app_id: app, platform: where });
      }
    }
    if (by.happens(0.1)) yield pays("withdrawal", later(0, HOUR));
    if (by.happens(0.2)) yield does(by.pick(CUSTOM), later(0, HOUR), { ...game, score: by.happens(0.3) ? 5 : null });
    later(2 * HOUR, 5 * DAY);
  }
}

/** Events exactly on an edge: of days and hours in the project's time zone, and of its attribution window. */
function* edges({ attribution_days }: GoldenProject, event: (given: Given) => StoredEvent) {
  const visit = (timestamp: number, n: number) =>
    event({ event_type: "visit", timestamp, visitor_id: `edge-${n % 3}`, banner_tag: "affiliate-1" });
  // Around the changes of the clocks: every half hour, and a millisecond before.
  for (const day of ["2025-10-04", "2025-11-02"]) {
    for (let half = 0; half < 72; half++) {
      const moment = Date.parse(`${day}T00:00:00Z`) + half * (HOUR / 2);
      yield visit(moment, half);
      yield visit(moment - 1, half + 1);
    }
  }
  const window = attribution_days * DAY;
  const touched = Date.parse("2025-10-08T12:00:00Z");
  for (const [n, since] of [-1, 0, 1, window - 1, window, window + 1].entries()) {
    const player_id = `edge-player-${n}`;
    yield event({ event_type: "visit", timestamp: touched, player_id, banner_tag: "affiliate-2" });
    // Two tags at the same moment: the larger event_id is the later one.
    yield event({ event_type: "visit", timestamp: touched, player_id, banner_tag: "affiliate-3" });
    const money = { amount: 250_000, currency: "EUR" };
    yield event({ event_type: "deposit", timestamp: touched + since, player_id, ...money });
    yield event({ event_type: "registration", timestamp: touched + since, player_id });
  }
}

/**
 * Sent again: as it was, under the same id with other content, or the same transaction in another event; half of it by
 * the other kind of door, the trusted one or the open one.
 */
function* repeats(project: GoldenProject, events: StoredEvent[], seed: number): Generator<StoredEvent> {
  const by = chance(seed);
  const again = (event: StoredEvent) =>
    Math.min(END, event.received_at + (by.happens(0.5) ? by.whole(0, MINUTE) : by.whole(0, 20 * DAY)));
  const moved = (event: StoredEvent) => {
    const timestamp = Math.min(END - 1, Math.max(FROM, event.timestamp + by.whole(-3 * DAY, 3 * DAY)));
    const { date, hour } = localTime(project.timezone, timestamp);
    return { timestamp, event_date: date, event_hour: hour, received_at: arrival(by, timestamp) };
  };
  for (const event of events) {
    const trusted = /[02468]$/.test(event.event_id) ? event.trusted : event.trusted === 1 ? 0 : 1;
    if (by.happens(0.03)) yield { ...event, trusted, received_at: again(event) };
    if (by.happens(0.01)) {
      const other = by.pick(events);
      yield { ...other, ...moved(event), event_id: event.event_id, transaction_id: event.transaction_id, trusted };
    }
    if (event.transaction_id !== null && by.happens(0.04)) {
      const same_day = by.happens(0.5);
      const currency = event.currency as Currency;
      yield {
        ...event,
        ...(same_day ? { received_at: again(event) } : moved(event)),
        event_id: `r${event.event_id}`,
        trusted,
        ...(by.happens(0.3) && { amount: price(by, currency) }),
      };
    }
  }
}

/** All events as they were sent, repeats included, in the order of their arrival. */
export function goldenEvents(seed = 1): StoredEvent[] {
  const sent = PROJECTS.flatMap((project, index) => {
    const events = [...projectTraffic(project, seed + index)].filter(({ timestamp }) => timestamp < END);
    return [...events, ...repeats(project, events, seed + 100 + index)];
  });
  // `sort` keeps the order of those that arrive in the same millisecond.
  return sent.sort((a, b) => a.received_at - b.received_at);
}

/** The events in batches of 1 to 500, as the queue delivers them. */
export function inBatches(events: readonly StoredEvent[], seed = 2): StoredEvent[][] {
  const by = chance(seed);
  const batches: StoredEvent[][] = [];
  for (let from = 0; from < events.length; ) {
    const size = by.small(1, 900);
    batches.push(events.slice(from, from + Math.min(size, 500)));
    from += Math.min(size, 500);
  }
  return batches;
}
