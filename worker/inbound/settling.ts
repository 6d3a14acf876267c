/**
 * Settles received postbacks. If the log has no event for them yet, the first one with a valid status becomes an event,
 * once its click is known. When the log has the event, what the postbacks decide is recorded, and they are removed. It can
 * stop anywhere and continue: an event that is sent again has the same id, and a decision is recorded in the transaction
 * that removes its postback.
 */

import { type SQL, sql } from "drizzle-orm";
import type { Duty, Progress } from "../duties/duty.ts";
import type { StoredEvent } from "../event.ts";
import { log } from "../log.ts";
import { noteChanges } from "../payouts/decide.ts";
import { wakePayouts } from "../payouts/keeping.ts";
import { commit } from "../queue/group-commit.ts";
import { outletOf } from "../queue/outlet.ts";
import type { Budget } from "../store/budget.ts";
import { type Database, databaseOf, transact } from "../store/database.ts";
import { among } from "../store/sql.ts";
import { areSuppressed } from "../suppression.ts";
import { HOUR_MS, MINUTE_MS } from "../time.ts";
import { decisionsOf, noteSaid } from "./decisions.ts";
import { clicksOf, IS_READY, type Standing, standingsOf } from "./known.ts";
import {
  aboutThose,
  cameSince,
  haveGone,
  isSent,
  needsClick,
  type Received,
  remove,
  SHOWN_MS,
  stillThere,
  waitsYet,
} from "./received.ts";
import { isVoid } from "./template.ts";

/**
 * Postbacks that arrived within this time are looked at each minute, and whenever another one arrives; all others once an
 * hour.
 */
const FRESH_MS = 10 * MINUTE_MS;
/** How soon the log is read again to find an event that was sent. */
const PAUSE_MS = 3_000;

/** Conversions of one round, and postbacks whose decisions it records. */
const SUBJECTS = 40;
const MOST_DECISIONS = 15;
/** Calls and statements of a round without its decisions: four reads, two of suppressions, sending, four writes, a wake. */
const ROUND_CALLS = 13;
const LAST_CALLS = 2;

/** All postbacks about one conversion, and its state. */
type Group = { rows: Received[]; standing: Standing };

/** The postback that becomes the event, where there is none yet: the first whose status is valid. */
const baseOf = ({ rows, standing: { known, open } }: Group): Received | undefined =>
  known || rows.some(({ sent_at }) => sent_at !== null)
    ? undefined
    : rows.find(({ status }) => !isVoid(status) || open);

/** Each with the data of its click; null where the click is not known yet. */
async function completed(db: Database, bases: readonly Received[], now: number): Promise<(StoredEvent | null)[]> {
  const clicked = bases.filter(({ click_id }) => click_id !== null);
  const found = await clicksOf(
    db,
    clicked.map(({ project_id, click_id, event: { test } }) => ({ project_id, click_id: click_id as string, test })),
  );
  const clicks = new Map(clicked.map(({ n }, index) => [n, found[index] ?? null]));
  return bases.map(({ n, event }) => {
    const click = clicks.get(n) ?? null;
    if (needsClick(event) && click === null) return null;
    const who = needsClick(event) && { player_id: click?.player_id ?? null, visitor_id: click?.visitor_id ?? null };
    return { ...event, ...who, banner_tag: event.banner_tag ?? click?.banner_tag ?? null, received_at: now };
  });
}

/**
 * Sends the postbacks that can become events now. Those about tests and about erased people are removed, as they are no
 * conversions.
 */
async function sendEvents(env: Env, db: Database, bases: readonly Received[], now: number): Promise<number> {
  const events = await completed(db, bases, now);
  const ready = bases.flatMap((row, index) => {
    const event = events[index];
    return event ? [{ row, event }] : [];
  });
  if (ready.length === 0) return 0;
  const gone = await areSuppressed(
    db,
    ready.map(({ event }) => event),
  );
  const sent = ready.filter((_, index) => !gone[index]);
  if (sent.length > 0)
    await commit(
      outletOf(env),
      sent.map(({ event }) => event),
      "inbound-postbacks",
    );
  const over = ready.filter(({ event }, index) => gone[index] || event.test === 1);
  const noted = sent.filter(({ event }) => event.test === 0).map(({ row }) => row.n);
  await transact(db, [
    sql`UPDATE received_postbacks SET sent_at = ${now} WHERE n ${among(noted)}`,
    remove(over.map(({ row }) => row)),
  ]);
  return ready.length;
}

/** Records the decisions about events that the log has, as far as there is room. Returns how many postbacks are settled. */
async function noteDecisions(env: Env, db: Database, groups: readonly Group[], now: number): Promise<number> {
  const statements: SQL[] = [];
  const done: Received[] = [];
  const settled: { seq: number; row: Received }[] = [];
  for (const { rows, standing } of groups) {
    const { seq } = standing;
    if (seq === null) continue;
    const rowsTaken = rows.slice(0, MOST_DECISIONS);
    const decisions = decisionsOf(rowsTaken, standing);
    if (statements.length + decisions.length > MOST_DECISIONS) break;
    for (const { project_id, change, actor, reason } of decisions)
      statements.push(noteChanges(project_id, [change], { at: now, actor, reason }));
    done.push(...rowsTaken);
    settled.push(...rowsTaken.map((row) => ({ seq, row })));
  }
  if (done.length === 0) return 0;
  try {
    await transact(db, [stillThere(done), ...statements, noteSaid(settled), remove(done)]);
  } catch (error) {
    // Another run was faster, or their source was removed.
    if (!haveGone(error)) throw error;
    return 0;
  }
  if (statements.length > 0) await wakePayouts(env);
  return done.length;
}

/** How many postbacks changed their state. */
async function round(env: Env, db: Database, isDue: SQL, now: number): Promise<number> {
  const found = await aboutThose(db, sql`${isDue} AND ${IS_READY}`, SUBJECTS);
  if (found.length === 0) return 0;
  const standings = await standingsOf(
    db,
    found.map(([first]) => first as Received),
  );
  const groups = found.map((rows, index): Group => ({ rows, standing: standings[index] as Standing }));
  const noted = await noteDecisions(env, db, groups, now);
  const sent = await sendEvents(
    env,
    db,
    groups.flatMap((group) => baseOf(group) ?? []),
    now,
  );
  log("info", "inbound postbacks", { sent, noted });
  return noted + sent;
}

/** Whether an hour has ended since the run a minute ago. */
const isHourly = (now: number) => Math.floor(now / HOUR_MS) > Math.floor((now - MINUTE_MS) / HOUR_MS);

export async function settle(env: Env, db: Database, budget: Budget, now: number): Promise<Progress> {
  const hourly = isHourly(now);
  for (const isDue of [cameSince(now - FRESH_MS), isSent, ...(hourly ? [waitsYet(now)] : [])]) {
    do {
      if (!budget.has(ROUND_CALLS + MOST_DECISIONS + LAST_CALLS)) return "more";
    } while ((await round(env, db, isDue, now)) > 0);
  }
  if (hourly) await db.run(sql`DELETE FROM received_postbacks WHERE received_at <= ${now - SHOWN_MS}`);
  const follows = await db.get(
    sql`SELECT 1 FROM received_postbacks WHERE sent_at IS NOT NULL AND sent_at > ${now - FRESH_MS} LIMIT 1`,
  );
  return follows ? { at: now + PAUSE_MS } : "done";
}

export const NAME = "inbound postbacks";

export const inboundPostbacks: Duty = {
  name: NAME,
  every: MINUTE_MS,
  run: (env, budget, now) => settle(env, databaseOf(env), budget, now),
};
