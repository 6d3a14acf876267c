/** Settles days: what their events add to people is stored, and their figures stay unchanged from then on. */

import { type SQL, sql } from "drizzle-orm";
import { RESTORING } from "../archive/restoring.ts";
import { addDays } from "../calendar.ts";
import { bringForward, LEAST_CURSOR, leastCursor } from "../projections/catch-up.ts";
import { settleDays } from "../projections/player-days.ts";
import { settle as settled } from "../projections/players.ts";
import { isReattributed } from "../projections/reattribution.ts";
import { datedEvents } from "../projections/resolve.ts";
import { transact } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { dueBy, inTurn, type Place, type Steps, type Work } from "./keeping.ts";

/**
 * Whether all tables and the figures have read the whole log, nobody is being renamed, and no events are judged again, after
 * which everything is counted again. Then all later steps of all of them see that a day is settled, and no earlier step did.
 */
const READY = sql`(min(${LEAST_CURSOR}, ${leastCursor("figures")}) >= ifnull((SELECT max(seq) FROM events), 0)
  AND (SELECT erasure_id FROM renaming) IS NULL AND NOT ${RESTORING}
  AND NOT EXISTS (SELECT 1 FROM bot_reviews WHERE finished_at IS NULL))`;

/** A project's oldest day that is not settled and has events; null where none is due. Its people may have to come first. */
type Next = { project_id: string; settled_before: string; due: string; event_date: string | null; held: 0 | 1 };

/**
 * Fails, and so does the transaction, if the project has changed since it was read, or if settling is not allowed now: NULL
 * is not allowed.
 */
const move = (days: readonly { project_id: string; from: string; to: string }[]): SQL => sql`
  UPDATE projects SET settled_before = CASE WHEN ${READY} AND settled_before = d.value ->> 'from'
    AND NOT ${isReattributed(sql`projects.project_id`)} THEN d.value ->> 'to' END,
    player_days_before = ifnull(player_days_before, CASE WHEN by_days = 1 THEN settled_before END)
  FROM json_each(${JSON.stringify(days)}) d WHERE projects.project_id = d.value ->> 'project_id'`;

const notNow = (error: unknown) => isGuarded(error, "projects.settled_before");

/** The oldest day of each project in turn, until none is due. The place is the project that was served last. */
export async function* settle({ env, db, now, keeping }: Work, place: Place<string>): Steps {
  let forward = false;
  const settledBefore = new Map(keeping.map(({ project_id, settled_before }) => [project_id, settled_before]));
  const all = dueBy(keeping, "events_days", now);
  for (;;) {
    const asked = all
      .map(({ project_id, due }) => ({ project_id, due, settled_before: settledBefore.get(project_id) ?? "" }))
      .filter(({ settled_before, due }) => settled_before < due);
    if (asked.length === 0) return "done";
    // `changes` has the days with events; it has read as much of the log as the tables.
    const found = await db.get<{ ready: number; head: number; next: string }>(sql`
      SELECT ${READY} AS ready, ifnull((SELECT max(seq) FROM events), 0) AS head, (
        SELECT json_group_array(json_set(d.value, '$.held', ${isReattributed(sql`d.value ->> 'project_id'`)},
          '$.event_date', (SELECT min(c.event_date) FROM changes c
          WHERE c.project_id = d.value ->> 'project_id' AND c.event_date >= d.value ->> 'settled_before'
            AND c.event_date < d.value ->> 'due'))) FROM json_each(${JSON.stringify(asked)}) d) AS next`);
    if (!found?.ready) {
      if (forward) return "waiting";
      forward = true;
      await bringForward(env, db, now, 0);
      await bringForward(env, db, now, 0, "figures");
      continue;
    }
    const next = (JSON.parse(found.next) as Next[]).filter(({ held }) => !held);
    if (next.length === 0) return "waiting";
    const idle = next.filter(({ event_date }) => event_date === null);
    try {
      if (idle.length > 0) {
        await transact(db, [
          move(idle.map(({ project_id, settled_before, due }) => ({ project_id, from: settled_before, to: due }))),
        ]);
        for (const { project_id, due } of idle) settledBefore.set(project_id, due);
        yield 0;
      }
      for (const { project_id, settled_before, event_date } of inTurn(next, place.value ?? "")) {
        if (event_date === null) continue;
        const to = addDays(event_date, 1);
        const events = datedEvents(project_id, settled_before, to, found.head);
        await place.move(db, project_id, now, [
          settled(events),
          settleDays(project_id, events),
          move([{ project_id, from: settled_before, to }]),
        ]);
        settledBefore.set(project_id, to);
        yield 1;
      }
    } catch (error) {
      if (notNow(error)) return "waiting";
      throw error;
    }
  }
}
