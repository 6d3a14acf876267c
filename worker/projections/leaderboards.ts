/**
 * What players have scored in each app: by day, by week (from Monday) and in all. Which of two equal scores was there
 * first is decided by the latest event of each, not by the order of arrival.
 */

import { type SQL, sql } from "drizzle-orm";
import { words } from "../store/sql.ts";
import type { Tables } from "./projection.ts";
import { isSettledDay, newEvents, pastOfPeople, type Range } from "./resolve.ts";

/** The types whose `score` counts, or whose whole `data.score` where there is none. */
export const SCORING_TYPES = ["player_score", "quest_completed", "achievement_unlocked", "boss_defeated"] as const;

/** The boards for which a score counts, and the first day of each board, in SQL. */
export const BOARDS = {
  daily: "event_date",
  weekly: "date(event_date, '-6 days', 'weekday 1')",
  alltime: "''",
} as const;
export type BoardPeriod = keyof typeof BOARDS;

/** Scores are summed as whole millions and a rest that is never negative. As a literal: D1 binds numbers as REAL. */
export const MILLION = 1_000_000;
const M = sql.raw(String(MILLION));

const KEY = sql.raw("project_id, app_id, period, starts_on, player_id");
const STARTS_ON = sql.raw(
  `CASE p.value ${Object.entries(BOARDS)
    .map(([period, first]) => `WHEN '${period}' THEN ${first}`)
    .join(" ")} END`,
);

const scores = (event: SQL) => sql`${event}.event_type IN (${words(SCORING_TYPES)})`;
const IS_SCORING = scores(sql`r`);

/** Game engines write 100.0 for a score of 100, and data keeps numbers as they were sent. */
const WHOLE_REAL =
  sql.raw(`CASE WHEN e.data ->> '$.score' BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}
  AND e.data ->> '$.score' = CAST(e.data ->> '$.score' AS INTEGER) THEN CAST(e.data ->> '$.score' AS INTEGER) END`);

/** Only players have a place, and only a whole number that JavaScript represents exactly is a score. */
function scored(resolved: SQL, condition = sql`true`): SQL {
  return sql`${resolved}, scored AS (
      SELECT r.project_id, r.app_id, r.event_date, r.person AS player_id, printf('%015d ', r.timestamp) || r.event_id AS moment,
        coalesce(e.score, CASE json_type(e.data, '$.score') WHEN 'integer' THEN e.data ->> '$.score'
          WHEN 'real' THEN ${WHOLE_REAL} END) AS score
      FROM resolved r JOIN events e ON e.seq = r.seq
      WHERE ${IS_SCORING} AND r.app_id <> '' AND substr(r.person, 1, 1) <> char(31) AND ${condition}
    ), boards AS (
      SELECT s.*, p.value AS period, ${STARTS_ON} AS starts_on, (s.score % ${M} + ${M}) % ${M} AS rest
      FROM scored s, json_each(${JSON.stringify(Object.keys(BOARDS))}) p
      WHERE s.score BETWEEN ${sql.raw(String(Number.MIN_SAFE_INTEGER))} AND ${sql.raw(String(Number.MAX_SAFE_INTEGER))}
    )`;
}

const MERGE = sql`ON CONFLICT DO UPDATE SET
  millions = millions + excluded.millions + (rest + excluded.rest) / ${M},
  rest = (rest + excluded.rest) % ${M},
  reached = max(reached, excluded.reached)`;

const add = (resolved: SQL, condition?: SQL, boards = sql`true`) => sql`
  INSERT INTO leaderboards (${KEY}, millions, rest, reached)
  WITH ${scored(resolved, condition)}
  SELECT ${KEY}, sum((score - rest) / ${M}) + sum(rest) / ${M}, sum(rest) % ${M},
    ifnull(max(CASE WHEN score <> 0 THEN moment END), '')
  FROM boards WHERE ${boards} GROUP BY ${KEY} ${MERGE}`;

/**
 * A score that names its player never moves. A visitor's scores move when the visitor turns out to be a player, and scores
 * are removed when they turn out to repeat a trusted event. These are the people who lost or won such scores. Their boards
 * of a week and of all time are made from the boards of days, which stay longer than the events.
 */
function move(repairs: string, { after, upTo }: Range): SQL[] {
  const pasts = [pastOfPeople(repairs, after), pastOfPeople(repairs, upTo)] as const;
  const moved = movedPeople(pasts, after);
  const keys = (past: SQL) => sql`SELECT ${KEY} FROM (WITH ${scored(past, sql`(r.project_id, r.person) IN (${moved})`)}
    SELECT ${KEY} FROM boards)`;
  const touched = sql`${keys(pasts[0])} UNION ${keys(pasts[1])}`;
  return [
    sql`DELETE FROM leaderboards WHERE period = 'daily' AND (${KEY}) IN (${keys(pasts[0])})`,
    add(pasts[1], sql`(r.project_id, r.person) IN (${moved})`, sql`period = 'daily'`),
    sql`DELETE FROM leaderboards WHERE period <> 'daily' AND (${KEY}) IN (${touched})`,
    sql`INSERT INTO leaderboards (${KEY}, millions, rest, reached)
      SELECT k.project_id, k.app_id, k.period, k.starts_on, k.player_id, sum(d.millions) + sum(d.rest) / ${M},
        sum(d.rest) % ${M}, max(d.reached)
      FROM (${touched}) k JOIN leaderboards d ON d.project_id = k.project_id AND d.app_id = k.app_id
        AND d.period = 'daily' AND d.player_id = k.player_id
        AND (k.starts_on = '' OR d.starts_on BETWEEN k.starts_on AND date(k.starts_on, '+6 days'))
      WHERE k.period <> 'daily' GROUP BY 1, 2, 3, 4, 5`,
  ];
}

const movedPeople = (pasts: readonly SQL[], after: number) =>
  sql.join(
    pasts.map(
      (past) => sql`SELECT project_id, person FROM (WITH ${past}
      SELECT r.project_id, r.person FROM resolved r WHERE (r.player_id IS NULL OR r.superseded_at > ${after}) AND ${IS_SCORING})`,
    ),
    sql` UNION `,
  );

export const leaderboards: Tables = {
  name: "leaderboards",
  after: ["identities"],
  aboutPeople: true,
  apply: (step) => {
    const fresh = newEvents({ ...step, repairs: null }, scores(sql`e`));
    if (step.repairs === null) return [add(fresh)];
    const moved = movedPeople(
      [pastOfPeople(step.repairs, step.after), pastOfPeople(step.repairs, step.upTo)],
      step.after,
    );
    return [
      ...move(step.repairs, step),
      add(fresh, sql`((r.project_id, r.person) NOT IN (${moved}) OR ${isSettledDay(sql`r`)})`),
    ];
  },
  clear: () => [sql`DELETE FROM leaderboards`],
};
