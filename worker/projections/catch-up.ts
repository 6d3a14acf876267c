/**
 * The tables and the figures gather events until somebody asks. Readers ask here first, so that what they read is
 * never from before the last ten seconds; those who ask at the same time wait for one run.
 */
import { type SQL, sql } from "drizzle-orm";
import { inTime } from "../in-time.ts";
import { log } from "../log.ts";
import type { Database } from "../store/database.ts";
import { GROUPS } from "./index.ts";

export type GatheringGroup = "tables" | "figures";
const namesOf = (group: GatheringGroup) => JSON.stringify(GROUPS[group].projections.map(({ name }) => name));

/** With so many events behind, about what a run does in the time below, nobody waits. */
const MOST_AWAITED = 5_000;
const LONGEST_WAIT_MS = 5_000;
/** What the object may need to answer at all. */
const ANSWER_MS = 1_000;

/** How far all of a group have come in the log. */
export const leastCursor = (group: GatheringGroup): SQL => sql`(SELECT min(ifnull(p.cursor, 0))
  FROM json_each(${namesOf(group)}) t LEFT JOIN projections p ON p.name = t.value)`;

/** How far all tables have come in the log. */
export const LEAST_CURSOR = leastCursor("tables");

/** Where a group is: the columns of a `Place`, of the table `place`, which is made by WITH. */
export const placeOf = (group: GatheringGroup): SQL => sql`place AS MATERIALIZED (
  SELECT *, (SELECT e.received_at FROM events e WHERE e.seq > least ORDER BY e.seq LIMIT 1) AS waiting_since FROM (
    SELECT min(ifnull(p.cursor, 0)) AS least, min(ifnull(p.updated_at, 0)) AS moved_at,
      (SELECT ifnull(max(seq), 0) FROM events) AS head
    FROM json_each(${namesOf(group)}) t LEFT JOIN projections p ON p.name = t.value))`;

export type Place = {
  /** The last event that all of the group have taken, and the last one of the log. */
  least: number;
  head: number;
  /** When that one moved that moved first, and when the oldest event was received that waits; epoch milliseconds. */
  moved_at: number;
  waiting_since: number | null;
};

/** Events that wait for longer than they may, and for how long the oldest does. */
export type Lag = { events: number; seconds: number };

export function lagOf(group: GatheringGroup, { least, head, waiting_since }: Place, now: number): Lag | null {
  if (head <= least || waiting_since === null || now - waiting_since <= GROUPS[group].gathering.age) return null;
  return { events: head - least, seconds: Math.round((now - waiting_since) / 1_000) };
}

/** Whether events wait that a run within so many milliseconds has not seen, or should have taken. */
const isDue = (group: GatheringGroup, place: Place, now: number, age: number): boolean =>
  place.head > place.least && (now - place.moved_at >= age || lagOf(group, place, now) !== null);

/**
 * Has a group brought forward where it is not as fresh as it must be for this reader, and waits for it, not for ever. Whether it
 * did: then it is somewhere else now. Where it fails, the reader has what is there.
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
    const asked = env.RUNNER.getByName(group).bringForward(group, age, wait);
    if (!(await inTime(asked, wait + ANSWER_MS, false)))
      log("warn", `${group} behind`, { events: place.head - place.least });
  } catch (error) {
    log("error", "catching up failed", { error: String(error) });
  }
  return true;
}

/** For readers that have not looked where the group is. With `age` 0 nothing is left that was in the log before. */
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

/** For readers of both: the tables tell which days an event has changed, and the figures what they have come to. */
export async function bringAllForward(env: Env, db: Database, now: number, age?: number): Promise<void> {
  await Promise.all([bringForward(env, db, now, age), bringForward(env, db, now, age, "figures")]);
}

/** Whether events `from` to `to` complete a gathering of the group, which has taken those up to `taken`. */
export function isTimeToRun(group: GatheringGroup, taken: number, from: number, to: number): boolean {
  const groups = (seq: number) => Math.floor(Math.max(0, seq - taken) / GROUPS[group].gathering.events);
  return groups(to) > groups(from - 1);
}
