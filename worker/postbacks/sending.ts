/**
 * Sends due postbacks to one target. Each target has a separate Durable Object, which runs by its alarms: so no target waits for
 * another, each has a separate budget, and nothing is sent twice at once. A try is recorded after its answer: if an
 * invocation ends in between, the same event is sent again with the same `{event_id}`.
 */
import { sql } from "drizzle-orm";
import { type Progress, runnerOf, wake } from "../duties/duty.ts";
import { senders, type Due as Waking, wakeDue } from "../duties/waking.ts";
import { log } from "../log.ts";
import { type Budget, budgetOf } from "../store/budget.ts";
import { type Database, transact } from "../store/database.ts";
import { seqsOf } from "../store/places.ts";
import { nextTryAt, PAUSED_AFTER } from "./ladder.ts";
import type { ToldEvent } from "./macros.ts";
import { macrosOf, requestOf } from "./request.ts";
import { type Outcome, send } from "./send.ts";
import { findTarget, type Target } from "./target.ts";
import { noteTries, type Try } from "./tries.ts";

/** Sent at once to a target that answers well; Cloudflare lets six connections wait for an answer. One that fails is tried alone. */
const AT_ONCE = 4;
/**
 * Calls and statements of a round without the sending: two reads, three writes, a read of what is due later, and two calls
 * for the tables of payouts.
 */
const ROUND_CALLS = 8;

/** How long to wait before a payout is looked up again, and how long to wait for the tables, in milliseconds. */
const PAYOUT_PAUSE_MS = 10_000;
const TABLES_MS = 20_000;

type Due = Omit<ToldEvent, "banner_tag" | "event_id" | "conversion_status"> & {
  event_id: string;
  attributed: string;
  person: string;
  tries: number;
  posted_type: string;
  /** Null where the log no longer has it. */
  seq: number | null;
};

/** Whether the URL or body of a target contains what the event pays. */
const needsPayout = (target: Target): boolean => macrosOf(target).some((name) => /^payout(?:_currency)?$/.test(name));

/** The tables have the event `e`, and its month is computed. */
const IS_PAID = sql`e.seq <= ifnull((SELECT cursor FROM projections WHERE name = 'conversions'), 0) AND NOT EXISTS (
  SELECT 1 FROM payout_months m WHERE m.project_id = c.project_id AND m.banner_tag = c.banner_tag
    AND m.month = substr(c.event_date, 1, 7) AND m.computed < m.version)`;

/** With the event as the log has it now. Of two events with the same id the one that counts is sent. */
const dueRows = (db: Database, target: Target, now: number, most: number) =>
  db.all<Due>(sql`SELECT p.event_id, p.banner_tag AS attributed, p.person, p.tries, p.event_type AS posted_type,
      e.seq, e.event_type, e.player_id, e.visitor_id, e.click_id, e.transaction_id, e.amount, e.currency, e.timestamp, e.data,
      c.payout, c.payout_currency
    FROM (SELECT * FROM postbacks WHERE target_id = ${target.id} AND status = 'waiting' AND due_at <= ${now}
      ORDER BY due_at, event_id LIMIT ${most}) p
    LEFT JOIN events e ON e.seq = (SELECT o.seq FROM events o
      WHERE o.seq IN (${seqsOf(sql`p.project_id`, sql`p.event_id`)}) AND o.test = ${target.test ? 1 : 0} AND o.bot IS NULL
      ORDER BY o.standing DESC LIMIT 1)
    LEFT JOIN conversions c ON c.seq = e.seq
    ${needsPayout(target) ? sql`WHERE e.seq IS NULL OR (${IS_PAID})` : sql``}`);

const GONE: Outcome = {
  ok: false,
  status: null,
  took_ms: 0,
  response: "",
  error: "the event has gone from the log",
};

type Done = { outcome: Outcome; row: Try; status: "waiting" | "sent" | "dead"; sent: boolean };

async function tell(env: Env, target: Target, due: Due, now: number, chance: number): Promise<Done> {
  const about = {
    target_id: target.id,
    project_id: target.project_id,
    event_id: due.event_id,
    event_type: due.posted_type,
    person: due.person,
    try: due.tries + 1,
    at: now,
  };
  if (due.seq === null) {
    const { ok: _, ...gone } = GONE;
    const nothing = { method: target.method, url: "", body: null };
    return { outcome: GONE, row: { ...about, ...nothing, ...gone, next_try_at: null }, status: "dead", sent: false };
  }
  const sent = { ...due, banner_tag: due.attributed || null, conversion_status: target.conversion_status };
  const { request, shown } = await requestOf(target, sent, now);
  const budget = budgetOf(env);
  const outcome = await send((url, init) => budget.fetch(url, init), request, env.LOCAL === "1");
  const { ok, ...answered } = outcome;
  const next_try_at = ok ? null : nextTryAt(about.try, now, chance);
  const status = ok ? "sent" : next_try_at === null ? "dead" : "waiting";
  return { outcome, row: { ...about, ...shown, ...answered, next_try_at }, status, sent: true };
}

/** The result of a try, unless somebody has asked to send it again meanwhile. */
function noted(target: Target, done: readonly Done[], now: number) {
  const rows = JSON.stringify(done.map(({ row, status }) => [row.event_id, row.try, status, row.next_try_at ?? now]));
  const moved = sql`UPDATE postbacks SET tries = n.try, status = n.status, due_at = n.due_at
    FROM (SELECT value ->> 0 AS event_id, value ->> 1 AS try, value ->> 2 AS status, value ->> 3 AS due_at
      FROM json_each(${rows})) n
    WHERE postbacks.target_id = ${target.id} AND postbacks.event_id = n.event_id
      AND postbacks.status = 'waiting' AND postbacks.tries = n.try - 1`;
  const tried = done.filter(({ sent }) => sent);
  const lastGood = tried.findLastIndex(({ outcome }) => outcome.ok);
  const failed = tried.length - 1 - lastGood;
  const before = lastGood === -1 ? sql`failures` : sql`0`;
  const changes = failed > 0 || (target.failures > 0 && lastGood !== -1);
  const counted = sql`UPDATE postback_targets SET failures = ${before} + CAST(${failed} AS INTEGER),
      paused_by = CASE WHEN paused_at IS NULL AND ${before} + ${failed} >= ${PAUSED_AFTER} THEN 'failures' ELSE paused_by END,
      paused_at = CASE WHEN paused_at IS NULL AND ${before} + ${failed} >= ${PAUSED_AFTER} THEN ${now} ELSE paused_at END
    WHERE id = ${target.id}`;
  return [
    moved,
    noteTries(
      target.id,
      done.map(({ row }) => row),
    ),
    ...(changes ? [counted] : []),
  ];
}

/** `clock` returns the time in epoch milliseconds, `chance` a random number from 0 to 1. */
export async function sendDue(
  env: Env,
  db: Database,
  target_id: string,
  budget: Budget,
  clock: () => number,
  chance: () => number = Math.random,
): Promise<Progress> {
  while (budget.has(AT_ONCE + ROUND_CALLS)) {
    const target = await findTarget(db, target_id);
    if (!target || target.paused_at !== null) return "done";
    const now = clock();
    const rows = await dueRows(db, target, now, target.failures > 0 ? 1 : AT_ONCE);
    if (rows.length === 0) {
      const next = await db.get<{ at: number | null }>(
        sql`SELECT min(due_at) AS at FROM postbacks WHERE target_id = ${target_id} AND status = 'waiting'`,
      );
      if (next?.at != null && next.at <= now) {
        await runnerOf(env, "tables").bringForward(0, TABLES_MS);
        await wake(env, ["payouts"]);
        return { at: now + PAYOUT_PAUSE_MS };
      }
      return next?.at == null ? "done" : { at: next.at };
    }
    const done = await Promise.all(rows.map((due) => tell(env, target, due, now, chance())));
    await transact(db, noted(target, done, now));
    const sent = done.filter(({ outcome }) => outcome.ok).length;
    log("info", "postbacks sent", { target_id, sent, failed: done.length - sent });
  }
  return "more";
}

export const targetSenders = senders("postbacks", "postbacks sending", sendDue);

/** Wakes the targets that have due postbacks. False where the budget has no room for all of them. */
export const wakeTargets = (env: Env, db: Database, now: number): Promise<boolean> =>
  wakeDue(env, now, () =>
    db.all<Waking>(sql`SELECT ${targetSenders.nameOf("")} || t.id AS name, (SELECT p.due_at FROM postbacks p
        WHERE p.target_id = t.id AND p.status = 'waiting' AND p.due_at <= ${now} ORDER BY p.due_at DESC LIMIT 1) AS due_at
      FROM postback_targets t WHERE t.removed_at IS NULL AND t.paused_at IS NULL AND due_at IS NOT NULL`),
  );
