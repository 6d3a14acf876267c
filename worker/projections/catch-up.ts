/**
 * The tables and the figures gather events until somebody reads them. Readers call this first, so that what they read is at
 * most ten seconds old; readers at the same time wait for the same run.
 */
import { type SQL, sql } from "drizzle-orm";
import { runnerOf } from "../duties/duty.ts";
import { inTime } from "../in-time.ts";
import { log } from "../log.ts";
import type { Database } from "../store/database.ts";
import { GROUPS } from "./index.ts";

export type GatheringGroup = "tables" | "figures";
const namesOf = (group: GatheringGroup) => JSON.stringify(GROUPS[group].projections.map(({ name }) => name));

/** Readers do not wait if more events are left than a run does in the time below. */
const MOST_AWAITED = 5_000;
const LONGEST_WAIT_MS = 5_000;
/** How long the object may need to answer at all. */
const ANSWER_MS = 1_000;

/** The last event that all projections of a group have read. */
export const leastCursor = (group: GatheringGroup): SQL => sql`(SELECT min(ifnull(p.cursor, 0))
  FROM json_each(${namesOf(group)}) t LEFT JOIN projections p ON p.name = t.value)`;

/** The last event that all tables have. */
export const LEAST_CURSOR = leastCursor("tables");

/** The place of a group in the log: the columns of a `Place`, from `place`, which a WITH defines. */
export const placeOf = (group: GatheringGroup): SQL => sql`place AS MATERIALIZED (
  SELECT *, (SELECT e.received_at FROM events e WHERE e.seq > least ORDER BY e.seq LIMIT 1) AS waiting_since FROM (
    SELECT min(ifnull(p.cursor, 0)) AS least, min(ifnull(p.updated_at, 0)) AS moved_at,
      (SELECT ifnull(max(seq), 0) FROM events) AS head
    FROM json_each(${namesOf(group)}) t LEFT JOIN projections p ON p.name = t.value))`;

export type Place = {
  /** The last event that all projections of the group have read, and the last one of the log. */
  least: number;
  head: number;
  /**
   * When the projection moved that has not moved for the longest time, and when the oldest waiting event was received;
   * epoch milliseconds.
   */
  moved_at: number;
  waiting_since: number | null;
};

/** How many events wait for longer than they may, and for how long the oldest does. */
export type Lag = { events: number; seconds: number };

export function lagOf(group: GatheringGroup, { least, head, waiting_since }: Place, now: number): Lag | null {
  if (head <= least || waiting_since === null || now - waiting_since <= GROUPS[group].gathering.age) return null;
  return { events: head - least, seconds: Math.round((now - waiting_since) / 1_000) };
}

/** Whether events wait that no run in the last `age` milliseconds has seen, or that should have been read already. */
const isDue = (group: GatheringGroup, place: Place, now: number, age: number): boolean =>
  place.head > place.least && (now - place.moved_at >= age || lagOf(group, place, now) !== null);

/**
 * Brings a group forward if it is older than this reader allows, and waits for it for a limited time. Returns whether it
 * did so, as its place is then another one. If it fails, the reader reads what is there.
 */
export async function catchUp(
  env: Env,
  group: GatheringGroup,
  place: Place,
  now: number,
  age: number = GROUPS[group].gathering.age,
): Promise<boolean> {
  if (!isDue(group, place, now, age)) return false;
  const wait = place.head - place.least > MOST_AWAITED ? 0 : LONGEST_WAIT_MS;
  try {
    const asked = runnerOf(env, group).bringForward(age, wait);
    if (!(await inTime(asked, wait + ANSWER_MS, false)))
      log("warn", `${group} behind`, { events: place.head - place.least });
  } catch (error) {
    log("error", "catching up failed", { error: String(error) });
  }
  return true;
}

/** For readers that have not read the group's place. With `age` 0 all events are read that were in the log before. */
export async function bringForward(
  env: Env,
  db: Database,
  now: number,
  age?: number,
  group: GatheringGroup = "tables",
): Promise<void> {
  const place = await db.get<Place>(sql`WITH ${placeOf(group)} SELECT * FROM place`);
  if (place) await catchUp(env, group, place, now, age);
}

/** For readers of both: the tables say which days an event has changed, and the figures have the counts. */
export async function bringAllForward(env: Env, db: Database, now: number, age?: number): Promise<void> {
  await Promise.all([bringForward(env, db, now, age), bringForward(env, db, now, age, "figures")]);
}

/** Whether events `from` to `to` complete a gathering of the group, which has taken those up to `taken`. */
export function isTimeToRun(group: GatheringGroup, taken: number, from: number, to: number): boolean {
  const groups = (seq: number) => Math.floor(Math.max(0, seq - taken) / GROUPS[group].gathering.events);
  return groups(to) > groups(from - 1);
}
