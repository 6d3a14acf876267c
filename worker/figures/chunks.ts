/**
 * A person's events lie in chunks, each with the state before it. The last one is open: events are written behind it
 * without being read. A full one is closed as it is stored, and the next begins. So the row of a person stays small, and a
 * change of the past is counted from the chunk that it falls into. Events of one moment are never in two chunks.
 */
import type { Changes } from "./changes.ts";
import { fold, type Rules } from "./fold.ts";
import { eventsText, type PersonEvent } from "./person-event.ts";
import type { State } from "./state.ts";
import { readState, stateText } from "./state-text.ts";

/** How many events an open chunk may have, and one that is made at once. */
export type Sizes = { open: number; closed: number };
export const SIZES: Sizes = { open: 32, closed: 200 };

/** A closed chunk: the state before it, its events, and the time of the last one. */
export type Chunk = { until: number; head: string; events: string };

/** The changes of a person's rows. */
export type Written = {
  now: State;
  /** The state before the open chunk, and its events; `head` is null where `events` go behind those that are there. */
  head: string | null;
  events: string;
  /** Whether the stored chunk is closed unchanged; `until` is the time of its last event. */
  closes: { until: number } | null;
  /** Further chunks that are closed. */
  closed: Chunk[];
};

/** The state as the head of what follows: all events up to it are in closed chunks, or gone. */
export function close(state: State): string {
  state.closed = state.total;
  state.closed_at = state.at;
  return stateText(state);
}

/** Counts events that are in order and later than all before them; `state` moves on. */
function countInChunks(
  state: State,
  head: string | null,
  events: readonly PersonEvent[],
  rules: Rules,
  changes: Changes,
  sizes: Sizes,
): Omit<Written, "closes"> {
  const closed: Chunk[] = [];
  let from = 0;
  let before = head;
  while (events.length - from > sizes.open) {
    let to = Math.min(from + sizes.closed, events.length - 1);
    while (to > from && events[to]?.at === events[to - 1]?.at) to--;
    if (to === from) break;
    const some = events.slice(from, to);
    fold(state, some, rules, changes);
    closed.push({ until: state.at, head: before ?? "", events: eventsText(some) });
    before = close(state);
    from = to;
  }
  const rest = from === 0 ? events : events.slice(from);
  fold(state, rest, rules, changes);
  return { now: state, head: before, events: eventsText(rest), closed };
}

/** Events behind a person's last one: nothing of the past is read. */
export function goOn(
  now: State,
  events: readonly PersonEvent[],
  rules: Rules,
  changes: Changes,
  sizes: Sizes,
): Written {
  const open = now.total - now.closed;
  const begins = open >= sizes.open || events.length > sizes.open;
  const closes = begins && open > 0 ? { until: now.at } : null;
  const head = now.total === 0 ? "" : begins ? close(now) : null;
  return { ...countInChunks(now, head, events, rules, changes, sizes), closes };
}

/**
 * Takes a person's events out of the figures from the beginning of a chunk on, and counts others in their place. `head` is the
 * state before the chunk, `old` are its events and all later ones, `events` replace them; `before` are the rules by which
 * `old` was counted. Null where the person has no event left.
 */
export function recount(
  head: string,
  old: readonly PersonEvent[],
  events: readonly PersonEvent[],
  before: Rules,
  rules: Rules,
  changes: Changes,
  sizes: Sizes,
): Written | null {
  fold(readState(head), old, before, changes, -1);
  const state = readState(head);
  if (state.total === 0 && events.length === 0) return null;
  return { ...countInChunks(state, head, events, rules, changes, sizes), closes: null };
}
