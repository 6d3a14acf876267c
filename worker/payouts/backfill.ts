/**
 * A rule may cover past days, and types of events that no rule has judged before. Then the log is searched for them, some
 * events at a time, while the projection adds new events.
 */

import { sql } from "drizzle-orm";
import { RESTORING } from "../archive/restoring.ts";
import { addPast, conversions, JUDGED } from "../projections/conversions.ts";
import { isReattributed } from "../projections/reattribution.ts";
import { RENAMING } from "../projections/runner.ts";
import { type Database, transact } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import type { Room } from "./compute.ts";

/** How many events of the log one transaction reads. */
const SLICE = 5_000;
const SLICE_CALLS = 4;

type State = {
  /** JSON, in their order. */
  wanted: string;
  cursor: number;
  event_types: string | null;
  place: number | null;
  until: number | null;
  held: 0 | 1;
};

const look = (db: Database, project_id: string): Promise<State | undefined> =>
  db.get<State>(sql`SELECT
      (SELECT json_group_array(event_type) FROM (SELECT DISTINCT event_type FROM (${JUDGED} AND r.project_id = ${project_id})
        ORDER BY 1)) AS wanted,
      (SELECT cursor FROM projections WHERE name = ${conversions.name}) AS cursor, b.event_types, b.place, b.until,
      (${RENAMING} OR ${RESTORING} OR ${isReattributed(project_id)}) AS held
    FROM (SELECT ${project_id} AS project_id) p LEFT JOIN payout_backfills b ON b.project_id = p.project_id`);

/** The projects whose past is still to be searched: none before the projection's first step. */
export const unfilled = async (db: Database): Promise<string[]> =>
  (
    await db.values<[string]>(sql`SELECT DISTINCT j.project_id FROM (${JUDGED}) j
      LEFT JOIN payout_backfills b ON b.project_id = j.project_id
      WHERE EXISTS (SELECT 1 FROM projections WHERE name = ${conversions.name})
        AND (b.project_id IS NULL OR b.place < b.until OR j.event_type NOT IN (SELECT value FROM json_each(b.event_types)))`)
  ).flat();

const isCovered = ({ wanted, event_types }: State): boolean => {
  const known = new Set(JSON.parse(event_types ?? "[]") as string[]);
  return (JSON.parse(wanted) as string[]).every((type) => known.has(type));
};

/** Fails, and so does the transaction, if the projection has moved since it was read: NULL is not allowed. */
const stillAt = (cursor: number) =>
  sql`UPDATE projections SET cursor = CASE WHEN cursor = ${cursor} AND NOT ${RENAMING} AND NOT ${RESTORING} THEN cursor END
    WHERE name = ${conversions.name}`;
const lostRace = (error: unknown) => isGuarded(error, "projections.cursor");

/** Searches the rest of the past, as long as there is room. Returns whether all of it was searched. */
export async function backfill(db: Database, project_id: string, room: Room): Promise<boolean> {
  while (room.toBegin(SLICE_CALLS)) {
    const state = await look(db, project_id);
    // Before its first step the projection cannot have missed anything.
    if (!state || state.cursor === null) return true;
    const { wanted, cursor, event_types, place, until, held } = state;
    if (!isCovered(state)) {
      const all = JSON.stringify([...new Set([...JSON.parse(wanted), ...JSON.parse(event_types ?? "[]")])].sort());
      await db.run(sql`INSERT INTO payout_backfills (project_id, event_types, place, until)
        VALUES (${project_id}, ${all}, 0, ${cursor})
        ON CONFLICT DO UPDATE SET event_types = excluded.event_types, place = 0, until = excluded.until`);
      continue;
    }
    if (place === null || until === null || place >= until) return true;
    if (held) return false;
    const to = Math.min(place + SLICE, until);
    try {
      await transact(db, [
        stillAt(cursor),
        addPast(project_id, { after: place, upTo: to }, cursor),
        sql`UPDATE payout_backfills SET place = ${to} WHERE project_id = ${project_id} AND place = ${place}`,
      ]);
    } catch (error) {
      if (!lostRace(error)) throw error;
    }
  }
  return false;
}
