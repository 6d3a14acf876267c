/**
 * What players have scored in each app: by day, by week (from Monday) and in all. Which of two equal scores was there
 * first is told by the latest event of each, not by the order of arrival.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Tables } from "./projection.ts";
import { newEvents, pastOf } from "./resolve.ts";

/** The types whose `score` counts, or whose whole `data.score` where there is none. */
export const SCORING_TYPES = ["player_score", "quest_completed", "achievement_unlocked", "boss_defeated"] as const;

/** What a score counts for, and the first day of it, in SQL. */
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
const words = (list: readonly string[]) => sql.raw(list.map((word) => `'${word}'`).join(", "));
const STARTS_ON = sql.raw(
  `CASE p.value ${Object.entries(BOARDS)
    .map(([period, first]) => `WHEN '${period}' THEN ${first}`)
    .join(" ")} END`,
);

/** Only who is known as a player has a place, and only a whole number that JavaScript holds is a score. */
function scored(resolved: SQL): SQL {
  return sql`${resolved}, scored AS (
      SELECT r.project_id, r.app_id, r.event_date, r.person AS player_id, printf('%015d ', r.timestamp) || r.event_id AS moment,
        coalesce(e.score, CASE json_type(e.data, '$.score') WHEN 'integer' THEN e.data ->> '$.score' END) AS score
      FROM resolved r JOIN events e ON e.seq = r.seq
      WHERE r.event_type IN (${words(SCORING_TYPES)}) AND r.app_id <> '' AND substr(r.person, 1, 1) <> char(31)
    ), boards AS (
      SELECT s.*, p.value AS period, ${STARTS_ON} AS starts_on, (s.score % ${M} + ${M}) % ${M} AS rest
      FROM scored s, json_each(${JSON.stringify(Object.keys(BOARDS))}) p
      WHERE s.score BETWEEN ${sql.raw(String(Number.MIN_SAFE_INTEGER))} AND ${sql.raw(String(Number.MAX_SAFE_INTEGER))}
    )`;
}

function add(resolved: SQL): SQL {
  return sql`INSERT INTO leaderboards (${KEY}, millions, rest, reached)
    WITH ${scored(resolved)}
    SELECT ${KEY}, sum((score - rest) / ${M}) + sum(rest) / ${M}, sum(rest) % ${M},
      ifnull(max(CASE WHEN score <> 0 THEN moment END), '')
    FROM boards WHERE true GROUP BY ${KEY}
    ON CONFLICT DO UPDATE SET
      millions = millions + excluded.millions + (rest + excluded.rest) / ${M},
      rest = (rest + excluded.rest) % ${M},
      reached = max(reached, excluded.reached)`;
}

export const leaderboards: Tables = {
  name: "leaderboards",
  after: ["identities"],
  aboutPeople: true,
  apply: (step) => [
    ...(step.repairs === null
      ? []
      : [
          sql`DELETE FROM leaderboards WHERE (${KEY}) IN (
            WITH ${scored(pastOf(step.repairs, step.after))} SELECT ${KEY} FROM boards)`,
          add(pastOf(step.repairs, step.upTo)),
        ]),
    add(newEvents(step)),
  ],
  clear: () => [sql`DELETE FROM leaderboards`],
};
