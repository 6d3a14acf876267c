/**
 * Puts the ids of appended events into pages, so that no index of the log is needed for them. The consumer does it when enough events
 * wait; a duty does it for a log of an earlier version or a restored one, which still has the index, and then drops the index.
 */
import { sql } from "drizzle-orm";
import { RESTORING } from "../archive/restoring.ts";
import type { Duty } from "../duties/duty.ts";
import { type Database, databaseOf, prepared } from "../store/database.ts";
import { DROP_ID_INDEX, IDS_CURSOR } from "../store/places.ts";
import { planOf } from "../store/plan.ts";
import { HOUR_MS, MINUTE_MS } from "../time.ts";
import { lostIdPages, MOST_WAITING, type Waiting, writeIds } from "./id-pages.ts";

/** Ids that one step puts into pages. */
export const IDS_A_STEP = 5_000;
/** Calls and statements of a step. */
const STEP_CALLS = 13;
/** How long the duty waits between two steps on the free plan, whose reads a day are few: a step reads some five rows for each id. */
const PAUSE_MS = 20 * MINUTE_MS;

type State = { version: number; ids_cursor: number; indexed: 0 | 1; held: 0 | 1 };

/**
 * Puts ids that wait into pages, if there are at least so many. When it has come to the end of the log, no index is needed any more. Returns
 * whether more than a step may be waiting. @throws where someone else changed the pages meanwhile: see `lostIdPages`.
 */
export async function writeEventIds(db: Database, least = MOST_WAITING, most = IDS_A_STEP): Promise<boolean> {
  const [states, waiting] = (await db.$client.batch([
    prepared(db, sql`SELECT version, ids_cursor, indexed, ${RESTORING} AS held FROM log_state`),
    prepared(
      db,
      sql`SELECT e.project_id, e.event_id, e.seq * 4 + e.standing AS place FROM events e NOT INDEXED
      WHERE e.seq > ${IDS_CURSOR} ORDER BY e.seq LIMIT CAST(${most} AS INTEGER)`,
    ),
  ])) as [D1Result<State>, D1Result<Waiting>];
  const [state] = states.results;
  const ids = waiting.results;
  if (!state || state.held === 1) return false;
  const hasMore = ids.length === most;
  const drops = state.indexed === 1 && !hasMore;
  if (ids.length < least && !drops) return false;
  const last = ids.at(-1);
  const to = last === undefined ? state.ids_cursor : Math.floor(last.place / 4);
  const withoutIndex = [DROP_ID_INDEX, "UPDATE log_state SET indexed = 0"];
  await writeIds(db.$client, { version: state.version, ids, to }, drops ? withoutIndex : []);
  return hasMore;
}

export const eventIds: Duty = {
  name: "event ids",
  every: HOUR_MS,
  async run(env, budget, now) {
    const db = databaseOf(env);
    // Going back to an earlier version needs the index: it may have been made by hand.
    await db.run(sql`UPDATE log_state SET indexed = 1 WHERE indexed = 0 AND EXISTS (
      SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = 'events_by_id')`);
    while (budget.has(STEP_CALLS)) {
      try {
        if (!(await writeEventIds(db))) return "done";
      } catch (error) {
        if (!lostIdPages(error)) throw error;
      }
      if (planOf(env) === "free") return { at: now + PAUSE_MS };
    }
    return "more";
  },
};
