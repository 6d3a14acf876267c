/** The traffic for the comparison of two cores: the same events for both, those in the loaded log and those that follow. */
import { localTime } from "../worker/calendar.ts";
import type { StoredEvent } from "../worker/event.ts";
import { COPIES } from "./tenfold.ts";
import { random, traffic } from "./traffic.ts";

const DAY_MS = 86_400_000;
const DAYS = 60;
const END = Date.parse("2026-05-31T00:00:00Z");

/** If there are more events, a tenth of them is loaded and then copied to ten times as many. */
export const LOADED_AT_MOST = 100_000;
const copied = (loaded: number) => loaded > LOADED_AT_MOST;
const baseOf = (loaded: number) => (copied(loaded) ? loaded / COPIES : loaded);

/** The events that are loaded, before they are copied. */
export const base = (loaded: number): Generator<StoredEvent> => traffic(baseOf(loaded), { days: DAYS, end: END });

/** The name of a copy, as in `tenfold.ts`. */
const nameOf = (name: string | null, copy: number) => (name === null || copy === 0 ? name : `${name}~${copy}`);
const copyOf = (event: StoredEvent, copy: number): StoredEvent => ({
  ...event,
  event_id: nameOf(event.event_id, copy) ?? "",
  player_id: nameOf(event.player_id, copy),
  visitor_id: nameOf(event.visitor_id, copy),
});

/** All events of the log, in its order. */
export function* everything(loaded: number): Generator<StoredEvent> {
  for (const event of base(loaded))
    for (let copy = 0; copy < (copied(loaded) ? COPIES : 1); copy++) yield copyOf(event, copy);
}

/** Further events of the same players, without an end. */
function* further(loaded: number): Generator<StoredEvent> {
  for (let seed = 2; ; seed++) yield* traffic(baseOf(loaded), { seed });
}

/** Events that follow those of the log, without an end: of the same players and of new visitors, as many a day as in the log. */
export function* eventsAfterLoad(loaded: number): Generator<StoredEvent> {
  const next = random(7);
  let n = 0;
  for (const event of further(loaded)) {
    const copy = copied(loaded) ? Math.floor(next() * COPIES) : 0;
    const timestamp = Math.floor(END + (++n / loaded) * DAYS * DAY_MS);
    const { date, hour } = localTime("UTC", timestamp);
    const isPlayers = event.player_id !== null;
    yield {
      ...copyOf(event, copy),
      event_id: `${timestamp.toString(16)}-${n.toString(36)}-${Math.floor(next() * 1e9).toString(36)}`,
      visitor_id: isPlayers ? nameOf(event.visitor_id, copy) : `visitor-${timestamp}-${n}`,
      timestamp,
      received_at: timestamp,
      event_date: date,
      event_hour: hour,
    };
  }
}
