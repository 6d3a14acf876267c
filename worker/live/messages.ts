/** The answers of the live counters, and their messages over a WebSocket. */

import type { StreamedEvent } from "./stream.ts";
import type { Window } from "./tally.ts";
import type { WindowName } from "./windows.ts";

export type LiveSettings = { project_id: string; timezone: string };

export type Snapshot = {
  project_id: string;
  timezone: string;
  /** The instant up to which the windows reach. */
  as_of: string;
  /** Distinct people with an event in the last 5 minutes. */
  visitors_now: number;
  windows: Record<WindowName, Window>;
  /** The last 60 minutes, oldest first, the running one last. */
  minutes: { minute: string; by_type: Record<string, number> }[];
  /** The newest first, at most 50. */
  events: StreamedEvent[];
};

/** The messages of the WebSocket: all figures on connecting and on request, then the changes. */
export type LiveMessage =
  | ({ type: "snapshot" } & Snapshot)
  | ({ type: "counts" } & Omit<Snapshot, "events">)
  | { type: "events"; events: StreamedEvent[] };
