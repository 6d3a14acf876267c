/** Seeded traffic: the same events each time for the same seed. */
import { BLANK_EVENT } from "../test/blank-event.ts";
import { localTime } from "../worker/calendar.ts";
import type { StoredEvent } from "../worker/event.ts";

/** mulberry32: small, fast, and good enough to spread events. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const DAY = 86_400_000;
/** The type of an event by a number from 0 to 1: 62 % visits, 8 % registrations, 10 % deposits, 20 % spins. */
const TYPES = [
  { below: 0.62, event_type: "visit" },
  { below: 0.7, event_type: "registration" },
  { below: 0.8, event_type: "deposit" },
  { below: 1, event_type: "spin" },
] as const;
const COUNTRIES = ["MT", "SE", "DE", "BR", "IN", "CA"];
const DEVICES = ["mobile", "desktop", "tablet"];

/** Affiliate traffic over `days`: many visitors who come once, some players who come again; most events have a tag. */
export function* traffic(
  count: number,
  { seed = 1, days = 30, end = Date.parse("2026-05-31T00:00:00Z") } = {},
): Generator<StoredEvent> {
  const next = random(seed);
  const pick = <T>(from: readonly T[]) => from[Math.floor(next() * from.length)] as T;
  for (let n = 0; n < count; n++) {
    const share = next();
    const { event_type } = TYPES.find(({ below }) => share < below) ?? TYPES[0];
    const timestamp = Math.floor(end - days * DAY + (n / count) * days * DAY);
    const { date, hour } = localTime("UTC", timestamp);
    const anonymous = event_type === "visit" && next() < 0.7;
    const player = `player-${Math.floor(next() ** 2 * (count / 8))}`;
    const money = event_type === "deposit";
    yield {
      ...BLANK_EVENT,
      event_id: `${timestamp.toString(16)}-${n.toString(36)}-${Math.floor(next() * 1e9).toString(36)}`,
      project_id: "default",
      event_type,
      player_id: anonymous ? null : player,
      visitor_id: anonymous || next() < 0.3 ? `visitor-${anonymous ? n : player}` : null,
      banner_tag: event_type === "spin" ? null : `tag-${Math.floor(next() ** 2 * 40)}`,
      app_id: event_type === "spin" ? pick(["slots", "roulette"]) : null,
      timestamp,
      received_at: timestamp,
      event_date: date,
      event_hour: hour,
      amount: money ? Math.floor(next() * 200) * 10_000 + 5_000 : null,
      currency: money ? pick(["USD", "EUR"]) : null,
      country: pick(COUNTRIES),
      device: pick(DEVICES),
      browser: "Chrome",
      os: "Android",
      referrer: "affiliate.example",
      source_ip: "203.0.113.0",
      user_agent:
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
      trusted: money ? 1 : 0,
    };
  }
}
