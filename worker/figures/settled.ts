/**
 * Settled days: their figures do not change any more. When their events leave the log, they also leave the rows of the
 * people. A person's history then begins after those days, with the state at their end.
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

/** The state before a person's events, as text, and these events. */
type Begun = { head: string; events: PersonEvent[] };

/** How many events are of days before `date`, in days since 1970. Events of the same time stay together. */
function settledIn(events: readonly PersonEvent[], date: number): number {
  let count = 0;
  while (count < events.length && (events[count] as PersonEvent).date < date) count++;
  while (count > 0 && events[count]?.at === events[count - 1]?.at) count--;
  return count;
}

/** A history from `date` on. `rules` are the rules that it was counted with. */
export function behindSettled({ head, events }: Begun, date: number, rules: Rules): Begun {
  const count = settledIn(events, date);
  if (count === 0) return { head, events };
  const state = readState(head);
  fold(state, events.slice(0, count), rules, null);
  return { head: close(state), events: events.slice(count) };
}

/** A chunk as stored; the open one has no `until`. */
export type StoredChunk = { until: number | null; head: string; recent: string };

/** The changes to a person's chunks: which are deleted, and the new first chunk, where it changes. */
export type Forgotten = {
  gone: number[];
  closed: Chunk | null;
  open: { now: State; head: string; events: string } | null;
};

/**
 * Removes the events before `date` from a person's chunks, which are in order; null where there are none. `now` is the state
 * after all events.
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
 * Counts an event that arrives for a settled day: the event and its amount, but not its person, who may have been counted on
 * that day already. If it names no tag, it counts for no tag.
 */
export function countSettled(event: PersonEvent, head: State, { scopes: all }: Rules, changes: Changes): void {
  const tag = event.banner_tag;
  const state: State = {
    ...noState(),
    first_date: Math.min(head.first_date, event.date),
    // A state that has been active and has paid before, so the person is not counted as new.
    ways: [{ ...wayAt(head, head.first_way), paid_deposit_on: event.date }],
  };
  const way = placeOfWay(state, event, tag);
  state.seen.push(seenOf(state, event, way));
  const scopes = fitting(all, wayAt(state, way));
  const turn: Turn = { state, event, tag, way, newDay: false, all, scopes, changes, sign: 1 };
  countCells(turn);
  countMoney(turn);
}
