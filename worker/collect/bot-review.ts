/**
 * Applies a project's bot rules to its past events. A duty goes through the log, judges each event again by its user agent,
 * and then has all figures counted again. An event with a key or a good signature can lose its flag, and never gets one.
 * Files of the archive keep the original flags, so the log is judged again after a restore.
 */
import { type SQL, sql } from "drizzle-orm";
import { RESTORING } from "../archive/restoring.ts";
import type { Duty } from "../duties/duty.ts";
import { duplicateOf, LOGGED } from "../event-log/append.ts";
import { GROUPS, PROJECTIONS } from "../projections/index.ts";
import { wakeProjectors } from "../projections/projector.ts";
import { eventsIn } from "../projections/resolve.ts";
import { cannotRebuild, RENAMING, rebuild } from "../projections/runner.ts";
import { type Database, databaseOf, transact } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { moved, places } from "../store/places.ts";
import type { BotRules } from "../store/schema.ts";
import { MINUTE_MS } from "../time.ts";
import { reviewedReason } from "./bot.ts";

/** Events of the log that one step reads, including those of other projects. */
const STEP = 5_000;
/** Calls and statements of a step, and of the last one, which begins a rebuild of all figures. */
const STEP_CALLS = 15;
const LAST_CALLS = 45;

export type BotReview = {
  project_id: string;
  rules: string;
  requested_at: number;
  place: number;
  changed: number;
  moves: number;
  finished_at: number | null;
};

/** Undefined where no review was ever requested. */
export const findBotReview = (db: Database, project_id: string): Promise<BotReview | undefined> =>
  db.get<BotReview | undefined>(sql`SELECT * FROM bot_reviews WHERE project_id = ${project_id}`);

/** Begins a review by the present rules, and replaces an earlier one: for one transaction with the entry of the audit log. */
export const beginBotReview = (project_id: string, now: number): SQL =>
  sql`INSERT INTO bot_reviews (project_id, rules, requested_at)
    SELECT project_id, bot_rules, ${now} FROM projects WHERE project_id = ${project_id}
    ON CONFLICT (project_id) DO UPDATE SET rules = excluded.rules, requested_at = excluded.requested_at, place = 0, changed = 0,
      moves = moves + 1, finished_at = NULL`;

/** Fails, and so does the transaction, if another step was faster: NULL is not allowed. */
const move = ({ project_id, moves }: BotReview, set: SQL): SQL =>
  sql`UPDATE bot_reviews SET moves = CASE WHEN moves = ${moves} THEN moves + 1 END, ${set} WHERE project_id = ${project_id}`;
const lostMove = (error: unknown): boolean => isGuarded(error, "bot_reviews.moves");

/** A user agent, the flag that its events have, and the flag that they should have. */
type Verdict = [agent: string | null, before: string | null, after: string | null];

/** The events of a step that can be judged again. */
const judged = (
  { project_id, requested_at }: BotReview,
  from: number,
  to: number,
): SQL => sql`${eventsIn({ after: from, upTo: to })}
    AND e.project_id = ${project_id} AND e.test = 0 AND e.received_at < ${requested_at} AND (e.trusted = 0 OR e.bot IS NOT NULL)`;

async function verdictsOf(env: Env, db: Database, review: BotReview, to: number): Promise<Verdict[]> {
  const rules = JSON.parse(review.rules) as BotRules;
  const found = await db.all<{ agent: string | null; bot: string | null }>(
    sql`SELECT DISTINCT e.user_agent AS agent, e.bot FROM ${judged(review, review.place, to)}`,
  );
  const local = env.LOCAL === "1";
  return found.flatMap(({ agent, bot }): Verdict[] => {
    const after = reviewedReason({ agent, bot, local }, rules);
    return after === bot ? [] : [[agent, bot, after]];
  });
}

type Changed = {
  seq: number;
  event_id: string;
  event_type: string;
  transaction_id: string | null;
  standing: number;
  bot: string | null;
};

const changedBy = (db: Database, review: BotReview, to: number, verdicts: readonly Verdict[]): Promise<Changed[]> =>
  db.all<Changed>(sql`SELECT e.seq, e.event_id, e.event_type, e.transaction_id, e.standing, v.value ->> 2 AS bot
    FROM json_each(${JSON.stringify(verdicts)}) v CROSS JOIN ${judged(review, review.place, to)}
      AND e.user_agent IS v.value ->> 0 AND e.bot IS v.value ->> 1`);

/**
 * Flags events, and decides again which event has each of their ids and transactions: the first that counts. An event stays as it
 * is if the log also has it with the other flag.
 */
function flag({ project_id }: BotReview, changed: readonly Changed[]): SQL[] {
  const given = JSON.stringify(changed.map(({ seq, bot }) => [seq, bot]));
  const ids = JSON.stringify([...new Set(changed.map(({ event_id }) => event_id))]);
  const claims = [
    ...new Set(
      changed.flatMap((one) => (one.transaction_id === null ? [] : [`${one.event_type} ${one.transaction_id}`])),
    ),
  ];
  const claimed = sql`(SELECT value FROM json_each(${JSON.stringify(claims)}))`;
  const isClaimed = sql`transaction_id IS NOT NULL AND event_type || ' ' || transaction_id IN ${claimed}`;
  /** The standing with the new flag. */
  const after = sql`(events.trusted * 2 + (j.value ->> 1 IS NULL AND events.test = 0))`;
  const duplicate = sql`duplicate_of = ${duplicateOf(LOGGED)}, superseded_at = NULL`;
  return [
    sql`WITH g (project_id, event_id) AS MATERIALIZED (SELECT ${project_id}, value FROM json_each(${ids})
      ), ${places("known", "g")}
      UPDATE events SET bot = j.value ->> 1 FROM json_each(${given}) j WHERE events.seq = j.value ->> 0
        AND (events.standing = ${after} OR (events.event_id, ${after}) NOT IN (
          SELECT k.event_id, k.place % 4 FROM known k CROSS JOIN events e ON e.seq = k.place / 4))`,
    ...moved(
      project_id,
      changed.map(({ seq, event_id, standing }) => ({ from: event_id, to: event_id, place: seq * 4 + standing })),
    ),
    ...(claims.length === 0
      ? []
      : [
          sql`DELETE FROM transactions WHERE project_id = ${project_id} AND ${isClaimed}`,
          sql`INSERT OR IGNORE INTO transactions (project_id, event_type, transaction_id, trusted, event_id)
            SELECT project_id, event_type, transaction_id, trusted, event_id FROM events
            WHERE project_id = ${project_id} AND bot IS NULL AND test = 0 AND ${isClaimed} ORDER BY seq`,
          sql`UPDATE events SET ${duplicate} WHERE project_id = ${project_id} AND ${isClaimed}`,
        ]),
    sql`WITH g (project_id, event_id) AS MATERIALIZED (SELECT ${project_id}, value FROM json_each(${ids})
      ), ${places("known", "g")}
      UPDATE events SET ${duplicate} WHERE seq IN (SELECT place / 4 FROM known)`,
  ];
}

/** Whether the review has reached the end of the log. */
async function step(env: Env, db: Database, review: BotReview, head: number): Promise<boolean> {
  const to = Math.min(review.place + STEP, head);
  if (to <= review.place) return true;
  const verdicts = await verdictsOf(env, db, review, to);
  const changed = verdicts.length === 0 ? [] : await changedBy(db, review, to, verdicts);
  await transact(db, [
    move(review, sql`place = CAST(${to} AS INTEGER), changed = changed + CAST(${changed.length} AS INTEGER)`),
    ...(changed.length === 0 ? [] : flag(review, changed)),
  ]);
  return false;
}

/** The projections that depend on which events are bots'. Postbacks that were sent stay sent. */
const DEPENDENT = [GROUPS.live, GROUPS.tables, GROUPS.figures].flatMap(({ projections }) =>
  projections.map(({ name }) => name),
);

export const botReviews: Duty = {
  name: "bot reviews",
  every: 5 * MINUTE_MS,
  async run(env, budget, now) {
    const db = databaseOf(env);
    while (budget.has(STEP_CALLS)) {
      const found = await db.get<(BotReview & { head: number; held: 0 | 1 }) | undefined>(sql`
        SELECT r.*, ifnull((SELECT max(seq) FROM events), 0) AS head, ${RESTORING} OR ${RENAMING} AS held
        FROM bot_reviews r WHERE finished_at IS NULL ORDER BY requested_at, project_id LIMIT 1`);
      if (!found) return "done";
      // While the log is restored, or people are renamed.
      if (found.held) return "later";
      const { head, held: _, ...review } = found;
      try {
        if (!(await step(env, db, review, head))) continue;
        if (review.changed > 0) {
          if (!budget.has(LAST_CALLS)) return "more";
          await rebuild(env, db, PROJECTIONS, ...DEPENDENT);
        }
        await transact(db, [move(review, sql`finished_at = ${now}`)]);
        await wakeProjectors(env);
      } catch (error) {
        if (cannotRebuild(error)) return "later";
        if (!lostMove(error)) throw error;
      }
    }
    return "more";
  },
};
