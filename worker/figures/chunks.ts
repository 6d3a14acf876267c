/**
 * A person's events are stored in chunks, each with the state before its first event. The last chunk is open: new events
 * are appended to it without reading it. A full chunk is closed, and the next one begins. So the row of a person stays
 * small, and a change of the past is counted from the chunk that contains it. Events of the same time are always in the
 * same chunk.
 */
import type { Changes } from "./changes.ts";
import { fold, type Rules } from "./fold.ts";
import { eventsText, type PersonEvent } from "./person-event.ts";
import type { State } from "./state.ts";
import { readState, stateText } from "./state-text.ts";

/** How many events an open chunk may have, and a chunk that is written as a whole. */
export type Sizes = { open: number; closed: number };
export const SIZES: Sizes = { open: 32, closed: 200 };

/** A closed chunk: the state before it, its events, and the time of the last one. */
export type Chunk = { until: number; head: string; events: string };

/** The changes to a person's rows. */
export type Written = {
  now: State;
  /** The state before the open chunk, and its events; `head` is null where `events` are appended to the stored ones. */
  head: string | null;
  events: string;
  /** Whether the stored chunk is closed without a change; `until` is the time of its last event. */
  closes: { until: number } | null;
  /** Further closed chunks. */
  closed: Chunk[];
};

/** The state as the beginning of the next chunk: all events before it are in closed chunks, or have left the log. */
export function close(state: State): string {
  state.closed = state.total;
  state.closed_at = state.at;
  return stateText(state);
}

/** Counts events, which are in order and later than all earlier ones, and updates `state`. */
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
    const chunkEvents = events.slice(from, to);
    fold(state, chunkEvents, rules, changes);
    closed.push({ until: state.at, head: before ?? "", events: eventsText(chunkEvents) });
    before = close(state);
    from = to;
  }
  const rest = from === 0 ? events : events.slice(from);
  fold(state, rest, rules, changes);
  return { now: state, head: before, events: eventsText(rest), closed };
}

/** Events that are later than the person's last one: nothing of the past is read. */
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
 * Subtracts a person's events from the figures, from the beginning of a chunk on, and counts `events` instead. `head` is the
 * state before the chunk, `old` are the events of this chunk and of all later ones; `before` are the rules by which `old` was
 * counted. Null where the person has no event left.
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
