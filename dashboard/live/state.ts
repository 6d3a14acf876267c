/** The live figures of the page, and how a message of the socket changes them. Pure. */
import type { LiveMessage, Snapshot } from "../../worker/live/messages.ts";
import type { StreamedEvent } from "../../worker/live/stream.ts";

export type { StreamedEvent };
export type Counts = Omit<Snapshot, "events">;
export type Connection = "connecting" | "live" | "reconnecting";

export type LiveState = {
  connection: Connection;
  counts: Counts | null;
  /** The newest first. */
  events: readonly StreamedEvent[];
  /** Grows with every change of the figures, and only then. */
  changes: number;
};

export const STREAMED = 100;
export const nothingYet: LiveState = { connection: "connecting", counts: null, events: [], changes: 0 };

/** Of the same event only the first is kept: a snapshot repeats what was streamed. */
function merge(newer: readonly StreamedEvent[], older: readonly StreamedEvent[]): readonly StreamedEvent[] {
  const known = new Set(older.map((event) => event.event_id));
  const fresh = newer.filter((event) => !known.has(event.event_id));
  return fresh.length === 0 ? older : [...fresh, ...older].slice(0, STREAMED);
}

export function received(state: LiveState, message: LiveMessage): LiveState {
  switch (message.type) {
    case "snapshot": {
      const { type: _, events, ...counts } = message;
      const merged = merge(events, state.events);
      // Before the first message, or in a gap, events may have happened that were not sent to the page.
      const changed = state.counts ? merged !== state.events : counts.windows["1m"].total > 0;
      return { ...state, connection: "live", counts, events: merged, changes: state.changes + (changed ? 1 : 0) };
    }
    case "counts": {
      const { type: _, ...counts } = message;
      return { ...state, connection: "live", counts, changes: state.changes + 1 };
    }
    case "events":
      return { ...state, connection: "live", events: merge(message.events, state.events) };
  }
}
