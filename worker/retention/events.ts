/**
 * Removes the events of settled days from the log, and in the same transaction from the rows of people. Their ids stay in
 * pages, since an event counts once for ever; ids that are not in pages yet are stored, and so are their people's last tags.
 */

import { sql } from "drizzle-orm";
import { bringForward, LEAST_CURSOR, leastCursor } from "../projections/catch-up.ts";
import { type Doer, forgetDoers } from "../projections/figures.ts";
import { projectionsOf } from "../projections/index.ts";
import type { Database } from "../store/database.ts";
import { IDS_CURSOR } from "../store/places.ts";
import { utcDate } from "../time.ts";
import { countByProject, type Place, recordSwept, type Steps, WINDOW, type Work } from "./keeping.ts";

/** Events of the log that one query reads. */
const LOOKED_THROUGH = 10_000;
/** The least cursor of all projections, including the archive's where there is one. */
const ripeIn = (env: Env) => sql`(SELECT min(ifnull(c.cursor, 0))
  FROM json_each(${JSON.stringify(projectionsOf(env).map(({ name }) => name))}) n
  LEFT JOIN projections c ON c.name = n.value)`;

/** A pass over the log, up to the event that was the last one when it began. */
export type Pass = {
  /** For which day, and which settled days. */
  settled: string;
  /** The last event that it has read. */
  position: number;
  target: number;
};

type Going = Doer & { seq: number };

/** What a pass would be that begins now; null where no day is settled. */
async function passOf(db: Database, now: number): Promise<Pass | null> {
  const found = await db.get<{
    days: string;
    target: number;
  }>(sql`SELECT ifnull((SELECT max(seq) FROM events), 0) AS target,
    (SELECT json_group_array(project_id || ' ' || settled_before) FROM (
      SELECT project_id, settled_before FROM projects WHERE settled_before <> '' ORDER BY project_id)) AS days`);
  if (found === undefined || found.days === "[]") return null;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(found.days));
  const settled = `${utcDate(now)} ${new Uint8Array(digest).toHex()}`;
  return { settled, position: 0, target: found.target };
}

/** A pass over the whole log once a day, and whenever other days are settled than before. */
export async function* sweepEvents({ env, db, now }: Work, place: Place<Pass>): Steps {
  let forward = false;
  const ripe = ripeIn(env);
  for (;;) {
    let pass = place.value;
    if (pass === null || pass.position >= pass.target) {
      const next = await passOf(db, now);
      if (next === null || next.settled === pass?.settled) return "done";
      pass = next;
    }
    const { position, target } = pass;
    const found = await db.get<{ last: number | null; ripe: number; tables: number; going: string }>(sql`
      WITH bounds AS MATERIALIZED (SELECT ${ripe} AS ripe,
        (SELECT max(seq) FROM (SELECT seq FROM events WHERE seq > ${position} ORDER BY seq LIMIT ${LOOKED_THROUGH})) AS last)
      SELECT last, ripe, min(${LEAST_CURSOR}, ${leastCursor("figures")}) AS tables, (SELECT json_group_array(json_object(
          'seq', seq, 'project_id', project_id, 'player_id', player_id, 'visitor_id', visitor_id)) FROM (
        SELECT e.seq, e.project_id, e.player_id, e.visitor_id FROM events e JOIN projects p ON p.project_id = e.project_id
        WHERE e.seq > ${position} AND e.seq <= min(last, ripe) AND e.event_date < p.settled_before
        ORDER BY e.seq LIMIT ${WINDOW})) AS going FROM bounds`);
    const going = JSON.parse(found?.going ?? "[]") as Going[];
    // If this range has no event, the rest of the log has none.
    const end = Math.min(found?.last ?? target, found?.ripe ?? 0);
    if (end <= position && position < target) {
      // If only the archive is behind, the tables need not be brought forward.
      if (forward || (found?.tables ?? 0) >= target) return "waiting";
      forward = true;
      await bringForward(env, db, now, 0);
      await bringForward(env, db, now, 0, "figures");
      continue;
    }
    pass = { ...pass, position: going.length === WINDOW ? (going.at(-1) as Going).seq : end };
    const swept = [...countByProject(going)].map(([project_id, removed]) => ({
      project_id,
      class: "events",
      removed,
      swept_before: "",
    }));
    const forgotten = going.length === 0 ? [] : await forgetDoers(db, going);
    if (forgotten === null) return "waiting";
    const these = sql`(SELECT value FROM json_each(${JSON.stringify(going.map(({ seq }) => seq))}))`;
    const removal = [
      sql`INSERT OR IGNORE INTO retired_events (project_id, event_id, standing)
        SELECT project_id, event_id, standing FROM events WHERE seq IN ${these} AND seq > ${IDS_CURSOR}`,
      // Of two tags at the same millisecond, in different steps, the first is kept.
      sql`INSERT INTO settled_touches (project_id, person, timestamp, banner_tag)
        SELECT project_id, actor, timestamp, banner_tag FROM (
          SELECT *, row_number() OVER (PARTITION BY project_id, actor ORDER BY timestamp DESC, event_id DESC) AS nth
          FROM events WHERE seq IN ${these} AND tagged = 1 AND counted = 1) WHERE nth = 1
        ON CONFLICT DO UPDATE SET timestamp = excluded.timestamp, banner_tag = excluded.banner_tag
          WHERE excluded.timestamp > timestamp`,
      ...forgotten,
      recordSwept(swept, now),
      sql`DELETE FROM events WHERE seq IN ${these}`,
    ];
    await place.move(db, pass, now, going.length === 0 ? [] : removal);
    yield going.length;
  }
}
