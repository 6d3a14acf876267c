/**
 * Settled days: what people did on them is counted for good, and its events leave the people when they leave the log. A
 * person's history then begins behind those days, with the state that they led to.
 */

import type { Changes } from "./changes.ts";
import { type Chunk, close } from "./chunks.ts";
import { countCells } from "./counters/cells.ts";
import type { Turn } from "./counters/index.ts";
import { countMoney } from "./counters/money.ts";
import { fold, type Rules } from "./fold.ts";
import { eventsText, type PersonEvent, readEvents } from "./person-event.ts";
import { fitting } from "./scopes.ts";
import { noState, placeOfWay, type State, seenOf, wayAt } from "./state.ts";
import { readState } from "./state-text.ts";

/** The state before a person's events, as text, and the events. */
type Begun = { head: string; events: PersonEvent[] };

/** How many events are of days before `date`, in days since 1970; those of one moment stay together. */
function settledIn(events: readonly PersonEvent[], date: number): number {
  let count = 0;
  while (count < events.length && (events[count] as PersonEvent).date < date) count++;
  while (count > 0 && events[count]?.at === events[count - 1]?.at) count--;
  return count;
}

/** A history from `date` on. `rules` are those by which it was counted. */
export function behindSettled({ head, events }: Begun, date: number, rules: Rules): Begun {
  const count = settledIn(events, date);
  if (count === 0) return { head, events };
  const state = readState(head);
  fold(state, events.slice(0, count), rules, null);
  return { head: close(state), events: events.slice(count) };
}

/** A chunk as it is stored; the open one has no `until`. */
export type StoredChunk = { until: number | null; head: string; recent: string };

/** What becomes of a person's chunks: which go, and the one that then comes first, where it is another than before. */
export type Forgotten = {
  gone: number[];
  closed: Chunk | null;
  open: { now: State; head: string; events: string } | null;
};

/**
 * Takes the events before `date` out of a person's chunks, which are in order; null where there are none. `now` is the state
 * behind all of them.
 */
export function forgetEvents(now: State, chunks: readonly StoredChunk[], date: number, rules: Rules): Forgotten | null {
  const gone: number[] = [];
  for (const { until, head, recent } of chunks) {
    const events = readEvents(recent);
    const count = settledIn(events, date);
    if (count === 0) break;
    const state = readState(head);
    fold(state, events.slice(0, count), rules, null);
    const rest = events.slice(count);
    if (until !== null) gone.push(until);
    if (until !== null && rest.length === 0) continue;
    const first = { head: close(state), events: eventsText(rest) };
    if (until !== null) return { gone, closed: { until, ...first }, open: null };
    const { closed, closed_at } = state;
    return { gone, closed: null, open: { now: { ...now, closed, closed_at }, ...first } };
  }
  return gone.length === 0 ? null : { gone, closed: null, open: null };
}

/**
 * Counts an event that comes for days that a person's history no longer has: the event and its amount, not its person, who
 * may have been counted on that day. Without a tag of its own it counts for none.
 */
export function countSettled(event: PersonEvent, head: State, { scopes: all }: Rules, changes: Changes): void {
  const tag = event.banner_tag;
  const state: State = {
    ...noState(),
    first_date: Math.min(head.first_date, event.date),
    // Somebody who has paid before, and has been here before.
    ways: [{ ...wayAt(head, head.first_way), paid_deposit_on: event.date }],
  };
  const way = placeOfWay(state, event, tag);
  state.seen.push(seenOf(state, event, way));
  const scopes = fitting(all, wayAt(state, way));
  const turn: Turn = { state, event, tag, way, newDay: false, all, scopes, changes, sign: 1 };
  countCells(turn);
  countMoney(turn);
}
