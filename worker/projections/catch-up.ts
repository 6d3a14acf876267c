/**
 * The tables gather events until somebody asks. Whoever reads them asks here first, so that what they read is never from
 * before the last ten seconds; those who ask at the same time wait for one run.
 */
import { sql } from "drizzle-orm";
import { inTime } from "../in-time.ts";
import { log } from "../log.ts";
import type { Database } from "../schema.ts";
import { GROUPS } from "./index.ts";

const { gathering, projections } = GROUPS.tables;
const NAMES = JSON.stringify(projections.map(({ name }) => name));

/** With so many events behind, about what a run does in the time below, nobody waits. */
const MOST_AWAITED = 5_000;
const LONGEST_WAIT_MS = 5_000;
/** What the object may need to answer at all. */
const ANSWER_MS = 1_000;

/** How far all tables have come in the log. */
export const LEAST_CURSOR = sql`(SELECT min(ifnull(p.cursor, 0)) FROM json_each(${NAMES}) t
  LEFT JOIN projections p ON p.name = t.value)`;

/** Where the tables are: the columns of a `Place`, of the table `place`, which is made by WITH. */
export const PLACE = sql`place AS MATERIALIZED (
  SELECT *, (SELECT e.received_at FROM events e WHERE e.seq > least ORDER BY e.seq LIMIT 1) AS waiting_since FROM (
    SELECT min(ifnull(p.cursor, 0)) AS least, min(ifnull(p.updated_at, 0)) AS moved_at,
      (SELECT ifnull(max(seq), 0) FROM events) AS head
    FROM json_each(${NAMES}) t LEFT JOIN projections p ON p.name = t.value))`;

export type Place = {
  /** The last event that all tables have taken, and the last one of the log. */
  least: number;
  head: number;
  /** When the table moved that moved first, and when the oldest event was received that waits; epoch milliseconds. */
  moved_at: number;
  waiting_since: number | null;
};

/** Events that wait for longer than they may, and for how long the oldest does. */
export type Lag = { events: number; seconds: number };

export function lagOf({ least, head, waiting_since }: Place, now: number): Lag | null {
  if (head <= least || waiting_since === null || now - waiting_since <= gathering.age) return null;
  return { events: head - least, seconds: Math.round((now - waiting_since) / 1_000) };
}

/** Whether events wait that a run within so many milliseconds has not seen, or should have taken. */
const isDue = (place: Place, now: number, age: number): boolean =>
  place.head > place.least && (now - place.moved_at >= age || lagOf(place, now) !== null);

/**
 * Has the tables brought forward where they are not as fresh as they must be for this reader, and waits for it, not for
 * ever. Whether it did: then they are somewhere else now. Where it fails, the reader has what is there.
 */
export async function catchUp(env: Env, place: Place, now: number, age: number = gathering.age): Promise<boolean> {
  if (!isDue(place, now, age)) return false;
  const wait = place.head - place.least > MOST_AWAITED ? 0 : LONGEST_WAIT_MS;
  try {
    const asked = env.RUNNER.getByName("tables").bringForward("tables", age, wait);
    if (!(await inTime(asked, wait + ANSWER_MS, false)))
      log("warn", "tables behind", { events: place.head - place.least });
  } catch (error) {
    log("error", "catching up failed", { error: String(error) });
  }
  return true;
}

/** For readers that have not looked where the tables are. With `age` 0 nothing is left that was in the log before. */
export async function bringForward(env: Env, db: Database, now: number, age?: number): Promise<void> {
  const place = await db.get<Place>(sql`WITH ${PLACE} SELECT * FROM place`);
  if (place) await catchUp(env, place, now, age);
}

/** Whether events `from` to `to` make it time to run, where the tables have taken those up to `taken`. */
export function fills(taken: number, from: number, to: number): boolean {
  const groups = (seq: number) => Math.floor(Math.max(0, seq - taken) / gathering.events);
  return groups(to) > groups(from - 1);
}
