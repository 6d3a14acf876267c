/** The highest scores in an app; of equal sums, the one whose last change was earlier is first. */
import { END } from "../projects.ts";
import type { Report } from "./ask.ts";
import type { Row } from "./database.ts";

const FIRST_DAY = { daily: "event_date::DATE", weekly: "date_trunc('week', event_date::DATE)::DATE" };

export const leaderboard: Report = async ({ project, query, rest: [app_id = ""], select }) => {
  const period = query.get("period") ?? "daily";
  const first_day = FIRST_DAY[period as keyof typeof FIRST_DAY] ?? "NULL::DATE";
  const [day] = await select<Row & { from: string; to: string }>(
    `WITH asked AS (SELECT coalesce(${query.has("date") ? "$date" : "NULL"},
        strftime(timezone($timezone, to_timestamp(${END / 1_000})), '%Y-%m-%d')) AS event_date)
    SELECT strftime(${first_day}, '%Y-%m-%d') AS from,
      strftime(${first_day} + ${period === "weekly" ? 6 : 0}, '%Y-%m-%d') AS to FROM asked`,
    { timezone: project.timezone },
  );
  const { from = null, to = null } = period === "alltime" ? {} : (day ?? {});
  const all = await select<Row & { rank: number; player_id: string; score: number }>(
    `WITH scored AS (
      SELECT player_id, timestamp, event_id, event_date,
        coalesce(score, CASE WHEN json_type(data, '$.score') IN ('BIGINT', 'UBIGINT') THEN (data ->> '$.score')::BIGINT END) AS points
      FROM events WHERE project_id = $project AND app_id = $app_id AND player_id IS NOT NULL
        AND event_type IN ('player_score', 'quest_completed', 'achievement_unlocked', 'boss_defeated')
    ), sums AS (
      SELECT player_id, sum(points)::BIGINT AS score, max((timestamp, event_id)) FILTER (points <> 0) AS reached
      FROM scored WHERE points IS NOT NULL ${from === null ? "" : "AND event_date BETWEEN $first AND $last"} GROUP BY player_id
    )
    SELECT row_number() OVER (ORDER BY score DESC, reached NULLS FIRST, player_id) AS rank, player_id, score
    FROM sums ORDER BY rank`,
    { app_id, first: from ?? "", last: to ?? "" },
  );
  const limit = Number(query.get("limit") ?? 100);
  return {
    project_id: project.project_id,
    app_id,
    period,
    from,
    to,
    entries: all.slice(0, limit),
    players: all.length,
  };
};
